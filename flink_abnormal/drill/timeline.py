"""Turns observations of a cluster into the sentences of a recovery: pure.

The seed's picture: all is well -> a failure -> the JobManager notices -> it takes the newest checkpoint and restores
the tasks' state from it -> all is well again.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple

from flink_abnormal.core.recovery import Case, Recovery
from flink_abnormal.runtime.rest import ENDED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flink_abnormal.core.recovery import RestoredCheckpoint, StepKind

ENOUGH_FAILED_CHECKPOINTS: Final = 3
_SENTENCES: Final[dict[StepKind, str]] = {
    "silent": "no JobManager leads",
    "leader": "{subject} leads now, and knows the job",
    "noticed": "JobManager noticed: {number} of {total} tasks are not running",
    "restored": "restoring from checkpoint {number}, the newest: all tasks, since they exchange events",
    "running": "all {total} tasks run again",
    "failed": "the job is {subject}",
}


class Observation(NamedTuple):
    """The cluster at a moment; `at` in epoch seconds, `state` None if no JobManager responds for the job."""

    at: float
    state: str | None = None
    running: int = 0
    total: int = 0
    slots: int = 0
    restored: RestoredCheckpoint | None = None
    completed: int = 0
    failed: int = 0
    newest: int | None = None
    leader: str | None = None


class Line(NamedTuple):
    """A sentence, and the time of its event in seconds after the strike."""

    seconds: float
    text: str


class Timeline(ABC):
    """Reports what is new in each observation, in their order; its times are seconds after the strike."""

    def __init__(self, before: Observation, struck_at: float) -> None:
        self._before, self._at = before, struck_at
        self._last = before
        self.noticed_s: float | None = None
        self.recovered_s: float | None = None
        self.not_running = 0
        self.restored: int | None = None
        self.failure: str | None = None

    @property
    def done(self) -> bool:
        """Whether the cluster has recovered, or can't recover."""
        return self.recovered_s is not None or self.failure is not None

    def add(self, now: Observation) -> list[Line]:
        """Return the new lines, in the order of their events."""
        return sorted(self._new(now), key=lambda line: line.seconds)

    @abstractmethod
    def _new(self, now: Observation) -> Iterator[Line]:
        """Yield the new lines."""

    def _notice(self, seconds: float) -> None:
        self.noticed_s = seconds if self.noticed_s is None else self.noticed_s

    def _end(self, seconds: float, why: str) -> Line:
        self.failure = why
        return Line(seconds, why)

    def _failed_checkpoints(self, now: Observation) -> str:
        failed = now.failed - self._before.failed
        return "1 checkpoint has failed" if failed == 1 else f"{failed} checkpoints have failed"

    @abstractmethod
    def undo_due(self, at: float) -> bool:
        """Whether the strike has lasted long enough to be undone."""


class RecoveryTimeline(Timeline):
    """The timeline of a restored job: tasks stop, a checkpoint is restored, all run again."""

    def __init__(self, before: Observation, struck_at: float, lasts_s: float | None = None) -> None:
        super().__init__(before, struck_at)
        self._lasts = lasts_s
        self._case = Case(Recovery(0, "", "", "task", struck_at, ()))
        self._told: set[tuple[StepKind, float]] = set()

    def undo_due(self, at: float) -> bool:
        """Whether a strike that can be undone has lasted long enough."""
        return self._lasts is not None and at - self._at >= self._lasts

    def _new(self, now: Observation) -> Iterator[Line]:
        yield from self._slots(now)
        self._look(now)
        yield from self._steps(self._case.recovery())
        if now.state is not None:
            self._last = now

    def _look(self, now: Observation) -> None:
        case = self._case
        if now.state is None:  # no JobManager can restore the job, and its tasks can't be observed
            case.fall_silent(now.at)
            return
        case.lead(now.at, now.leader)
        if now.state in ENDED:
            case.fail(now.at, now.state)
            return
        if now.running < now.total:
            case.whole_at = None
            case.notice(now.at, now.total - now.running, now.total)
        if now.restored is not None and now.restored != self._before.restored and not case.restored:
            case.restore(replace(now.restored, at=max(now.restored.at, self._at)))
        if now.running == now.total > 0 and case.recovery().steps:
            case.whole_at = case.whole_at or now.at
            if case.settled(now.at, math.inf):  # its checkpoint and its leader appear a moment later
                case.run(case.whole_at, now.total)

    def _slots(self, now: Observation) -> Iterator[Line]:
        seconds, more = now.at - self._at, now.slots - self._last.slots
        if now.state is None or now.state in ENDED:
            return
        if more < 0:
            yield Line(seconds, f"{-more} slots are gone, {now.slots} are left")
        elif more > 0:
            yield Line(seconds, f"{more} slots are back: a TaskManager has registered")

    def _steps(self, seen: Recovery) -> Iterator[Line]:
        """Report the steps that were not told yet; a leader once its name is known, or is not waited for any more."""
        self.not_running, self.restored = seen.not_running, seen.restored_checkpoint
        if self.noticed_s is None:  # a later silence has a time of its own
            noticed = (at - self._at for at in (seen.noticed_at, seen.restored_at) if at is not None)
            self.noticed_s = min(noticed, default=None)
        self.recovered_s = None if seen.running_at is None else seen.running_at - self._at
        for step in seen.steps:
            if (step.kind, step.at) in self._told or (
                step.kind == "leader" and not step.subject and seen.running_at is None
            ):
                continue
            self._told.add((step.kind, step.at))
            filled = {"subject": step.subject or "a JobManager", "number": step.number, "total": step.total}
            yield Line(step.at - self._at, _SENTENCES[step.kind].format(**filled))
            if step.kind == "failed":
                self.failure = f"the job is {step.subject}"


