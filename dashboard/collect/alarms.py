"""What needs a look: conditions that hold, each with since when. Pure.

Slots that are all taken are no alarm in this project (its layout takes 9 of 9): "no free slot" is raised when tasks
wait for one, unless they do so within a recovery that goes as it should. While no JobManager answers, the other alarms
stay as they were: nothing newer is known. Of a job that failed time alone ends nothing: see `failed_jobs.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, NamedTuple

from dashboard.collect.failed_jobs import FailedJobs
from dashboard.model import Alarm
from flink_abnormal.core.published import Parameters
from flink_abnormal.runtime.rest import ENDED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from dashboard.model import AlarmKind, Checkpoint, JobDetail, JobSummary, Snapshot
    from flink_abnormal.core.recovery import Recovery

INTERVALS: Final = 3
BACKPRESSURED_SHARE: Final = 0.5
IDLE_SECONDS: Final = 30.0
IDLE_INTERVALS: Final = 6
STANDING_SECONDS: Final = 60.0
"""Longer than Flink takes to update its figures, and than a silent partition is waited for by default."""
GONE_SECONDS: Final = 1.5
LOST_SECONDS: Final = 10.0
NORMAL_RECOVERY_SECONDS: Final = 60.0
"""A container that was killed is back within 20 s; whoever still waits for slots after this lacks them."""
STANDBY_SECONDS: Final = 5.0
HOLD_SECONDS: Final[Mapping[str, float]] = {"backpressure": 5.0, "no-free-slot": 2.0}
_CRITICAL: Final = ("jobmanager-gone", "taskmanager-lost", "job-failed", "no-checkpoint", "transactions-lost")


class _Mark(NamedTuple):
    """A moment of a job: what its sources had given by then, and its event time."""

    at: float
    records: int
    event_time: float | None = None


@dataclass
class _Watched:
    """A job since all its tasks run: when its sources last gave something, and when its event time last went on."""

    since: float
    given: _Mark | None = None
    clock: _Mark | None = None


class Alarms:
    """Takes facts in their order."""

    def __init__(self, failed: FailedJobs | None = None) -> None:
        self._failed_jobs = FailedJobs((), lambda _: None) if failed is None else failed
        self._alarms: dict[tuple[str, str | None, str], Alarm] = {}
        self._pending: dict[tuple[str, str | None, str], float] = {}
        self._watched: dict[str, _Watched] = {}
        self._expected = 0

    def update(self, facts: Snapshot) -> tuple[Alarm, ...]:
        """Return the alarms that hold, the critical ones first, the oldest first."""
        up = facts.link == "up"
        stay = {key: alarm for key, alarm in self._alarms.items() if key[0] not in ("jobmanager-gone", "job-failed")}
        found = {} if up else stay
        for alarm in (*(self._cluster(facts) if up else _gone(facts)), *self._failed()):
            known = self._alarms.get(alarm.key)
            found[alarm.key] = replace(alarm, since=min(alarm.since, known.since)) if known else alarm
        self._alarms = self._held(found, facts.at)
        return tuple(sorted(self._alarms.values(), key=lambda each: (each.severity != "critical", each.since)))

    def _held(
        self, found: dict[tuple[str, str | None, str], Alarm], at: float
    ) -> dict[tuple[str, str | None, str], Alarm]:
        """Leave out what has not held for long enough."""
        self._pending = {key: self._pending.get(key, at) for key in found}
        return {
            key: alarm
            for key, alarm in found.items()
            if key in self._alarms or at - self._pending[key] >= HOLD_SECONDS.get(key[0], 0.0)
        }

    def _cluster(self, facts: Snapshot) -> Iterator[Alarm]:
        yield from self._lost(facts)
        yield from _standby(facts)
        running = [job for job in facts.jobs if job.state not in ENDED]
        whole = {job.id for job in running if job.whole and job.id in facts.details}
        self._watched = {job: self._watched.get(job) or _Watched(facts.at) for job in whole}
        for job in running:
            yield from _waiting(job, facts)
            if job.id in whole:
                detail, watched = facts.details[job.id], self._watched[job.id]
                yield from _checkpoints(detail, watched, facts)
                yield from _backpressure(detail, facts)
                yield from _idle(detail, watched, facts)
                yield from _standing(detail, watched, facts)
                if detail.lost_transactions:
                    number = detail.lost_transactions
                    yield _alarm("transactions-lost", facts.at, job.id, job.name, number)
        yield from _restarting(running, facts)
        self._failed_jobs.update(facts.jobs, facts.recoveries)

    def _lost(self, facts: Snapshot) -> Iterator[Alarm]:
        """Miss a TaskManager until as many are there as before, or it is not shown any more; and for a while anyway.

        One that dies may be replaced before its loss is noticed.
        """
        lost = [each for each in facts.taskmanagers if each.lost_at is not None]
        present = len(facts.taskmanagers) - len(lost)
        self._expected = max(self._expected, present) if lost else present
        missing = self._expected - present
        newest = sorted(lost, key=lambda each: each.lost_at or 0.0, reverse=True)
        told = [
            each
            for place, each in enumerate(newest)
            if place < missing or facts.at - (each.lost_at or 0.0) < LOST_SECONDS
        ][::-1]
        if told:
            names = ", ".join(each.name for each in told)
            yield _alarm("taskmanager-lost", told[0].lost_at or 0.0, None, names, len(told))

    def _failed(self) -> Iterator[Alarm]:
        for each in self._failed_jobs.standing():
            yield _alarm("job-failed", each.since, each.newest, each.name)


def _waiting(job: JobSummary, facts: Snapshot) -> Iterator[Alarm]:
    """Find tasks without a slot; within a recovery they wait for the TaskManager that is started again."""
    if any(each.open and each.job_id == job.id and _is_young(each, facts.at) for each in facts.recoveries):
        return
    if job.waiting and facts.overview is not None and facts.overview.free == 0:
        yield _alarm("no-free-slot", facts.at, job.id, job.name, job.waiting)


def _checkpoints(detail: JobDetail, watched: _Watched, facts: Snapshot) -> Iterator[Alarm]:
    found = detail.checkpoints
    if found is None:
        return
    term = max((each.term for each in found.history), default=0)
    mine = [each for each in found.history if each.term == term]
    done = max((_end(each) for each in mine if each.status == "COMPLETED"), default=0.0)
    if found.interval_s is not None:
        since = max(done, watched.since, detail.started)
        slack = facts.overview.refresh_s or 0.0 if facts.overview else 0.0
        if found.at - since > INTERVALS * found.interval_s + slack:
            yield _alarm("no-checkpoint", since, detail.id, detail.name, found.at - since)
    failed = [each for each in mine if each.status == "FAILED" and _end(each) > done]
    if failed:
        first, last = failed[-1], failed[0]
        yield _alarm("checkpoint-failed", _end(first), detail.id, str(last.id), last.id)


def _idle(detail: JobDetail, watched: _Watched, facts: Snapshot) -> Iterator[Alarm]:
    """Find sources that run and give nothing; one that only makes another one tick is none."""
    named = {vertex.id for vertex in detail.vertices if vertex.name.startswith("Source:")}
    ticking = {edge.source for edge in detail.edges if edge.target in named}
    subtasks = [each for vertex in detail.vertices if vertex.id in named - ticking for each in vertex.subtasks]
    counts = [each.records_out for each in subtasks if each.records_out is not None]
    if not counts or all(each.state == "FINISHED" for each in subtasks):
        watched.given = None
        return
    known = watched.given
    if known is None or known.records != sum(counts):
        known = watched.given = _Mark(facts.at, sum(counts))
    patience = max(IDLE_SECONDS, IDLE_INTERVALS * (Parameters.parse(detail.parameters).interval_s or 0.0))
    if facts.at - known.at > patience:
        yield _alarm("source-idle", known.at, detail.id, detail.name, facts.at - known.at)


def _standing(detail: JobDetail, watched: _Watched, facts: Snapshot) -> Iterator[Alarm]:
    """Find a job whose event time stands still while its sources give records."""
    found, given, known = detail.input, watched.given, watched.clock
    if found is None or not found.in_event_time or given is None:
        return
    if known is None or known.event_time != found.event_time:
        known = watched.clock = _Mark(facts.at, given.records, found.event_time)
    if facts.at - known.at > STANDING_SECONDS and given.records > known.records:
        holding = ", ".join(each.name for each in found.partitions if each.holds)
        yield _alarm("event-time-stands", known.at, detail.id, holding or detail.name, facts.at - known.at)


def _gone(facts: Snapshot) -> Iterator[Alarm]:
    if facts.answered_at is not None and facts.at - facts.answered_at > GONE_SECONDS:
        yield _alarm("jobmanager-gone", facts.answered_at, None, ", ".join(each.address for each in facts.jobmanagers))


def _standby(facts: Snapshot) -> Iterator[Alarm]:
    """Find JobManagers that are gone while another leads."""
    gone = [each for each in facts.jobmanagers if not each.answers and facts.at - each.since > STANDBY_SECONDS]
    if gone:
        names = ", ".join(each.address for each in gone)
        since = min(each.since for each in gone)
        yield replace(_alarm("jobmanager-gone", since, None, names), severity="warning")


def _restarting(running: Iterable[JobSummary], facts: Snapshot) -> Iterator[Alarm]:
    jobs = {job.id: job for job in running}
    told = {each.job_id for each in facts.recoveries if each.open}
    for case in (each for each in facts.recoveries if each.open):
        job = jobs.get(case.job_id)  # a JobManager that begins to lead may not list it yet
        stopped = job.total - job.running if job else None
        yield _alarm("job-restarting", case.began, case.job_id, case.job_name, stopped)
    for job in jobs.values():
        if job.id not in told and job.state in ("RESTARTING", "FAILING"):
            yield _alarm("job-restarting", facts.at, job.id, job.name, job.total - job.running)


def _is_young(recovery: Recovery, at: float) -> bool:
    return at - recovery.began < NORMAL_RECOVERY_SECONDS


def _backpressure(detail: JobDetail, facts: Snapshot) -> Iterator[Alarm]:
    for vertex in detail.vertices:
        if vertex.backpressured is not None and vertex.backpressured > BACKPRESSURED_SHARE:
            yield _alarm("backpressure", facts.at, detail.id, vertex.name, vertex.backpressured)


def _end(checkpoint: Checkpoint) -> float:
    return checkpoint.triggered + checkpoint.duration_s


def _alarm(kind: AlarmKind, since: float, job: str | None, subject: str = "", number: float | None = None) -> Alarm:
    return Alarm(kind, "critical" if kind in _CRITICAL else "warning", since, job, subject, number)
