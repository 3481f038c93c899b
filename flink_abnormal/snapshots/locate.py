"""Resolves a user's argument to a snapshot: a path, a job, or nothing at all."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from flink_abnormal.core.errors import UsageError
from flink_abnormal.runtime import discovery
from flink_abnormal.snapshots import storage

if TYPE_CHECKING:
    from flink_abnormal.runtime.rest import Cluster

_JOB: Final = re.compile(r"[0-9a-f]{1,32}")


def snapshot(wanted: str | None, jobmanager: str | None, checkpoint_dir: str) -> str:
    """Return a snapshot's path: the named one, the named job's latest, or the latest retained one.

    The cluster is queried for a job first, whatever its state; `checkpoint_dir` is searched if no cluster knows it.
    """
    if wanted is None:
        found = storage.newest(checkpoint_dir)
        if found is None:
            raise UsageError(
                f"There is no checkpoint below {checkpoint_dir}: name a snapshot, a job or another --checkpoint-dir."
            )
        return found
    if _JOB.fullmatch(wanted):
        return _of_job(wanted, jobmanager, checkpoint_dir)
    return storage.named(wanted)


def reachable(jobmanager: str | None) -> Cluster | None:
    """Return the cluster, or None if none was named and none responds."""
    cluster = discovery.find(jobmanager)
    return cluster if jobmanager is not None or cluster.answers() else None


def _of_job(wanted: str, jobmanager: str | None, checkpoint_dir: str) -> str:
    cluster = reachable(jobmanager)
    if cluster is not None:
        known = [job.id for job in cluster.jobs() if job.id.startswith(wanted)]
        if len(known) > 1:
            raise UsageError(f"{wanted!r} names {len(known)} jobs: {', '.join(known)}.")
        with cluster.understood():
            path = _latest(cluster.get(f"/jobs/{known[0]}/checkpoints")) if known else None
        if path is not None:
            return storage.named(path)
    kept = [each for each in storage.retained(checkpoint_dir) if each.job.startswith(wanted)]
    if len({each.job for each in kept}) > 1:
        raise UsageError(f"{wanted!r} names several jobs: {', '.join(sorted({each.job for each in kept}))}.")
    if not kept:
        told = "no cluster answers" if cluster is None else f"the cluster at {cluster.address} lists none"
        raise UsageError(f"Job {wanted} has no checkpoint: {told}, and there is none below {checkpoint_dir}.")
    return kept[0].path


def _latest(checkpoints: dict[str, Any]) -> str | None:
    """Return the path of Flink's newest snapshot of a job, or None."""
    latest = checkpoints.get("latest") or {}
    done = [each for each in (latest.get("completed"), latest.get("savepoint")) if each]
    if done:
        return str(max(done, key=lambda each: each["trigger_timestamp"])["external_path"])
    return str(latest["restored"]["external_path"]) if latest.get("restored") else None
