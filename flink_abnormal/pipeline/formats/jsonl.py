"""JSON Lines: one object per line, `userId` and `isAbnormal`, optional `timestamp`; other fields are ignored.

Other schemas can be mapped: `JsonLines("actor.id", "outcome.result", ("FAILURE",))` reads {"actor": {"id": "kim"},
"outcome": {"result": "FAILURE"}}.
"""

from __future__ import annotations

from typing import Any, Final

import orjson

from flink_abnormal.core.model import ABNORMAL, NO_TIMESTAMP, NORMAL, Kind, Message, UserEvent, digest
from flink_abnormal.core.values import normal_text, split_names
from flink_abnormal.pipeline.formats import fields, times
from flink_abnormal.pipeline.formats.fields import MISSING
from flink_abnormal.pipeline.formats.record import (
    MATCHED,
    UNREAD_TIMES,
    Note,
    Rejected,
    no_note,
    too_long,
    wrong_user_id,
)

USER_FIELD: Final = "userId"
_UTF8_BOM: Final = b"\xef\xbb\xbf"


class JsonLines:
    """Parser of JSON Lines.

    Field names follow `fields.find`; several comma-separated ones in `user_field` together identify a user. Without
    values the abnormal field must be a boolean. With `abnormal_values` alone any other value is normal, with
    `normal_values` alone any other is abnormal, with both any other value is no event.
    """

    def __init__(
        self,
        user_field: str,
        abnormal_field: str,
        abnormal_values: tuple[str, ...] = (),
        normal_values: tuple[str, ...] = (),
        timestamp_field: str = "timestamp",
        note: Note = no_note,
    ) -> None:
        self._user_fields = split_names(user_field)
        self._abnormal_field = abnormal_field
        self._timestamp_field = timestamp_field
        self._kinds: dict[str, Kind] = dict.fromkeys(map(normal_text, abnormal_values), ABNORMAL)
        self._kinds |= dict.fromkeys(map(normal_text, normal_values), NORMAL)
        self._other = other_kind(abnormal_values, normal_values)
        self._note = note
        self._unmatched = set(self._kinds)

    def parse(
        self,
        line: bytes,
        before: bytes = b"",  # noqa: ARG002
        first: bytes = b"",  # noqa: ARG002
        message: Message | None = None,
    ) -> UserEvent | Rejected | None:
        """Return the event of `line`, None for a blank line or one that is no event, or Rejected."""
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
        return self._event(record, text, message)

    def _event(self, record: dict[str, Any], text: bytes, message: Message | None) -> UserEvent | Rejected | None:
        kind = self._kind(fields.find(record, self._abnormal_field))
        if kind is None:
            return None
        user_id = self._user_id(record, message)
        if isinstance(user_id, Rejected):
            return user_id
        if isinstance(kind, Rejected):
            return kind
        # Only abnormal events raise alerts, and only alerts need an id.
        return UserEvent(user_id, kind, 1, self._timestamp(record), digest(text) if kind == ABNORMAL else "")

    def _user_id(self, record: dict[str, Any], message: Message | None) -> str | Rejected:
        texts = []
        for name in self._user_fields:
            text = _user_part(record, message, name)
            if isinstance(text, Rejected):
                return text
            if not text and len(self._user_fields) > 1:
                return Rejected(f"the field {name!r} is empty")
            texts.append(text)
        user_id = texts[0] if len(texts) == 1 else fields.joined(texts)
        return wrong_user_id(user_id) or user_id

    def _kind(self, value: object) -> Kind | Rejected | None:
        if not self._kinds:
            if not isinstance(value, bool):
                return _wrong(self._abnormal_field, "true or false", value)
            return ABNORMAL if value else NORMAL
        text = fields.value_text(value)
        if text is None:
            return _wrong(self._abnormal_field, "a string, a number or a boolean", value)
        if text in self._unmatched:
            self._unmatched.remove(text)
            self._note(MATCHED + text)
        return self._kinds.get(text, self._other)

    def _timestamp(self, record: dict[str, Any]) -> int:
        value = fields.find(record, self._timestamp_field)
        if value is None or value is MISSING:
            return NO_TIMESTAMP
        milliseconds = times.milliseconds(value)
        if milliseconds is None:
            self._note(UNREAD_TIMES)
            return NO_TIMESTAMP
        return milliseconds


def other_kind(abnormal_values: tuple[str, ...], normal_values: tuple[str, ...]) -> Kind | None:
    """Return the kind of a value that is in neither list."""
    return NORMAL if not normal_values else None if abnormal_values else ABNORMAL


def _user_part(record: dict[str, Any], message: Message | None, name: str) -> str | Rejected:
    if message is None or not message.has_field(name):
        value = fields.find(record, name)
        text = fields.user_text(value)
        return _wrong(name, "a string or a whole number", value) if text is None else text
    found = message.field(name)
    if found is None:
        return Rejected(f"the message has no {name}")
    try:
        return found.decode()
    except UnicodeDecodeError:
        return Rejected(f"the message's {name} is not UTF-8")


def _wrong(field: str, expected: str, value: object) -> Rejected:
    if value is MISSING:
        return Rejected(f"the field {field!r} is missing")
    return Rejected(f"the field {field!r} must be {expected}, not {_json_type(value)}")


def _json_type(value: object) -> str:
    if isinstance(value, float):
        return "a fraction" if not value.is_integer() else "a number" if fields.exact(value) else "a number too large"
    names = {
        bool: "a boolean",
        int: "a number",
        str: "a string",
        list: "an array",
        dict: "an object",
    }
    return names.get(type(value), "null")
