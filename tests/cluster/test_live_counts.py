"""What the detector publishes, as Flink's REST API gives it."""

import json
import os
import re
import signal

import pytest
from conftest import wait_until
from expected import SEED, simulated

from flink_abnormal.core.job import Goal
from flink_abnormal.core.model import Rule
from flink_abnormal.core.operators import DETECTOR, LIVE
from flink_abnormal.core.published import LIVE_ALERTS, LIVE_USERS
from flink_abnormal.core.rule import decide, detect
from flink_abnormal.pipeline.formats.jsonl import JsonLines
from flink_abnormal.runtime.rest import Cluster
from flink_abnormal.submission.progress import _ProgressReader

# As Flink writes them in the names of metrics; in process mode an operator beside the detector shows what it says.
OPERATORS = "|".join(re.sub(r"\W", "_", operator.name) for operator in (DETECTOR, LIVE))
USERS, EVENTS = 40, 12
PARSE = JsonLines("userId", "isAbnormal", ()).parse


class Job:
    """A job by its REST API."""

    def __init__(self, cluster, *options):
        submitted = cluster.run("submit", "--detached", *cluster.job(*options))
        assert submitted.returncode == 0, submitted.stderr
        self.id = submitted.stdout.split()[-1]
        self.rest = Cluster("127.0.0.1", cluster.port)
        vertices = self.rest.get(f"/jobs/{self.id}")["vertices"]
        (vertex,) = [each["id"] for each in vertices if each["name"].startswith(DETECTOR.name)]
        self.metrics = f"/jobs/{self.id}/vertices/{vertex}/metrics"

    def ids(self, name):
        """Return the full names of a metric of the detector, one for each subtask."""
        found = [each["id"] for each in self.rest.get(self.metrics)]
        return sorted(each for each in found if re.fullmatch(rf"\d+\.(?:{OPERATORS})\.{name}", each))

    def published(self, name):
        """Return what a gauge of each subtask holds."""
        ids = self.ids(name)
        told = self.rest.get(f"{self.metrics}?get={','.join(ids)}") if ids else []
        return [json.loads(each["value"]) for each in told]

    def users(self):
        """Return (count, last events) of each user that is shown."""
        shown = [each for subtask in self.published(LIVE_USERS) for each in subtask[1:] if each]
        assert len({each["userId"] for each in shown}) == len(shown)
        return {each["userId"]: (each["count"], each["events"]) for each in shown}

    def alerts(self):
        """Return the alerts that are shown, sorted."""
        shown = [each for subtask in self.published(LIVE_ALERTS) for each in subtask if each]
        return sorted((each["userId"], each["count"], each["alertId"], each["timestamp"]) for each in shown)


def records(first, end):
    """Return lines of events number `first` to `end` of each user."""
    events = [each for each in simulated(end, USERS) if int(each.event_id.removeprefix("seq:")) >= first]
    return [
        json.dumps({"userId": each.user_id, "isAbnormal": each.is_abnormal, "timestamp": each.timestamp})
        for each in events
    ]


def counted(events):
    """Return (count, letters) of each user, by the rule."""
    users = {}
    for event in events:
        count, letters = users.get(event.user_id, (0, ""))
        users[event.user_id] = decide(count, event, Rule())[0], letters + "NA"[event.is_abnormal]
    return users


def move_in(folder, name, lines):
    """Let a file appear in a folder that is followed."""
    (folder / f".{name}").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    (folder / f".{name}").rename(folder / name)


def test_the_gauges_hold_the_same_in_process_mode(cluster, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    lines = records(0, EVENTS)
    events = [PARSE(line.encode()) for line in lines]
    move_in(folder, "first.jsonl", lines)
    mode = ("--execution-mode", "process", "--source-parallelism", 1)  # one process of Python for it instead of three
    job = Job(cluster, "--source", "files", "--input", folder, "--follow", *mode)

    wait_until(lambda: job.users() == counted(events), "every user's count and events")
    wait_until(
        lambda: job.alerts() == sorted((a.user_id, a.count, a.alert_id, a.timestamp) for a in detect(events, Rule())),
        "every alert",
    )
    assert [subtask[0] for subtask in job.published(LIVE_USERS)] == [{"threshold": 3}] * 3
    assert job.rest.job_parameters(job.id)["live"] == "true"


@pytest.mark.thread_mode
def test_the_gauges_hold_what_the_rule_says_and_go_on_from_the_state_after_a_worker_is_lost(cluster, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    lines = records(0, EVENTS)
    events = [PARSE(line.encode()) for line in lines]
    move_in(folder, "first.jsonl", lines)
    job = Job(cluster, "--source", "files", "--input", folder, "--follow", "--checkpoint-interval", "500ms")

    wait_until(lambda: job.users() == counted(events), "every user's count and events")
    wait_until(
        lambda: job.alerts() == sorted((a.user_id, a.count, a.alert_id, a.timestamp) for a in detect(events, Rule())),
        "every alert",
    )
    assert [subtask[0] for subtask in job.published(LIVE_USERS)] == [{"threshold": 3}] * 3
    assert {len(subtask) for subtask in job.published(LIVE_USERS)} == {33}
    progress = _ProgressReader(job.rest, job.id)  # lines are read in blocks, and counted alone
    wait_until(lambda: progress.figures(Goal("lines")).done == len(lines), "every line in the progress", 30)

    completed = completed_checkpoints(job)
    wait_until(lambda: completed_checkpoints(job) >= completed + 2, "a checkpoint of all that")
    os.kill(cluster.pid("taskmanager-2"), signal.SIGKILL)
    more = records(EVENTS, EVENTS + 3)
    move_in(folder, "second.jsonl", more)

    second = [PARSE(line.encode()) for line in more]
    counts = {user: count for user, (count, _) in counted([*events, *second]).items()}
    letters = {user: letters for user, (_, letters) in counted(second).items()}
    wait_until(lambda: job.users() == {user: (counts[user], letters[user]) for user in counts}, "the counts again")


def completed_checkpoints(job):
    return job.rest.get(f"/jobs/{job.id}/checkpoints")["counts"]["completed"]


def test_nothing_is_published_where_that_was_not_asked_for(cluster):
    job = Job(cluster, "--interval", "100ms", "--no-emit-log", "--no-live")

    wait_until(lambda: len(job.ids("numRecordsIn")) == 3, "the detector's metrics")

    assert (job.ids(LIVE_USERS), job.ids(LIVE_ALERTS)) == ([], [])
    assert job.rest.job_parameters(job.id)["live"] == "false"


@pytest.mark.thread_mode
def test_the_jobs_options_can_be_read_by_those_who_watch_it(cluster, tmp_path):
    job = Job(
        cluster, "--users", 4, "--threshold", 2, "--sink", "files", "--output", tmp_path / "out", "--interval", "1h"
    )

    parameters = job.rest.job_parameters(job.id)
    assert re.fullmatch(r"[0-9a-f]{16}", parameters.pop("options-key"))
    assert parameters == {
        "source": "random",
        "users": "4",
        "interval": "1h",
        "seed": str(SEED),
        "time": "processing",
        "engine": "python",
        "threshold": "2",
        "within": "",
        "live": "true",
        "sinks": "files",
        "output": str(tmp_path / "out"),
        "transactions": "",
        "execution-mode": "thread",
        "checkpoint-interval": "10s",
        "checkpoint-dir": cluster.checkpoints.as_uri(),
    }
