"""What is seen of a cluster, told as recoveries: what was lost, when it was noticed, and how it came back. Pure.

A recovery begins when tasks of a job that had all run do not run any more, or no JobManager answers for longer than
SILENT_SECONDS. It ends when all run again and it is known from which checkpoint, or the job has ended. Times are
Flink's own where it tells them (when a task failed, when a checkpoint was restored, when a task last changed its
state, a TaskManager's last heartbeat), else when it was seen. Flink forgets all this with its JobManager; this doesn't.
A job that a user cancels or stops is no recovery. A cluster with one JobManager forgets its jobs with it: the recovery
goes on with the next job of the same name.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from dashboard.model import JobDetail
from flink_abnormal.core.recovery import Case, Recovery
from flink_abnormal.runtime.rest import ENDED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from dashboard.model import JobSummary, Snapshot, TaskManager
    from flink_abnormal.core.recovery import RestoredCheckpoint

SILENT_SECONDS: Final = 1.5
LOST_BEFORE_SECONDS: Final = 15.0
SETTLE_SECONDS: Final = 5.0
FORGOTTEN_SECONDS: Final = 120.0
HEARTBEAT_SECONDS: Final = 60.0
EARLIER_SECONDS: Final = 600.0
KEPT: Final = 200
_SKEW_SECONDS: Final = 1.0
_STOPPING: Final = ("CANCELLING", "SUSPENDED")
_ALIVE: Final = ("INITIALIZING", "CREATED", "RUNNING")


class Seen(NamedTuple):
    """A job at a moment."""

    at: float
    job: JobSummary
    detail: JobDetail

    @property
    def restored(self) -> RestoredCheckpoint | None:
        """The checkpoint that it was restored from; None also while its checkpoints have not been read."""
        return self.detail.checkpoints.latest_restored if self.detail.checkpoints is not None else None

    def failed(self, since: float, until: float) -> list[float]:
        """Return when it failed within a time."""
        return [each.at for each in self.detail.failures if since <= each.at <= until]


@dataclass
class _Job:
    """What is remembered of a job between two looks."""

    seen: Seen
    restored: RestoredCheckpoint | None = None
    checkpoints_read: bool = False
    whole_at: float | None = None
    ended: bool = False
    absent_at: float | None = None
    workers: frozenset[str] = frozenset()
    case: Case | None = None

    def __post_init__(self) -> None:
        self.first_at = self.seen.at


class Recoveries:
    """Takes observations in their order; `keep` is told of each recovery that is new or has changed."""

    def __init__(self, known: Iterable[Recovery], keep: Callable[[Recovery], None]) -> None:
        self._all = {each.id: each for each in known}
        self._keep = keep
        self._jobs: dict[str, _Job] = {}
        self._present: dict[str, TaskManager] = {}
        self._lost: deque[tuple[str, str, float, float]] = deque(maxlen=1000)
        self._orphans = {each.job_id: Case(each) for each in self._all.values() if each.open}
        self._orphans_since: float | None = None

    def view(self) -> tuple[Recovery, ...]:
        """Return the newest ones, the newest first."""
        return tuple(sorted(self._all.values(), key=lambda each: (each.began, each.id), reverse=True)[:KEPT])

    def update(self, now: Snapshot) -> None:
        """Take a look at the cluster."""
        if now.link != "up":
            self._without_jobmanager(now)
            return
        self._workers(now)
        leader = next((each.address for each in now.jobmanagers if each.leads), None)
        for job in self._jobs.values():
            if job.case is not None:
                job.case.lead(now.at, leader)
        if now.jobs_at is not None and now.jobs_at >= now.link_since:  # else those from before the link came up
            for listed in now.jobs:
                self._job(Seen(now.at, listed, now.details.get(listed.id) or _unread(listed, now.at)))
            self._absent({listed.id for listed in now.jobs}, now.at)
        for job in self._jobs.values():
            self._write(job)

    def _without_jobmanager(self, now: Snapshot) -> None:
        if now.answered_at is None or now.at - now.answered_at <= SILENT_SECONDS:
            return
        for job in self._jobs.values():
            if job.ended or job.seen.job.state in _STOPPING:
                continue
            job.case = job.case or self._open(job, now.answered_at)
            job.case.fall_silent(now.answered_at)
            self._write(job)

    def _workers(self, now: Snapshot) -> None:
        """Note who was lost, and tell the open cases who came."""
        present = {each.id: each for each in now.taskmanagers if each.lost_at is None}
        for gone in (each for each in self._present.values() if each.id not in present):
            beat = gone.heartbeat_at
            alive = beat if beat is not None and 0 <= now.at - beat <= HEARTBEAT_SECONDS else now.at
            self._lost.append((gone.id, gone.name, now.at, alive))
        slots = sum(each.slots for each in present.values())
        came = [each for each in present.values() if self._present and each.id not in self._present]
        for job in self._jobs.values():
            if job.case is not None:
                for each in came:
                    job.case.gain(each.name, now.at, each.slots, slots)
        self._present = present

    def _job(self, now: Seen) -> None:
        job = self._jobs.get(now.job.id)
        if job is None or (job.ended and now.job.state in _ALIVE):  # the same id may be another run
            job = self._jobs[now.job.id] = _Job(now, case=self._orphans.pop(now.job.id, None))
        before, job.seen, job.absent_at = job.seen, now, None
        if job.ended:
            return
        if now.job.state in ENDED:
            self._end(job, now)
        elif now.job.state in _STOPPING and job.case is None:
            job.ended = True  # by a user's hand
        elif now.job.whole:
            self._whole(job, now)
        elif job.case is not None or job.whole_at is not None or _began_broken(now):
            self._broken(job, now)
        if not job.workers or now.job.whole:
            job.workers = now.detail.workers or job.workers
        if before.restored != now.restored or now.detail.checkpoints is not None:
            job.restored, job.checkpoints_read = now.restored, now.detail.checkpoints is not None

    def _broken(self, job: _Job, now: Seen) -> None:
        job.case = case = job.case or self._open(job, now.at)
        case.whole_at = None
        if now.job.total:
            after = (job.whole_at or now.at - 2 * HEARTBEAT_SECONDS) - _SKEW_SECONDS
            failed = now.failed(after, now.at + _SKEW_SECONDS)
            case.notice(min([*failed, now.at]), now.job.total - now.job.running, now.job.total)
        self._details(job, case, now)

    def _details(self, job: _Job, case: Case, now: Seen) -> None:
        """Tell what was lost, and what was restored, as far as that is known by now."""
        for worker, name, seen_at, alive_at in self._lost:
            near = case.began - LOST_BEFORE_SECONDS <= seen_at <= now.at
            if near and (not job.workers or worker in job.workers):
                case.lose(name, alive_at)
        if now.restored is not None and now.restored.at >= case.began - _SKEW_SECONDS:
            case.restore(now.restored)

    def _whole(self, job: _Job, now: Seen) -> None:
        case = job.case = job.case or self._missed(job, now)
        if case is None:
            job.whole_at = now.at
            return
        if case.whole_at is None:
            case.whole_at = now.at
            case.whole_changed = now.job.changed if case.began <= now.job.changed <= now.at else now.at
        self._failed_at(job, case, now)
        self._details(job, case, now)
        if case.settled(now.at, SETTLE_SECONDS):
            case.run(case.whole_changed, now.job.total)
            self._write(job)
            job.case = None
            job.whole_at = now.at

    def _failed_at(self, job: _Job, case: Case, now: Seen) -> None:
        """Flink tells of a failure a moment later than of the tasks that stopped."""
        noticed = case.recovery().noticed_at
        if noticed is not None and job.whole_at is not None:
            earlier = [at for at in now.failed(job.whole_at - _SKEW_SECONDS, noticed) if at < noticed]
            if earlier:
                case.notice(min(earlier), 0, now.job.total)

    def _missed(self, job: _Job, now: Seen) -> Case | None:
        """Open a case for a restart that was over before it was seen, or before this program began."""
        restored = now.restored
        if restored is None or restored == job.restored or self._told(now.job.id, restored):
            return None
        since = max(restored.at - EARLIER_SECONDS, job.restored.at if job.restored is not None else 0.0)
        earlier = [at for at in now.failed(since, restored.at) if at > since]
        if not earlier and not (job.checkpoints_read and job.whole_at is not None):
            return None  # it was started from a snapshot
        failed_at = max(earlier, default=restored.at)
        case = self._open(job, failed_at)
        case.notice(failed_at, 0, now.job.total)
        case.whole_at = now.at
        case.whole_changed = max(now.job.changed, restored.at)
        return case

    def _told(self, job_id: str, restored: RestoredCheckpoint) -> bool:
        return any(
            each.job_id == job_id
            and each.restored_at is not None
            and abs(each.restored_at - restored.at) < _SKEW_SECONDS
            for each in self._all.values()
        )

    def _end(self, job: _Job, now: Seen) -> None:
        at = now.job.ended or now.at
        if job.case is None and now.job.state == "FAILED" and job.whole_at is not None:
            job.case = self._open(job, at)
            failed = now.failed(job.whole_at - _SKEW_SECONDS, at)
            job.case.notice(min([*failed, at]), now.job.total, now.job.total)
        self._give_up(job, at, now.job.state)
        job.case, job.ended = None, True

    def _give_up(self, job: _Job, at: float, why: str) -> None:
        if job.case is not None:
            job.case.fail(at, why)
            self._write(job)

    def _absent(self, listed: set[str], at: float) -> None:
        """Give up the jobs that the cluster does not list any more."""
        for job_id in [each for each in self._jobs if each not in listed]:
            job = self._jobs[job_id]
            job.absent_at = job.absent_at or at
            heir = self._heir(job)
            if job.case is not None and heir is not None:
                job.case.follow(job.absent_at, heir.seen.job.id, heir.first_at)
                heir.case = job.case
                del self._jobs[job_id]
            elif at - job.absent_at > FORGOTTEN_SECONDS:
                if job.case is None and not job.ended and job.seen.job.state not in _STOPPING:
                    job.case = self._open(job, job.absent_at)
                self._give_up(job, job.absent_at, "forgotten")
                del self._jobs[job_id]
        self._orphans_since = self._orphans_since or at
        if at - self._orphans_since > FORGOTTEN_SECONDS:
            for case in self._orphans.values():
                case.fail(at, "forgotten")
                self._put(case.recovery())
            self._orphans.clear()

    def _heir(self, job: _Job) -> _Job | None:
        """Return the job that was submitted in the place of one that the cluster has forgotten."""
        if job.case is None:
            return None
        began = job.case.began
        later = [
            each
            for each in self._jobs.values()
            if each.seen.job.name == job.seen.job.name and each.absent_at is None and each.first_at > began
        ]
        return next((each for each in later if each is not job and each.case is None and not each.ended), None)

    def _open(self, job: _Job, at: float) -> Case:
        number = max(self._all, default=0) + 1
        listed = job.seen.job
        start = Recovery(number, listed.id, listed.name, "task", at, (), total=listed.total)
        self._all[number] = start
        return Case(start)

    def _write(self, job: _Job) -> None:
        if job.case is not None:
            self._put(job.case.recovery())

    def _put(self, recovery: Recovery) -> None:
        if self._all.get(recovery.id) != recovery:
            self._all[recovery.id] = recovery
            self._keep(recovery)
            for each in sorted(self._all)[:-KEPT]:
                del self._all[each]


def _unread(job: JobSummary, at: float) -> JobDetail:
    return JobDetail(job.id, job.name, job.state, job.started, at, job.duration_s)


def _began_broken(now: Seen) -> bool:
    """Whether a job that was never seen whole is being restarted, not started."""
    lately = [each for each in now.detail.failures if 0 <= now.at - each.at <= 2 * HEARTBEAT_SECONDS]
    return bool(lately) or now.job.state in ("RESTARTING", "FAILING")
