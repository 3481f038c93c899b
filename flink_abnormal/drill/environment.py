"""The drill's interface to a cluster, so that strikes and reports are written once."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from flink_abnormal.drill.faults import Kind
    from flink_abnormal.runtime.rest import Cluster


class Hit(NamedTuple):
    """An action on the cluster: its time (epoch seconds), and a description."""

    at: float
    text: str


class Bootstrap(NamedTuple):
    """Addresses of Kafka's brokers, as --bootstrap takes them: for this machine, and for the cluster."""

    here: str
    there: str


class Environment(Protocol):
    """A cluster of real processes or containers; a member is the name of one.

    All its errors are AbnormalErrors. `folder` and `checkpoints` are the drill's own, in the cluster's file system
    (checkpoints may be elsewhere, as a URI); `cancel` is the command that cancels a job there.
    """

    name: str
    cluster: Cluster
    folder: str
    checkpoints: str
    cancel: str

    def impossible(self) -> Mapping[Kind, str]:
        """Return the strikes that are impossible here, and why."""
        ...

    def command(self, arguments: Sequence[str], seconds: float) -> str:
        """Run `flink-abnormal` where jobs are submitted from; return its output."""
        ...

    def member_of(self, taskmanager: str) -> str | None:
        """Return the member with this TaskManager id, or None if it is gone."""
        ...

    def leader(self) -> str | None:
        """Return the leading JobManager."""
        ...

    def missing(self) -> str | None:
        """Return a member that does not run and what is known of it, or None if the cluster is complete."""
        ...

    def kill(self, member: str) -> Hit:
        """SIGKILL a member's JVM."""
        ...

    def brokers(self) -> Sequence[str]:
        """Return the members that are Kafka brokers; empty if there are none."""
        ...

    def bootstrap(self) -> Bootstrap:
        """Return the brokers' addresses; ClusterError if there are none."""
        ...

    def revive(self, member: str) -> Hit:
        """Start a killed broker again."""
        ...

    def fill(self, member: str) -> Hit:
        """Let a broker write nothing more to its disk, which ends it."""
        ...

    def free(self, member: str) -> Hit:
        """Give a filled broker room again, and start it if it has ended."""
        ...

    def kill_python_worker(self, member: str) -> Hit:
        """SIGKILL one Python worker process of a TaskManager, and nothing else."""
        ...

    def pause(self, member: str) -> Hit:
        """SIGSTOP a member's JVM."""
        ...

    def resume(self, member: str) -> Hit:
        """SIGCONT a member's JVM."""
        ...

    def cut(self, member: str) -> Hit:
        """Disconnect a member from the network."""
        ...

    def join(self, member: str) -> Hit:
        """Reconnect a member."""
        ...

    def cut_brokers(self, member: str) -> Hit:
        """Let a member reach no broker; everything else it can."""
        ...

    def join_brokers(self, member: str) -> Hit:
        """Let it reach them again."""
        ...

    def plant(self, folder: str, names: Sequence[str]) -> Hit:
        """Create empty files; anything that already has such a name stays."""
        ...

    def clear(self, folder: str, names: Sequence[str]) -> Hit:
        """Remove the planted files that are still empty."""
        ...

    def read(self, folder: str) -> dict[str, bytes]:
        """Return the finished files of a folder: name -> content."""
        ...

    def write(self, folder: str, name: str, content: bytes) -> None:
        """Replace a file."""
        ...

    def bring(self, folder: Path) -> str:
        """Make a folder of this machine readable for the cluster; return its path there."""
        ...

    def remove(self, folder: str) -> None:
        """Remove a folder and its contents."""
        ...


def last_words(text: str) -> str:
    """Return the error message of a failed command."""
    said = [line for line in text.splitlines() if line.strip()]
    return said[-1].removeprefix("Error: ") if said else ""
