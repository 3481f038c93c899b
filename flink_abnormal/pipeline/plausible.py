"""Whether an event's time can be right: a wrong one must not move event time for all others."""

from __future__ import annotations

import time
from datetime import datetime, timezone

from flink_abnormal.core.durations import duration_text
from flink_abnormal.core.model import NO_TIMESTAMP
from flink_abnormal.core.time_settings import EARLIEST_MS


def refusal(timestamp: int, max_ahead_ms: int, now_ms: int | None = None) -> str | None:
    """Return why an event of this time (epoch ms) can't be placed in event time, or None if it can."""
    if timestamp == NO_TIMESTAMP:
        return "it has no readable time, which --time event needs"
    if timestamp < EARLIEST_MS:
        return f"its time, {_text(timestamp)}, is before 1971: a clock that was not set"
    now_ms = time.time_ns() // 1_000_000 if now_ms is None else now_ms
    if timestamp > now_ms + max_ahead_ms:
        return f"its time, {_text(timestamp)}, is more than {duration_text(max_ahead_ms)} ahead of the clock"
    return None


def _text(timestamp: int) -> str:
    try:
        return datetime.fromtimestamp(timestamp / 1000, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError, OSError):
        return f"{timestamp} ms after 1970"
