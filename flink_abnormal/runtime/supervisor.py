"""Restarts dead processes of a local cluster, and gives up those that keep dying.

Runs as its own process (`python -m flink_abnormal.runtime.supervisor`), which `local_cluster.py` starts and controls by
two signals: SIGTERM stops the cluster, SIGHUP restarts the TaskManagers. Its state is .flink/cluster.json.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Final

import orjson
import psutil

from flink_abnormal.core.errors import ClusterError, MachineError, UsageError
from flink_abnormal.runtime import bounded, distribution, stdout_files
from flink_abnormal.runtime.bounded import Address
from flink_abnormal.runtime.cluster_state import ZOOKEEPER, ClusterState, Member, Plan
from flink_abnormal.runtime.process_launcher import Launcher, temporary_folder
from flink_abnormal.runtime.rest import DEFAULT_HOST

if TYPE_CHECKING:
    from collections.abc import Iterator

POLL_SECONDS: Final = 0.1
CRASHES: Final = 5
CRASH_SECONDS: Final = 60.0
STOP_SECONDS: Final = 10.0
SHORTEN_SECONDS: Final = 1.0
# A process that takes over at once needs the CPU more than the lost one.
DELAY_SECONDS: Final = 5.0
ANSWER_SECONDS: Final = 0.5
STANDARD_ERROR: Final = 2
ROOM_BYTES: Final = 2**20
"""With less free disk space a process dies at its start, through no fault of its own."""


class Supervisor:
    """Supervises the members of one cluster."""

    def __init__(self, plan: Plan) -> None:
        self._state = ClusterState(plan)
        self._state.supervisor.bind(os.getpid())
        self._state.members = [Member(name) for name in plan.members]
        self._launcher = Launcher(plan)
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._due: dict[str, float] = dict.fromkeys(plan.members, 0.0)
        self._deaths: dict[str, list[float]] = {name: [] for name in plan.members}
        self._shortened = 0.0
        self._saved = True
        self._told: dict[str, str] = {}
        self._stop = False
        self._renew = False

    def run(self) -> None:
        """Start, supervise and stop all members."""
        signal.signal(signal.SIGTERM, lambda *_: setattr(self, "_stop", True))
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGHUP, lambda *_: setattr(self, "_renew", True))
        try:
            self._state.write()
            while not self._stop:
                self._watch()
                time.sleep(POLL_SECONDS)
        finally:
            # ZooKeeper last: without it, the others would try to reconnect instead of ending.
            self._end([name for name in self._running if name != ZOOKEEPER])
            self._end(list(self._running))
            shutil.rmtree(temporary_folder(), ignore_errors=True)
            self._state.file().unlink(missing_ok=True)

    def _watch(self) -> None:
        if self._renew:
            self._renew = False
            self._end([member.name for member in self._state.taskmanagers if member.name in self._running])
            for member in self._state.taskmanagers:
                member.crash_loop = False
                self._due[member.name] = 0.0
        for member in self._state.members:
            child = self._running.get(member.name)
            if child is not None and child.poll() is not None:
                del self._running[member.name]
                self._revive(member)
                self._save()
        for member in self._state.members:
            if self._due.get(member.name, time.monotonic() + 1) <= time.monotonic():
                self._try_to_start(member)
        if time.monotonic() - self._shortened > SHORTEN_SECONDS:
            self._shortened = time.monotonic()
            self._keep_small()

    def _keep_small(self) -> None:
        """Shorten outputs that have grown too long, and retry a failed write of the state."""
        for member in self._state.members:
            with self._surviving(f"The output of {member.name} can't be shortened"):
                stdout_files.shorten(stdout_files.output_file(member.name))
        if not self._saved:
            self._save()

    def _save(self) -> None:
        """Write the state; if that fails, `_keep_small` retries it later."""
        self._saved = False
        with self._surviving("The state of the cluster can't be written"):
            self._state.write()
            self._saved = True

    @contextlib.contextmanager
    def _surviving(self, what: str) -> Iterator[None]:
        """Report a full disk or similar once and continue: one member's problem must not end the whole cluster."""
        try:
            yield
        except (OSError, psutil.Error, MachineError) as error:
            if self._told.get(what) != str(error):
                self._told[what] = str(error)
                with contextlib.suppress(OSError):  # the report goes to the same disk
                    os.write(STANDARD_ERROR, f"{what}: {error}\n".encode())
        else:
            self._told.pop(what, None)

    def _revive(self, member: Member) -> None:
        """Schedule the restart of a dead member, unless it keeps dying; on a full disk, wait for space."""
        now = time.monotonic()
        if _disk_is_full():
            member.restarts += 1
            self._due[member.name] = now + DELAY_SECONDS
            return
        deaths = [at for at in self._deaths[member.name] if now - at < CRASH_SECONDS] + [now]
        self._deaths[member.name] = deaths
        if len(deaths) >= CRASHES:
            member.crash_loop = True
            return
        member.restarts += 1
        self._due[member.name] = now + (DELAY_SECONDS if self._is_replaced(member) else 0)

    def _is_replaced(self, member: Member) -> bool:
        """Return whether another JobManager takes the lead, or other TaskManagers have room for the tasks."""
        plan = self._state.plan
        if not member.is_taskmanager:
            return plan.ha and member.name in plan.ports
        for port in plan.ports.values():
            try:
                answer = bounded.get(Address(DEFAULT_HOST, port), "/overview", seconds=ANSWER_SECONDS)
                return bool(orjson.loads(answer.content)["slots-available"] >= plan.slots)
            except (ClusterError, ValueError, KeyError, TypeError):
                continue
        return False

    def _try_to_start(self, member: Member) -> None:
        """Start a member; if the machine refuses, retry after DELAY_SECONDS; if the configuration is wrong, give up."""
        self._due[member.name] = time.monotonic() + DELAY_SECONDS
        with self._surviving(f"{member.name} can't be started"):
            try:
                self._start(member)
            except UsageError as error:
                del self._due[member.name]
                member.crash_loop = True
                self._save()
                with stdout_files.output(member.name) as out:
                    out.write(f"{error}\n".encode())

    def _start(self, member: Member) -> None:
        code = distribution.code_fingerprint()
        child = self._launcher.start(member.name)
        del self._due[member.name]
        self._running[member.name] = child
        member.code = code
        member.bind(child.pid)
        self._save()

    def _end(self, names: list[str]) -> None:
        """Stop processes: terminate them, then kill those that remain."""
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


def _disk_is_full() -> bool:
    try:
        return shutil.disk_usage(distribution.work_folder()).free < ROOM_BYTES
    except OSError:
        return False


def main(arguments: list[str]) -> None:
    """Run the supervisor of the cluster whose plan is given as JSON."""
    Supervisor(Plan(**json.loads(arguments[0]))).run()


if __name__ == "__main__":
    main(sys.argv[1:])
