"""How tests wait for what a collector has read of the recorded cluster."""

from conftest import wait_until
from flink_answers import JOB

SECONDS = 20


def until(collector, condition, what, seconds=SECONDS):
    """Return the first snapshot for which `condition` holds."""

    def look():
        snapshot = collector.snapshot()
        return snapshot if condition(snapshot) else None

    return wait_until(look, what, seconds)


def complete(snapshot):
    detail = snapshot.details.get(JOB)
    return bool(
        snapshot.taskmanagers
        and detail
        and all(vertex.subtasks for vertex in detail.vertices)
        and detail.checkpoints
        and detail.checkpoints.details
        and detail.checkpoints.interval_s
        and detail.live.missing == "not-published"
        and snapshot.log.missing != "not-read-yet"
        and snapshot.overview.refresh_s
    )
