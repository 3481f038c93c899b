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
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from dashboard.collect.recovery_case import Case
from dashboard.model import Recovery
from flink_abnormal.runtime.rest import ENDED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from dashboard.collect.read_checkpoints import RestoredCheckpoint
    from dashboard.model import Failure, TaskManager

SILENT_SECONDS: Final = 1.5
LOST_BEFORE_SECONDS: Final = 15.0
SETTLE_SECONDS: Final = 5.0
LEADER_SECONDS: Final = 10.0
FORGOTTEN_SECONDS: Final = 120.0
HEARTBEAT_SECONDS: Final = 60.0
EARLIER_SECONDS: Final = 600.0
KEPT: Final = 200
_SKEW_SECONDS: Final = 1.0
_STOPPING: Final = ("CANCELLING", "SUSPENDED")
_ALIVE: Final = ("INITIALIZING", "CREATED", "RUNNING")


@dataclass(frozen=True)
class Glance:
    """A job: `changed` is when a task last changed its state, `workers` the TaskManagers it was last seen on.

    `restored` is None also while its checkpoints have not been read: `checkpoints_read` tells.
    """

    id: str
    name: str
    state: str
    running: int
    total: int
    changed: float
    ended: float | None = None
    checkpoints_read: bool = False
    restored: RestoredCheckpoint | None = None
    failures: tuple[Failure, ...] = ()
    workers: frozenset[str] = frozenset()

    @property
    def whole(self) -> bool:
        """Whether all tasks run."""
        return self.state == "RUNNING" and self.total > 0 and self.running == self.total


@dataclass(frozen=True)
class ClusterView:
    """A look at the cluster. `jobs` is None where no JobManager has answered about them since the link came up."""

    at: float
    up: bool
    answered_at: float | None
    jobs: Mapping[str, Glance] | None
    workers: Mapping[str, TaskManager]
    leader: str | None = None


@dataclass
class _Job:
    """What is remembered of a job between two looks."""

    glance: Glance
    first_at: float
    whole_at: float | None = None
    restored: RestoredCheckpoint | None = None
    checkpoints_read: bool = False
    ended: bool = False
    absent_at: float | None = None
    workers: frozenset[str] = field(default_factory=frozenset)
    case: Case | None = None


