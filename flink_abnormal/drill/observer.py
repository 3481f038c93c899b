"""Polls a job and its cluster over REST, ten times a second.

Tasks' states come from `/jobs/overview`, which Flink does not cache: a job's own page may be seconds old, and a job is
RUNNING while its tasks are only scheduled.
"""

from __future__ import annotations

import time
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final

from flink_abnormal.core.errors import AbnormalError, ClusterError
from flink_abnormal.core.recovery import RestoredCheckpoint
from flink_abnormal.drill.timeline import Observation
from flink_abnormal.runtime.rest import ENDED

if TYPE_CHECKING:
    from collections.abc import Callable

    from flink_abnormal.runtime.rest import Cluster, JobStatus

POLL_SECONDS: Final = 0.1
SETTLED_CHECKPOINTS: Final = 2


class DrillError(AbnormalError):
    """The drill could not continue: the cluster or the job did not do what was expected. Exit code 1."""


class Observer:
    """Observes one job; `leader` returns the leading JobManager of several."""

    def __init__(self, cluster: Cluster, job_id: str, leader: Callable[[], str | None]) -> None:
        self._cluster, self._job_id, self._leader = cluster, job_id, leader
        self._silent = True
        # Looking up the leader takes a moment; tasks are polled meanwhile.
        self._pool = ThreadPoolExecutor(1)
        self._asked: Future[str | None] | None = None

    def observe(self) -> Observation:
        """Return the current observation, without a state if no JobManager responds for the job."""
        at = time.time()
        try:
            job = next((each for each in self._cluster.jobs(patience=0) if each.id == self._job_id), None)
            if job is None:
                self._silent = True
                return Observation(at)
            slots = self._cluster.slots(patience=0).total
            checkpoints = self._cluster.get(f"/jobs/{self._job_id}/checkpoints", patience=0)
        except (ClusterError, KeyError, ValueError):
            self._silent = True
            return Observation(at)
        return _observation(at, job, slots, checkpoints, self._who_leads())

    def _who_leads(self) -> str | None:
        """Return the leader once known; query again after each silence, and until a leader is named."""
        asked = self._asked
        if self._silent or asked is None or (asked.done() and asked.result() is None):
            self._silent = False
            self._asked = self._pool.submit(self._leader)
            return None
        return asked.result() if asked.done() else None

    def settle(self, slots: int | None, seconds: float) -> Observation:
        """Wait until all tasks run, `slots` are registered, and two checkpoints have completed since.

        Two, because the task of an exhausted source ends with the first one after each start, and a savepoint at that
        moment fails. DrillError if this takes longer than `seconds`, or the job has ended.
        """
        deadline = time.monotonic() + seconds
        since: int | None = None
        while time.monotonic() < deadline:
            now = self.observe()
            if now.state in ENDED:
                raise DrillError(f"The drill's job is {now.state}{self._reason()}")
            if not now.total or now.running < now.total or (slots is not None and now.slots != slots):
                since = None
            elif since is None:
                since = now.completed
            elif now.completed - since >= SETTLED_CHECKPOINTS:
                return now
            time.sleep(POLL_SECONDS)
        raise DrillError(
            f"The job was not running with new checkpoints within {seconds:.0f} s: "
            + (
                "no JobManager answers for the job."
                if now.state is None
                else f"{now.running} of {now.total} tasks are running, {now.slots} slots are registered{self._reason()}"
            )
        )

    def _reason(self) -> str:
        """Return the job's last failure in one line, as the end of a sentence."""
        try:
            entries = self._cluster.get(f"/jobs/{self._job_id}/exceptions")["exceptionHistory"]["entries"]
        except (ClusterError, KeyError, ValueError):
            return "."
        return f". Its last failure: {entries[0]['stacktrace'].splitlines()[0]}" if entries else "."


def _observation(at: float, job: JobStatus, slots: int, checkpoints: Any, leader: str | None) -> Observation:
    counts = checkpoints.get("counts", {})
    latest = checkpoints.get("latest", {})
    restored, completed = latest.get("restored"), latest.get("completed")
    return Observation(
        at,
        job.state,
        job.tasks["running"] + job.tasks["finished"],
        job.tasks["total"],
        slots,
        RestoredCheckpoint(restored["id"], restored["restore_timestamp"] / 1000) if restored else None,
        counts.get("completed", 0),
        counts.get("failed", 0),
        completed["id"] if completed else None,
        leader,
    )
