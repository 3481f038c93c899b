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


async def repeat(name: str, interval_s: float, step: Callable[[], Awaitable[None]], troubles: Troubles) -> None:
    """Await `step` each `interval_s` until cancelled, and sooner after one that could not be done."""
    while True:
        began = time.monotonic()
        interval = interval_s if await troubles.attempt(name, step) else min(interval_s, AGAIN_SECONDS)
        await asyncio.sleep(max(interval - (time.monotonic() - began), 0.01))


class Troubles:
    """Why feeds failed lately, in a sentence each."""

    def __init__(self) -> None:
        self._found: dict[str, tuple[float, float, str]] = {}
        self._logged: dict[str, str] = {}

    async def attempt(self, name: str, step: Callable[[], Awaitable[None]]) -> bool:
        """Do one step of a feed, and return whether it could be done."""
        try:
            await step()
        except SilentError as error:
            if name.startswith(PROBE):  # the others have nobody to ask, which the probes report
                self._report(name, str(error))
            return False
        except (AskError, Unreadable, AbnormalError, sqlite3.Error) as error:
            self._report(name, str(error))
            return False
        except Exception as error:
            # A mistake of ours in one feed must not silence it, nor fill the log.
            if repr(error) != self._logged.get(name):
                self._logged[name] = repr(error)
                LOG.exception("The dashboard's feed %s failed", name)
            self._report(name, f"The dashboard's feed {name} failed: {error!r}")
            return False
        self._found.pop(name, None)
        return True

    def _report(self, name: str, sentence: str) -> None:
        now = time.monotonic()
        began = self._found[name][1] if name in self._found else now
        self._found[name] = (now, began, sentence)

    def newest(self, *, probes: bool) -> str | None:
        """Return why the feed fails that failed last; `probes` count while no JobManager answers."""
        now = time.monotonic()
        lately = [
            trouble
            for name, trouble in self._found.items()
            if now - trouble[0] < TOLD_SECONDS and (probes or not name.startswith(PROBE))
        ]
        return max(lately, key=lambda trouble: trouble[1])[2] if lately else None


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
