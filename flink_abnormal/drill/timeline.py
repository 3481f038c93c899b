"""Turns observations of a cluster into the sentences of a recovery: pure.

The seed's picture: all is well -> a failure -> the JobManager notices -> it takes the newest checkpoint and restores
the tasks' state from it -> all is well again.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Final, NamedTuple

from flink_abnormal.runtime.rest import ENDED

if TYPE_CHECKING:
    from collections.abc import Iterator

ENOUGH_FAILED_CHECKPOINTS: Final = 3
LEADER_SECONDS: Final = 10.0


class Restored(NamedTuple):
    """The checkpoint of a job's last restore, and its time (epoch seconds)."""

    checkpoint: int
    at: float


class Observation(NamedTuple):
    """The cluster at a moment; `at` in epoch seconds, `state` None if no JobManager responds for the job."""

    at: float
    state: str | None = None
    running: int = 0
    total: int = 0
    slots: int = 0
    restored: Restored | None = None
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

    @abstractmethod
    def add(self, now: Observation) -> list[Line]:
        """Return the new lines."""

    @abstractmethod
    def undo_due(self, at: float) -> bool:
        """Whether the strike has lasted long enough to be undone."""


class RecoveryTimeline(Timeline):
    """The timeline of a restored job: tasks stop, a checkpoint is restored, all run again."""

    def __init__(self, before: Observation, struck_at: float, lasts_s: float | None = None) -> None:
        super().__init__(before, struck_at)
        self._lasts = lasts_s
        self._silent = False
        self._led_at: float | None = None
        self._told_stopped = False
        self._running_again: Line | None = None
        self._ended: Line | None = None

    def undo_due(self, at: float) -> bool:
        """Whether a strike that can be undone has lasted long enough."""
        return self._lasts is not None and at - self._at >= self._lasts

    def add(self, now: Observation) -> list[Line]:
        """Return the new lines, in the order of their events."""
        lines = sorted(self._new(now), key=lambda line: line.seconds)
        if now.state is not None:
            self._last = now
        return lines

    def _new(self, now: Observation) -> Iterator[Line]:
        seconds = now.at - self._at
        if now.state is None:
            yield from self._without_master(seconds)
            return
        if self._silent:
            self._silent = False
            self._led_at = seconds
        if self._led_at is not None and now.leader is not None:
            yield Line(self._led_at, f"{now.leader} leads now, and knows the job")
            self._led_at = None
        if now.state in ENDED:
            self.failure = f"the job is {now.state}"
            yield Line(seconds, self.failure)
            return
        yield from self._slots(seconds, now)
        stopped = now.total - now.running
        if stopped:
            self.not_running = max(self.not_running, stopped)
            self._running_again = None
            self.noticed_s = seconds if self.noticed_s is None else self.noticed_s
            if not self._told_stopped:
                self._told_stopped = True
                yield Line(seconds, f"JobManager noticed: {stopped} of {now.total} tasks are not running")
        if now.restored is not None and now.restored != self._before.restored and self.restored is None:
            self.restored = now.restored.checkpoint
            restored_s = max(now.restored.at - self._at, 0.0)
            self.noticed_s = restored_s if self.noticed_s is None else self.noticed_s
            yield Line(
                restored_s,
                f"restoring from checkpoint {self.restored}, the newest: all tasks, since they exchange events",
            )
        yield from self._all_run(seconds, now)

    def _without_master(self, seconds: float) -> Iterator[Line]:
        """Report that no JobManager responds: none can restore the job, and its tasks can't be observed."""
        if not self._silent:
            self._silent = True
            self._running_again = None
            self.noticed_s = seconds if self.noticed_s is None else self.noticed_s
            yield Line(seconds, "no JobManager leads")

    def _slots(self, seconds: float, now: Observation) -> Iterator[Line]:
        if now.slots < self._last.slots:
            yield Line(seconds, f"{self._last.slots - now.slots} slots are gone, {now.slots} are left")
        elif now.slots > self._last.slots:
            yield Line(seconds, f"{now.slots - self._last.slots} slots are back: a TaskManager has registered")

    def _all_run(self, seconds: float, now: Observation) -> Iterator[Line]:
        """Report the recovery once its checkpoint and its leader are known, which appear a moment later."""
        whole = now.total > 0 and now.running == now.total
        if whole and self._running_again is None and self.noticed_s is not None:
            self._running_again = Line(seconds, f"all {now.total} tasks run again")
        if self._running_again is not self._ended and self._running_again is not None and self.restored is not None:
            if self._led_at is not None:
                if seconds - self._running_again.seconds < LEADER_SECONDS:
                    return
                yield Line(self._led_at, "a JobManager leads now, and knows the job")
            self.recovered_s = self._running_again.seconds
            self._ended = self._running_again
            yield self._running_again


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

    def add(self, now: Observation) -> list[Line]:
        """Return the new lines."""
        return list(self._new(now))

    def _new(self, now: Observation) -> Iterator[Line]:
        seconds = now.at - self._at
        if now.state is None:
            return
        if now.state in ENDED or now.running < now.total or now.restored != self._before.restored:
            self.not_running = now.total - now.running
            self.failure = f"the job did not continue: it is {now.state}, {self.not_running} tasks are not running"
            yield Line(seconds, self.failure)
            return
        if now.failed > self._last.failed:
            self.noticed_s = seconds if self.noticed_s is None else self.noticed_s
            failed = now.failed - self._before.failed
            what = "1 checkpoint has failed" if failed == 1 else f"{failed} checkpoints have failed"
            yield Line(seconds, f"{what}; all {now.total} tasks keep running")
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

    def add(self, now: Observation) -> list[Line]:
        """Return the new lines."""
        return list(self._new(now))

    def _new(self, now: Observation) -> Iterator[Line]:
        seconds = now.at - self._at
        if now.state is None:
            return
        if now.state in ENDED:
            self.failure = f"the job is {now.state}"
            yield Line(seconds, self.failure)
            return
        before, self._last = self._last, now
        if now.failed > before.failed:
            self.noticed_s = seconds if self.noticed_s is None else self.noticed_s
            failed = now.failed - self._before.failed
            yield Line(seconds, "1 checkpoint has failed" if failed == 1 else f"{failed} checkpoints have failed")
        stopped = now.total - now.running
        if stopped > before.total - before.running:
            self.not_running = max(self.not_running, stopped)
            self.noticed_s = seconds if self.noticed_s is None else self.noticed_s
            yield Line(seconds, f"{stopped} of {now.total} tasks are not running")
        if now.restored is not None and now.restored != before.restored:
            self.restored = now.restored.checkpoint
            yield Line(seconds, f"restored from checkpoint {self.restored}")
        if not self.undo_due(now.at):
            if now.completed > before.completed == self._before.completed:
                yield Line(seconds, f"checkpoint {now.newest} has completed without them")
            return
        self._back = self._back or now
        if now.completed > self._back.completed and not stopped:
            self.recovered_s = seconds
            yield Line(seconds, f"checkpoint {now.newest} has completed")
