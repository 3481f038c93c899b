"""How to lose a TaskManager on purpose, on the cluster that is shown: pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from flink_abnormal.runtime import names

if TYPE_CHECKING:
    from dashboard.model import JobDetail, Snapshot, TaskManager

HERE = ("localhost", "127.0.0.1")


class Strike(NamedTuple):
    """Which TaskManager, and the command that kills it; None if only somebody at its machine can tell its process."""

    victim: TaskManager
    command: str | None


def how(snapshot: Snapshot, job: JobDetail | None) -> Strike | None:
    """Return how to kill the TaskManager that does the most for a job; None if there is no TaskManager."""
    alive = [each for each in snapshot.taskmanagers if each.lost_at is None]
    victim = max(alive, key=lambda each: _tasks(each, job), default=None)
    return None if victim is None else Strike(victim, _command(victim))


def _tasks(worker: TaskManager, job: JobDetail | None) -> int:
    vertices = job.vertices if job is not None else ()
    return sum(subtask.taskmanager == worker.id for vertex in vertices for subtask in vertex.subtasks)


def _command(victim: TaskManager) -> str | None:
    if victim.pid is not None:
        return f"kill -9 {victim.pid}"
    if names.name_of(victim.id) is None or victim.host.rpartition(":")[0] in HERE:
        return None
    # Its host is a container: the composition's, in which a process has no pid that this machine knows.
    service, _, number = victim.name.rpartition("-")
    return f"docker compose exec --index {number} {service} pkill -KILL java"
