"""A local cluster's plan and its supervisor's state: .flink/cluster.json."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

import psutil

from flink_abnormal.runtime import distribution

JOBMANAGERS: Final = 3
ZOOKEEPER: Final = "zookeeper"
_START_TICKS: Final = 19  # counted after the program's name: field 22 of proc_pid_stat(5)


@dataclass(frozen=True)
class Plan:
    """The processes and ports of a local cluster.

    `port` is the REST port of the (first) JobManager, `metrics_port` the first on which processes serve metrics.
    """

    port: int
    taskmanagers: int = 3
    slots: int = 3
    standby: int = 0
    ha: bool = False
    metrics_port: int | None = None

    @property
    def ports(self) -> dict[str, int]:
        """The REST ports by JobManager."""
        if not self.ha:
            return {"jobmanager": self.port}
        return {f"jobmanager-{number + 1}": self.port + number for number in range(JOBMANAGERS)}

    @property
    def members(self) -> list[str]:
        """The names of all processes, in start order."""
        workers = [f"taskmanager-{number}" for number in range(1, self.taskmanagers + self.standby + 1)]
        return [*([ZOOKEEPER] if self.ha else []), *self.ports, *workers]

    @property
    def all_slots(self) -> int:
        """The number of slots of the complete cluster."""
        return (self.taskmanagers + self.standby) * self.slots


@dataclass
class Member:
    """A process of the cluster; `birth` distinguishes it from a later process with the same pid.

    `created` (epoch seconds) does so if `birth` is empty: on systems that don't report it, and in older files.
    """

    name: str
    pid: int = 0
    created: float = 0.0
    birth: str = ""
    restarts: int = 0
    crash_loop: bool = False
    code: str = ""

    @property
    def is_taskmanager(self) -> bool:
        """Whether it is a worker."""
        return is_taskmanager(self.name)

    def bind(self, pid: int) -> None:
        """Assign the running process with this pid to this member; raises psutil.Error if it is gone."""
        self.pid, self.created, self.birth = pid, psutil.Process(pid).create_time(), _birth(pid)

    def process(self) -> psutil.Process | None:
        """Return the process if it still runs, is no zombie, and is not another with its pid."""
        try:
            found = psutil.Process(self.pid)
            if found.status() == psutil.STATUS_ZOMBIE or not self._is(found):
                return None
        except psutil.Error:
            return None
        return found

    def alive(self) -> bool:
        """Whether this very process still runs."""
        return self.process() is not None

    def _is(self, found: psutil.Process) -> bool:
        if self.birth:
            return _birth(self.pid) == self.birth
        return abs(found.create_time() - self.created) < 1


@dataclass
class ClusterState:
    """The content of .flink/cluster.json."""

    plan: Plan
    supervisor: Member = field(default_factory=lambda: Member("supervisor"))
    members: list[Member] = field(default_factory=list)

    @property
    def taskmanagers(self) -> list[Member]:
        """The workers."""
        return [member for member in self.members if member.is_taskmanager]

    @staticmethod
    def file() -> Path:
        """Return the path of the state file."""
        return distribution.work_folder() / "cluster.json"

    def write(self) -> None:
        """Replace the file atomically: a reader sees the old state or the new."""
        fresh = self.file().with_suffix(".new")
        fresh.write_text(json.dumps(asdict(self)), encoding="utf-8")
        fresh.replace(self.file())

    @classmethod
    def read(cls) -> ClusterState | None:
        """Return the state, or None if no cluster was started or the file can't be read."""
        try:
            kept = json.loads(cls.file().read_text(encoding="utf-8"))
            members = [Member(**member) for member in kept["members"]]
            return cls(Plan(**kept["plan"]), Member(**kept["supervisor"]), members)
        except (OSError, ValueError, KeyError, TypeError):
            return None


def is_taskmanager(name: str) -> bool:
    """Whether the member of this name is a worker."""
    return name.startswith("taskmanager")


def _birth(pid: int) -> str:
    """Return a process's start by the kernel's count, the boot's id and clock ticks since; empty on other systems.

    Times of day would not do: all of them shift when the clock is set, as when a virtual machine resumes.
    """
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        # The program's name precedes them in parentheses and may contain any character.
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
        return f"{boot}:{int(fields[_START_TICKS])}"
    except (OSError, ValueError, IndexError):
        return ""
