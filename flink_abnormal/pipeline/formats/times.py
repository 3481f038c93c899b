"""Times in records and log lines -> epoch milliseconds. A time without a zone is UTC.

The Java part Times is this module's twin, for watermarks. The month names are a table, so that the JVM's locale can't
change the result.
"""

from __future__ import annotations

import re
from datetime import date, timezone
from decimal import Decimal
from typing import Final

from dateutil.parser import isoparse

SECONDS_BELOW: Final = 10**11
"""A number below it is in seconds (up to the year 5138), from it on in milliseconds (from March 1973), above 10^14 in
micro- and above 10^17 in nanoseconds."""

UNITS: Final[tuple[tuple[int, int, int], ...]] = (
    (SECONDS_BELOW, 1000, 1),
    (10**14, 1, 1),
    (10**17, 1, 1000),
    (10**20, 1, 10**6),
)
_EPOCH_DAY: Final = date(1970, 1, 1).toordinal()
_DAY_MS: Final = 86_400_000
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
# Only names with one offset worldwide: CST, IST and BST are ambiguous.
_ZONE_HOURS: Final = {
    -8: "PST",
    -7: "MST PDT",
    -6: "MDT",
    -5: "EST CDT",
    -4: "EDT",
    0: "Z UTC GMT UCT WET",
    1: "CET MET WEST",
    2: "CEST MEST EET SAST",
    3: "EEST MSK",
    8: "HKT SGT AWST",
    9: "KST JST",
    10: "AEST",
    11: "AEDT",
    12: "NZST",
    13: "NZDT",
}
ZONES: Final = {name: hours * 60 for hours, names in _ZONE_HOURS.items() for name in names.split()}
_ZONE: Final = (
    r"(?:(?P<named>[zZ]|utc|gmt|" + "|".join(sorted(ZONES, key=len, reverse=True)) + r")(?![A-Za-z+\-\u2212])"
    r"|(?:UTC|GMT)?(?P<sign>[+\-\u2212])(?P<zone_hour>\d{1,2})(?::?(?P<zone_minute>\d\d))?(?: [A-Z]{3,5}(?= |$))?)"
)
_FRACTION: Final = r"(?:[.,](?P<fraction>\d+))?"
# Full or three-letter names only: Finland's "marras" is November.
_MONTH: Final = (
    r"(?P<{}>[Jj]an|[Ff]eb|[Mm]ar|[Aa]pr|[Mm]ay|[Jj]un|[Jj]ul|[Aa]ug|[Ss]ep|[Oo]ct|[Nn]ov|[Dd]ec)"
    r"(?:uary|ruary|ch|il|e|y|ust|t(?:ember)?|ember|ober)?\.?(?![^\W\d])"
)
ISO: Final = (
    r"(?:[^\W\d_]{1,12}\.?,? +)?"  # a weekday, in any language
    r"(?P<year>\d{4})(?P<separator>[-/]?)(?P<month>\d\d)(?P=separator)(?P<day>\d\d)"
    r"(?:(?:[Tt]| +|(?<=\d{8}))(?P<hour>\d\d)(?::?(?P<minute>\d\d)(?::?(?P<second>\d\d)" + _FRACTION + r")?)?"
    r"(?: ?" + _ZONE + r")?)?"
)
NAMED: Final = (
    r"(?:(?:[Mm]on|[Tt]ue|[Ww]ed|[Tt]hu|[Ff]ri|[Ss]at|[Ss]un)[a-z]*\.?,? +)?"
    r"(?:(?:(?P<year0>\d{4}) +)?" + _MONTH.format("month1") + r" +(?P<day1>\d{1,2}),?(?: +(?P<year1>\d{4}),?)? +"
    r"|(?P<day2>\d{1,2})[ /-]" + _MONTH.format("month2") + r"[ /-](?P<year2>\d{4})[: ] *)"
    r"(?P<hour>\d{1,2}):(?P<minute>\d\d):(?P<second>\d\d)" + _FRACTION + r"(?:[ \u202f]?(?P<half>[AaPp])[Mm]\b)?"
    r"(?: ?" + _ZONE + r")?(?: +(?P<year3>\d{4})(?= |$))?"
)
_ISO: Final = re.compile(ISO)
_NAMED: Final = re.compile(NAMED)
_WEEK_OR_DAY_OF_YEAR: Final = re.compile(r"\d{4}-?(?:W\d\d|\d{3}(?!\d))[-\dTZ:.,+]*")
_NUMBER: Final = re.compile(r"[+-]?\d{1,30}(?:\.\d{0,30})?(?:[eE]\+?\d\d?)?")
_COMPACT: Final = re.compile(r"(?:19|20)\d{6}(?:\d{6})?")
_DOTNET: Final = re.compile(r"/Date\((-?\d{1,15})(?:[+-]\d{4})?\)/")
_TRAILER: Final = re.compile(r" ?(?:\[[^\[\]]*\]|\([^()]*\)|m=[+-][\d.]+)$")  # Java's, JavaScript's and Go's
PATTERNS: Final = {
    "iso": _ISO,
    "named": _NAMED,
    "week": _WEEK_OR_DAY_OF_YEAR,
    "number": _NUMBER,
    "compact": _COMPACT,
    "dotnet": _DOTNET,
    "trailer": _TRAILER,
}
"""What the Java part Times is given: it reads the same times."""


