"""The things that flow: UserEvent, Alert, DeadLetter, and the Rule that judges.

Events and alerts are named tuples because a tuple of primitives is what Flink's serializers carry between operators:
what a function yields is `tuple(event)`, and the next one reads `UserEvent(*value)`.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Final, Literal, NamedTuple

import orjson

from flink_abnormal.core.published import DEAD_LETTER, EMITTED, alert_line

Kind = Literal["abnormal", "normal"]
ABNORMAL: Final = "abnormal"
NORMAL: Final = "normal"

MAX_USER_ID_CHARS: Final = 1024
DEAD_LETTER_RAW_BYTES: Final = 4096
SHOWN_CHARS: Final = 120

NO_TIMESTAMP: Final = -(2**63)
"""Stands for "no timestamp" where a tuple of Flink's can't hold null."""


class UserEvent(NamedTuple):
    """Something that a user did, `times` times in a row.

    `timestamp` is epoch milliseconds or NO_TIMESTAMP. `event_id` tells this event from others of the user: `seq:N` for
    a simulated one, else a digest of the record it was read from.
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
        """Return the seed's line of an emitted event."""
        flag = "true" if self.is_abnormal else "false"
        return f"{EMITTED}UserEvent{{userId='{one_line(self.user_id)}', isAbnormal={flag}}}"


@dataclass(frozen=True)
class Rule:
    """When to raise an alert: at the `threshold`-th abnormal event in a row, and at each further one."""

    threshold: int = 3


class Alert(NamedTuple):
    """A user's `count`-th abnormal event in a row, at or above the threshold."""

    alert_id: str
    user_id: str
    count: int  # type: ignore[assignment]  # the seed's word; a tuple's own count() is not needed
    threshold: int
    timestamp: int

    @classmethod
    def of(cls, event: UserEvent, count: int, rule: Rule) -> Alert:
        """Return the alert that `event` raises; the same event and count give the same id on any run."""
        alert_id = digest(f"{event.user_id}\0{count}\0{event.event_id}".encode())
        return cls(alert_id, event.user_id, count, rule.threshold, event.timestamp)

    @property
    def message(self) -> str:
        """The seed's line, to the letter."""
        return alert_line(self.user_id, self.count)

    def log_line(self) -> str:
        """Return the seed's line, with control characters escaped so that a userId can't forge a line of its own."""
        return one_line(self.message)

    def to_json(self) -> str:
        """Return the alert as one JSON object; a missing timestamp is null."""
        record: dict[str, Any] = {
            "alertId": self.alert_id,
            "userId": self.user_id,
            "count": self.count,
            "threshold": self.threshold,
            "timestamp": None if self.timestamp == NO_TIMESTAMP else self.timestamp,
            "message": self.message,
        }
        return orjson.dumps(record).decode()


class DeadLetter(NamedTuple):
    """An input that could not be used: why, where from, and its first bytes.

    `line` is the number of the line in the file `source`, from 1; 0 if it is unknown, or the file as a whole is meant.
    `size` is the length of the line in bytes, if `raw` is not the whole line.
    """

    reason: str
    source: str
    raw: bytes
    line: int = 0
    size: int = 0

    def to_json(self) -> str:
        """Return the dead letter as one JSON object: `raw` is base64 of at most DEAD_LETTER_RAW_BYTES bytes."""
        kept = self.raw[:DEAD_LETTER_RAW_BYTES]
        size = max(self.size, len(self.raw))
        record = {
            "reason": self.reason,
            "source": self.source.encode(errors="backslashreplace").decode(),  # a file's name may be any bytes
            "line": self.line or None,
            "bytes": size,
            "truncated": len(kept) < size,
            "raw": base64.b64encode(kept).decode(),
        }
        return orjson.dumps(record).decode()

    @staticmethod
    def log_line(dead_letter_json: str) -> str:
        """Return the line that the print sink shows for a dead letter's JSON: its text is cut at SHOWN_CHARS."""
        record = orjson.loads(dead_letter_json)
        text = base64.b64decode(record["raw"]).decode(errors="backslashreplace")
        text = text if len(text) <= SHOWN_CHARS else text[:SHOWN_CHARS] + "…"
        what = f" ({record['bytes']} bytes): {text}" if text else ""
        where = record["source"] if record["line"] is None else f"{record['source']}:{record['line']}"
        return one_line(f"{DEAD_LETTER}{where}: {record['reason']}{what}")


def digest(data: bytes) -> str:
    """Return 128 bits of BLAKE2b as 32 hex digits: an id, not a secret."""
    return blake2b(data, digest_size=16).hexdigest()


_ESCAPES = {code: f"\\u{code:04x}" for code in (*range(32), *range(127, 160), 0x2028, 0x2029)}


def one_line(text: str) -> str:
    r"""Return `text` with control characters and line separators written as \uXXXX: what is printed stays one line."""
    return text.translate(_ESCAPES)
