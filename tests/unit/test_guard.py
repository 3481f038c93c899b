import threading

import pytest
from conftest import wait_until
from fake_flink import FakeFlink
from flink_answers import JOB

from flink_abnormal.cli.job import settings_of
from flink_abnormal.core.errors import ClusterError, UsageError
from flink_abnormal.pipeline.abnormal import ABNORMAL
from flink_abnormal.runtime.rest import Cluster
from flink_abnormal.snapshots import finished
from flink_abnormal.submission import guard

SAVEPOINT = {"checkpoint_type": "SYNC_SAVEPOINT"}


def test_the_guard_chooses_by_itself_where_the_job_starts_from(cli):
    refused = cli.run("keep", "--interval", "1s", "--from=latest", "--detached")
    assert (refused.returncode, refused.stdout, refused.stderr) == (
        2,
        "",
        "Error: keep chooses --detached, --from itself: leave it out.\n",
    )


def test_an_option_that_cannot_be_ends_the_guard_before_it_looks_for_a_cluster(cli):
    refused = cli.run("keep", "--jobmanager", "127.0.0.1:1", "--events", "none")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "Invalid value for '--events'" in refused.stderr


class World:
    """A cluster that answers as it is told, and what was submitted to it."""

    def __init__(self, flink, options):
        self.flink = flink
        self.options = options
        self.settings = settings_of(options)
        self.submitted = 0
        self.state_after = "RUNNING"
        self.refusals = []
        self.guards = []
        self.ended = []
        self.list()

    def list(self, state=None, *, key=None, savepoint=None, job=JOB, **more):
        """Let the cluster list no job, or one in a state."""
        listed = {**self._job, "jid": job, "state": state, **more}
        self.flink.answers["/jobs/overview"] = {"jobs": [listed] if state else []}
        told = {"options-key": key or finished.key(self.settings)}
        self.flink.answers[f"/jobs/{job}/config"] = {"execution-config": {"user-config": told}}
        self.flink.answers[f"/jobs/{job}/checkpoints"] = {"latest": {"savepoint": savepoint}}

    @property
    def _job(self):
        return {"name": ABNORMAL.name, "start-time": 0, "duration": 0, "tasks": {"total": 1, "running": 1}}

    def submit(self, *_):
        """Take a submission, as the cluster is told to."""
        if self.refusals:
            raise self.refusals.pop(0)
        self.submitted += 1
        job = f"{self.submitted}" * 32
        self.list(self.state_after, job=job)
        return job

    def guard(self):
        return guard.Guard(ABNORMAL.name, Cluster(port=self.flink.port), self.options, self.settings)


@pytest.fixture
def world(monkeypatch, tmp_path):
    for name in ("POLL_SECONDS", "SETTLE_SECONDS", "REFUSED_SECONDS"):
        monkeypatch.setattr(guard, name, 0.01)
    monkeypatch.setattr(guard, "PATIENCE_SECONDS", 0.0)
    monkeypatch.setattr(guard, "FAILED_SECONDS", (0.01, 0.04))
    with FakeFlink() as flink:
        made = World(flink, ["--events", "20", "--checkpoint-dir", str(tmp_path)])
        monkeypatch.setattr(guard, "submit", made.submit)
        yield made
        made.list("RUNNING", job="f" * 32)
        asked = len(flink.asked)
        wait_until(
            lambda: len(flink.asked) > asked + 5 or not any(map(threading.Thread.is_alive, made.guards)), "polls"
        )
        made.list("CANCELED", job="f" * 32)
        for thread in made.guards:
            thread.join(30)


def guarding(world):
    """Let a guard run beside the test."""
    thread = threading.Thread(target=lambda: world.ended.append(world.guard().run()), daemon=True)
    thread.start()
    world.guards.append(thread)
    return thread


