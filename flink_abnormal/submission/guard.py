"""The guard of a job: submits it unless it runs, and again, from its newest snapshot, when the cluster has lost it.

A cluster without high availability forgets its jobs with its JobManager. The guard sees that by the job's id: a job
that has ended is still listed, one that was lost is not. It never submits while a job of this name is listed as
running, and each submission is a child that it waits for, so that there is one at a time.

Whatever goes wrong meanwhile is waited for: a guard that ends leaves the job unguarded. A job that has finished is
recorded (`finished.py`), and never started again with the same options.
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
    from flink_abnormal.runtime.rest import Cluster, Job

POLL_SECONDS: Final = 1.0
SETTLE_SECONDS: Final = 5.0
"""A JobManager brings back its jobs, if it can, and lists what it accepted: it is given this long for that."""
PATIENCE_SECONDS: Final = 20.0
"""A cluster that starts lacks much for a while; what it lacks for longer is reported."""
REFUSED_SECONDS: Final = 30.0
"""What a submission is refused for by its options lies outside the cluster, and is looked at this often."""
SUBMISSION_SECONDS: Final = 600.0
FAILED_SECONDS: Final = (10.0, 300.0)
"""A failed job is submitted again after the first; each failure soon after another doubles it, up to the second."""
STEADY_MS: Final = 600_000
"""A job that ran for this long did not fail soon."""


class Guard:
    """Guards the job `name` with `options` (those of `submit`), whose parsed form is `settings`, on a cluster."""

    def __init__(self, name: str, cluster: Cluster, options: Sequence[str], settings: Settings) -> None:
        self._name = name
        self._cluster = cluster
        self._options = options
        self._settings = settings
        self._job_id: str | None = None
        self._end: str | None = None
        self._missing_since: float | None = None
        self._waits_since: float | None = None
        self._not_before = 0.0
        self._backoff = 0.0
        self._reported = ""

    def run(self, *, stay: bool = False) -> str:
        """Guard until there is nothing left to guard, and return why; with `stay` say it, and go on looking."""
        said = ""
        while True:
            try:
                end = self._look()
            except Exception as obstacle:  # noqa: BLE001 - whatever it is, the job needs its guard
                end = None
                self._wait_for(str(obstacle) if isinstance(obstacle, AbnormalError) else repr(obstacle))
            if end is not None and not stay:
                return end
            if end is not None and end != said:
                say(end)
                said = end
            time.sleep(POLL_SECONDS)

    def _look(self) -> str | None:
        """Look once, and do what there is to do; return why nothing is left to guard, or None."""
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

    def _find(self) -> Job | None:
        """Return the job of this name that runs, else the guarded one, else one that finished with these options."""
        named = [job for job in self._cluster.jobs() if job.name == self._name]
        running = [job for job in named if job.running]
        guarded = [job for job in named if job.id == self._job_id]
        finished_ones = [job for job in named[:1] if job.state == "FINISHED" and self._job_id is None]
        mine = [job for job in finished_ones if self._key_of(job) == finished.key(self._settings)]
        return next(iter(running + guarded + mine), None)

    def _adopt(self, job: Job) -> None:
        if job.id != self._job_id:
            say(f"Guarding job {job.id}.")
            if self._key_of(job) != finished.key(self._settings):
                say("It runs with other options than these, which its next start takes: stop it for that.")
        self._job_id, self._end, self._missing_since = job.id, None, None
        # Not before: between two tries of what lacks something, all else may be well.
        self._waits_since, self._reported = None, ""

    def _key_of(self, job: Job) -> str:
        """Return the key of a job's options; of a job that an earlier release submitted, that of this guard's."""
        return Parameters.parse(self._cluster.job_parameters(job.id)).options_key or finished.key(self._settings)

    def _end_of(self, job: Job) -> str:
        """Return how a job ended; record it if it has come to the end of its input."""
        if job.state == "FINISHED" and not self._cluster.stopped(job.id):
            finished.record(self._settings, job.id, self._key_of(job))
            return finished.sentence(self._settings)
        return f"Job {job.id} was cancelled or stopped: nothing is left to guard. The guard's next start resumes it."

    def _put_off(self, job: Job) -> None:
        """Let some time pass before a failed job is submitted again."""
        why = root(self._cluster.failures(job.id))
        first, longest = FAILED_SECONDS
        self._backoff = first if job.duration_ms > STEADY_MS else min(max(first, 2 * self._backoff), longest)
        self._job_id, self._not_before = None, time.monotonic() + self._backoff
        say(f"Job {job.id} failed: {why}. It is submitted again in {self._backoff:.0f} s, from its newest snapshot.")

    def _replace(self) -> str | None:
        """Submit the job where there is none, or where it has been missing for long enough."""
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
        # A submission that was refused may have come to the cluster all the same: then it is listed soon.
        pause = SETTLE_SECONDS
        try:
            submit(self._cluster, self._options)
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


def submit(cluster: Cluster, options: Sequence[str]) -> None:
    """Submit the job; raises UsageError where its options are refused, ClusterError for all that may pass."""
    command = [sys.executable, "-m", "flink_abnormal", "submit", "--detached", "--jobmanager", cluster.address]
    try:
        done = subprocess.run(
            [*command, *options], capture_output=True, text=True, check=False, timeout=SUBMISSION_SECONDS
        )
    except subprocess.TimeoutExpired:
        raise ClusterError(f"A submission has not ended within {SUBMISSION_SECONDS:.0f} s.") from None
    if done.returncode == 0:
        say(done.stderr.rstrip("\n"))
        return
    why = done.stderr.strip().rpartition("\n")[2].removeprefix("Error: ") or f"submit ended with {done.returncode}."
    raise UsageError(why) if done.returncode == UsageError.exit_code else ClusterError(why)