class Recoveries:
    """Takes observations in their order; `keep` is told of each recovery that is new or has changed."""

    def __init__(self, known: Iterable[Recovery], keep: Callable[[Recovery], None]) -> None:
        self._all = {each.id: each for each in known}
        self._keep = keep
        self._jobs: dict[str, _Job] = {}
        self._present: dict[str, TaskManager] = {}
        self._lost: deque[tuple[str, str, float, float]] = deque(maxlen=1000)
        self._silent = False
        self._orphans = {each.job_id: Case(each) for each in self._all.values() if each.open}
        self._orphans_since: float | None = None

    def view(self) -> tuple[Recovery, ...]:
        """Return the newest ones, the newest first."""
        return tuple(sorted(self._all.values(), key=lambda each: (each.began, each.id), reverse=True)[:KEPT])

    def update(self, now: ClusterView) -> None:
        """Take a look."""
        if not now.up:
            self._without_jobmanager(now)
            return
        self._workers(now)
        for job in self._jobs.values():
            if job.case is not None:
                job.case.lead(now.at, now.leader)
        self._silent = False
        if now.jobs is not None:
            for glance in now.jobs.values():
                self._job(glance, now)
            self._absent(now.jobs, now)
        for job in list(self._jobs.values()):
            self._write(job)

    def _without_jobmanager(self, now: ClusterView) -> None:
        if now.answered_at is None or now.at - now.answered_at <= SILENT_SECONDS:
            return
        self._silent = True
        for job in self._jobs.values():
            if job.ended or job.glance.state in _STOPPING:
                continue
            job.case = job.case or self._open(job, now.answered_at)
            job.case.fall_silent(now.answered_at)
            self._write(job)

    def _workers(self, now: ClusterView) -> None:
        """Note who was lost, and tell the open cases who came."""
        for worker in self._present.keys() - now.workers.keys():
            gone = self._present[worker]
            beat = gone.heartbeat_at
            alive = beat if beat is not None and 0 <= now.at - beat <= HEARTBEAT_SECONDS else now.at
            self._lost.append((worker, gone.name, now.at, alive))
        slots = sum(each.slots for each in now.workers.values())
        for worker in now.workers.keys() - self._present.keys():
            for job in self._jobs.values():
                if job.case is not None and self._present:
                    came = now.workers[worker]
                    job.case.gain(came.name, now.at, came.slots, slots)
        self._present = dict(now.workers)

    def _job(self, glance: Glance, now: ClusterView) -> None:
        job = self._jobs.get(glance.id)
        if job is not None and job.ended and glance.state in _ALIVE:
            job = None  # the same id, another run
        if job is None:
            job = self._jobs[glance.id] = _Job(glance, now.at, case=self._orphans.pop(glance.id, None))
        before, job.glance, job.absent_at = job.glance, glance, None
        if job.ended:
            return
        if glance.state in ENDED:
            self._end(job, glance, now)
        elif glance.state in _STOPPING and job.case is None:
            job.ended = True  # by a user's hand
        elif glance.whole:
            self._whole(job, glance, now)
        elif job.case is not None or job.whole_at is not None or self._began_broken(glance, now):
            self._broken(job, glance, now)
        if not job.workers or glance.whole:
            job.workers = glance.workers or job.workers
        if before.restored != glance.restored or glance.checkpoints_read:
            job.restored, job.checkpoints_read = glance.restored, glance.checkpoints_read

    def _began_broken(self, glance: Glance, now: ClusterView) -> bool:
        """Whether a job that was never seen whole is being restarted, not started."""
        lately = [each for each in glance.failures if 0 <= now.at - each.at <= 2 * HEARTBEAT_SECONDS]
        return bool(lately) or glance.state in ("RESTARTING", "FAILING")

    def _broken(self, job: _Job, glance: Glance, now: ClusterView) -> None:
        job.case = case = job.case or self._open(job, now.at)
        case.whole_at = None
        after = (job.whole_at or now.at - 2 * HEARTBEAT_SECONDS) - _SKEW_SECONDS
        failed = [each.at for each in glance.failures if after <= each.at <= now.at + _SKEW_SECONDS]
        if glance.total:
            case.notice(min([*failed, now.at]), glance.total - glance.running, glance.total)
        self._details(job, case, glance, now)

    def _details(self, job: _Job, case: Case, glance: Glance, now: ClusterView) -> None:
        """Tell what was lost, and what was restored, as far as that is known by now."""
        for worker, name, seen_at, alive_at in self._lost:
            near = case.began - LOST_BEFORE_SECONDS <= seen_at <= now.at
            if near and (not job.workers or worker in job.workers):
                case.lose(name, alive_at)
        restored = glance.restored
        if restored is not None and restored.at >= case.began - _SKEW_SECONDS:
            case.restore(restored)

    def _whole(self, job: _Job, glance: Glance, now: ClusterView) -> None:
        if job.case is None:
            self._missed(job, glance, now)
        case = job.case
        if case is None:
            job.whole_at = now.at
            return
        if case.whole_at is None:
            case.whole_at = now.at
            case.whole_changed = glance.changed if case.began <= glance.changed <= now.at else now.at
        self._failed_at(job, case, glance)
        self._details(job, case, glance, now)
        waited = now.at - case.whole_at
        if (case.restored or waited > SETTLE_SECONDS) and (case.led or waited > LEADER_SECONDS):
            case.run(case.whole_changed, glance.total)
            self._write(job)
            job.case = None
            job.whole_at = now.at

    def _failed_at(self, job: _Job, case: Case, glance: Glance) -> None:
        """Flink tells of a failure a moment later than of the tasks that stopped."""
        noticed = case.recovery().noticed_at
        if noticed is None or job.whole_at is None:
            return
        earlier = [each.at for each in glance.failures if job.whole_at - _SKEW_SECONDS <= each.at < noticed]
        if earlier:
            case.notice(min(earlier), 0, glance.total)

    def _missed(self, job: _Job, glance: Glance, now: ClusterView) -> None:
        """Open a case for a restart that was over before it was seen, or before this program began."""
        restored = glance.restored
        if restored is None or restored == job.restored or self._told(glance.id, restored):
            return
        since = max(restored.at - EARLIER_SECONDS, job.restored.at if job.restored else 0.0)
        earlier = [each.at for each in glance.failures if since < each.at <= restored.at]
        if not earlier and not (job.checkpoints_read and job.whole_at is not None):
            return  # it was started from a snapshot
        failed_at = max(earlier, default=restored.at)
        job.case = self._open(job, failed_at)
        job.case.notice(failed_at, 0, glance.total)
        job.case.whole_at = now.at
        job.case.whole_changed = max(glance.changed, restored.at)

    def _told(self, job_id: str, restored: RestoredCheckpoint) -> bool:
        return any(
            each.job_id == job_id
            and each.restored_at is not None
            and abs(each.restored_at - restored.at) < _SKEW_SECONDS
            for each in self._all.values()
        )

    def _end(self, job: _Job, glance: Glance, now: ClusterView) -> None:
        at = glance.ended or now.at
        if job.case is None and glance.state == "FAILED" and job.whole_at is not None:
            job.case = self._open(job, at)
            failed = [each.at for each in glance.failures if job.whole_at - _SKEW_SECONDS <= each.at <= at]
            job.case.notice(min([*failed, at]), glance.total, glance.total)
        if job.case is not None:
            job.case.fail(at, glance.state)
            self._write(job)
        job.case, job.ended = None, True

    def _absent(self, jobs: Mapping[str, Glance], now: ClusterView) -> None:
        """Give up the jobs that the cluster does not list any more."""
        for job_id in [each for each in self._jobs if each not in jobs]:
            job = self._jobs[job_id]
            job.absent_at = job.absent_at or now.at
            heir = self._heir(job)
            if job.case is not None and heir is not None:
                job.case.follow(job.absent_at, heir.glance.id, heir.first_at)
                heir.case = job.case
                del self._jobs[job_id]
            elif now.at - job.absent_at > FORGOTTEN_SECONDS:
                if job.case is None and not job.ended and job.glance.state not in _STOPPING:
                    job.case = self._open(job, job.absent_at)
                if job.case is not None:
                    job.case.fail(job.absent_at, "forgotten")
                    self._write(job)
                del self._jobs[job_id]
        self._orphans_since = self._orphans_since or now.at
        if self._orphans and now.at - self._orphans_since > FORGOTTEN_SECONDS:
            for case in self._orphans.values():
                case.fail(now.at, "forgotten")
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
            if each.glance.name == job.glance.name and each.absent_at is None and each.first_at > began
        ]
        return next((each for each in later if each is not job and each.case is None and not each.ended), None)

    def _open(self, job: _Job, at: float) -> Case:
        number = max(self._all, default=0) + 1
        glance = job.glance
        start = Recovery(number, glance.id, glance.name, "task", at, (), total=glance.total)
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
