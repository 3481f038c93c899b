"""Rates and shares of a subtask: differences of Flink's cumulative counters, over Flink's own clock. Pure.

A worker reports its counters now and then, so the time of an answer says little about them. What it was busy, idle and
backpressured adds up to the time that the task has run: that sum is the clock of each report, and it stands still until
the next one. A wait that goes on is counted as busy until it ends or five seconds are over; so a subtask is as busy as
its least busy report says.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from dashboard.collect.read import Counters

WINDOW_SECONDS: Final = 5.0
SHARE_SECONDS: Final = 10.0
_LAG_SECONDS: Final = 5.0
_LEAST_SECONDS: Final = 0.8
_KEPT: Final = 64


class CounterReport(NamedTuple):
    """Counters, and the time to hold them against."""

    clock: float
    seen: float
    counters: Counters


class Rates(NamedTuple):
    """Records a second, and shares of time."""

    in_rate: float | None = None
    out_rate: float | None = None
    busy: float | None = None
    backpressured: float | None = None


class Meter:
    """Takes the answers about one subtask in their order."""

    def __init__(self) -> None:
        self._attempt: int | None = None
        self._reports: deque[CounterReport] = deque(maxlen=_KEPT)

    def update(self, attempt: int, now: float, counters: Counters) -> Rates:
        """Take an answer of `now` (Flink's clock, epoch seconds), and return what is known by it."""
        report = CounterReport(_clock(counters, now), now, counters)
        if attempt != self._attempt or self._went_back(report):
            self._attempt = attempt
            self._reports.clear()
        if not self._reports or report.clock > self._reports[-1].clock:
            self._reports.append(report)
        return self._rates()

    def _went_back(self, report: CounterReport) -> bool:
        if not self._reports:
            return False
        last = self._reports[-1]
        pairs = (
            (last.counters.records_in, report.counters.records_in),
            (last.counters.records_out, report.counters.records_out),
            (last.clock, report.clock),
        )
        return any(old is not None and (new is None or new < old) for old, new in pairs)

    def _rates(self) -> Rates:
        last = self._reports[-1]
        first = self._first(WINDOW_SECONDS)
        if first is None:
            return Rates()
        seconds = last.clock - first.clock
        return Rates(
            _rate(first.counters.records_in, last.counters.records_in, seconds),
            _rate(first.counters.records_out, last.counters.records_out, seconds),
            self._busy(),
            self._backpressured(),
        )

    def _first(self, window: float) -> CounterReport | None:
        """Return the newest report that is at least `window` older than the last, else the oldest that is not stale."""
        last = self._reports[-1]
        older = [each for each in self._reports if _LEAST_SECONDS <= last.clock - each.clock <= 3 * window]
        full = [each for each in older if last.clock - each.clock >= window]
        return full[-1] if full else next(iter(older), None)

    def _busy(self) -> float | None:
        first, last = self._first(SHARE_SECONDS), self._reports[-1]
        if first is None or first.counters.busy_ms is None:
            return None
        after = [
            (each.clock, each.counters.busy_ms)
            for each in self._reports
            if each.clock > first.clock and each.counters.busy_ms is not None
        ]
        begin = min([first.counters.busy_ms, *(busy for _, busy in after)])
        late = [(clock, busy) for clock, busy in after if last.clock - clock <= _LAG_SECONDS]
        slopes = [
            (busy - begin) / 1000 / (clock - first.clock)
            for clock, busy in late
            if clock - first.clock >= min(_LAG_SECONDS, last.clock - first.clock)
        ]
        return _share(min(slopes)) if slopes else None

    def _backpressured(self) -> float | None:
        first, last = self._first(SHARE_SECONDS), self._reports[-1]
        if first is None or first.counters.backpressured_ms is None or last.counters.backpressured_ms is None:
            return None
        gained = last.counters.backpressured_ms - first.counters.backpressured_ms
        return _share(gained / 1000 / (last.clock - first.clock))


def _clock(counters: Counters, now: float) -> float:
    """Return how long the task has run by its own report, else the time of the answer."""
    parts = (counters.busy_ms, counters.backpressured_ms, counters.idle_ms)
    known = [part for part in parts if part is not None]
    return sum(known) / 1000 if len(known) == len(parts) else now


def _rate(old: int | None, new: int | None, seconds: float) -> float | None:
    return None if old is None or new is None or new < old else (new - old) / seconds


def _share(share: float) -> float:
    return min(max(share, 0.0), 1.0)
