"""How many subtasks each step has, and how many slots that takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from flink_abnormal.core.settings import Settings


class Parallelism(NamedTuple):
    """Subtasks of each step."""

    source: int
    process: int
    sink: int

    @classmethod
    def of(cls, settings: Settings, default: int) -> Parallelism:
        """Return what the settings say, or the default where they say nothing."""
        layout = settings.layout
        return cls(
            layout.source_parallelism or default,
            layout.process_parallelism or default,
            layout.sink_parallelism or default,
        )

    def slots(self, layout: str) -> int:
        """Return how many slots the job needs in a layout."""
        return sum(self) if layout == "isolated" else max(self)
