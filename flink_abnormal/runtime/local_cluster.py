"""A local cluster from the pip-installed distribution: JobManagers and TaskManagers as real processes."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

import psutil

from flink_abnormal.core.errors import ClusterError, MachineError, UsageError
from flink_abnormal.runtime import distribution, leader_lookup, metrics, stdout_files, supervisor, zookeeper
from flink_abnormal.runtime.bounded import Address
from flink_abnormal.runtime.cluster_state import ClusterState, Plan
from flink_abnormal.runtime.process_launcher import temporary_folder
from flink_abnormal.runtime.rest import DEFAULT_HOST, DEFAULT_PORT, Cluster

if TYPE_CHECKING:
    from collections.abc import Callable

START_SECONDS: Final = 180.0
STOP_SECONDS: Final = 30.0
LEADER_SECONDS: Final = 2.0
RPC_PORT: Final = 6123
MAX_PORT: Final = 65535


def running() -> ClusterState | None:
    """Return the running local cluster, or None."""
    state = ClusterState.read()
    return state if state is not None and state.supervisor.alive() else None


def client(state: ClusterState) -> Cluster:
    """Return the REST client of all JobManagers of a local cluster."""
    first, *others = (Address(DEFAULT_HOST, port) for port in state.plan.ports.values())
    return Cluster(*first, others)


def running_at(cluster: Cluster) -> ClusterState | None:
    """Return the running local cluster if `cluster` is it, or None."""
    state = running()
    told = {port for host, port in cluster.addresses if host in (DEFAULT_HOST, "localhost")}
    return state if state is not None and told & set(state.plan.ports.values()) else None


def leading(state: ClusterState) -> str | None:
    """Return the name of the leading JobManager, or None while there is no leader."""
    if not state.plan.ha:
        return "jobmanager"
    try:
        conf = distribution.work_folder() / distribution.CLUSTER_CONF / "config.yaml"
        election = leader_lookup.Election.of(distribution.settings(conf))
        port = int(leader_lookup.find(election, seconds=LEADER_SECONDS).rpartition(":")[2])
    except ClusterError:
        return None
    # ZooKeeper considers a killed leader alive until its session ends.
    alive = {member.name for member in state.members if member.alive()}
    return next((name for name, its in state.plan.ports.items() if its == port and name in alive), None)


def up(plan: Plan, progress: Callable[[str], None]) -> ClusterState:
    """Start a cluster, unless one is running, and wait until every slot is registered."""
    state = running()
    if state is not None:
        _await_slots(state, progress)
        return state
    clear_remains()
    _check_ports(plan)
    for old in (distribution.work_folder() / "log").glob("*"):
        old.unlink(missing_ok=True)
    env = distribution.prepare(distribution.CLUSTER_CONF, _overrides(plan))
    with stdout_files.output("supervisor") as out:
        child = subprocess.Popen(
            [sys.executable, "-m", supervisor.__name__, json.dumps(asdict(plan))],
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    deadline = time.monotonic() + START_SECONDS
    while (state := running()) is None:
        if child.poll() is not None or time.monotonic() > deadline:
            raise ClusterError(f"The cluster did not start: {_last_words('supervisor')}")
        time.sleep(0.05)
    _await_slots(state, progress)
    return state


def down() -> bool:
    """Stop the cluster and any processes left by a killed supervisor; return whether anything ran."""
    state = ClusterState.read()
    if state is None:
        return False
    guard = state.supervisor.process()
    if guard is not None:
        guard.terminate()
        try:
            guard.wait(STOP_SECONDS)
        except psutil.TimeoutExpired:
            guard.kill()
    return clear_remains() or guard is not None


def clear_remains() -> bool:
    """Stop the processes of a cluster without a supervisor and drop its state; return whether any still ran."""
    state = ClusterState.read()
    if state is None:
        return False
    left = [found for member in state.members if (found := member.process()) is not None]
    for each in left:
        each.terminate()
    _, stubborn = psutil.wait_procs(left, timeout=STOP_SECONDS)
    for each in stubborn:
        each.kill()
    shutil.rmtree(temporary_folder(), ignore_errors=True)
    state.file().unlink(missing_ok=True)
    return bool(left)


def renew_taskmanagers(state: ClusterState, progress: Callable[[str], None]) -> None:
    """Restart the TaskManagers and wait until their slots are registered."""
    before = {member.name: member.pid for member in state.members}
    os.kill(state.supervisor.pid, signal.SIGHUP)
    deadline = time.monotonic() + START_SECONDS
    cluster = client(state)
    while time.monotonic() < deadline:
        now = ClusterState.read()
        if now is not None and all(member.pid != before[member.name] for member in now.taskmanagers):
            fresh = [tm for tm in cluster.taskmanagers() if tm["slotsNumber"] == tm["freeSlots"]]
            if len(fresh) == len(now.taskmanagers):
                return
        progress("waiting for the new TaskManagers")
        time.sleep(0.2)
    raise ClusterError("The TaskManagers did not come back. See flink-abnormal cluster status.")


def stale(state: ClusterState) -> list[str]:
    """Return the TaskManagers that were started with another version of this project's code."""
    code = distribution.code_fingerprint()
    return [member.name for member in state.taskmanagers if member.code != code]