class FailedCheckpointsTimeline(Timeline):
    """The timeline of a job that continues while its checkpoints fail, until one completes again."""

    def __init__(self, before: Observation, struck_at: float) -> None:
        super().__init__(before, struck_at)
        self._freed: Observation | None = None

    def undo_due(self, at: float) -> bool:  # noqa: ARG002
        """Whether enough checkpoints have failed."""
        due = self._last.failed - self._before.failed >= ENOUGH_FAILED_CHECKPOINTS
        if due and self._freed is None:
            self._freed = self._last
        return due

    def _new(self, now: Observation) -> Iterator[Line]:
        seconds = now.at - self._at
        if now.state is None:
            return
        if now.state in ENDED or now.running < now.total or now.restored != self._before.restored:
            self.not_running = now.total - now.running
            stopped = f"it is {now.state}, {self.not_running} tasks are not running"
            yield self._end(seconds, f"the job did not continue: {stopped}")
            return
        if now.failed > self._last.failed:
            self._notice(seconds)
            yield Line(seconds, f"{self._failed_checkpoints(now)}; all {now.total} tasks keep running")
        if self._freed is not None and now.completed > self._freed.completed:
            self.recovered_s = seconds
            yield Line(seconds, f"checkpoint {now.newest} has completed")
        self._last = now


class BrokersTimeline(Timeline):
    """The timeline of a job whose brokers are away for a while, until a checkpoint completes with all of them back.

    Its transactions can't be committed meanwhile, so checkpoints may fail, and the job may restart.
    """

    def __init__(self, before: Observation, struck_at: float, lasts_s: float) -> None:
        super().__init__(before, struck_at)
        self._lasts = lasts_s
        self._back: Observation | None = None

    def undo_due(self, at: float) -> bool:
        """Whether the brokers have been away long enough."""
        return at - self._at >= self._lasts

    def _new(self, now: Observation) -> Iterator[Line]:
        seconds = now.at - self._at
        if now.state is None:
            return
        if now.state in ENDED:
            yield self._end(seconds, f"the job is {now.state}")
            return
        before, self._last = self._last, now
        if now.failed > before.failed:
            self._notice(seconds)
            yield Line(seconds, self._failed_checkpoints(now))
        stopped = now.total - now.running
        if stopped > before.total - before.running:
            self.not_running = max(self.not_running, stopped)
            self._notice(seconds)
            yield Line(seconds, f"{stopped} of {now.total} tasks are not running")
        if now.restored is not None and now.restored != before.restored:
            self.restored = now.restored.id
            yield Line(seconds, f"restored from checkpoint {self.restored}")
        if not self.undo_due(now.at):
            if now.completed > before.completed == self._before.completed:
                yield Line(seconds, f"checkpoint {now.newest} has completed without them")
            return
        self._back = self._back or now
        if now.completed > self._back.completed and not stopped:
            self.recovered_s = seconds
            yield Line(seconds, f"checkpoint {now.newest} has completed")
