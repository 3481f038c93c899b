"""JSON Lines: one object a line, `userId` and `isAbnormal`, optional `timestamp`; other fields are ignored.

Other people's records are mapped: `JsonLines("login", "status", ("FAIL",))` reads {"login": "kim", "status": "FAIL"}.
"""

from __future__ import annotations

import re
from datetime import datetime, timezone
from typing import Any, Final

import orjson
from dateutil.parser import isoparse

from flink_abnormal.formats.record import Rejected, too_long, wrong_user_id
from flink_abnormal.model import ABNORMAL, NO_TIMESTAMP, NORMAL, Kind, UserEvent, digest

_MISSING: Final = object()
_ISO_8601: Final = re.compile(
    r"\d{4}(?:-?\d\d-?\d\d|-?W\d\d(?:-?\d)?)(?:[T ]\d\d[\d:]*(?:[.,]\d+)?(?:Z|[+-]\d\d(?::?\d\d)?)?)?"
)
_UTF8_BOM: Final = b"\xef\xbb\xbf"


class JsonLines:
    """Parser of JSON Lines.

    `abnormal_values` empty: the abnormal field must be a boolean. Otherwise it is a string, a whole number or a
    boolean, and abnormal where its text (`true` and `false` for booleans) is among the values.
    """

    def __init__(self, user_field: str, abnormal_field: str, abnormal_values: tuple[str, ...] = ()) -> None:
        self._user_field = user_field
        self._abnormal_field = abnormal_field
        self._abnormal_values = frozenset(abnormal_values)

    def parse(self, line: bytes) -> UserEvent | Rejected | None:
        """Return the event of `line`, None for a blank one, or why it is refused."""
        if (refused := too_long(line)) is not None:
            return refused
        text = line.removeprefix(_UTF8_BOM).strip()
        if not text:
            return None
        try:
            record = orjson.loads(text)
        except orjson.JSONDecodeError as error:
            return Rejected(f"not JSON: {error}")
        if not isinstance(record, dict):
            return Rejected(f"expected a JSON object, got {_json_type(record)}")
        return self._event(record, text)

    def _event(self, record: dict[str, Any], text: bytes) -> UserEvent | Rejected:
        user_id = record.get(self._user_field, _MISSING)
        if not isinstance(user_id, str):
            return _wrong(self._user_field, "a string", user_id)
        if (refused := wrong_user_id(user_id)) is not None:
            return refused
        kind = self._kind(record.get(self._abnormal_field, _MISSING))
        if isinstance(kind, Rejected):
            return kind
        timestamp = _timestamp(record.get("timestamp"))
        if isinstance(timestamp, Rejected):
            return timestamp
        # Only an abnormal event can raise an alert, and only an alert needs an id.
        return UserEvent(user_id, kind, 1, timestamp, digest(text) if kind == ABNORMAL else "")

    def _kind(self, value: object) -> Kind | Rejected:
        if not self._abnormal_values:
            if not isinstance(value, bool):
                return _wrong(self._abnormal_field, "true or false", value)
            return ABNORMAL if value else NORMAL
        if isinstance(value, bool):
            text = "true" if value else "false"
        elif isinstance(value, str | int):
            text = str(value)
        else:
            return _wrong(self._abnormal_field, "a string, a whole number or a boolean", value)
        return ABNORMAL if text in self._abnormal_values else NORMAL


def _wrong(field: str, expected: str, value: object) -> Rejected:
    if value is _MISSING:
        return Rejected(f"the field {field!r} is missing")
    return Rejected(f"the field {field!r} must be {expected}, not {_json_type(value)}")


def _json_type(value: object) -> str:
    names = {
        bool: "a boolean",
        int: "a number",
        float: "a number",
        str: "a string",
        list: "an array",
        dict: "an object",
    }
    return names.get(type(value), "null")


def _timestamp(value: object) -> int | Rejected:
    """Return epoch milliseconds of an ISO 8601 string (UTC where it names no zone) or of a whole number."""
    if value is None:
        return NO_TIMESTAMP
    if isinstance(value, str):
        return iso_milliseconds(value)
    if isinstance(value, float):
        return Rejected("the timestamp must be whole milliseconds of at most 64 bits")
    if isinstance(value, bool) or not isinstance(value, int):
        return Rejected(f"the timestamp must be ISO 8601 or epoch milliseconds, not {_json_type(value)}")
    if not NO_TIMESTAMP < value < 2**63:
        return Rejected("the timestamp must be whole milliseconds of at most 64 bits")
    return value


def iso_milliseconds(text: str) -> int | Rejected:
    """Return epoch milliseconds of an ISO 8601 time, or why it is none."""
    refused = Rejected(f"the timestamp {text[:64]!r} is not ISO 8601")
    if _ISO_8601.fullmatch(text) is None:  # the parsers take any character between date and time, a digit too
        return refused
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        try:
            when = isoparse(text)  # what datetime learned only in Python 3.11
        except (ValueError, OverflowError):
            return refused
    if when.tzinfo is None:
        when = when.replace(tzinfo=timezone.utc)
    return round(when.timestamp() * 1000)
