"""Steps that are repeated at their own pace, so that one that waits delays no other."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
from typing import TYPE_CHECKING, Final

from dashboard.collect.ask import AskError, SilentError
from dashboard.collect.fields import Unreadable
from flink_abnormal.core.errors import AbnormalError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Hashable, Mapping

LOG: Final = logging.getLogger("dashboard")
TOLD_SECONDS: Final = 10.0
AGAIN_SECONDS: Final = 1.0
PROBE: Final = "probe"


class Poller:
    """Awaits `step` each `interval_s`, and reports to `fail` why a step could not be done."""

    def __init__(
        self,
        name: str,
        interval_s: float,
        step: Callable[[], Awaitable[None]],
        fail: Callable[[str, str | None], None],
    ) -> None:
        self._name, self._interval, self._step, self._fail = name, interval_s, step, fail
        self._logged: str | None = None

    async def run(self) -> None:
        """Repeat until cancelled."""
        while True:
            began = time.monotonic()
            interval = self._interval if await self._once() else min(self._interval, AGAIN_SECONDS)
            await asyncio.sleep(max(interval - (time.monotonic() - began), 0.01))

    async def _once(self) -> bool:
        """Do one step, and return whether it could be done."""
        try:
            await self._step()
        except SilentError as error:
            if self._name.startswith(PROBE):  # the others have nobody to ask, which the probes report
                self._fail(self._name, str(error))
            return False
        except (AskError, Unreadable, AbnormalError, sqlite3.Error) as error:
            self._fail(self._name, str(error))
        except Exception as error:
            # A mistake of ours in one feed must not silence it, nor fill the log.
            if repr(error) != self._logged:
                self._logged = repr(error)
                LOG.exception("The dashboard's feed %s failed", self._name)
            self._fail(self._name, f"The dashboard's feed {self._name} failed: {error!r}")
        else:
            self._fail(self._name, None)
            return True
        return False


class Reads:
    """Reads several things at once, each by one request at a time: a thing that hangs delays no other."""

    def __init__(self) -> None:
        self._running: dict[Hashable, asyncio.Task[None]] = {}

    @property
    def running(self) -> set[Hashable]:
        """The things that are being read."""
        return {thing for thing, task in self._running.items() if not task.done()}

    async def run(self, reads: Mapping[Hashable, Callable[[], Awaitable[None]]], seconds: float) -> None:
        """Start what is not being read, wait for at most `seconds`, and raise the first failure.

        A read that takes longer continues, and a later call raises its failure.
        """
        failures = self._collect()
        for thing, read in reads.items():
            if thing not in self._running:
                self._running[thing] = asyncio.ensure_future(read())
        if self._running:
            await asyncio.wait(self._running.values(), timeout=seconds)
        failures += self._collect()
        if failures:
            raise failures[0]

    def _collect(self) -> list[BaseException]:
        """Forget the reads that have ended, and return their failures."""
        done = {thing: task for thing, task in self._running.items() if task.done()}
        for thing in done:
            del self._running[thing]
        return [failure for task in done.values() if (failure := task.exception()) is not None]

    def cancel(self) -> None:
        """End what is running."""
        for task in self._running.values():
            task.cancel()


class Troubles:
    """The sentences of the feeds that failed lately."""

    def __init__(self) -> None:
        self._found: dict[str, tuple[float, float, str]] = {}

    def report(self, poller: str, sentence: str | None) -> None:
        """Record why a feed failed; None: it did not."""
        if sentence is None:
            self._found.pop(poller, None)
        else:
            now = time.monotonic()
            began = self._found[poller][1] if poller in self._found else now
            self._found[poller] = (now, began, sentence)

    def newest(self, *, probes: bool) -> str | None:
        """Return why the feed fails that failed last; `probes` count while no JobManager answers."""
        now = time.monotonic()
        lately = [
            trouble
            for poller, trouble in self._found.items()
            if now - trouble[0] < TOLD_SECONDS and (probes or not poller.startswith(PROBE))
        ]
        return max(lately, key=lambda trouble: trouble[1])[2] if lately else None
