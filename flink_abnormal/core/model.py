"""The records (UserEvent, Alert, DeadLetter) and the Rule.

Events and alerts are named tuples because operators exchange tuples of primitives: one function yields `tuple(event)`,
the next reads `UserEvent(*value)`.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final, Literal, NamedTuple

import orjson

from flink_abnormal.core.published import DEAD_LETTER, EMITTED, alert_line

Kind = Literal["abnormal", "normal"]
ABNORMAL: Final = "abnormal"
NORMAL: Final = "normal"

MAX_USER_ID_CHARS: Final = 1024
DEAD_LETTER_RAW_BYTES: Final = 4096
SHOWN_CHARS: Final = 120
DIGEST_CHARS: Final = 32

NO_TIMESTAMP: Final = -(2**63)
"""Means "no timestamp": Flink's tuples can't contain null."""


class UserEvent(NamedTuple):
    """A user's action, `times` times in a row.

    `timestamp` is epoch milliseconds or NO_TIMESTAMP. `event_id` distinguishes the user's events: `seq:N` for a
    simulated event, else a digest of its record.
    """

    user_id: str
    kind: Kind
    times: int
    timestamp: int
    event_id: str

    @property
    def is_abnormal(self) -> bool:
        """The seed's `isAbnormal`."""
        return self.kind == ABNORMAL

    def log_line(self) -> str:
        """Return the seed's log line for an emitted event."""
        flag = "true" if self.is_abnormal else "false"
        return f"{EMITTED}UserEvent{{userId='{one_line(self.user_id)}', isAbnormal={flag}}}"


@dataclass(frozen=True)
class Rule:
    """Raise an alert at the `threshold`-th abnormal event in a row, and at each further one.

    With `within_ms`, only those count that are at most so many milliseconds of event time before the newest.
    """

    threshold: int = 3
    within_ms: int | None = None


class Alert(NamedTuple):
    """A user's `count`-th abnormal event in a row, at or above the threshold."""

    alert_id: str
    user_id: str
    count: int  # type: ignore[assignment]  # the seed's word; hides tuple.count(), which is not needed
    threshold: int
    timestamp: int

    @classmethod
    def of(cls, event: UserEvent, count: int, rule: Rule) -> Alert:
        """Return the alert raised by `event`; its id depends only on event and count."""
        alert_id = digest(f"{event.user_id}\0{count}\0{event.event_id}".encode())
        return cls(alert_id, event.user_id, count, rule.threshold, event.timestamp)

    @property
    def message(self) -> str:
        """The seed's line, verbatim."""
        return alert_line(self.user_id, self.count)

    def log_line(self) -> str:
        """Return the seed's line with control characters escaped, so that a userId can't forge a line."""
        return one_line(self.message)

    def to_json(self) -> str:
        """Return the alert as one JSON object, with null for a missing timestamp."""
        record: dict[str, Any] = {
            "alertId": self.alert_id,
            "userId": self.user_id,
            "count": self.count,
            "threshold": self.threshold,
            "timestamp": None if self.timestamp == NO_TIMESTAMP else self.timestamp,
            "message": self.message,
        }
        return orjson.dumps(record).decode()


class Message(NamedTuple):
    """Where a Kafka record came from, and what came with its value.

    `envelope` is JSON, {"key": base64 or null, "headers": [[name, base64 or null], ...]}; empty for a record with
    neither. `timestamp` is epoch milliseconds.
    """

    envelope: bytes
    topic: str
    partition: int
    offset: int
    timestamp: int

    def opened(self) -> dict[str, Any]:
        """Return the envelope's content."""
        return orjson.loads(self.envelope) if self.envelope else {"key": None, "headers": []}

    def field(self, name: str) -> bytes | None:
        """Return the bytes of `@key`, `@topic` or `@header.NAME` (the last of that name), or None if it has none."""
        if name == "@topic":
            return self.topic.encode()
        content = self.opened()
        found = content["key"]
        if name != "@key":
            found = dict(content["headers"]).get(name.removeprefix("@header."))
        return None if found is None else base64.b64decode(found)

    @staticmethod
    def has_field(name: str) -> bool:
        """Whether a message can have a field of this name."""
        return name in ("@key", "@topic") or name.startswith("@header.")


class DeadLetter(NamedTuple):
    """An unusable input: reason, source and first bytes.

    `line` is the line number in the file `source`, from 1; 0 if it is unknown or the whole file is meant. `size` is the
    line's length in bytes, if `raw` is not the whole line. A message has its topic and partition as `source`, and its
    offset as `line`. `lateness_ms` is set for an event that came behind the watermark.
    """

    reason: str
    source: str
    raw: bytes
    line: int = 0
    size: int = 0
    message: Message | None = None
    lateness_ms: int = 0

    def to_json(self, most: int = DEAD_LETTER_RAW_BYTES) -> str:
        """Return one JSON object; `raw` is base64 of at most `most` bytes."""
        kept = self.raw[:most]
        size = max(self.size, len(self.raw))
        record = {
            "reason": self.reason,
            "source": self.source.encode(errors="backslashreplace").decode(),  # a file name may be any bytes
            "line": None if self.message is not None else self.line or None,
            "bytes": size,
            "truncated": len(kept) < size,
            "raw": base64.b64encode(kept).decode(),
        }
        if self.message is not None:
            _, topic, partition, offset, timestamp = self.message
            record |= {"topic": topic, "partition": partition, "offset": offset, "timestamp": timestamp}
            record |= self.message.opened()
        if self.lateness_ms:
            record["latenessMs"] = self.lateness_ms
        return orjson.dumps(record).decode()

    @staticmethod
    def log_line(dead_letter_json: str) -> str:
        """Return the print sink's line for a dead letter's JSON, its text cut at SHOWN_CHARS."""
        record = orjson.loads(dead_letter_json)
        text = base64.b64decode(record["raw"]).decode(errors="backslashreplace")
        text = text if len(text) <= SHOWN_CHARS else text[:SHOWN_CHARS] + "…"
        what = f" ({record['bytes']} bytes): {text}" if text else ""
        place = record["line"] if "offset" not in record else record["offset"]
        where = record["source"] if place is None else f"{record['source']}:{place}"
        return one_line(f"{DEAD_LETTER}{where}: {record['reason']}{what}")


def digest(data: bytes) -> str:
    """Return the first half of a SHA-256 as 32 hex digits: an id; most processors have instructions for it."""
    return sha256(data).hexdigest()[:DIGEST_CHARS]


_ESCAPES = {code: f"\\u{code:04x}" for code in (*range(32), *range(127, 160), 0x2028, 0x2029)}


def one_line(text: str) -> str:
    r"""Escape control characters and line separators as \uXXXX, so that `text` prints as one line."""
    return text.translate(_ESCAPES)
