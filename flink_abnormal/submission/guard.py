"""The guard of a job: submits it unless it runs, and resubmits it from its newest snapshot if the cluster lost it.

A cluster without high availability forgets its jobs with its JobManager: an ended job is still listed, a lost one is
not. The guard never submits while a job of this name is listed as running, and waits for each submission, a child
process, so only one runs at a time.

It waits out any error, since without it the job is unguarded. It records a finished job (`finished.py`) and never
starts it again with the same options.
"""

from __future__ import annotations

import subprocess
import sys
import time
from typing import TYPE_CHECKING, Final

from flink_abnormal.core.errors import AbnormalError, ClusterError, UsageError, root
from flink_abnormal.core.published import Parameters
from flink_abnormal.snapshots import finished
from flink_abnormal.submission.terminal import say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flink_abnormal.core.settings import Settings
    from flink_abnormal.runtime.rest import Cluster, JobStatus

POLL_SECONDS: Final = 1.0
SETTLE_SECONDS: Final = 5.0
"""Time for a JobManager to recover its jobs, if it can, and to list accepted ones."""
PATIENCE_SECONDS: Final = 20.0
"""A starting cluster lacks much for a while: report only obstacles that last longer."""
REFUSED_SECONDS: Final = 30.0
"""Pause after a submission refused for its options: the reason lies outside the cluster."""
SUBMISSION_SECONDS: Final = 600.0
FAILED_SECONDS: Final = (10.0, 300.0)
"""Initial and maximum delay before a resubmission; a failure soon after another doubles it."""
STEADY_MS: Final = 600_000
"""A failure after a run longer than this is not soon after another."""


class Guard:
    """Guards the job `name` with `options` (those of `submit`), parsed as `settings`, on a cluster."""

    def __init__(self, name: str, cluster: Cluster, options: Sequence[str], settings: Settings) -> None:
        self._name = name
        self._cluster = cluster
        self._options = options
        self._settings = settings
        self._job_id: str | None = None
        self._submitted: str | None = None
        self._end: str | None = None
        self._missing_since: float | None = None
        self._waits_since: float | None = None
        self._not_before = 0.0
        self._backoff = 0.0
        self._reported = ""

    def run(self, *, stay: bool = False) -> str:
        """Guard until nothing is left to guard, and return why; with `stay` report it, and keep polling."""
        said = ""
        while True:
            try:
                end = self._look()
            except Exception as obstacle:  # noqa: BLE001 - the job needs its guard, whatever the error
                end = None
                self._wait_for(str(obstacle) if isinstance(obstacle, AbnormalError) else repr(obstacle))
            if end is not None and not stay:
                return end
            if end is not None and end != said:
                say(end)
                said = end
            time.sleep(POLL_SECONDS)

    def _look(self) -> str | None:
        """Poll once and act; return why nothing is left to guard, or None."""
        job = self._find()
        if job is None:
            return self._replace()
        if job.running:
            self._adopt(job)
            return None
        if job.state == "FAILED":
            self._put_off(job)
            return None
        self._end = self._end or self._end_of(job)
        return self._end

    def _find(self) -> JobStatus | None:
        """Return the running job of this name, else the guarded one, else one that finished with these options."""
        named = [job for job in self._cluster.jobs() if job.name == self._name]
        running = [job for job in named if job.running]
        guarded = [job for job in named if job.id == (self._job_id or self._submitted)]
        finished_ones = [job for job in named[:1] if job.state == "FINISHED" and self._job_id is None]
        mine = [job for job in finished_ones if self._key_of(job) == finished.key(self._settings)]
        return next(iter(running + guarded + mine), None)

    def _adopt(self, job: JobStatus) -> None:
        if job.id != self._job_id:
            say(f"Guarding job {job.id}.")
            if self._key_of(job) != finished.key(self._settings):
                say("It runs with options other than these, which apply at its next start: stop it to apply them.")
        self._job_id, self._end, self._missing_since = job.id, None, None
        # Reset only here: between two attempts to submit, everything else may look healthy.
        self._waits_since, self._reported = None, ""

    def _key_of(self, job: JobStatus) -> str:
        """Return the key of a job's options; for a job submitted by an earlier release, this guard's."""
        return Parameters.parse(self._cluster.job_parameters(job.id)).options_key or finished.key(self._settings)

    def _end_of(self, job: JobStatus) -> str:
        """Return how a job ended; record it if it reached the end of its input."""
        if job.state == "FINISHED" and not self._cluster.stopped(job.id):
            finished.record(self._settings, job.id, self._key_of(job))
            return finished.sentence(self._settings)
        return f"Job {job.id} was cancelled or stopped: nothing is left to guard. The guard's next start resumes it."

    def _put_off(self, job: JobStatus) -> None:
        """Delay the resubmission of a failed job."""
        why = root(self._cluster.failures(job.id))
        first, longest = FAILED_SECONDS
        self._backoff = first if job.duration_ms > STEADY_MS else min(max(first, 2 * self._backoff), longest)
        self._job_id = self._submitted = None
        self._not_before = time.monotonic() + self._backoff
        say(
            f"Job {job.id} failed: {why}. It will be submitted again in {self._backoff:.0f} s, from its newest "
            "snapshot."
        )

    def _replace(self) -> str | None:
        """Submit the job if none is listed; a guarded one must be missing for SETTLE_SECONDS first."""
        if self._end is None and finished.recorded(self._settings):
            self._end = finished.sentence(self._settings)
        if self._end is not None:
            return self._end
        now = time.monotonic()
        self._missing_since = self._missing_since or now
        if self._job_id is not None and now - self._missing_since >= SETTLE_SECONDS:
            say(f"The cluster has lost job {self._job_id}: submitting it again.")
            self._job_id = None
        elif self._job_id is None and now >= self._not_before:
            self._submit()
        return None

    def _submit(self) -> None:
        # Even a refused submission may have reached the cluster; if so, the job is listed soon.
        pause = SETTLE_SECONDS
        try:
            # It may be cancelled before the next poll, which would be the first to see it.
            self._submitted = submit(self._cluster, self._options)
        except UsageError:
            pause = REFUSED_SECONDS
            raise
        finally:
            self._not_before = time.monotonic() + pause

    def _wait_for(self, obstacle: str) -> None:
        now = time.monotonic()
        self._missing_since = None
        self._waits_since = self._waits_since or now
        if now - self._waits_since >= PATIENCE_SECONDS and obstacle != self._reported:
            say(f"Waiting: {obstacle}")
            self._reported = obstacle


def submit(cluster: Cluster, options: Sequence[str]) -> str:
    """Submit the job, and return its id.

    Raise UsageError if its options are refused, ClusterError for anything that may pass.
    """
    command = [sys.executable, "-m", "flink_abnormal", "submit", "--detached", "--jobmanager", cluster.address]
    try:
        done = subprocess.run(
            [*command, *options], capture_output=True, text=True, check=False, timeout=SUBMISSION_SECONDS
        )
    except subprocess.TimeoutExpired:
        raise ClusterError(f"A submission did not end within {SUBMISSION_SECONDS:.0f} s.") from None
    if done.returncode == 0:
        say(done.stderr.rstrip("\n"))
        return done.stdout.split()[-1]
    why = done.stderr.strip().rpartition("\n")[2].removeprefix("Error: ") or f"submit ended with {done.returncode}."
    raise UsageError(why) if done.returncode == UsageError.exit_code else ClusterError(why)