def milliseconds(value: object) -> int | None:
    """Return the time of a JSON value, or None if it is not a readable time."""
    if isinstance(value, str):
        return text_milliseconds(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _of_number(Decimal(value))
    if isinstance(value, dict) and "$date" in value:
        return _of_extended_json(value["$date"])
    return None


def text_milliseconds(text: str, year: int | None = None) -> int | None:
    """Return the time of `text`, or None; `year` applies if the text has none."""
    text = text.strip()
    try:
        if not text[4:5].isdecimal() and (match := _ISO.fullmatch(text)) is not None:
            return _of_parts(match, int(match["year"]), int(match["month"]), int(match["day"]))
        return _of_rare(text, year)
    except (ValueError, OverflowError):
        return None


def _of_rare(text: str, year: int | None) -> int | None:
    if _NUMBER.fullmatch(text) and not _COMPACT.fullmatch(text):
        return _of_number(Decimal(text))
    if (match := _DOTNET.fullmatch(text)) is not None:
        return int(match[1])
    text = _TRAILER.sub("", text[1:].removesuffix("]") if text.startswith("[") else text)
    if (match := _ISO.fullmatch(text)) is not None:
        return _of_parts(match, int(match["year"]), int(match["month"]), int(match["day"]))
    if (match := _NAMED.fullmatch(text)) is not None:
        return _of_named(match, year)
    if _WEEK_OR_DAY_OF_YEAR.fullmatch(text) is not None:
        when = isoparse(text)
        return round((when if when.tzinfo else when.replace(tzinfo=timezone.utc)).timestamp() * 1000)
    return None


def yearless(text: str) -> tuple[int, int] | None:
    """Return (month, day) of a time with a named month and no year, or None for any other text."""
    match = _NAMED.match(text)
    if match is None or _year(match):
        return None
    return _month(match["month1"]), int(match["day1"])


def _of_number(value: Decimal) -> int | None:
    for below, factor, divisor in UNITS:
        if abs(value) < below:
            return round(value * factor) if divisor == 1 else round(value / divisor)
    return None


def _of_extended_json(value: object) -> int | None:
    """Return MongoDB's time: a text, or milliseconds as a number, possibly wrapped in `$numberLong`."""
    if isinstance(value, dict):
        value = value.get("$numberLong")
        value = int(value) if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,18}", value) else value
    if isinstance(value, int) and not isinstance(value, bool):
        return value if abs(value) < 2**63 else None
    return text_milliseconds(value) if isinstance(value, str) else None


def _year(match: re.Match[str]) -> str | None:
    return match["year0"] or match["year1"] or match["year2"] or match["year3"]


def _of_named(match: re.Match[str], year: int | None) -> int | None:
    written = _year(match)
    if written is not None:
        year = int(written)
    if year is None:
        return None
    return _of_parts(match, year, _month(match["month1"] or match["month2"]), int(match["day1"] or match["day2"]))


def _month(name: str) -> int:
    return _MONTHS.index(name.lower()) + 1


def _of_parts(match: re.Match[str], year: int, month: int, day: int) -> int | None:
    """Return the time of a match of ISO or NAMED; ValueError if the calendar has no such day."""
    hour, minute, second = (int(part or 0) for part in match.group("hour", "minute", "second"))
    if match.re is _NAMED and (half := match["half"]) is not None:
        if not 1 <= hour <= 12:  # noqa: PLR2004
            return None
        hour = hour % 12 + (12 if half in "pP" else 0)
    leap = second == 60 and minute == 59  # noqa: PLR2004 - a leap second is the start of the next minute, as in POSIX
    end_of_day = (hour, minute, second) == (24, 0, 0)
    if not (hour < 24 or end_of_day) or minute > 59 or not (second < 60 or leap):  # noqa: PLR2004
        return None
    offset = _offset_minutes(match)
    if offset is None:
        return None
    days = date(year, month, day).toordinal() - _EPOCH_DAY
    of_day = ((hour * 60 + minute - offset) * 60 + second) * 1000
    fraction = match["fraction"]
    return days * _DAY_MS + of_day + (0 if fraction is None else round(int(fraction[:6].ljust(6, "0")) / 1000))


def _offset_minutes(match: re.Match[str]) -> int | None:
    named, sign = match.group("named", "sign")
    if sign is None:
        return 0 if named is None else ZONES[named.upper()]
    hour, minute = int(match["zone_hour"]), int(match["zone_minute"] or 0)
    if hour > 23 or minute > 59:  # noqa: PLR2004
        return None
    return (hour * 60 + minute) * (1 if sign == "+" else -1)
