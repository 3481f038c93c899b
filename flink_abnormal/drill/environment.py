"""Where a drill takes place: what strikes and reports need of it, so that they are written once."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from flink_abnormal.drill.faults import Kind
    from flink_abnormal.runtime.rest import Cluster


class Hit(NamedTuple):
    """Something was done to the cluster: when (epoch seconds), and in words."""

    at: float
    text: str


class Environment(Protocol):
    """A cluster of real processes or containers. A member is one of them, by its name.

    Whatever goes wrong in it raises an AbnormalError. `folder` and `checkpoints` are the drill's own, in the cluster's
    file system (checkpoints may go elsewhere, as a URI); `cancel` is the command that cancels a job there.
    """

    name: str
    cluster: Cluster
    folder: str
    checkpoints: str
    cancel: str

    def impossible(self) -> Mapping[Kind, str]:
        """Return the strikes that can't be had here, and why."""
        ...

    def command(self, arguments: Sequence[str], seconds: float) -> str:
        """Run `flink-abnormal` where jobs are submitted from; returns what it printed."""
        ...

    def member_of(self, taskmanager: str) -> str | None:
        """Return the member that is the TaskManager of this Flink id, or None where it is no longer there."""
        ...

    def leader(self) -> str | None:
        """Return the JobManager that leads."""
        ...

    def whole(self) -> bool:
        """Whether every member runs."""
        ...

    def kill(self, member: str) -> Hit:
        """SIGKILL a member's JVM."""
        ...

    def kill_python_worker(self, member: str) -> Hit:
        """SIGKILL one Python worker process of a TaskManager, and nothing else."""
        ...

    def pause(self, member: str) -> Hit:
        """SIGSTOP a member's JVM."""
        ...

    def resume(self, member: str) -> Hit:
        """SIGCONT it."""
        ...

    def cut(self, member: str) -> Hit:
        """Disconnect a member from the network."""
        ...

    def join(self, member: str) -> Hit:
        """Connect it again."""
        ...

    def plant(self, folder: str, names: Sequence[str]) -> Hit:
        """Make empty files; where there is something of that name already, it stays."""
        ...

    def clear(self, folder: str, names: Sequence[str]) -> Hit:
        """Remove those files again, where they are still empty files."""
        ...

    def read(self, folder: str) -> dict[str, bytes]:
        """Return the finished files of a folder: name -> content."""
        ...

    def write(self, folder: str, name: str, content: bytes) -> None:
        """Replace a file."""
        ...

    def bring(self, folder: Path) -> str:
        """Make a folder of this machine readable for the cluster; returns its path there."""
        ...

    def remove(self, folder: str) -> None:
        """Remove a folder and all in it."""
        ...


def last_words(text: str) -> str:
    """Return the sentence of a command that failed."""
    said = [line for line in text.splitlines() if line.strip()]
    return said[-1].removeprefix("Error: ") if said else ""
