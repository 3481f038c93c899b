"""Subtasks of each step, and the slots that they need."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from flink_abnormal.core.settings import LayoutSettings


class Parallelism(NamedTuple):
    """Number of subtasks of each step."""

    source: int
    process: int
    sink: int

    @classmethod
    def of(cls, layout: LayoutSettings, default: int) -> Parallelism:
        """Return the configured parallelism, else `default`."""
        return cls(
            layout.source_parallelism or default,
            layout.process_parallelism or default,
            layout.sink_parallelism or default,
        )

    def slots(self, layout: str) -> int:
        """Return the slots needed in a layout."""
        return sum(self) if layout == "isolated" else max(self)
