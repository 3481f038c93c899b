"""Formats figures for people, in either language: times, durations, sizes, rates, shares."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from dashboard.pages.texts import Texts

UNKNOWN: Final = "–"  # noqa: RUF001 - a dash stands for no figure
_KILO: Final = 1024
GOOD_STATES: Final = ("RUNNING", "FINISHED", "COMPLETED")
WAITING_STATES: Final = (
    "CREATED",
    "SCHEDULED",
    "DEPLOYING",
    "INITIALIZING",
    "RECONCILING",
    "RESTARTING",
    "CANCELING",
    "CANCELLING",
    "IN_PROGRESS",
    "FAILING",
)


def duration(seconds: float | None, texts: Texts) -> str:
    """Return `61 ms`, `6.8 s`, `2 min 5 s`, `3 h 4 min` or `2 d 3 h`."""
    if seconds is None:
        return UNKNOWN
    if seconds < 0.9995:  # noqa: PLR2004 - what rounds up to 1000 ms is a second
        return f"{seconds * 1000:.0f} {texts('unit-ms')}"
    if seconds < 59.95:  # noqa: PLR2004
        return f"{seconds:.1f} {texts('unit-s')}"
    minutes, rest = divmod(max(int(seconds), 60), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days} {texts('unit-d')} {hours} {texts('unit-h')}"
    if hours:
        return f"{hours} {texts('unit-h')} {minutes} {texts('unit-min')}"
    return f"{minutes} {texts('unit-min')} {rest} {texts('unit-s')}"


def elapsed(seconds: float, texts: Texts) -> str:
    """Return a growing duration, in whole seconds."""
    return duration(seconds, texts) if seconds >= 60 else f"{int(seconds)} {texts('unit-s')}"  # noqa: PLR2004


def size(value: float | None) -> str:
    """Return `812 B`, `6.1 KB`, `3.0 MB`; a kilobyte is 1024 bytes, as in Flink's own pages."""
    if value is None:
        return UNKNOWN
    for unit in ("B", "KB", "MB", "GB"):
        if value < _KILO:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= _KILO
    return f"{value:.1f} TB"


def rate(value: float | None) -> str:
    """Return records per second: `0.6`, `250`, `18,250`."""
    if value is None:
        return UNKNOWN
    return f"{value:.1f}" if value < 99.95 else f"{value:,.0f}"  # noqa: PLR2004


def share(value: float | None) -> str:
    """Return a share as a whole percentage."""
    return UNKNOWN if value is None else f"{value * 100:.0f} %"


def number(value: float | None) -> str:
    """Return a whole number with thousands separators."""
    return UNKNOWN if value is None else f"{value:,.0f}"


def clock(at: float | None) -> str:
    """Return the time of day in the dashboard's time zone, with seconds."""
    return UNKNOWN if at is None else time.strftime("%H:%M:%S", time.localtime(at))


def day_clock(at: float, now: float) -> str:
    """Return the time of day, with the date unless it is today's."""
    return clock(at) if moment(at)[:10] == moment(now)[:10] else moment(at)


def moment(at: float | None) -> str:
    """Return date and time in the dashboard's time zone."""
    return UNKNOWN if at is None else time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))


def tone(state: str) -> str:
    """Return a Flink state's CSS class and palette name: ok, warn, bad or idle."""
    if state in GOOD_STATES:
        return "ok"
    if state in WAITING_STATES:
        return "warn"
    return "bad" if state == "FAILED" else "idle"
