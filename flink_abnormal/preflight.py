"""What is looked at before a job goes to a cluster: that it is there, has room, and runs this very code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flink_abnormal.errors import ClusterError
from flink_abnormal.folders import local_path
from flink_abnormal.layout import Parallelism
from flink_abnormal.runtime import distribution, local, snapshots
from flink_abnormal.runtime.rest import DEFAULT_HOST, DEFAULT_PORT, Cluster
from flink_abnormal.settings import DEFAULT_PARALLELISM

if TYPE_CHECKING:
    from collections.abc import Callable

    from flink_abnormal.settings import Settings


def find(address: str | None) -> Cluster:
    """Return the cluster at an address; without one, the local cluster that runs, else the one at Flink's own port."""
    if address is not None:
        return Cluster.at(address)
    state = local.running()
    return Cluster(DEFAULT_HOST, DEFAULT_PORT) if state is None else local.client(state)


def check(cluster: Cluster, settings: Settings, say: Callable[[str], None], default: int | None = None) -> None:
    """Raise where the snapshot isn't there or the job would wait for slots in vain; bring TaskManagers up to this code.

    `default` is the parallelism that `flink run` was told, if it was.
    """
    state = settings.state
    snapshots.resolve(state.restore_from, local_path(state.checkpoint_dir))
    slots = cluster.slots()
    layout = settings.layout.slots or "isolated"
    needed = Parallelism.of(settings, default or distribution.default_parallelism() or DEFAULT_PARALLELISM).slots(
        layout
    )
    if needed > slots.free:
        raise ClusterError(
            f"The job needs {needed} slots ({layout}) and the cluster has {slots.free} free of {slots.total}. Cancel a "
            "job, start more TaskManagers, or give --slots shared or a smaller --source-parallelism, "
            "--process-parallelism, --sink-parallelism."
        )
    _renew(cluster, settings, say)


def _renew(cluster: Cluster, settings: Settings, say: Callable[[str], None]) -> None:
    """Thread mode keeps Python modules for a TaskManager's life: after an edit it would run the old code."""
    state = local.running_at(cluster)
    if state is None or settings.state.execution_mode != "thread":
        return
    old = local.stale(state)
    if not old:
        return
    running = [job.id for job in cluster.jobs() if job.running]
    if running:
        raise ClusterError(
            f"{', '.join(old)} run code from before your last edit, and would run it for this job too. They can't be "
            f"started anew under job {running[0]}: cancel it first, or give --execution-mode process."
        )
    say("The code changed since the TaskManagers started: starting them anew.")
    local.renew_taskmanagers(state, lambda _: None)
