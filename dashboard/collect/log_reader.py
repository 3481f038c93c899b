"""Reads what the TaskManagers print, as slowly as the length of their files asks for."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Final

from dashboard.collect import live, log
from dashboard.collect.ask import AskError
from dashboard.collect.polling import Reads
from dashboard.model import LogLine, LogState
from flink_abnormal.core.published import Parameters, parse_alert_line

if TYPE_CHECKING:
    from dashboard.collect.ask import Asker
    from dashboard.collect.job_tracker import JobTracker
    from dashboard.collect.state import CollectorState
    from dashboard.model import LogMissing

AT_ONCE: Final = 2
FAILED_SECONDS: Final = 10.0
READERS_KEPT: Final = 300


class LogReader:
    """`read` is a step of a feed. Two TaskManagers are read at once, so that a frozen one holds up no other."""

    def __init__(self, state: CollectorState, asker: Asker) -> None:
        self._state, self._asker = state, asker
        self._readers: dict[str, log.Reader] = {}
        self._absent: set[str] = set()
        self._dropped = 0
        self._printed = False
        self._reads = Reads()
        self._first: frozenset[str] = frozenset()
        """The TaskManagers that were there at first: what they have printed may be old."""

    async def read(self) -> None:
        """Start to read those that are due, and finish what has been read."""
        now = time.monotonic()
        present = list(self._state.workers.present)
        self._follow(present)
        free = [each for each in present if each not in self._reads.running and self._readers[each].due_at <= now]
        due = sorted(free, key=lambda each: self._readers[each].due_at)[: AT_ONCE - len(self._reads.running)]
        try:
            await self._reads.run({each: partial(self._one, each, now, len(present)) for each in due}, 0)
        finally:
            self._report(present)

    def _follow(self, present: list[str]) -> None:
        self._first = self._first or frozenset(present)
        self._absent &= set(present)
        for worker in present:
            if worker not in self._readers:
                # The one before it may be listed for a while yet. Those that were there at first follow nobody.
                before = () if worker in self._first else list(self._readers.values())
                self._readers[worker] = log.Reader(before)
        gone = [each for each in self._readers if each not in present and each not in self._reads.running]
        for worker in gone[: max(len(self._readers) - max(READERS_KEPT, len(present)), 0)]:
            del self._readers[worker]

    async def _one(self, worker: str, now: float, workers: int) -> None:
        reader = self._readers[worker]
        try:
            content = await self._asker.stdout(worker)
        except AskError:
            reader.due_at = now + FAILED_SECONDS
            self._absent.add(worker)
            return
        self._absent.discard(worker)
        printed = reader.read(content, now, 1 / workers)
        self._dropped += printed.dropped
        at, name = time.time(), self._state.workers.name(worker)
        for text in printed.lines:
            self._line(at, name, text, alerts=not printed.first or worker not in self._first)

    def _line(self, at: float, name: str, text: str, *, alerts: bool) -> None:
        self._printed = True
        self._state.log.add(lambda seq: LogLine(seq, at, name, log.kind(text), text))
        found = parse_alert_line(text) if alerts else None
        if found is not None and (tracker := self._printer()) is not None:
            self._state.add_alert(tracker, at, found[0], found[1], None)

    def _printer(self) -> JobTracker | None:
        """Return the job that a printed alert is counted for: lines name none. One that publishes alerts is not it."""
        running = self._state.running_trackers()
        return next((each for each in running if each.metrics and not each.publishes(live.ALERTS)), None)

    def _report(self, present: list[str]) -> None:
        names = tuple(self._state.workers.name(worker) for worker in present if worker not in self._absent)
        self._state.log_state = LogState(time.time(), names, self._dropped, self._missing(present, names))

    def _missing(self, present: list[str], names: tuple[str, ...]) -> LogMissing | None:
        if not present:
            return "no-taskmanager"
        if not names:
            return "no-stdout"
        if not self._printed and any(reader.due_at == 0 for reader in self._readers.values()):
            return "not-read-yet"
        told = [each.parameters for each in self._state.running_trackers() if each.parameters is not None]
        if not self._printed and told and not any(Parameters.parse(given).prints for given in told):
            return "not-printing"
        return None

    def cancel(self) -> None:
        """End the reads that are under way."""
        self._reads.cancel()
