"""The one way from here to Flink: GETs of what stands on a list, few a second, and each limited in time and bytes."""

from __future__ import annotations

import re
import threading
import time
from typing import TYPE_CHECKING, Final

from dashboard.collect.fields import Field
from flink_abnormal.core.errors import ClusterError
from flink_abnormal.runtime import bounded
from flink_abnormal.runtime.rest import elects

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from flink_abnormal.runtime.bounded import Address

JSON_SECONDS: Final = 3.0
FILE_SECONDS: Final = 10.0
MAX_FILE_BYTES: Final = 80 * 2**20
_ID: Final = "[0-9a-f]{32}"
ALLOWED: Final = tuple(
    re.compile(pattern)
    for pattern in (
        "/overview",
        "/config",
        "/jobmanager/config",
        "/taskmanagers",
        r"/taskmanagers/[\w.:-]+/stdout",
        "/jobs/overview",
        f"/jobs/{_ID}",
        f"/jobs/{_ID}/config",
        f"/jobs/{_ID}/exceptions",
        f"/jobs/{_ID}/checkpoints",
        f"/jobs/{_ID}/checkpoints/config",
        rf"/jobs/{_ID}/checkpoints/details/\d+",
        rf"/jobs/{_ID}/checkpoints/details/\d+/subtasks/{_ID}",
        f"/jobs/{_ID}/vertices/{_ID}",
        rf"/jobs/{_ID}/vertices/{_ID}/metrics(\?get=[\w.:,%-]+)?",
    )
)


class AskError(Exception):
    """Flink gave no answer that can be used; `str()` says why in a sentence."""


class SilentError(AskError):
    """No JobManager answers for the cluster."""


class AbsentError(AskError):
    """Flink knows nothing of what was asked for."""


class Pace:
    """Bounds requests a second over all threads; the last ones of a burst are kept for what is urgent."""

    def __init__(self, per_second: float, ended: threading.Event | None = None) -> None:
        self.per_second: Final = per_second
        self._ended = ended or threading.Event()
        self._lock = threading.Lock()
        self._burst = max(per_second / 4, 2.0)
        self._tokens, self._at = self._burst, time.monotonic()
        self._taken: list[float] = []

    def take(self, *, urgent: bool) -> None:
        """Wait for leave to send a request."""
        while (wait := self._try(0.0 if urgent else 1.0)) > 0 and not self._ended.wait(wait):
            pass

    def _try(self, reserve: float) -> float:
        with self._lock:
            now = time.monotonic()
            self._tokens = min(self._tokens + (now - self._at) * self.per_second, self._burst)
            self._at = now
            if self._tokens < 1 + reserve:
                return (1 + reserve - self._tokens) / self.per_second
            self._tokens -= 1
            self._taken = [taken for taken in self._taken if taken > now - 10] + [now]
            return 0.0

    def measured(self) -> float:
        """Return the requests a second of the last ten seconds."""
        with self._lock:
            now = time.monotonic()
            return sum(taken > now - 10 for taken in self._taken) / 10


class Asker:
    """Asks the JobManagers that serve, the leader first."""

    def __init__(self, pace: Pace, serving: Callable[[], Sequence[Address]]) -> None:
        self._pace, self._serving = pace, serving

    def json(self, path: str, *, urgent: bool = False) -> Field:
        """Return the answer to a GET; raise AskError or Unreadable."""
        name = path.split("?", 1)[0]
        return Field.parse(self._any(path, JSON_SECONDS, bounded.MAX_JSON_BYTES, urgent=urgent), name)

    def stdout(self, taskmanager: str) -> bytes:
        """Return what a TaskManager printed; only the JobManager that leads can hand it out."""
        return self._any(f"/taskmanagers/{taskmanager}/stdout", FILE_SECONDS, MAX_FILE_BYTES, urgent=False)

    def of(self, address: Address, path: str, *, urgent: bool = True) -> bytes:
        """Return what one JobManager answers; SilentError where it can't answer for the cluster, else ClusterError."""
        return self._one(address, path, JSON_SECONDS, bounded.MAX_JSON_BYTES, urgent=urgent)

    def _any(self, path: str, seconds: float, most: int, *, urgent: bool) -> bytes:
        failed: AskError = SilentError("No JobManager answers for the cluster.")
        for address in self._serving():
            try:
                return self._one(address, path, seconds, most, urgent=urgent)
            except AskError as error:
                failed = error
            except ClusterError as error:
                failed = AskError(str(error))
        raise failed

    def _one(self, address: Address, path: str, seconds: float, most: int, *, urgent: bool) -> bytes:
        if not any(allowed.fullmatch(path) for allowed in ALLOWED):
            raise AskError(f"GET {path[:80]!r} is not on the list of what is read.")
        self._pace.take(urgent=urgent)
        answer = bounded.get(address, path, seconds=seconds, most=most)
        if answer.status == 200:  # noqa: PLR2004
            return answer.content
        if elects(answer.status, answer.content):
            raise SilentError(f"{address} elects a leader, or has lost it.")
        if answer.status == 404:  # noqa: PLR2004
            raise AbsentError(f"Flink knows nothing at {path[:80]}.")
        raise AskError(f"Flink refused GET {path[:80]}: status {answer.status}.")
