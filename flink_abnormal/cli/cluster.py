"""`flink-abnormal cluster`: a local cluster of real processes."""

from __future__ import annotations

import time

import rich_click as click
from rich.console import Console

from flink_abnormal.cli import tables
from flink_abnormal.core.errors import ClusterError
from flink_abnormal.runtime import distribution, local_cluster, metrics
from flink_abnormal.runtime.cluster_state import Plan
from flink_abnormal.runtime.rest import DEFAULT_PORT


@click.group()
def cluster() -> None:
    """Start, show and stop a local cluster: 1 JobManager and 3 TaskManagers with 3 slots each, as processes."""


@cluster.command()
@click.option("--port", type=click.IntRange(1, 65535), default=DEFAULT_PORT, help="Port of the web UI. [default: 8081]")
@click.option("--taskmanagers", type=click.IntRange(1, 100), default=3, help="Number of TaskManagers. [default: 3]")
@click.option("--slots", type=click.IntRange(1, 100), default=3, help="Slots per TaskManager. [default: 3]")
@click.option(
    "--standby", type=click.IntRange(0, 100), default=0, help="Additional TaskManagers, on standby. [default: 0]"
)
@click.option("--ha", is_flag=True, help="Three JobManagers, on --port and the next two ports, and a ZooKeeper.")
@click.option(
    "--metrics",
    "metrics_port",
    type=click.IntRange(1, 65000),
    is_flag=False,
    flag_value=metrics.DEFAULT_PORT,
    help=f"Serve metrics for Prometheus, one port per process, starting at this one [{metrics.DEFAULT_PORT}], "
    "on all addresses of this machine: Flink can't bind them to one.",
)
def up(
    port: int,
    taskmanagers: int,
    slots: int,
    standby: int,
    ha: bool,  # noqa: FBT001
    metrics_port: int | None,
) -> None:
    """Start the cluster and wait until every slot is registered. A process that dies is restarted."""
    plan = Plan(port, taskmanagers, slots, standby, ha, metrics_port)
    if (state := local_cluster.running()) is not None and state.plan != plan:
        raise ClusterError(
            f"Another cluster is up: port {state.plan.port}, {_parts(state.plan)}. "
            "Stop it first: flink-abnormal cluster down"
        )
    began = time.monotonic()
    with Console(stderr=True).status("Starting") as shown:
        local_cluster.up(plan, lambda text: shown.update(f"Starting: {text}"))
    how = "was already up" if state is not None else f"is up after {time.monotonic() - began:.1f} s"
    print(f"The cluster {how}: {_parts(plan)}; {_web_ui(plan)}")
    if plan.metrics_port:
        print(f"Metrics: /metrics on ports {metrics.ports(plan)}, on all addresses of this machine")


def _parts(plan: Plan) -> str:
    masters = f"{len(plan.ports)} JobManagers, " if plan.ha else ""
    spare = f" and {plan.standby} on standby" if plan.standby else ""
    served = f", metrics from port {plan.metrics_port} on" if plan.metrics_port else ""
    workers, slots = (
        f"{number} {what}{'s' * (number != 1)}"
        for number, what in ((plan.taskmanagers, "TaskManager"), (plan.all_slots, "slot"))
    )
    return f"{masters}{workers}{spare}, {slots}{served}"


def _web_ui(plan: Plan) -> str:
    first, *others = plan.ports.values()
    return f"web UI http://127.0.0.1:{first}" + (f" (also {', '.join(map(str, others))})" if others else "")


@cluster.command()
def status() -> None:
    """Show the processes of the cluster; exit code 4 if it is incomplete."""
    state = local_cluster.running()
    if state is None:
        raise ClusterError("No cluster is up. Start one: flink-abnormal cluster up")
    rows = []
    leader = local_cluster.leading(state) if state.plan.ha else None
    for member in state.members:
        shown = "gave up: it kept dying" if member.crash_loop else "runs" if member.alive() else "is down"
        shown += ", leads" if member.name == leader else ""
        rows.append((member.name, str(member.pid), shown, str(member.restarts)))
    tables.show(("Process", "Pid", "State", "Restarts"), rows)
    slots = local_cluster.client(state).slots()
    print(f"Slots: {slots.free} free of {slots.total}; {_web_ui(state.plan)}")
    print(f"Logs: {distribution.work_folder() / 'log'}")
    # Flink counts a dead TaskManager's slots until its heartbeats time out, so check the processes too.
    whole = all(member.alive() and not member.crash_loop for member in state.members)
    if not whole or slots.total != state.plan.all_slots:
        raise ClusterError("The cluster is incomplete: see the table and the logs.")


@cluster.command()
def down() -> None:
    """Stop the cluster and all of its processes."""
    with Console(stderr=True).status("Ending"):
        ended = local_cluster.down()
    print("The cluster is down." if ended else "No cluster was up.")
