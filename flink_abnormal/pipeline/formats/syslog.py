"""The headers that syslog daemons, journalctl and containers put before sshd's messages.

A header is a time, up to three words (host, facility, priority) and the tag of the program; RFC 5424 has fields of its
own. What stands behind the first tag is never taken for a header, since anybody types names into it: a word before
sshd's tag does not end with a colon, as another program's tag does.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from flink_abnormal.pipeline.formats import times


class Header(NamedTuple):
    """What stands before a message.

    `time` is as the header writes it, or empty. `tagged` is false where nothing says that the message is sshd's.
    """

    time: str
    tagged: bool
    end: int


def _unnamed(pattern: str) -> str:
    """Return a pattern without its groups' names, since a name may stand in a larger pattern once only."""
    return re.sub(r"\(\?P<\w+>", "(?:", pattern.replace("(?P=separator)", "[-/]?"))


_TIMES: Final = (
    r"[^\W\d_]{1,12} \d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)? [A-Z]{2,5}",  # journalctl -o short-full, in any zone
    _unnamed(times.NAMED),
    _unnamed(times.ISO),
    r"\d{9,11}\.\d{3,9}",  # journalctl -o short-unix
    r"\[ *\d+\.\d+\]",  # since the boot
    # Months in another language; Korean and Japanese ones of one digit have a blank before them.
    r"(?: +(?=\d[월月]))?(?:[^\s:]+ +){1,5}?\d{1,2}:\d\d:\d\d(?:[.,]\d+)?(?: +\d{4}(?= ))?",
)
_TIME: Final = r"[\[*]?(?P<time>" + "|".join(_TIMES) + r")\]?:?\s+"
# Before all: a byte order mark, docker compose's service, a priority, the pid that Windows writes.
_START: Final = r"\ufeff?(?:[\w.-]+ +\| )?(?:<\d{1,3}> ?)?(?:\d{1,10} (?=\d{4}-\d\d-\d\d ))?"
# sshd's own words in front of a name: a message without a tag must not pass for a host, and the name for a tag.
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
_USUAL: Final = re.compile(  # nearly every line that there is: four times as fast as the patterns below
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
_PROGRAM: Final = re.compile(_NAME)


def header(text: str) -> Header | None:
    """Return the header of a line that may be sshd's, or None if another program wrote it."""
    if (match := _USUAL.match(text)) is not None:
        return Header(match["time"], True, match.end())
    if (match := _RFC5424.match(text)) is not None:
        tagged = _PROGRAM.fullmatch(match["program"]) is not None
        if not (tagged or match["program"] in {"-", "syslogd"}):
            return None
        return Header(match["time"].removeprefix("-"), tagged, match.end())
    if (match := _TAGGED.match(text)) is not None:
        return Header(match["time"] or "", True, match.end())
    match = _OF_ANY_WORDS.match(text) or _BARE.match(text)
    return None if match is None else Header(match["time"] or "", False, match.end())
