"""One job is the cluster: its main() runs in the JobManager."""

import pytest
from composition import built
from conftest import wait_until
from expected import simulated, summary_of

MESSAGE = "The job has finished and is not started again: for that, remove /data/application.finished."


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

    wait_until(lambda: states() == ["FINISHED"], "the job's end", 240)
    assert composition.exit_code("job") == 0
    printed = [line for line in composition.logs("taskmanager").splitlines() if line.startswith("[SUMMARY ")]
    assert [line.partition("] ")[2] for line in printed] == [summary_of(simulated(40))]

    wait_until(lambda: composition.inside("jobmanager", "ls", "/data").split().count("application.finished"), "a mark")
    assert composition.run("restart", "--timeout", 5, "jobmanager").returncode == 0
    wait_until(lambda: MESSAGE in composition.logs("jobmanager").splitlines(), "the reason")
    wait_until(lambda: states() == [], "an empty cluster", 120)
