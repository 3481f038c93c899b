"""Threads that do one thing again and again, so that one that waits delays no other."""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from dashboard.collect.ask import AskError, SilentError
from dashboard.collect.fields import Unreadable
from flink_abnormal.core.errors import AbnormalError

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator

LOG: Final = logging.getLogger("dashboard")
JOIN_SECONDS: Final = 15.0
TOLD_SECONDS: Final = 10.0
AGAIN_SECONDS: Final = 1.0
PROBE: Final = "probe"
TURNS_KEPT: Final = 1_000


class Feed(threading.Thread):
    """Calls `step` each `interval_s`; `fail` is told why a step could not be done."""

    def __init__(
        self,
        name: str,
        interval_s: float,
        step: Callable[[], None],
        ended: threading.Event,
        fail: Callable[[str, str | None], None],
    ) -> None:
        super().__init__(name=f"dashboard-{name}", daemon=True)
        self._feed, self._interval, self._step, self._ended, self._fail = name, interval_s, step, ended, fail
        self._told: str | None = None

    def run(self) -> None:
        """Go on until the end."""
        while not self._ended.is_set():
            began = time.monotonic()
            interval = self._interval if self._once() else min(self._interval, AGAIN_SECONDS)
            self._ended.wait(max(interval - (time.monotonic() - began), 0.01))

    def _once(self) -> bool:
        """Do one step, and return whether it could be done."""
        try:
            self._step()
        except SilentError as error:
            if self._feed.startswith(PROBE):  # the others have nobody to ask, which the probes tell of
                self._fail(self._feed, str(error))
            return False
        except (AskError, Unreadable, AbnormalError, sqlite3.Error) as error:
            self._fail(self._feed, str(error))
        except Exception as error:
            # A mistake of ours in one feed must not silence it, nor fill the log.
            if repr(error) != self._told:
                self._told = repr(error)
                LOG.exception("The dashboard's feed %s failed", self._feed)
            self._fail(self._feed, f"The dashboard's feed {self._feed} failed: {error!r}")
        else:
            self._fail(self._feed, None)
            return True
        return False


class Turns:
    """Shares what is read again and again between feeds, so that a thing that hangs holds one of them only."""

    def __init__(self, interval_s: float) -> None:
        """Take after how many seconds a thing is due again, from the beginning of its last turn."""
        self._interval = interval_s
        self._lock = threading.Lock()
        self._busy: set[Hashable] = set()
        self._begun: dict[Hashable, float] = {}

    @contextmanager
    def take(self, thing: Hashable) -> Iterator[bool]:
        """Whether the caller shall read it now: it is due, and no other reads it."""
        with self._lock:
            now = time.monotonic()
            mine = thing not in self._busy and now - self._begun.get(thing, float("-inf")) >= self._interval
            if mine:
                self._busy.add(thing)
                self._begun.pop(thing, None)
                self._begun[thing] = now
                if len(self._begun) > TURNS_KEPT:
                    del self._begun[next(iter(self._begun))]
        try:
            yield mine
        finally:
            if mine:
                with self._lock:
                    self._busy.discard(thing)


class Troubles:
    """The sentences of the feeds that failed lately."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: dict[str, tuple[float, float, str]] = {}

    def tell(self, feed: str, sentence: str | None) -> None:
        """Take why a feed failed; None: it did not."""
        with self._lock:
            if sentence is None:
                self._found.pop(feed, None)
            else:
                now = time.monotonic()
                began = self._found[feed][1] if feed in self._found else now
                self._found[feed] = (now, began, sentence)

    def newest(self, *, probes: bool) -> str | None:
        """Return why the feed fails that began to last; `probes` count while no JobManager answers."""
        with self._lock:
            now = time.monotonic()
            lately = [
                told
                for feed, told in self._found.items()
                if now - told[0] < TOLD_SECONDS and (probes or not feed.startswith(PROBE))
            ]
            return max(lately, key=lambda told: told[1])[2] if lately else None
