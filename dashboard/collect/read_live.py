"""What the detector's subtasks tell through metrics: the counts of their top users, and their latest alerts. Pure.

A value is a JSON array in a string: `liveUsers` holds `{"threshold":N}` and then users, `liveAlerts` a ring of alerts;
empty places are null. Both are bounded by the detector, and cut here once more.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from dashboard.collect.fields import Field, Unreadable
from dashboard.model import LiveUser
from flink_abnormal.core.published import LIVE_ALERTS, LIVE_USERS

USERS: Final = f".{LIVE_USERS}"
ALERTS: Final = f".{LIVE_ALERTS}"
MAX_PLACES: Final = 33
MAX_USER_CHARS: Final = 1024
EVENTS: Final = 20
_NAME: Final = re.compile(r"\d+\..{1,500}\Z")


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
