"""What a local cluster is made of, and what its supervisor knows of it: .flink/cluster.json."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

import psutil

from flink_abnormal.runtime import distribution

JOBMANAGERS: Final = 3
ZOOKEEPER: Final = "zookeeper"
_START_TICKS: Final = 19  # behind the program's name: field 22 of proc_pid_stat(5)


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
    """A process of the cluster; `birth` tells it from another that got its pid.

    `created` (epoch seconds) does so where `birth` is empty: where the system doesn't say it, and in files of before.
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
        """Make the process of this pid, which runs, this member's; raises psutil.Error where it is gone."""
        self.pid, self.created, self.birth = pid, psutil.Process(pid).create_time(), _birth(pid)

    def process(self) -> psutil.Process | None:
        """Return this very process while it runs and is no zombie."""
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


def is_taskmanager(name: str) -> bool:
    """Whether the member of this name is a worker."""
    return name.startswith("taskmanager")


def _birth(pid: int) -> str:
    """Return when a process began, as the kernel counts: this boot's id, and clock ticks since it; empty elsewhere.

    A time of day would not do: all of them move when the clock is set, as it is when a virtual machine resumes.
    """
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        # The name of the program stands before, in parentheses, and may hold any character.
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
        return f"{boot}:{int(fields[_START_TICKS])}"
    except (OSError, ValueError, IndexError):
        return ""
