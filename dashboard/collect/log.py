"""New lines of the TaskManagers' standard output: each answer is a whole file, so what was read before is skipped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from flink_abnormal.core.published import ALERT, DEAD_LETTER, EMITTED
from flink_abnormal.runtime import stdout_files

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dashboard.model import LogKind

FIRST_BYTES: Final = 64 * 2**10
NEW_BYTES: Final = 512 * 2**10
LINE_CHARS: Final = 2_000
_LAST_BYTES: Final = 1024
BYTES_PER_SECOND: Final = 2**20
_KINDS: Final[tuple[tuple[str, LogKind], ...]] = (
    (EMITTED, "emit"),
    (ALERT, "alert"),
    (DEAD_LETTER, "dead-letter"),
)


class Printed(NamedTuple):
    """New lines, and how many bytes between these and those before were left out.

    `first`: nothing was read before, so that they may be old.
    """

    lines: list[str]
    dropped: int
    first: bool


def kind(line: str) -> LogKind:
    """Return what a line tells of."""
    return next((found for prefix, found in _KINDS if line.startswith(prefix)), "other")


class Reader:
    """Reads the output of one TaskManager, from its last lines on.

    A TaskManager that was started anew may write on where its `predecessors` ended: what these showed is skipped.
    """

    def __init__(self, predecessors: Iterable[Reader] = ()) -> None:
        self._place: int | None = None
        self._last = b""
        self._predecessors = list(predecessors)
        self.due_at = 0.0

    def read(self, content: bytes, now: float, share: float) -> Printed:
        """Return what is new in the whole output; the next one is due when its length has been paid for.

        `share` is this one's part of all bytes a second that may be read.
        """
        self.due_at = now + max(len(content) / (BYTES_PER_SECOND * share), 1.0)
        file = _File(content)
        if self._place is None:
            self._place = next((reader.end for reader in self._predecessors if reader.ended_in(file)), None)
            self._predecessors.clear()
        if self._place is not None and self._place > file.end:  # another file under the same name
            self._place = None
        first, place = self._place is None, max(self._place or 0, file.begin)
        end = max(file.after_line(file.end), place)
        begin = max(place, end - (FIRST_BYTES if first else NEW_BYTES))
        if begin > place:
            begin = file.next_line(begin)
        gap = 0 if first else begin - (self._place or 0)
        self._place, self._last = end, file.part(max(file.begin, end - _LAST_BYTES), end)
        # Not splitlines(): it also breaks at U+2028 and its like, which stand inside a line here.
        text = file.part(begin, end).decode(errors="replace").split("\n")[:-1]
        return Printed([line[:LINE_CHARS] for line in text], gap, first)

    @property
    def end(self) -> int:
        """How far it has read."""
        return self._place or 0

    def ended_in(self, file: _File) -> bool:
        """Whether this file goes on where the last one that was read ended."""
        return bool(self._last) and file.part(self.end - len(self._last), self.end) == self._last


class _File:
    """An output whose first bytes may have been dropped; places count from the very first."""

    def __init__(self, content: bytes) -> None:
        self.begin, place = stdout_files.locate(content, 0)
        self._content = content
        self._shift = place - self.begin
        self.end = len(content) - self._shift

    def part(self, begin: int, end: int) -> bytes:
        """Return the bytes between two places, nothing where they are not there any more."""
        return self._content[begin + self._shift : end + self._shift] if begin >= self.begin else b""

    def after_line(self, place: int) -> int:
        """Return the place behind the last whole line before `place`."""
        return self._content.rfind(b"\n", 0, place + self._shift) + 1 - self._shift

    def next_line(self, place: int) -> int:
        """Return where a line begins at `place` or after it."""
        return self._content.index(b"\n", place - 1 + self._shift) + 1 - self._shift
