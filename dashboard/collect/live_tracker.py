"""A job's users and alerts as its detector tells of them: merged over subtasks and attempts, bounded. Pure."""

from __future__ import annotations

from collections import Counter, deque
from typing import TYPE_CHECKING, Final

from dashboard.model import AlertFigures, Live, LiveUser

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dashboard.collect.read_live import LiveAlert, LiveUsers
    from dashboard.model import LiveMissing

USERS_KEPT: Final = 200
NOISY_KEPT: Final = 1_000
NOISIEST: Final = 10
MINUTES_KEPT: Final = 60
RATE_SECONDS: Final = 60.0


class LiveTracker:
    """The counts of the top users. After a recovery those from before stay until something newer comes."""

    def __init__(self) -> None:
        self._users: dict[str, LiveUser] = {}
        self._threshold: int | None = None
        self._limit = 0
        self._at: float | None = None

    def update(self, found: LiveUsers, at: float) -> None:
        """Take what a subtask tells. Who has lost their place to others there is not known any more."""
        self._threshold, self._limit, self._at = found.threshold, found.limit, at
        if found.users and len(found.users) == found.limit:
            told = {user.user_id for user in found.users}
            here = found.users[0].subtask
            gone = [each.user_id for each in self._users.values() if each.subtask == here and each.user_id not in told]
            for each in gone:
                del self._users[each]
        for user in found.users:
            known = self._users.get(user.user_id)
            if known is None or user.at >= known.at:
                self._users[user.user_id] = user
        if len(self._users) > USERS_KEPT:
            self._users = {user.user_id: user for user in self._sorted()[:USERS_KEPT]}

    def _sorted(self) -> list[LiveUser]:
        return sorted(self._users.values(), key=lambda user: (-user.count, -user.at, user.user_id))

    def view(self, missing: LiveMissing | None, now: float) -> Live:
        """Return what the pages read."""
        if self._threshold is None or self._at is None:
            return Live(now, 0, (), 0, missing or "not-read-yet")
        return Live(self._at, self._threshold, tuple(self._sorted()), self._limit, missing)


class AlertTracker:
    """The alerts of a job: which of a ring are new, and figures of all."""

    def __init__(self) -> None:
        self._next: dict[tuple[str, int], int] = {}
        self._rings: dict[tuple[str, int], dict[int, LiveAlert]] = {}
        self._seen = self._missed = 0
        self._noisy: Counter[str] = Counter()
        self._minutes: deque[tuple[float, int]] = deque(maxlen=MINUTES_KEPT)
        self._lately: deque[float] = deque(maxlen=100_000)

    def new(self, source: tuple[str, int], ring: Iterable[LiveAlert]) -> list[LiveAlert]:
        """Return the alerts of a subtask's ring that were not there before; a gap in their numbers was missed.

        A new attempt counts from 0: numbers go back, or stand for other alerts than before. The figures of the last
        attempt may come again for a moment, so its number tells less.
        """
        found = list(ring)
        last = self._rings.get(source)
        # What was before this dashboard began was not missed by it.
        following = (found[0].seq if found else 0) if last is None else self._next[source]
        if last and found and (found[-1].seq < following - 1 or any(last.get(a.seq, a) != a for a in found)):
            following = 0
        fresh = [alert for alert in found if alert.seq >= following]
        if fresh:
            self._missed += fresh[0].seq - following
            following = fresh[-1].seq + 1
        self._next[source] = following
        self._rings[source] = {alert.seq: alert for alert in found} or last or {}
        return fresh

    def count(self, user_id: str, at: float) -> None:
        """Take an alert that was seen."""
        self._seen += 1
        self._lately.append(at)
        self._noisy[user_id] += 1
        if len(self._noisy) > NOISY_KEPT:
            self._noisy = Counter(dict(self._noisy.most_common(NOISY_KEPT // 2)))
        minute = at - at % 60
        if self._minutes and self._minutes[-1][0] == minute:
            self._minutes[-1] = (minute, self._minutes[-1][1] + 1)
        elif not self._minutes or self._minutes[-1][0] < minute:
            self._minutes.append((minute, 1))

    def view(self, now: float) -> AlertFigures:
        """Return what the pages read."""
        while self._lately and self._lately[0] < now - RATE_SECONDS:
            self._lately.popleft()
        return AlertFigures(
            self._seen,
            self._missed,
            len(self._lately) * 60 / RATE_SECONDS,
            tuple(self._noisy.most_common(NOISIEST)),
            tuple(self._minutes),
        )
