"""What a job exposes to watchers: metrics, printed lines, folders, and its options.

Watchers (dashboard, drills, guard, `flink-abnormal logs`) see a running job only through Flink's REST API, files, and
the names defined here. Each encoder is next to its decoder.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from flink_abnormal.core.durations import duration_s, duration_text
from flink_abnormal.core.uris import folder_uri

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flink_abnormal.core.job import JobSettings

LIVE_USERS: Final = "liveUsers"
LIVE_ALERTS: Final = "liveAlerts"
"""Gauges of each detector subtask: JSON in a string, described in `pipeline/live_metrics.py`."""
BYTES_READ: Final = "bytesRead"
"""A counter of each parsing subtask: bytes of lines."""

ALERTS_FOLDER: Final = "alerts"
DEAD_LETTERS_FOLDER: Final = "dead-letters"
"""Folders of JSON Lines below --output."""

EMITTED: Final = "[Source Emit] "
ALERT: Final = "[ALERT] "
DEAD_LETTER: Final = "[DEAD LETTER] "
"""Prefixes of the printed lines."""
_ALERT_LINE: Final = re.compile(r"\[ALERT\] userId=(.*) 이상행동 (\d{1,9})회 감지!", re.DOTALL)


def alert_line(user_id: str, count: int) -> str:
    """Return the seed's line, verbatim."""
    return f"{ALERT}userId={user_id} 이상행동 {count}회 감지!"


def parse_alert_line(line: str) -> tuple[str, int] | None:
    """Return user and count of an alert line, or None for any other line."""
    found = _ALERT_LINE.fullmatch(line)
    return (found[1], int(found[2])) if found else None


def rule_text(threshold: int, within_ms: int | None) -> str:
    """Return the header `rule` of an alert in Kafka."""
    return f"threshold={threshold}" + (f",within={duration_text(within_ms)}" if within_ms else "")


def summary_prefix(start_ms: int) -> str:
    """Return the prefix of a bounded run's figures; `start_ms` is its submission in epoch milliseconds."""
    return f"[SUMMARY {start_ms}] "


class Parameters(NamedTuple):
    """The options of a job that watchers need, read from its REST API.

    The defaults fit other jobs and earlier releases: they print, publish, and have no folders.
    """

    prints: bool = True
    live: bool = True
    interval_s: float | None = None
    output: str = ""
    checkpoint_dir: str = ""
    options_key: str = ""
    transactions: str = ""

    @classmethod
    def parse(cls, given: Mapping[str, str]) -> Parameters:
        """Parse Flink's global job parameters; missing or unreadable ones get their defaults."""
        return cls(
            prints="print" in given.get("sinks", "print"),
            live=given.get("live", "on").lower() not in ("off", "false", "no"),
            interval_s=duration_s(given.get("interval", "")),
            output=given.get("output", ""),
            checkpoint_dir=given.get("checkpoint-dir", ""),
            options_key=given.get("options-key", ""),
            transactions=given.get("transactions", ""),
        )


def parameters(settings: JobSettings, options_key: str) -> dict[str, str]:
    """Return the options that the REST API shows of a job; those that do not apply are empty.

    `options_key` identifies the complete set of options (`snapshots/finished.py`).
    """
    return {
        **settings.published(),
        "transactions": settings.transactions,
        "execution-mode": settings.state.mode,
        "checkpoint-interval": duration_text(settings.state.checkpoint_interval_ms),
        "checkpoint-dir": folder_uri(settings.state.checkpoint_dir),
        "options-key": options_key,
    }
