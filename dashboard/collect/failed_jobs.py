"""The jobs that failed or were lost: each stands until a job of its name runs again, or a person dismisses it. Pure.

Flink forgets failed jobs after an hour, and all of them with its JobManager; time passing changes nothing here.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from flink_abnormal.runtime.rest import ENDED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from dashboard.model import JobSummary
    from flink_abnormal.core.recovery import Recovery

FAILURES_KEPT: Final = 20
_ENDED_WELL: Final = tuple(state for state in ENDED if state != "FAILED")


@dataclass(frozen=True)
class FailedJob:
    """The jobs of one name that failed, and when (epoch seconds), by their ids; what failed until `settled` is over."""

    name: str
    settled: float = 0.0
    failures: Mapping[str, float] = field(default_factory=dict)

    @property
    def since(self) -> float:
        """When the first one failed that is not over."""
        return min(self.failures.values())

    @property
    def newest(self) -> str:
        """The id of the job that failed last."""
        return max(self.failures, key=lambda each: self.failures[each])

    def fail(self, job: str, at: float) -> FailedJob:
        """Return it with one more failure, unless that is over."""
        if at <= self.settled or self.failures.get(job, 0.0) >= at:
            return self
        failures = sorted({**self.failures, job: at}.items(), key=lambda each: each[1])
        return replace(self, failures=dict(failures[:1] + failures[1:][-FAILURES_KEPT:]))

    def settle(self, at: float) -> FailedJob:
        """Return it without what failed until `at`."""
        if at <= self.settled:
            return self
        return replace(self, settled=at, failures={job: when for job, when in self.failures.items() if when > at})


class FailedJobs:
    """Takes what the cluster lists and what recoveries tell; `keep` gets each name whose jobs' fate has changed."""

    def __init__(self, known: Iterable[FailedJob], keep: Callable[[FailedJob], None]) -> None:
        self._known = {each.name: each for each in known}
        self._keep = keep

    def update(self, jobs: Iterable[JobSummary], recoveries: Iterable[Recovery]) -> None:
        """Take the jobs that are listed, and the recoveries."""
        listed = list(jobs)
        for job in listed:
            if job.state == "FAILED":
                self._put(self._of(job.name).fail(job.id, job.ended or job.started))
        for case in recoveries:
            if case.failed and case.steps[-1].subject not in _ENDED_WELL:
                self._put(self._of(case.job_name).fail(case.job_id, case.began))
        for job in listed:
            if _runs_again(job):
                known = self._of(job.name)
                self._put(known.settle(max(job.started, known.failures.get(job.id, 0.0))))

    def dismiss(self, name: str) -> None:
        """Take that a person has seen the failures of a name."""
        known = self._known.get(name)
        if known is not None and known.failures:
            self._put(known.settle(max(known.failures.values())))

    def standing(self) -> list[FailedJob]:
        """Return the names whose jobs' failures are not over."""
        return [each for each in self._known.values() if each.failures]

    def _of(self, name: str) -> FailedJob:
        return self._known.get(name) or FailedJob(name)

    def _put(self, found: FailedJob) -> None:
        if found != self._known.get(found.name, FailedJob(found.name)):
            self._known[found.name] = found
            self._keep(found)


def _runs_again(job: JobSummary) -> bool:
    """Whether a job has come as far as a person who waits for it wants: all its tasks run, or it has ended well.

    One that was cancelled was in somebody's hands.
    """
    return job.whole or job.state in _ENDED_WELL
