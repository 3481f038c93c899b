"""One job is the cluster: its main() runs in the JobManager."""

import re

import pytest
from composition import built
from conftest import wait_until
from expected import simulated, summary_of

pytestmark = pytest.mark.timeout(600)  # images are built beside it
MESSAGE = (
    r"The job has finished and is not started again .*: to start it .*, remove /data/checkpoints/finished/\w+\.json\."
)


@pytest.fixture(scope="module")
def composition():
    settings = {
        "COMPOSE_PROFILES": "application",
        "TASKMANAGERS": "1",
        "JOB_OPTIONS": "--slots shared --interval 100ms --events 40",
    }
    with built("application", **settings) as up:
        up.up()
        yield up


def test_a_bounded_job_finishes_and_is_not_run_again(composition):
    def states():
        return composition.cluster.answers() and [job.state for job in composition.cluster.jobs()]

    wait_until(lambda: states() == ["FINISHED"], "the job's end", 400)
    assert composition.exit_code("job") is None
    assert composition.logs("job").splitlines() == [
        "Application mode: the JobManager runs the job itself, and no guard is needed."
    ]
    printed = [line for line in composition.logs("taskmanager").splitlines() if line.startswith("[SUMMARY ")]
    assert [line.partition("] ")[2] for line in printed] == [summary_of(simulated(40))]

    wait_until(lambda: "finished" in composition.inside("jobmanager", "ls", "/data/checkpoints").split(), "a record")
    assert composition.run("restart", "--timeout", 5, "jobmanager").returncode == 0
    wait_until(lambda: re.search(MESSAGE, composition.logs("jobmanager")), "the reason", 240)
    wait_until(lambda: states() == [], "an empty cluster", 240)


def test_a_job_that_was_stopped_goes_on_with_the_next_start(composition):
    begun = composition.run("up", "--detach", env={"JOB_OPTIONS": "--slots shared --interval 100ms --events 4000"})
    assert begun.returncode == 0, begun.stderr
    job = composition.await_job()
    composition.await_checkpoint(job)  # a savepoint fails before the first checkpoint of a run with an end
    stopped = composition.flink_abnormal("stop")
    savepoint = re.fullmatch(rf"Stopped job {job.id}; savepoint file:(\S+)\n", stopped)[1]

    assert composition.run("restart", "--timeout", 5, "jobmanager").returncode == 0
    again = wait_until(lambda: (now := composition.running_job()) and now.id != job.id and now, "the job", 240)
    restored = composition.cluster.get(f"/jobs/{again.id}/checkpoints")["latest"]["restored"]
    assert restored["external_path"].removeprefix("file:") == savepoint
