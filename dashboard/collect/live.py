"""What the detector's subtasks tell through metrics, merged: the counts of their top users, and their alerts. Pure.

A value is a JSON array in a string: `liveUsers` holds `{"threshold":N}` and then users, `liveAlerts` a ring of alerts;
empty places are null. Both are bounded by the detector, and cut here once more.
"""

from __future__ import annotations

import re
from collections import Counter, deque
from typing import TYPE_CHECKING, Final, NamedTuple

from dashboard.collect.fields import Field, Unreadable
from dashboard.model import AlertFigures, Live, LiveUser
from flink_abnormal.core.published import LIVE_ALERTS, LIVE_USERS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dashboard.model import LiveMissing

USERS: Final = f".{LIVE_USERS}"
ALERTS: Final = f".{LIVE_ALERTS}"
MAX_PLACES: Final = 33
MAX_USER_CHARS: Final = 1024
EVENTS: Final = 20
_NAME: Final = re.compile(r"\d+\..{1,500}\Z")
USERS_KEPT: Final = 200
NOISY_KEPT: Final = 1_000
NOISIEST: Final = 10
MINUTES_KEPT: Final = 60
RATE_SECONDS: Final = 60.0


class LiveAlert(NamedTuple):
    """An alert in the ring of a subtask; `seq` counts the alerts of this attempt from 0."""

    seq: int
    at: float
    user_id: str
    count: int  # type: ignore[assignment]  # a tuple's own count() is not needed


class LiveUsers(NamedTuple):
    """The top users of a subtask, and how many it tells of at most."""

    threshold: int
    limit: int
    users: tuple[LiveUser, ...]


def names(answer: Field) -> tuple[str, ...]:
    """Read a listing of a vertex's metrics: the names of those that are read here."""
    found = (each["id"].text() for each in answer.items())
    return tuple(sorted(name for name in found if name.endswith((USERS, ALERTS)) and _NAME.match(name)))


def subtask(name: str) -> int:
    """Return which subtask a metric belongs to."""
    return int(name.split(".", 1)[0])


def values(answer: Field) -> dict[str, str]:
    """Read the values of metrics; what has none yet is left out."""
    return {each["id"].text(): value.text() for each in answer.items() if (value := each.get("value")) is not None}


def users(text: str, name: str) -> LiveUsers:
    """Read the value of the metric `name`."""
    head, *places = _places(text, name) or [Field({}, name)]
    index = subtask(name)
    found = tuple(_user(place, index) for place in places if not place.null)
    return LiveUsers(head["threshold"].count(), len(places), found)


def _user(place: Field, index: int) -> LiveUser:
    events = place["events"].text()[-EVENTS:]
    if set(events) - {"A", "N"}:
        raise Unreadable(f"liveUsers: expected events of A and N, got {events!r}")
    return LiveUser(
        place["userId"].text()[:MAX_USER_CHARS],
        place["count"].count(),
        events,
        place["at"].seconds(),
        index,
        cut=place.optional("cut", Field.flag) or False,
    )


def alerts(text: str, name: str) -> tuple[LiveAlert, ...]:
    """Read the value of the metric `name`, by `seq`."""
    found = (
        LiveAlert(
            place["seq"].count(),
            place["at"].seconds(),
            place["userId"].text()[:MAX_USER_CHARS],
            place["count"].count(),
        )
        for place in _places(text, name)
        if not place.null
    )
    return tuple(sorted(found))


def _places(text: str, name: str) -> list[Field]:
    return Field.parse(text.encode(errors="replace"), name).items()[:MAX_PLACES]


class LiveTracker:
    """The counts of the top users. After a recovery those from before stay until something newer comes."""

    def __init__(self) -> None:
        self._users: dict[str, LiveUser] = {}
        self._newest: tuple[LiveUsers, float] | None = None

    def update(self, found: LiveUsers, at: float) -> None:
        """Take what a subtask tells. Who has lost their place to others there is not known any more."""
        self._newest = found, at
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
        if self._newest is None:
            return Live(now, 0, (), 0, missing or "not-read-yet")
        found, at = self._newest
        return Live(at, found.threshold, tuple(self._sorted()), found.limit, missing)


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
