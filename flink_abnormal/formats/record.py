"""What the formats share: how a record is refused, and the limits every record keeps."""

from __future__ import annotations

from typing import Final, NamedTuple

from flink_abnormal.model import MAX_USER_ID_CHARS

MAX_LINE_BYTES: Final = 1024 * 1024


class Rejected(NamedTuple):
    """A record that can't be used, and why: it goes to the dead letters."""

    reason: str


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
