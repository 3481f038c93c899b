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
from typing import IO, TYPE_CHECKING, Any, Final

import psutil

from flink_abnormal.runtime import distribution

if TYPE_CHECKING:
    from collections.abc import Iterator

POLL_SECONDS: Final = 0.1
CRASHES: Final = 5
CRASH_SECONDS: Final = 60.0
STOP_SECONDS: Final = 10.0


@dataclass
class Member:
    """A process of the cluster; `created` (epoch seconds) tells it from another that got its pid."""

    name: str
    pid: int = 0
    created: float = 0.0
    restarts: int = 0
    crash_loop: bool = False
    code: str = ""

    def alive(self) -> bool:
        """Whether this very process still runs."""
        return process(self.pid, self.created) is not None


@dataclass
class State:
    """What stands in .flink/cluster.json."""

    port: int
    slots: int
    supervisor: Member = field(default_factory=lambda: Member("supervisor"))
    members: list[Member] = field(default_factory=list)

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
            return cls(kept["port"], kept["slots"], Member(**kept["supervisor"]), members)
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

    def __init__(self, port: int, taskmanagers: int, slots: int) -> None:
        self._state = State(port, slots)
        self._state.supervisor.pid = os.getpid()
        self._state.supervisor.created = psutil.Process().create_time()
        names = ["jobmanager", *(f"taskmanager-{number}" for number in range(1, taskmanagers + 1))]
        self._state.members = [Member(name) for name in names]
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._deaths: dict[str, list[float]] = {name: [] for name in names}
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
            self._end(list(self._running))
            self._state.file().unlink(missing_ok=True)

    def _watch(self) -> None:
        if self._renew:
            self._renew = False
            workers = [member for member in self._state.members if member.name != "jobmanager"]
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
        script = "jobmanager.sh" if member.name == "jobmanager" else "taskmanager.sh"
        env = {
            **distribution.environment(distribution.CLUSTER_CONF),
            "FLINK_IDENT_STRING": member.name,
            "JVM_ARGS": "-Dconsole.log.level=OFF",  # the log goes to its file, standard output to the job
        }
        with output(member.name) as out:
            child = subprocess.Popen(
                [distribution.flink_home() / "bin" / script, "start-foreground"],
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )
        self._running[member.name] = child
        member.pid, member.created = child.pid, psutil.Process(child.pid).create_time()
        member.code = distribution.code_fingerprint()

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
    service = "standalonesession" if name == "jobmanager" else "taskexecutor"
    return distribution.work_folder() / "log" / f"flink-{name}-{service}-0-{socket.gethostname()}.out"


def main(arguments: list[Any]) -> None:
    """Run the supervisor of a cluster: PORT TASKMANAGERS SLOTS."""
    Supervisor(*(int(argument) for argument in arguments)).run()


if __name__ == "__main__":
    main(sys.argv[1:])
