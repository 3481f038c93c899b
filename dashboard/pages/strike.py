"""How to lose a TaskManager of the shown cluster on purpose: pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from flink_abnormal.runtime import names

if TYPE_CHECKING:
    from dashboard.model import JobDetail, Snapshot, TaskManager

HERE = ("localhost", "127.0.0.1")


class SuggestedStrike(NamedTuple):
    """A TaskManager and the command that kills it; None if its process can be identified only on its machine."""

    victim: TaskManager
    command: str | None


def how(snapshot: Snapshot, job: JobDetail | None) -> SuggestedStrike | None:
    """Return a strike at the TaskManager with the most tasks of a job; None if there is no TaskManager."""
    alive = [each for each in snapshot.taskmanagers if each.lost_at is None]
    victim = max(alive, key=lambda each: _tasks(each, job), default=None)
    return None if victim is None else SuggestedStrike(victim, _command(victim))


def _tasks(worker: TaskManager, job: JobDetail | None) -> int:
    vertices = job.vertices if job is not None else ()
    return sum(subtask.taskmanager == worker.id for vertex in vertices for subtask in vertex.subtasks)


def _command(victim: TaskManager) -> str | None:
    if victim.pid is not None:
        return f"kill -9 {victim.pid}"
    if names.name_of(victim.id) is None or victim.host.rpartition(":")[0] in HERE:
        return None
    # Its host is a container of the composition, whose processes have no pid that this machine knows.
    service, _, number = victim.name.rpartition("-")
    return f"docker compose exec --index {number} {service} pkill -KILL java"
