"""The headers that syslog daemons, journalctl and containers prepend to sshd's messages.

A header is a time, up to three words (host, facility, priority) and the program's tag; RFC 5424 has its own fields.
Text after the first tag is never a header, since anybody can type names into it: a word that ends with a colon is
another program's tag, so no such word precedes sshd's.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from flink_abnormal.pipeline.formats import times


class Header(NamedTuple):
    """The header of a message, up to `end`.

    `time` is the text in the header, or empty. `tagged` is false if nothing marks the message as sshd's.
    """

    time: str
    tagged: bool
    end: int


def _unnamed(pattern: str) -> str:
    """Remove a pattern's group names, since a name may appear only once in a larger pattern."""
    return re.sub(r"\(\?P<\w+>", "(?:", pattern.replace("(?P=separator)", "[-/]?"))


_TIMES: Final = (
    r"[^\W\d_]{1,12} \d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)? [A-Z]{2,5}",  # journalctl -o short-full, in any zone
    _unnamed(times.NAMED),
    _unnamed(times.ISO),
    r"\d{9,11}\.\d{3,9}",  # journalctl -o short-unix
    r"\[ *\d+\.\d+\]",  # since boot
    # Months in another language; Korean and Japanese pad one-digit months with a blank.
    r"(?: +(?=\d[월月]))?(?:[^\s:]+ +){1,5}?\d{1,2}:\d\d:\d\d(?:[.,]\d+)?(?: +\d{4}(?= ))?",
)
_TIME: Final = r"[\[*]?(?P<time>" + "|".join(_TIMES) + r")\]?:?\s+"
# Before the time: a byte order mark, docker compose's service, a priority, the pid written by Windows.
_START: Final = r"\ufeff?(?:[\w.-]+ +\| )?(?:<\d{1,3}> ?)?(?:\d{1,10} (?=\d{4}-\d\d-\d\d ))?"
# sshd's words before a name: a message without a tag must not pass for a host, nor the name for a tag.
_NO_MESSAGE: Final = (
    r"(?!(?:Accepted|Access|Authentication|Bad|Connection|Disconnected|Disconnecting|Failed|Illegal|Invalid|Login"
    r"|Partial|Postponed|Received|User)\b)"
)
_WORD: Final = _NO_MESSAGE + r"(?:\S*[^\s:]|auth(?:priv)?\.\w+:)\s+"
_WORDS: Final = (
    rf"(?:{_WORD}){{0,3}}?"
    rf"(?:(?:{_unnamed(times.NAMED)})\s+(?:{_WORD}){{0,2}}?)?"  # a relay's header before the host's
    r"(?:Message forwarded from \S+: )?"
)
_NAME: Final = r"(?:\S*/)?(?:sshd[\w.@:-]*|ssh(?:@\S+)?\.(?:service|socket))(?:\(\w+\))?"
_TAG: Final = rf"(?:{_NAME}(?:\[\d+\]:?|:)|\[sshd[\w.-]*\](?:\[\d+\])?:?)\s(?:\[ID \d+ [\w.]+\] )?"
_USUAL: Final = re.compile(  # matches nearly every line, four times as fast as the patterns below
    r"(?P<time>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d|\d{4}-\d\d-\d\dT\S+) \S*[^\s:] "
    r"sshd(?:-session)?\[\d+\]: (?:\[ID \d+ [\w.]+\] )?"
)
_TAGGED: Final = re.compile(rf"{_START}(?:{_TIME}{_WORDS})?{_TAG}")
_BARE: Final = re.compile(rf"{_START}(?:{_TIME})?(?:std(?:out|err) [FP] )?")
_OF_ANY_WORDS: Final = re.compile(
    rf"{_START}(?:{_TIME})?{_WORDS}(?:syslogd?\S*:? )?(?=(?:--- )?last message )", re.IGNORECASE
)
_RFC5424: Final = re.compile(
    r"\ufeff?(?:\d+ )?(?:<\d{1,3}>)?\d{1,2} (?P<time>-|\d{4}-\d\d-\d\d[Tt]\S+) \S+ (?P<program>\S+) \S+ \S+ "
    r'(?:-|(?:\[(?:[^\]"\\]|\\.|"(?:[^"\\]|\\.)*")*\])+)(?:\s+\ufeff?|$)'
)
PATTERNS: Final = (_USUAL, _RFC5424, _TAGGED, _OF_ANY_WORDS, _BARE)
"""What the Java parts SyslogTime and SyslogHeader are given, in the order of `header`."""
PROGRAM: Final = re.compile(_NAME)


def header(text: str) -> Header | None:
    """Return the header of a line that may be sshd's, or None if another program wrote it."""
    if (match := _USUAL.match(text)) is not None:
        return Header(match["time"], True, match.end())
    if (match := _RFC5424.match(text)) is not None:
        tagged = PROGRAM.fullmatch(match["program"]) is not None
        if not (tagged or match["program"] in {"-", "syslogd"}):
            return None
        return Header(match["time"].removeprefix("-"), tagged, match.end())
    if (match := _TAGGED.match(text)) is not None:
        return Header(match["time"] or "", True, match.end())
    match = _OF_ANY_WORDS.match(text) or _BARE.match(text)
    return None if match is None else Header(match["time"] or "", False, match.end())
