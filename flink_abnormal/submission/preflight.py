"""Checks before a job goes to a cluster: it is reachable, has free slots, and runs this version of the code."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar, cast

from flink_abnormal.core.errors import ClusterError, MachineError, UsageError
from flink_abnormal.core.parallelism import Parallelism
from flink_abnormal.core.published import Parameters
from flink_abnormal.core.settings import DEFAULT_PARALLELISM
from flink_abnormal.runtime import distribution, local_cluster, python_library, s3
from flink_abnormal.submission.machine_checks import to_start_from

if TYPE_CHECKING:
    from collections.abc import Callable

    from flink_abnormal.core.job import Job, JobSettings
    from flink_abnormal.core.settings import Mode
    from flink_abnormal.runtime.rest import Cluster

S = TypeVar("S", bound="JobSettings")


def settle_mode(settings: S, say: Callable[[str], None]) -> S:
    """Return the settings with an execution mode that this machine's Python supports, preferring thread mode.

    Raises MachineError if thread mode was chosen and is not available.
    """
    chosen = settings.state.execution_mode
    install = python_library.missing() if chosen != "process" else None
    if install is None:
        return with_mode(settings, settings.state.mode)
    if chosen == "thread":
        raise MachineError(
            f"--execution-mode thread needs Python's shared library, which {sys.executable} lacks. Install it "
            f"({install}), or give --execution-mode process."
        )
    say(
        "Python's shared library is missing, so the job runs in process mode. Thread mode is faster; to use it, "
        "install: "
        f"{install}"
    )
    return with_mode(settings, "process")


def with_mode(settings: S, mode: Mode) -> S:
    """Return the settings with this execution mode."""
    changed: S = replace(cast("Any", settings), state=replace(settings.state, execution_mode=mode))
    return changed


def check(job: Job, cluster: Cluster, settings: S, say: Callable[[str], None], default: int | None = None) -> S:
    """Raise if the snapshot is missing or slots are too few; restart TaskManagers that run old code.

    `default` is the parallelism given to `flink run`, if any. Returns the settings; on the local cluster with an
    execution mode that this machine supports (other clusters have their own Python).
    """
    if local_cluster.running_at(cluster) is not None:
        settings = settle_mode(settings, say)
    state = settings.state
    to_start_from(job, settings)
    if s3.is_s3(state.checkpoint_dir):
        _check_store(cluster)
    _check_transactions(cluster, settings)
    layout = settings.layout.slots or "isolated"
    needed = Parallelism.of(
        settings.layout, default or distribution.default_parallelism() or DEFAULT_PARALLELISM
    ).slots(layout)
    slots = cluster.room_for(needed)
    if needed > slots.free:
        raise ClusterError(
            f"The job needs {needed} slots ({layout}) and the cluster has {slots.free} free of {slots.total}. Cancel a "
            "job, start more TaskManagers, or give --slots shared or a smaller --source-parallelism, "
            "--process-parallelism, --sink-parallelism."
        )
    _renew(cluster, settings, say)
    return settings


def _check_store(cluster: Cluster) -> None:
    """Raise if the cluster lacks the S3 store: its processes read those settings only at start, not from a job."""
    if not cluster.settings().keys() >= s3.flink_settings().keys():
        raise ClusterError(
            f"The cluster at {cluster.address} was started without the S3 store. Restart it with {s3.ENDPOINT}, "
            f"{s3.ACCESS_KEY} and {s3.SECRET_KEY} in the environment."
        )


def _check_transactions(cluster: Cluster, settings: JobSettings) -> None:
    """Raise if a running job has the same transactions: each of the two would abort the other's."""
    prefix = settings.transactions
    if not prefix:
        return
    for job in cluster.jobs():
        if job.running and Parameters.parse(cluster.job_parameters(job.id)).transactions == prefix:
            raise UsageError(
                f"Job {job.id} writes its transactions under the same names ({prefix}), and each job would abort the "
                "other's. Stop it, or give another --transactional-id-prefix."
            )


def _renew(cluster: Cluster, settings: JobSettings, say: Callable[[str], None]) -> None:
    """Restart TaskManagers after an edit: thread mode caches Python modules for a TaskManager's life."""
    state = local_cluster.running_at(cluster)
    if state is None or settings.state.mode != "thread":
        return
    old = local_cluster.stale(state)
    if not old:
        return
    running = [job.id for job in cluster.jobs() if job.running]
    if running:
        raise ClusterError(
            f"{', '.join(old)} run code from before your last edit, and would run it for this job too. They can't be "
            f"restarted under job {running[0]}: cancel it first, or give --execution-mode process."
        )
    say("The code changed since the TaskManagers started: restarting them.")
    local_cluster.renew_taskmanagers(state, lambda _: None)
