"""The guard of a job: submits it unless it runs, and again, from its newest snapshot, when the cluster has lost it.

A cluster without high availability forgets its jobs with its JobManager. The guard sees that by the job's id: a job
that has ended is still listed, one that was lost is not. It never submits while a job of this name is listed as
running, and each submission is a child that it waits for, so that there is one at a time.
"""

from __future__ import annotations

import subprocess
import sys
import time
from typing import TYPE_CHECKING, Final

from flink_abnormal.command import say
from flink_abnormal.errors import ClusterError, JobError, MachineError
from flink_abnormal.settings import JOB_NAME

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flink_abnormal.runtime.rest import Cluster, Job

POLL_SECONDS: Final = 1.0
SETTLE_SECONDS: Final = 5.0
"""A JobManager with high availability brings its jobs back by itself: so long it is given before one counts as lost."""
PATIENCE_SECONDS: Final = 20.0
"""A cluster that starts lacks much for a while; what it lacks for longer is told."""


class Guard:
    """Guards the job of `options` (those of `submit`) on a cluster."""

    def __init__(self, cluster: Cluster, options: Sequence[str]) -> None:
        self._cluster = cluster
        self._options = options
        self._job_id: str | None = None
        self._missing_since: float | None = None
        self._waits_since: float | None = None
        self._told = ""

    def run(self) -> Job:
        """Guard until the job has ended, and return it as it ended; exits as `submit` does where that can't succeed."""
        while True:
            try:
                job = self._find()
                if job is None:
                    self._replace()
                elif not job.running:
                    return job
                self._waits_since, self._told = None, ""
            except ClusterError as obstacle:
                self._wait_for(str(obstacle))
            time.sleep(POLL_SECONDS)

    def _find(self) -> Job | None:
        """Return the guarded job as it is listed, or one of its name that runs and is guarded from now on."""
        for job in self._cluster.jobs():
            if job.id == self._job_id or (job.running and job.name == JOB_NAME):
                if job.id != self._job_id:
                    say(f"Guarding job {job.id}.")
                self._job_id, self._missing_since = job.id, None
                return job
        return None

    def _replace(self) -> None:
        """Submit the job where there is none, or where it has been missing for long enough."""
        now = time.monotonic()
        self._missing_since = self._missing_since or now
        if self._job_id is None:
            submit(self._cluster, self._options)
        elif now - self._missing_since >= SETTLE_SECONDS:
            say(f"The cluster has lost job {self._job_id}: submitting it again.")
            self._job_id = None

    def _wait_for(self, obstacle: str) -> None:
        now = time.monotonic()
        self._missing_since = None
        self._waits_since = self._waits_since or now
        if now - self._waits_since >= PATIENCE_SECONDS and obstacle != self._told:
            say(f"Waiting: {obstacle}")
            self._told = obstacle


def submit(cluster: Cluster, options: Sequence[str]) -> None:
    """Submit the job; raises ClusterError for what is lacking and may come, exits where the options can't succeed."""
    command = [sys.executable, "-m", "flink_abnormal.cli", "submit", "--detached", "--jobmanager", cluster.address]
    done = subprocess.run([*command, *options], capture_output=True, text=True, check=False)
    if done.returncode in (ClusterError.exit_code, MachineError.exit_code):
        raise ClusterError(done.stderr.strip().rpartition("\n")[2].removeprefix("Error: "))
    sys.stderr.write(done.stderr)
    sys.stderr.flush()
    if done.returncode != 0:
        sys.exit(done.returncode)


def say_end(job: Job) -> None:
    """Say how a guarded job ended; raise JobError where it failed."""
    if job.state == "FAILED":
        raise JobError(f"Job {job.id} failed: see `flink-abnormal status {job.id}`. The next start resumes it.")
    how = "has finished" if job.state == "FINISHED" else "was cancelled or stopped"
    say(f"Job {job.id} {how}: nothing is left to guard.")
