import functools
import os
import signal

import collector_tools
import pytest
from conftest import wait_until

from dashboard.collect.collector import Collector
from dashboard.collect.history import History

SECONDS = 60
until = functools.partial(collector_tools.until, seconds=SECONDS)


@pytest.fixture
def collect(cluster, tmp_path):
    """Start a collector of the cluster; one history for all of them."""
    started = []

    def start():
        history = History(tmp_path / "history.db")
        collector = Collector(f"127.0.0.1:{cluster.port}", history)
        collector.start()
        started.append((collector, history))
        return collector

    yield start
    for collector, history in started:
        collector.stop()
        history.close()


def whole(snapshot):
    """Whether the job runs, and a checkpoint, a rate and a line of the log have come."""
    running = [job for job in snapshot.jobs if job.state == "RUNNING"]
    detail = snapshot.details.get(running[0].id) if running else None
    return bool(
        detail
        and running[0].running == running[0].total == 10
        and detail.checkpoints
        and detail.checkpoints.completed
        and detail.checkpoints.details
        and len(detail.vertices) == 4
        and all(vertex.out_rate is not None for vertex in detail.vertices)
        and detail.live
        and detail.live.users
        and snapshot.log.missing is None
    )


@pytest.mark.thread_mode
def test_a_real_job_is_seen_live_and_the_loss_of_a_worker_is_told_and_remembered(cluster, collect):
    collector = collect()
    options = cluster.job("--interval", "500ms", "--checkpoint-interval", "1s")
    assert cluster.run("submit", "--detached", *options).returncode == 0
    seen = until(collector, whole, "the job")
    (job,) = [each for each in seen.jobs if each.state == "RUNNING"]
    detail = seen.details[job.id]

    assert (seen.link, seen.overview.slots, seen.overview.free, seen.history_error) == ("up", 9, 0, None)
    workers = {each.id for each in seen.taskmanagers if each.lost_at is None}
    assert {each.taskmanager for vertex in detail.vertices for each in vertex.subtasks} <= workers
    assert detail.checkpoints.exactly_once is True
    assert (detail.live.threshold, detail.live.missing) == (3, None)
    until(collector, lambda now: len(now.details[job.id].live.users) == 3, "all users")
    alert = wait_until(lambda: collector.alerts.newest(1), "an alert", SECONDS)[0]
    assert (alert.job_id, alert.subtask is None, alert.count >= 3) == (job.id, False, True)
    wait_until(lambda: {"emit", "alert"} <= {each.kind for each in collector.log.newest(500)}, "lines", SECONDS)

    before = {each.id for each in seen.recoveries}
    os.kill(cluster.pid("taskmanager-2"), signal.SIGKILL)
    until(collector, lambda now: any(each.kind == "taskmanager-lost" for each in now.alarms), "the alarm")
    told = until(
        collector, lambda now: [e for e in now.recoveries if not e.open and e.id not in before], "the recovery"
    )
    (recovery,) = [each for each in told.recoveries if each.id not in before]
    moments = [recovery.began, recovery.noticed_at, recovery.restored_at, recovery.running_at]

    assert (recovery.job_id, recovery.cause, recovery.failed, len(recovery.lost)) == (job.id, "taskmanager", False, 1)
    assert {"lost", "noticed", "restored", "running"} <= {step.kind for step in recovery.steps}
    assert recovery.not_running > 0
    assert moments == sorted(moments)
    restored = [each.id for each in told.details[job.id].checkpoints.history if each.restored]
    assert restored == [recovery.restored_checkpoint]
    until(collector, lambda now: now.alarms == (), "all clear")

    collector.stop()
    again = collect()
    assert again.snapshot().recoveries == told.recoveries
    later = until(again, whole, "the job, by a new collector")
    assert later.recoveries == told.recoveries
    names = {each.id: each.name for each in told.taskmanagers}
    assert {each.id: each.name for each in later.taskmanagers}.items() <= names.items()
