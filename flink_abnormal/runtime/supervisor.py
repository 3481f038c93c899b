"""Keeps the processes of a local cluster alive: one that dies is started again, one that keeps dying is given up.

Runs as a process of its own (`python -m flink_abnormal.runtime.supervisor`), which `local.py` starts and talks to by
two signals: SIGTERM ends the cluster, SIGHUP starts the TaskManagers anew. What it knows stands in .flink/cluster.json.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path  # noqa: TC003 - a return type that readers of the state import
from typing import IO, TYPE_CHECKING, Final

import psutil

from flink_abnormal.runtime import distribution, zookeeper

if TYPE_CHECKING:
    from collections.abc import Iterator

POLL_SECONDS: Final = 0.1
CRASHES: Final = 5
CRASH_SECONDS: Final = 60.0
STOP_SECONDS: Final = 10.0
JOBMANAGERS: Final = 3
ZOOKEEPER: Final = "zookeeper"
JVM_ARGS: Final = "-Dconsole.log.level=OFF"  # the log goes to its file, standard output to the job


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


class Supervisor:
    """The loop over the members of one cluster."""

    def __init__(self, plan: Plan) -> None:
        self._state = State(plan)
        self._state.supervisor.pid = os.getpid()
        self._state.supervisor.created = psutil.Process().create_time()
        self._state.members = [Member(name) for name in plan.members]
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._deaths: dict[str, list[float]] = {name: [] for name in plan.members}
        self._stop = False
        self._renew = False

    def run(self) -> None:
        """Start all, watch all, end all."""
        signal.signal(signal.SIGTERM, lambda *_: setattr(self, "_stop", True))
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGHUP, lambda *_: setattr(self, "_renew", True))
        try:
            for member in self._state.members:
                self._start(member)
            self._state.write()
            while not self._stop:
                self._watch()
                time.sleep(POLL_SECONDS)
        finally:
            self._end_all()
            self._state.file().unlink(missing_ok=True)

    def _watch(self) -> None:
        if self._renew:
            self._renew = False
            workers = self._state.taskmanagers
            self._end([member.name for member in workers if member.name in self._running])
            for member in workers:
                member.crash_loop = False
                self._start(member)
            self._state.write()
        for member in self._state.members:
            child = self._running.get(member.name)
            if child is not None and child.poll() is not None:
                del self._running[member.name]
                self._revive(member)
                self._state.write()

    def _revive(self, member: Member) -> None:
        """Start a member that died, unless it keeps dying."""
        now = time.monotonic()
        deaths = [at for at in self._deaths[member.name] if now - at < CRASH_SECONDS] + [now]
        self._deaths[member.name] = deaths
        if len(deaths) >= CRASHES:
            member.crash_loop = True
            return
        member.restarts += 1
        self._start(member)

    def _start(self, member: Member) -> None:
        env = {
            **distribution.environment(distribution.CLUSTER_CONF),
            "FLINK_IDENT_STRING": member.name,
            "JVM_ARGS": f"{JVM_ARGS} {zookeeper.JVM_ARGS}" if member.name == ZOOKEEPER else JVM_ARGS,
        }
        with output(member.name) as out:
            child = subprocess.Popen(
                self._command(member.name),
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )
        self._running[member.name] = child
        member.pid, member.created = child.pid, psutil.Process(child.pid).create_time()
        member.code = distribution.code_fingerprint()

    def _command(self, name: str) -> list[str]:
        """Return the command that becomes the member's JVM."""
        scripts = distribution.flink_home() / "bin"
        if name == ZOOKEEPER:
            return zookeeper.command()
        if name in self._state.plan.ports:
            port = self._state.plan.ports[name]
            return [str(scripts / "jobmanager.sh"), "start-foreground", "-D", f"rest.port={port}"]
        return [str(scripts / "taskmanager.sh"), "start-foreground"]

    def _end_all(self) -> None:
        """End ZooKeeper last: without it the others would look for it instead of ending."""
        self._end([name for name in self._running if name != ZOOKEEPER])
        self._end(list(self._running))

    def _end(self, names: list[str]) -> None:
        """End processes: asked first, then killed."""
        children = [self._running.pop(name) for name in names]
        for child in reversed(children):
            child.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        for child in children:
            try:
                child.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()


@contextlib.contextmanager
def output(name: str) -> Iterator[IO[bytes]]:
    """Open the file that REST shows as a process's standard output; what a predecessor wrote stays."""
    with output_file(name).open("ab") as out:
        yield out


def output_file(name: str) -> Path:
    """Return where a member's standard output goes: beside its log, under the name that Flink expects."""
    services = {"jobmanager": "standalonesession", "taskmanager": "taskexecutor"}
    kind = name.split("-", maxsplit=1)[0]
    service = services.get(kind, kind)
    return distribution.work_folder() / "log" / f"flink-{name}-{service}-0-{socket.gethostname()}.out"


def main(arguments: list[str]) -> None:
    """Run the supervisor of a cluster: its plan as JSON."""
    Supervisor(Plan(**json.loads(arguments[0]))).run()


if __name__ == "__main__":
    main(sys.argv[1:])
