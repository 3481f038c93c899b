"""What a local cluster is made of, and what its supervisor knows of it: .flink/cluster.json."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path  # noqa: TC003 - a return type that readers of the state import
from typing import Final

import psutil

from flink_abnormal.runtime import distribution

JOBMANAGERS: Final = 3
ZOOKEEPER: Final = "zookeeper"


@dataclass(frozen=True)
class Plan:
    """What a local cluster is made of.

    `port` is that of the (first) JobManager's REST API, `metrics_port` the first on which processes serve metrics.
    """

    port: int
    taskmanagers: int = 3
    slots: int = 3
    standby: int = 0
    ha: bool = False
    metrics_port: int | None = None

    @property
    def ports(self) -> dict[str, int]:
        """The JobManagers and the ports of their REST APIs."""
        if not self.ha:
            return {"jobmanager": self.port}
        return {f"jobmanager-{number + 1}": self.port + number for number in range(JOBMANAGERS)}

    @property
    def members(self) -> list[str]:
        """The names of all processes, in the order of their start."""
        workers = [f"taskmanager-{number}" for number in range(1, self.taskmanagers + self.standby + 1)]
        return [*([ZOOKEEPER] if self.ha else []), *self.ports, *workers]

    @property
    def all_slots(self) -> int:
        """How many slots the cluster has when it is whole."""
        return (self.taskmanagers + self.standby) * self.slots


@dataclass
class Member:
    """A process of the cluster; `created` (epoch seconds) tells it from another that got its pid."""

    name: str
    pid: int = 0
    created: float = 0.0
    restarts: int = 0
    crash_loop: bool = False
    code: str = ""

    @property
    def is_taskmanager(self) -> bool:
        """Whether it is a worker."""
        return self.name.startswith("taskmanager")

    def alive(self) -> bool:
        """Whether this very process still runs."""
        return process(self.pid, self.created) is not None


@dataclass
class State:
    """What stands in .flink/cluster.json."""

    plan: Plan
    supervisor: Member = field(default_factory=lambda: Member("supervisor"))
    members: list[Member] = field(default_factory=list)

    @property
    def taskmanagers(self) -> list[Member]:
        """The workers."""
        return [member for member in self.members if member.is_taskmanager]

    @staticmethod
    def file() -> Path:
        """Return where the state is kept."""
        return distribution.work_folder() / "cluster.json"

    def write(self) -> None:
        """Replace the file in one step: a reader sees the old state or the new."""
        fresh = self.file().with_suffix(".new")
        fresh.write_text(json.dumps(asdict(self)), encoding="utf-8")
        fresh.replace(self.file())

    @classmethod
    def read(cls) -> State | None:
        """Return the state, or None where no cluster was started or the file can't be read."""
        try:
            kept = json.loads(cls.file().read_text(encoding="utf-8"))
            members = [Member(**member) for member in kept["members"]]
            return cls(Plan(**kept["plan"]), Member(**kept["supervisor"]), members)
        except (OSError, ValueError, KeyError, TypeError):
            return None


def process(pid: int, created: float) -> psutil.Process | None:
    """Return the process of this pid if it is the one that was created then, and no zombie."""
    try:
        found = psutil.Process(pid)
        same = abs(found.create_time() - created) < 1 and found.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return None
    return found if same else None
