"""Shared by all formats: rejection, limits, and notes for the summary."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from flink_abnormal.core.model import MAX_USER_ID_CHARS

MAX_LINE_BYTES: Final = 1024 * 1024

Note = Callable[[str], None]
"""Receives a parser's findings, named below, for counting."""

UNREAD_TIMES: Final = "unread-times"
"""Noted for each event whose time is present but unreadable."""
UNDERSTOOD: Final = "understood"
"""Noted once, at the parser's first line of its format, whether an event or not."""
MATCHED: Final = "matched "
"""Prefix of a configured value, noted when the parser first meets it."""


class Rejected(NamedTuple):
    """An unusable record's reason, for the dead letters."""

    reason: str


def no_note(what: str) -> None:
    """Count nothing."""


def too_long(line: bytes) -> Rejected | None:
    """Reject a line above MAX_LINE_BYTES without parsing it."""
    if len(line) > MAX_LINE_BYTES:
        return Rejected(f"a line of {len(line)} bytes; at most {MAX_LINE_BYTES} are read")
    return None


def wrong_user_id(user_id: str) -> Rejected | None:
    """Reject an empty or too long userId; any other string is valid."""
    if not user_id:
        return Rejected("the userId is empty")
    if len(user_id) > MAX_USER_ID_CHARS:
        return Rejected(f"a userId of {len(user_id)} characters; at most {MAX_USER_ID_CHARS} are allowed")
    return None