def test_nothing_that_a_submission_meets_ends_the_guard_and_a_lost_job_is_submitted_again(world, capsys):
    lost = ClusterError("The job was refused: Connection reset by peer")
    world.refusals = [lost, lost, lost, lost, UsageError("--output /out is not empty"), lost, RuntimeError("bug")]
    guarding(world)
    wait_until(lambda: world.submitted == 1, "a submission")
    wait_until(lambda: f"Guarding job {'1' * 32}." in (said := capsys.readouterr().err) and said, "a guarded job")
    world.list()
    wait_until(lambda: world.submitted == 2, "another")


def test_an_obstacle_is_reported_once_and_again_when_it_comes_back(world, capsys):
    said = []

    def reported():
        said.extend(capsys.readouterr().err.splitlines())
        return said

    world.list("RUNNING")
    guarding(world)
    wait_until(lambda: reported() == [f"Guarding job {JOB}."], "the first line")
    for times in (1, 2):
        world.flink.faults["/jobs/overview"] = 500
        wait_until(
            lambda times=times: reported()[1:] == ["Waiting: Flink refused GET /jobs/overview: no"] * times, "it"
        )
        world.flink.faults.clear()
        asked = len(world.flink.asked)
        wait_until(lambda asked=asked: len(world.flink.asked) > asked + 2, "the guard's next look")


def test_a_job_that_has_finished_is_recorded_and_no_guard_starts_it_again(world):
    end = finished.sentence(world.settings)
    world.list("FINISHED")

    assert world.guard().run() == end
    world.list()
    assert world.guard().run() == end
    assert world.submitted == 0

    world.options = ["--events", "30", *world.options[2:]]
    world.settings = settings_of(world.options)
    guarding(world)
    wait_until(lambda: world.submitted == 1, "the job of other options")


def test_a_job_of_other_options_that_has_finished_is_not_taken_for_this_one(world):
    world.list("FINISHED", key="another")
    guarding(world)
    wait_until(lambda: world.submitted == 1, "a submission")
    assert finished.recorded(world.settings) is False


@pytest.mark.parametrize(("state", "savepoint"), [("FINISHED", SAVEPOINT), ("CANCELED", None)])
def test_a_job_that_was_stopped_is_left_alone_until_the_guard_is_started_again(world, state, savepoint):
    world.list("RUNNING")
    thread = guarding(world)
    wait_until(lambda: f"/jobs/{JOB}/config" in world.flink.since(0), "a guarded job")

    world.list(state, savepoint=savepoint)
    thread.join(30)

    assert world.ended == [
        f"Job {JOB} was cancelled or stopped: nothing is left to guard. The guard's next start resumes it."
    ]
    assert (world.submitted, finished.recorded(world.settings)) == (0, False)
    world.list()
    guarding(world)
    wait_until(lambda: world.submitted == 1, "a submission")


def test_a_job_that_is_cancelled_before_the_guard_looks_again_is_left_alone(world):
    world.state_after = "CANCELED"

    assert world.guard().run() == (
        f"Job {'1' * 32} was cancelled or stopped: nothing is left to guard. The guard's next start resumes it."
    )
    assert world.submitted == 1


def test_a_job_that_failed_is_submitted_again_later_each_time(world, capsys):
    told = []
    world.list("RUNNING")
    guarding(world)
    for number in range(4):
        job = f"{number}" * 32 if number else JOB
        world.flink.answers[f"/jobs/{job}/exceptions"] = {
            "exceptionHistory": {"entries": [{"timestamp": 1, "stacktrace": "java.io.IOException: no room\n\tat x"}]}
        }
        wait_until(lambda job=job: f"/jobs/{job}/config" in world.flink.since(0), "a guarded job")
        world.list("FAILED", job=job)
        wait_until(lambda number=number: world.submitted == number + 1, "a submission")
    wait_until(lambda: told.extend(capsys.readouterr().err.splitlines()) or len(told) >= 8, "what is said")
    assert [line for line in told if "failed" in line] == [
        f"Job {job} failed: no room. It will be submitted again in 0 s, from its newest snapshot."
        for job in (JOB, "1" * 32, "2" * 32, "3" * 32)
    ]
