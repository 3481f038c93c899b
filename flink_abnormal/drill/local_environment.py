"""The drill on a local cluster: members are processes of this machine."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from flink_abnormal.core.errors import ClusterError
from flink_abnormal.drill import inside
from flink_abnormal.drill.environment import Bootstrap, Hit, last_words
from flink_abnormal.drill.observer import DrillError
from flink_abnormal.runtime import distribution, kafka_brokers, local_cluster, names
from flink_abnormal.runtime.cluster_state import ClusterState, Plan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from flink_abnormal.drill.faults import Kind
    from flink_abnormal.runtime.cluster_state import Member


class LocalEnvironment:
    """The running local cluster; `folder` is for the files of the drill's job."""

    name = "local"
    cancel = "flink-abnormal cancel"

    def __init__(self, state: ClusterState, folder: Path) -> None:
        self._state = state
        self.cluster = local_cluster.client(state)
        self.folder = str(folder)
        self.checkpoints = f"{folder}/checkpoints"

    def impossible(self) -> Mapping[Kind, str]:
        """Return the strikes that are impossible here, and why."""
        no: dict[Kind, str] = dict.fromkeys(
            ("cut network", "cut brokers"), "processes of one machine share its network. Give --on compose."
        )
        if not hasattr(psutil, "RLIMIT_FSIZE"):
            no["fill broker"] = "this system can't limit what a process writes. Give --on compose."
        if not self._state.plan.ha:
            no["kill jobmanager"] = (
                "the cluster has one JobManager, and its job dies with it. Restart it with high availability: "
                "flink-abnormal cluster down, then flink-abnormal cluster up --ha"
            )
        return no

    def command(self, arguments: Sequence[str], seconds: float) -> str:
        """Run `flink-abnormal`; return its output."""
        try:
            done = subprocess.run(
                [sys.executable, "-m", "flink_abnormal", *arguments],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                encoding="utf-8",
                errors="replace",
                timeout=seconds,
                check=False,
                start_new_session=True,  # Ctrl-C belongs to the drill, which cancels in order
            )
        except subprocess.TimeoutExpired:
            raise DrillError(f"flink-abnormal {arguments[0]} did not end within {seconds:.0f} s.") from None
        if done.returncode:
            raise ClusterError(last_words(done.stderr) or f"flink-abnormal {arguments[0]} ended with {done.returncode}")
        return done.stdout

    def member_of(self, taskmanager: str) -> str | None:
        """Return the process with this id."""
        return names.name_of(taskmanager)

    def leader(self) -> str | None:
        """Return the leading JobManager."""
        state = local_cluster.running()  # the current state: members come and go
        return None if state is None else local_cluster.leading(state)

    def missing(self) -> str | None:
        """Return a process that does not run; brokers count unless all of them are down."""
        state, brokers = ClusterState.read(), kafka_brokers.read()
        members = state.members if state is not None else []
        if brokers is not None and brokers.alive:
            members = [*members, *brokers.members]
        return next((f"{member.name} does not run" for member in members if not member.alive()), None)

    def kill(self, member: str) -> Hit:
        """SIGKILL a process."""
        return _signal(_process(member), signal.SIGKILL, f"{member} is dead")

    def brokers(self) -> Sequence[str]:
        """Return the names of the running Kafka brokers."""
        found = kafka_brokers.read()
        return [member.name for member in found.members if member.alive()] if found is not None else []

    def bootstrap(self) -> Bootstrap:
        """Return the brokers' addresses, which are the same for all processes of this machine."""
        found = kafka_brokers.read()
        if found is None:
            raise ClusterError("No Kafka broker is up: flink-abnormal kafka up")
        return Bootstrap(found.bootstrap, found.bootstrap)

    def revive(self, member: str) -> Hit:
        """Start a broker again, unless it runs."""
        found = kafka_brokers.read()
        if found is not None and not found.named(member).alive():
            kafka_brokers.start(found, member)
        return Hit(time.time(), f"{member} is started again")

    def fill(self, member: str) -> Hit:
        """Forbid a broker's process to write to files."""
        _limit_files(member, 0)
        return Hit(time.time(), f"{member} has no room left on its disk")

    def free(self, member: str) -> Hit:
        """Start a broker that has ended, or allow it to write again."""
        with contextlib.suppress(DrillError):
            _limit_files(member, None)
            return Hit(time.time(), f"{member} has room again")
        return self.revive(member)._replace(text=f"{member} had ended; it has room again, and is started")

    def kill_python_worker(self, member: str) -> Hit:
        """SIGKILL the busiest Python worker of a TaskManager."""
        workers = inside.workers(_process(member))
        if not workers:
            raise DrillError(f"{member} has no Python worker process: is the job in process mode?")
        return _signal(inside.busiest(workers), signal.SIGKILL, f"a Python worker of {member} is dead")

    def pause(self, member: str) -> Hit:
        """SIGSTOP a process."""
        return _signal(_process(member), signal.SIGSTOP, f"{member} is frozen")

    def resume(self, member: str) -> Hit:
        """SIGCONT a process."""
        return _signal(_process(member), signal.SIGCONT, f"{member} wakes up")

    def cut(self, member: str) -> Hit:
        """Never called: see `impossible`."""
        raise NotImplementedError(member)

    def join(self, member: str) -> Hit:
        """Never called: see `impossible`."""
        raise NotImplementedError(member)

    cut_brokers, join_brokers = cut, join

    def plant(self, folder: str, names: Sequence[str]) -> Hit:
        """Create empty files for names that do not exist."""
        for name in names:
            with contextlib.suppress(FileExistsError):
                Path(folder, name).touch(exist_ok=False)
        return Hit(time.time(), "checkpoints can no longer be written: files block their folders")

    def clear(self, folder: str, names: Sequence[str]) -> Hit:
        """Remove the planted files."""
        for name in names:
            planted = Path(folder, name)
            if planted.is_file():
                planted.unlink()
        return Hit(time.time(), "checkpoints can be written again")

    def read(self, folder: str) -> dict[str, bytes]:
        """Return the finished files of a folder."""
        return {file.name: file.read_bytes() for file in Path(folder).glob("[!.]*") if file.is_file()}

    def write(self, folder: str, name: str, content: bytes) -> None:
        """Replace a file."""
        Path(folder, name).write_bytes(content)

    def bring(self, folder: Path) -> str:
        """Return the folder itself: the cluster is on this machine."""
        return str(folder)

    def remove(self, folder: str) -> None:
        """Remove a folder and its contents."""
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def opened(port: int, *, ha: bool, say: Callable[[str], None], kafka: bool = False) -> Iterator[LocalEnvironment]:
    """Open the running local cluster, with brokers if `kafka`; what does not run is started, as long as the drill."""
    started = local_cluster.running() is None
    try:
        state = local_cluster.running() or _start(port, ha=ha, say=say)
        folder = distribution.work_folder() / "drill" / f"{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}"
        with _brokers(say) if kafka else contextlib.nullcontext():
            yield LocalEnvironment(state, folder)
    finally:
        if started:
            local_cluster.down()


