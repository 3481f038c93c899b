"""sshd log lines: a failed password is an abnormal event of the named user, an accepted login a normal one.

A traditional header ("Dec 10 06:55:46") has neither year nor zone: its time needs a year, and is read as UTC. All other
lines are skipped, and so are `Failed none` and `Failed publickey`, which precede a successful login.
"""

from __future__ import annotations

import functools
import re
from typing import Final

from flink_abnormal.core.model import ABNORMAL, NO_TIMESTAMP, NORMAL, Message, UserEvent, digest
from flink_abnormal.core.values import split_names
from flink_abnormal.pipeline.formats import fields, syslog, times
from flink_abnormal.pipeline.formats.record import (
    UNDERSTOOD,
    UNREAD_TIMES,
    Note,
    Rejected,
    no_note,
    too_long,
    wrong_user_id,
)

MAX_REPEATS: Final = 100_000
USER_FIELD: Final = "name"
_TRADITIONAL: Final = re.compile(r"[A-Z][a-z]{2} [ \d]\d [\d:]{8}")
_WEEK: Final = 7

# A failed name is arbitrary text from an attacker and may itself contain " from ADDRESS port N": the last one is
# sshd's. An accepted name is an account's, followed by a key's text: the first one is sshd's.
_WHO: Final = r"(?:(?:invalid|illegal) user )?(?P<name>.*) from (?P<address>\S+)"
_PREAUTH: Final = r"(?: \[preauth\])?\s*"
_FAILED: Final = re.compile(
    r"Failed (?P<method>password|keyboard-interactive(?:/\S+)?|challenge-response(?:/\S+)?) for "
    + _WHO
    + r"(?: port \d+)?(?: ssh\d?)?"
    + _PREAUTH,
    re.DOTALL,
)
_PAM: Final = re.compile(
    r"(?:error: )?PAM: (?:Have exhausted maximum number of retries for service|[^:]{1,100}?) for "
    + _WHO
    + r"(?: via \S+)?(?: port \d+)?"
    + _PREAUTH,
    re.DOTALL,
)
_ACCEPTED: Final = re.compile(
    r"Accepted \S+ for (?P<name>.*?) from (?P<address>\S+) port \d+(?: ssh\d?(?:: .*)?)?" + _PREAUTH,
    re.DOTALL,
)
_REPEATED: Final = re.compile(r"message repeated (?P<times>\d+) times?: \[ (?P<message>.*)\]\s*", re.DOTALL)
_LAST_REPEATED: Final = re.compile(
    r"(?:--- )?last message (?:'.*' )?repeated (?P<times>\d+) times?(?:, suppressed .*| ---|\.)?\s*",
    re.IGNORECASE | re.DOTALL,
)
SIGNS: Final = ("Failed ", "Accepted ", "PAM: ", "ast message ")
"""Each line that may be a login has one of them."""
_PERHAPS: Final = re.compile("|".join(SIGNS).encode())
PATTERNS: Final = {
    "failed": _FAILED,
    "pam": _PAM,
    "accepted": _ACCEPTED,
    "repeated": _REPEATED,
    "last repeated": _LAST_REPEATED,
    "traditional": _TRADITIONAL,
}
"""What the Java part Sshd is given: it reads the same lines."""


