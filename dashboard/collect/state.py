"""What the pollers have learned so far; used by the collector's event loop alone."""

from __future__ import annotations

import time
from collections import OrderedDict
from typing import TYPE_CHECKING, Final

from dashboard.collect.checkpoint_tracker import KEPT, CheckpointTracker
from dashboard.collect.job_tracker import JobTracker
from dashboard.collect.links import Links
from dashboard.collect.tail import ALERTS, LOG_LINES, Tail
from dashboard.collect.workers import Workers
from dashboard.model import LogLine, LogState, SeenAlert, Snapshot
from flink_abnormal.runtime.rest import ENDED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dashboard.collect.history import History
    from dashboard.model import Alarm, JobSummary, Overview
    from flink_abnormal.core.recovery import Recovery
    from flink_abnormal.runtime.bounded import Address

WATCH_SECONDS: Final = 60.0
RUNNING_READ: Final = 4
BOOKS_KEPT: Final = 12


class CollectorState:
    """Feeds write to it between two awaits."""

    def __init__(self, addresses: Sequence[Address], history: History) -> None:
        now = time.time()
        self.history: Final = history
        self.links: Final = Links(addresses, now)
        self.workers: Final = Workers(history.names(), history.put_name)
        self.settings: Mapping[str, str] | None = None
        self.refresh_s: float | None = None
        self.overview: Overview | None = None
        self.jobs: tuple[JobSummary, ...] = ()
        self.jobs_at: float | None = None
        self.trackers: OrderedDict[str, JobTracker] = OrderedDict()
        self.log_state = LogState(None)
        self.recoveries: tuple[Recovery, ...] = ()
        self.alarms: tuple[Alarm, ...] = ()
        known = history.alerts(ALERTS)
        self.log: Final[Tail[LogLine]] = Tail(LOG_LINES)
        self.alerts: Final[Tail[SeenAlert]] = Tail(ALERTS, known, max((each.seq for each in known), default=-1) + 1)
        self._remembered = {(each.job_id, each.user_id, each.count, each.at) for each in known}
        self._asked: dict[str, float] = {}
        self._wanted: OrderedDict[tuple[str, int], None] = OrderedDict()

    def snapshot(self) -> Snapshot:
        """Return what is known now."""
        now = time.time()
        link, since = self.links.state()
        details = ((job_id, tracker.view(now)) for job_id, tracker in self.trackers.items())
        return Snapshot(
            at=now,
            addresses=tuple(map(str, self.links.addresses)),
            link=link,
            link_since=since,
            answered_at=self.links.answered_at,
            jobmanagers=self.links.jobmanagers(),
            overview=self.overview,
            taskmanagers=self.workers.view(),
            taskmanagers_at=self.workers.at,
            jobs=self.jobs,
            jobs_at=self.jobs_at,
            details={job_id: detail for job_id, detail in details if detail is not None},
            recoveries=self.recoveries,
            alarms=self.alarms,
            log=self.log_state,
        )

    def watch(self, job_id: str) -> None:
        """Read the details of a job for a while."""
        self._asked[job_id] = time.monotonic() + WATCH_SECONDS
        while len(self._asked) > BOOKS_KEPT:
            del self._asked[min(self._asked, key=lambda each: self._asked[each])]

    def want(self, job_id: str, checkpoint: int) -> None:
        """Read the details of a checkpoint."""
        self._wanted[job_id, checkpoint] = None
        while len(self._wanted) > BOOKS_KEPT:
            self._wanted.popitem(last=False)

    def wanted(self, job_id: str) -> list[int]:
        """Return the checkpoints of a job whose details are wanted, and not there."""
        return [checkpoint for job, checkpoint in self._wanted if job == job_id]

    def settle(self, job_id: str, checkpoint: int) -> None:
        """Take that the details of a checkpoint are there, or can't be had."""
        self._wanted.pop((job_id, checkpoint), None)

    def running(self, job_id: str) -> bool:
        """Whether the cluster listed a job as one that has not ended when it last listed any."""
        return any(job.id == job_id and job.state not in ENDED for job in self.jobs)

    def running_trackers(self) -> list[JobTracker]:
        """Return the books of the jobs that run, as far as there are any."""
        return [self.trackers[job.id] for job in self.jobs if job.state not in ENDED and job.id in self.trackers]

    def asked(self) -> list[JobTracker]:
        """Return the jobs that pages show, as far as the cluster knows them."""
        now = time.monotonic()
        self._asked = {job: until for job, until in self._asked.items() if until > now}
        known = {job.id for job in self.jobs}
        return [self.tracker(job) for job in self._asked if job in known]

    def others(self) -> list[JobTracker]:
        """Return the jobs that are read although no page shows them: the newest that run, else the newest of all."""
        running = [job for job in self.jobs if job.state not in ENDED][:RUNNING_READ]
        chosen = running or list(self.jobs[:1])
        return [self.tracker(job.id) for job in chosen if job.id not in self._asked]

    def tracker(self, job_id: str) -> JobTracker:
        """Return the book of a job; the ones that were not used for long are closed."""
        if job_id not in self.trackers:
            checkpoints = CheckpointTracker(self.history.checkpoints(job_id, KEPT), self.history.put_checkpoint)
            self.trackers[job_id] = JobTracker(job_id, checkpoints)
        self.trackers.move_to_end(job_id)
        while len(self.trackers) > BOOKS_KEPT:
            self.trackers.popitem(last=False)
        return self.trackers[job_id]

    def add_alert(self, tracker: JobTracker, at: float, user_id: str, count: int, subtask: int | None) -> None:
        """Take an alert that was seen; one that was remembered from before a restart is not counted again."""
        if (tracker.id, user_id, count, at) in self._remembered:
            return
        tracker.alerts.count(user_id, at)
        seen = self.alerts.add(lambda seq: SeenAlert(seq, tracker.id, at, user_id, count, subtask))
        self.history.put_alert(seen)