@contextlib.contextmanager
def _brokers(say: Callable[[str], None]) -> Iterator[None]:
    found = kafka_brokers.read()
    started = found is None or not found.alive
    try:
        if started:
            say("No Kafka broker is up: starting three for the drill")
        port, many = (found.port, found.count) if found is not None else (kafka_brokers.DEFAULT_PORT, 3)
        kafka_brokers.up(port, many, lambda _: None)
        yield
    finally:
        if started:
            kafka_brokers.down(delete=found is None)


def _start(port: int, *, ha: bool, say: Callable[[str], None]) -> ClusterState:
    say("No local cluster is up: starting one for the drill" + (" with three JobManagers" if ha else ""))
    return local_cluster.up(Plan(port, ha=ha), lambda _: None)


def _members() -> list[Member]:
    state = ClusterState.read()
    brokers = kafka_brokers.read()
    return [*(state.members if state is not None else []), *(brokers.members if brokers is not None else [])]


def _process(name: str) -> psutil.Process:
    for member in _members():
        if member.name == name and (found := member.process()) is not None:
            return found
    raise DrillError(f"{name} is not running: see flink-abnormal cluster status.")


def _limit_files(member: str, most: int | None) -> None:
    """Set the size in bytes above which a process can't write to a file; None is the system's limit."""
    process = _process(member)
    hard = process.rlimit(psutil.RLIMIT_FSIZE)[1]
    process.rlimit(psutil.RLIMIT_FSIZE, (hard if most is None else most, hard))


def _signal(process: psutil.Process, number: signal.Signals, text: str) -> Hit:
    try:
        os.kill(process.pid, number)
    except ProcessLookupError:
        raise DrillError(f"Process {process.pid} ended by itself before the drill could strike it.") from None
    return Hit(time.time(), f"{text} (pid {process.pid})")
