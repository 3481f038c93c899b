"""What the formats share: how a record is refused, the limits every record keeps, and what a run's end reports."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from flink_abnormal.core.model import MAX_USER_ID_CHARS

MAX_LINE_BYTES: Final = 1024 * 1024

Note = Callable[[str], None]
"""Takes what a parser came across, to be counted: the names below."""

UNREAD_TIMES: Final = "unread-times"
"""Noted for each event whose time is there and can't be read."""
UNDERSTOOD: Final = "understood"
"""Noted at a parser's first line that is of its format, an event or not."""
MATCHED: Final = "matched "
"""Noted, with the value behind it, when a parser first meets a value that the options name."""


class Rejected(NamedTuple):
    """A record that can't be used, and why: it goes to the dead letters."""

    reason: str


def no_note(what: str) -> None:
    """Count nothing."""


def too_long(line: bytes) -> Rejected | None:
    """Return why `line` is refused unread, if it is above MAX_LINE_BYTES."""
    if len(line) > MAX_LINE_BYTES:
        return Rejected(f"a line of {len(line)} bytes; at most {MAX_LINE_BYTES} are read")
    return None


def wrong_user_id(user_id: str) -> Rejected | None:
    """Return why `user_id` can't be one, if it can't: it is empty or too long. Any other string is valid as it is."""
    if not user_id:
        return Rejected("the userId is empty")
    if len(user_id) > MAX_USER_ID_CHARS:
        return Rejected(f"a userId of {len(user_id)} characters; at most {MAX_USER_ID_CHARS} are allowed")
    return None
