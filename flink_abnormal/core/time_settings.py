"""Options of event time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from flink_abnormal.core.errors import UsageError
from flink_abnormal.core.option import option

MESSAGE_TIME: Final = "@message-time"
"""As --timestamp-field: the time that Kafka gave a message."""
EARLIEST_MS: Final = 31_536_000_000
"""1971-01-01: an earlier time comes from a clock that was never set."""
OUT_OF_ORDER_MS: Final = 5_000
WHOLE_INPUT: Final = -1
"""As a bound of disorder: none, so that nothing is decided before the input has ended."""


@dataclass(frozen=True)
class TimeSettings:
    """Whether events are counted in the order of arrival or of their own times."""

    time: str = option(
        "processing",
        "--time",
        "choice",
        "processing counts a user's events as they arrive, event in the order of their own times.",
        choices=("processing", "event"),
    )
    max_out_of_orderness_ms: int | None = option(
        None,
        "--max-out-of-orderness",
        "duration",
        "event: how far an event may be behind the latest of its file or partition; one further behind is late. "
        "Default: 5s; a run with an end sorts its whole input, and none is late.",
        minimum=1,
    )
    idleness_ms: int = option(
        30_000,
        "--idleness",
        "duration",
        "event: a file or partition that is silent this long is not waited for; if all are, what waits is decided.",
        minimum=100,
    )
    max_ahead_ms: int = option(
        3_600_000,
        "--max-ahead",
        "duration",
        "event: a time further ahead of the clock is wrong, and its record a dead letter.",
        minimum=1,
    )

    @property
    def event(self) -> bool:
        """Whether event time is chosen."""
        return self.time == "event"

    def out_of_order_ms(self, *, bounded: bool) -> int:
        """Return the bound of disorder, or WHOLE_INPUT."""
        if self.max_out_of_orderness_ms is not None:
            return self.max_out_of_orderness_ms
        return WHOLE_INPUT if bounded else OUT_OF_ORDER_MS

    def check(self, *, reads_records: bool) -> None:
        """Raise UsageError where records have no times, or an option would do nothing."""
        if self.event and not reads_records:
            raise UsageError("--time event reads times from records: add --source files or --source kafka.")
        if not self.event and self.max_out_of_orderness_ms is not None:
            raise UsageError("--max-out-of-orderness belongs to --time event: add that, or leave it out.")
