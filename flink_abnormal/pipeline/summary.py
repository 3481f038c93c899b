"""The figures of a bounded run, and the line that reports them: pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from flink_abnormal.core.model import ABNORMAL, NORMAL
from flink_abnormal.pipeline.formats.record import MATCHED, UNREAD_TIMES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SKIPPED: Final = "skipped"
DEAD_LETTERED: Final = "dead-lettered"
REPEATED: Final = "repeated"
ALERTS: Final = "alerts"
CHANGED_FILES: Final = "changed-files"
LATE: Final = "late"


class Summary(NamedTuple):
    """Results of a bounded run. valid, skipped, dead_lettered count lines; the others events, alerts, files."""

    valid: int
    skipped: int
    dead_lettered: int
    abnormal: int
    normal: int
    alerts: int
    changed_files: int
    unread_times: int = 0
    late: int = 0
    unmatched: tuple[str, ...] = ()

    @classmethod
    def of(cls, counts: Mapping[str, int], values: Iterable[str] = ()) -> Summary:
        """Return the summary of the tally's sums, 0 for missing ones; `values` are those that may match."""
        abnormal, normal = counts.get(ABNORMAL, 0), counts.get(NORMAL, 0)
        return cls(
            # A line that repeats an event N times counts as one line and N events.
            valid=abnormal + normal - counts.get(REPEATED, 0),
            skipped=counts.get(SKIPPED, 0),
            dead_lettered=counts.get(DEAD_LETTERED, 0),
            abnormal=abnormal,
            normal=normal,
            alerts=counts.get(ALERTS, 0),
            changed_files=counts.get(CHANGED_FILES, 0),
            unread_times=counts.get(UNREAD_TIMES, 0),
            late=counts.get(LATE, 0),
            unmatched=tuple(value for value in values if MATCHED + value not in counts),
        )

    @property
    def read(self) -> int:
        """Total number of lines."""
        return self.valid + self.skipped + self.dead_lettered

    def text(self) -> str:
        """Return the final line of a bounded run."""
        rare = {
            "files changed after they were read": self.changed_files,
            "times that could not be read": self.unread_times,
            "late events": self.late,
            "values that never matched": ", ".join(self.unmatched),
        }
        return (
            f"read {self.read} = valid {self.valid} + skipped {self.skipped} + dead-lettered {self.dead_lettered}; "
            f"events: abnormal {self.abnormal}, normal {self.normal}; alerts {self.alerts}"
            + "".join(f"; {what}: {figure}" for what, figure in rare.items() if figure)
        )
