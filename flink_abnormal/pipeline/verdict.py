"""The verdict on a bounded run that understood little or nothing of its input."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from flink_abnormal.core.errors import UsageError
from flink_abnormal.core.model import one_line
from flink_abnormal.pipeline.formats.diagnosis import diagnose
from flink_abnormal.pipeline.formats.record import UNDERSTOOD
from flink_abnormal.pipeline.stdout import write_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from flink_abnormal.pipeline.summary import Summary

SAMPLE: Final = "sample "
"""Prefix of a sample's JSON as a key of the tally, which carries it to the end of the run."""

_ERROR: Final = "Error: "
_WARNING: Final = "Warning: "
_SHOWN_FIELDS: Final = 12


class Sample(NamedTuple):
    """An unused line: `reason` is why it was rejected, or empty if it was skipped."""

    reason: str
    file: str
    number: int
    fields: list[str]
    hint: str

    @classmethod
    def of(cls, format_name: str, reason: str, file: str, number: int, line: bytes) -> Sample:
        """Diagnose a line."""
        found = diagnose(format_name, line)
        return cls(reason, file, number, found.fields[:_SHOWN_FIELDS], found.hint)

    def key(self) -> str:
        """Return the key that the tally counts."""
        return SAMPLE + json.dumps(self)

    def text(self) -> str:
        """Return the line's place, its defect and its fields."""
        where = f"{self.file}:{self.number}" if self.number else self.file
        what = f"is rejected ({self.reason})" if self.reason else "is not an event"
        holds = f", and has the fields {', '.join(self.fields)}" if self.fields else ""
        return f"the first, {where}, {what}{holds}; {self.hint}"


class Ending(NamedTuple):
    """Where a bounded run leaves its last lines for the client, which prints them behind all of the job's own.

    The client of an embedded run reads them from `file`; on a cluster it searches the workers' standard output for
    those behind `prefix`.
    """

    prefix: str = ""
    file: str = ""

    def leave(self, lines: Iterable[str]) -> None:
        """Store lines in `file`, or print each behind `prefix`."""
        if self.file:
            Path(self.file).write_text("\n".join(lines), encoding="utf-8")
            return
        for line in lines:
            write_line(self.prefix + line)

    def take(self) -> list[str]:
        """Return the lines of `file`, and remove it."""
        with contextlib.suppress(FileNotFoundError):
            found = Path(self.file).read_text(encoding="utf-8")
            Path(self.file).unlink()
            return found.split("\n")
        return []


def of_run(summary: Summary, counts: Mapping[str, int]) -> str:
    """Return `Error: ` or `Warning: ` and a sentence, or  if enough was understood."""
    sample = _first(counts)
    tail = f": {sample.text()}." if sample is not None else "."
    if summary.read == 0:
        text = f"{_WARNING}The input contains no lines."
    elif summary.valid == 0 and summary.dead_lettered == 0 and UNDERSTOOD in counts:
        text = f"{_WARNING}None of the {summary.read} lines reports a login."
    elif summary.valid == 0:
        text = f"{_ERROR}0 of {summary.read} lines could be used{tail}"
    elif 2 * summary.dead_lettered > summary.read:
        text = f"{_WARNING}{summary.dead_lettered} of {summary.read} lines are dead letters{tail}"
    else:
        return ""
    return one_line(text)


def is_verdict(line: str) -> bool:
    """Whether a line at the end of a run is a result of `of_run`."""
    return line.startswith((_ERROR, _WARNING))


def raise_error(verdict: str) -> None:
    """Raise UsageError if the verdict is an error."""
    if verdict.startswith(_ERROR):
        raise UsageError(verdict.removeprefix(_ERROR))


def _first(counts: Iterable[str]) -> Sample | None:
    """Return the first rejected line, else the first skipped one."""
    samples = [Sample(*json.loads(key.removeprefix(SAMPLE))) for key in counts if key.startswith(SAMPLE)]
    return min(samples, key=lambda sample: (not sample.reason, sample.file, sample.number), default=None)
