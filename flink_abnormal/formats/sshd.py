"""sshd's lines of a real auth.log: a failed password is an abnormal event of the name, an accepted login a normal one.

The traditional header has no year and no zone ("Dec 10 06:55:46"): its time is known only where a year is given, and is
taken as UTC. The ISO 8601 header tells both. Lines that are neither a failed nor an accepted login are skipped.
"""

from __future__ import annotations

import re
from datetime import datetime, timezone
from typing import Final

from flink_abnormal.formats.jsonl import iso_milliseconds
from flink_abnormal.formats.record import Rejected, too_long, wrong_user_id
from flink_abnormal.model import ABNORMAL, NO_TIMESTAMP, NORMAL, Kind, UserEvent, digest

MAX_REPEATS: Final = 100_000

_HEADER: Final = re.compile(
    r"(?:(?P<bsd>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d)|(?P<iso>\d{4}-\d\d-\d\dT\S+)) \S+ sshd(?:-session)?\[\d+\]: ",
)
_REPEATED: Final = re.compile(r"message repeated (?P<times>\d+) times: \[ (?P<message>.*)\]\s*", re.DOTALL)
# A failed name is whatever an attacker typed and may hold " from ADDRESS port N" itself: the last one is sshd's own. An
# accepted name is an account's, and behind it stands the text of a key: the first one is sshd's own.
_FAILED: Final = re.compile(
    r"Failed password for (?:invalid user )?(?P<name>.*) from \S+ port \d+(?: ssh\d?)?\s*", re.DOTALL
)
_ACCEPTED: Final = re.compile(
    r"Accepted \S+ for (?P<name>.*?) from \S+ port \d+(?: ssh\d?(?:: .*)?)?\s*",
    re.DOTALL,
)


class Sshd:
    """Parser of sshd's log lines; `year` completes the traditional header's time."""

    def __init__(self, year: int | None = None) -> None:
        self._year = year

    def parse(self, line: bytes) -> UserEvent | Rejected | None:
        """Return the event of `line`, None where it is no login, or why it is refused."""
        if (refused := too_long(line)) is not None:
            return refused
        try:
            text = line.decode()
        except UnicodeDecodeError as error:
            return Rejected(f"not UTF-8: {error.reason} at byte {error.start}")
        header = _HEADER.match(text)
        if header is None:
            return None
        message, times = text[header.end() :], 1
        if (repeated := _REPEATED.fullmatch(message)) is not None:
            message, times = repeated["message"], _bounded(repeated["times"])
        login = _FAILED.fullmatch(message) or _ACCEPTED.fullmatch(message)
        if login is None or times == 0:
            return None
        if times > MAX_REPEATS:
            return Rejected(f"a message repeated more than {MAX_REPEATS} times")
        if (refused := wrong_user_id(login["name"])) is not None:
            return refused
        kind: Kind = ABNORMAL if login.re is _FAILED else NORMAL
        timestamp = self._timestamp(header)
        if isinstance(timestamp, Rejected):
            return timestamp
        return UserEvent(login["name"], kind, times, timestamp, digest(line) if kind == ABNORMAL else "")

    def _timestamp(self, header: re.Match[str]) -> int | Rejected:
        if header["iso"] is not None:
            return iso_milliseconds(header["iso"])
        if self._year is None:
            return NO_TIMESTAMP
        try:
            when = datetime.strptime(f"{self._year} {header['bsd']}", "%Y %b %d %H:%M:%S")  # noqa: DTZ007
        except ValueError:
            return Rejected(f"there is no {header['bsd']!r} in the year {self._year}")
        return round(when.replace(tzinfo=timezone.utc).timestamp() * 1000)


def _bounded(digits: str) -> int:
    """Return the number, or just above the limit where it has too many digits to be worth reading."""
    return int(digits) if len(digits) <= len(str(MAX_REPEATS)) else MAX_REPEATS + 1