class Sshd:
    """Parser of sshd's log lines.

    `year` is that of a file's first line, for headers without one. `user_field` lists the parts of a user,
    comma-separated: `name`, `address`.
    """

    def __init__(self, year: int | None = None, user_field: str = USER_FIELD, note: Note = no_note) -> None:
        self._year = year
        self._fields = split_names(user_field)
        self._note = note
        self._understood = False

    def parse(
        self,
        line: bytes,
        before: bytes = b"",
        first: bytes = b"",
        message: Message | None = None,
    ) -> UserEvent | Rejected | None:
        """Return the event of `line`, None if it is not a login, or Rejected.

        `before` is an earlier line of the file: the one that "last message repeated" repeats, or PAM's line about the
        attempt of a failed keyboard-interactive login. `first` is the beginning of the file's first dated line.
        """
        if (refused := too_long(line)) is not None:
            return refused
        if self._is_nothing(line):
            return None
        text = line.decode(errors="surrogateescape")
        header = syslog.header(text)
        body = "" if header is None else text[header.end :]
        if (refused := _no_utf8(line, body, whole=header is None)) is not None:
            return refused
        if header is None:
            return None
        if header.tagged:
            self._understand()
        if (last := _LAST_REPEATED.fullmatch(body)) is not None:
            if message is not None:
                return Rejected("it repeats an earlier line, which a message does not carry")
            event = self._repeated(_bounded(last["times"]), before)
        else:
            event = self._login(body, before)
        if not isinstance(event, UserEvent):
            return event
        self._understand()
        event_id = digest(line) if event.is_abnormal else ""
        return event._replace(timestamp=self._timestamp(header.time, first), event_id=event_id)

    def _is_nothing(self, line: bytes) -> bool:
        """Whether the bytes alone show that the line can be skipped, as for most lines."""
        return _PERHAPS.search(line) is None and line.isascii() and (self._understood or b"sshd" not in line)

    def _repeated(self, repeats: int, before: bytes) -> UserEvent | Rejected | None:
        """Return the event of the line before, with its number of repetitions."""
        if not before or repeats == 0:
            return None
        text = before.decode(errors="surrogateescape")
        header = syslog.header(text)
        if header is None:
            return None
        body = text[header.end :]
        if _no_utf8(before, body, whole=False) is not None:
            return Rejected("the line that it repeats is not UTF-8")
        event = self._login(body, b"")
        if not isinstance(event, UserEvent):
            return event
        return _too_often() if repeats > MAX_REPEATS else event._replace(times=repeats)

    def _login(self, message: str, before: bytes) -> UserEvent | Rejected | None:
        """Return the event of a message, without time and id."""
        message, repeats = _single(message)
        login = _FAILED.fullmatch(message) or _PAM.fullmatch(message) or _ACCEPTED.fullmatch(message)
        if login is None:
            return None
        if login.re is _FAILED and login["method"] == "keyboard-interactive/pam" and _counted(before, login["name"]):
            repeats -= 1
        if repeats <= 0:
            return None
        if repeats > MAX_REPEATS:
            return _too_often()
        user_id = self._user_id(login)
        if isinstance(user_id, Rejected):
            return user_id
        return UserEvent(user_id, NORMAL if login.re is _ACCEPTED else ABNORMAL, repeats, NO_TIMESTAMP, "")

    def _user_id(self, login: re.Match[str]) -> str | Rejected:
        texts = [login[name] for name in self._fields]
        if not all(texts):
            return Rejected("the userId is empty")
        user_id = texts[0] if len(texts) == 1 else fields.joined(texts)
        return wrong_user_id(user_id) or user_id

    def _timestamp(self, text: str, first: bytes) -> int:
        if not text or text.startswith("["):  # seconds since boot, not a time of day
            return NO_TIMESTAMP
        if self._year is None and _TRADITIONAL.fullmatch(text) is not None:
            return NO_TIMESTAMP
        year = None
        if (day := times.yearless(text)) is not None:
            if self._year is None:
                return NO_TIMESTAMP
            year = self._year + _years_after(day, first)
        milliseconds = times.text_milliseconds(text, year)
        if milliseconds is None:
            self._note(UNREAD_TIMES)
            return NO_TIMESTAMP
        return milliseconds

    def _understand(self) -> None:
        if not self._understood:
            self._understood = True
            self._note(UNDERSTOOD)


def _no_utf8(line: bytes, message: str, *, whole: bool) -> Rejected | None:
    """Reject a line whose message (or with `whole` any part) is not UTF-8; a month may be in another encoding."""
    if not whole and message.isprintable():  # a surrogate, which replaces a byte that is not UTF-8, is not printable
        return None
    try:
        line.decode()
    except UnicodeDecodeError as error:
        if whole or any("\udc80" <= letter <= "\udcff" for letter in message):
            return Rejected(f"not UTF-8: {error.reason} at byte {error.start}")
    return None


def _counted(before: bytes, name: str) -> bool:
    """Whether `before` is PAM's line about the same attempt, which is an event already."""
    if not before:
        return False
    text = before.decode(errors="surrogateescape")
    header = syslog.header(text)
    pam = None if header is None else _PAM.fullmatch(_single(text[header.end :])[0])
    return pam is not None and pam["name"] == name


def _single(message: str) -> tuple[str, int]:
    """Return a message and its number of repetitions."""
    repeated = _REPEATED.fullmatch(message)
    return (message, 1) if repeated is None else (repeated["message"], _bounded(repeated["times"]))


def _years_after(day: tuple[int, int], first: bytes) -> int:
    """Return 1 if (month, day) precedes the first line's date: the file continued into the next year.

    Lines may be slightly out of order, so only a date more than a week earlier counts.
    """
    start = _first_day(first)
    return int(start is not None and 31 * day[0] + day[1] < 31 * start[0] + start[1] - _WEEK)


@functools.lru_cache(maxsize=64)
def _first_day(first: bytes) -> tuple[int, int] | None:
    header = syslog.header(f"{first.decode(errors='replace')} ")
    return None if header is None else times.yearless(header.time)


def _too_often() -> Rejected:
    return Rejected(f"a message repeated more than {MAX_REPEATS} times")


def _bounded(digits: str) -> int:
    """Return the number, or just above the limit if it has too many digits to parse."""
    return int(digits) if len(digits) <= len(str(MAX_REPEATS)) else MAX_REPEATS + 1