def _await_slots(state: ClusterState, progress: Callable[[str], None]) -> None:
    cluster = client(state)
    wanted = state.plan.all_slots
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        current = ClusterState.read()
        broken = [member.name for member in current.members if member.crash_loop] if current else []
        if current is None or broken:
            name = broken[0] if broken else "supervisor"
            down()
            raise ClusterError(f"{name} keeps dying: {_last_words(name)}")
        registered = cluster.slots().total if cluster.answers() else 0
        if registered == wanted:
            return
        progress(f"{registered} of {wanted} slots")
        time.sleep(0.2)
    raise ClusterError(f"Only part of the cluster came up in {START_SECONDS:.0f} s. See flink-abnormal cluster status.")


def _last_words(name: str) -> str:
    """Return the last reason in a process's output, else its last line, and the folder with the rest."""
    out = stdout_files.output_file(name)
    lines = [
        line
        for file in (out, out.with_suffix(".log"))
        if file.exists()
        for line in file.read_text(errors="replace").splitlines()
    ]
    reasons = [line for line in lines if line.startswith("Caused by: ")] or lines[-1:] or ["it printed nothing"]
    return f"{reasons[-1]} (more in {out.parent})"


def _overrides(plan: Plan) -> dict[str, Any]:
    """Return this cluster's overrides of conf/config.yaml."""
    common = {
        "rest.port": plan.port,
        "taskmanager.numberOfTaskSlots": plan.slots,
        **(metrics.reporter(plan) if plan.metrics_port else {}),
    }
    if plan.ha:
        return {**common, **zookeeper.prepare(_any_free_port())}
    # Only the cluster on Flink's default port gets Flink's default RPC port: two that start at once must not choose the
    # same.
    rpc_port = RPC_PORT if plan.port == DEFAULT_PORT and _free(RPC_PORT) else _any_free_port()
    return {**common, "jobmanager.rpc.port": rpc_port}


def _check_ports(plan: Plan) -> None:
    ports = list(plan.ports.values())
    if ports[-1] > MAX_PORT:
        raise UsageError(f"--ha takes three ports, {ports[0]} to {ports[-1]}: choose a --port below {MAX_PORT - 1}.")
    for port in ports:
        if not _free(port):
            needs, option = (f" (--ha takes {ports[0]} to {ports[-1]})", " --ha") if plan.ha else ("", "")
            raise MachineError(
                f"Port {port} is in use by another program{needs}. Stop it, or choose another: flink-abnormal cluster "
                f"up{option} --port 8091"
            )


def _free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((DEFAULT_HOST, port))
        except OSError:
            return False
    return True


def _any_free_port() -> int:
    with socket.socket() as probe:
        probe.bind((DEFAULT_HOST, 0))
        return int(probe.getsockname()[1])
