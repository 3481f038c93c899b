"""The TaskManagers: their names, and those that are gone for a while yet.

This project's clusters name them (`runtime/names.py`), and a name stays when its process is started again. Those of
other clusters get numbers that are never given twice.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from flink_abnormal.runtime import names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from dashboard.model import TaskManager

LOST_SECONDS: Final = 120.0
NAMES_KEPT: Final = 10_000  # a cluster that starts a new one each minute for a week


@dataclass(frozen=True)
class Named:
    """The number that a TaskManager of another cluster got, and when it was last there."""

    id: str
    number: int
    seen_at: float

    @property
    def name(self) -> str:
        """What the pages call it."""
        return f"TaskManager {self.number}"


class Workers:
    """Takes the answers of `/taskmanagers` in their order; `keep` is told of each new name, and now and then of old."""

    def __init__(self, known: Iterable[Named], keep: Callable[[Named], None]) -> None:
        self._names = {each.id: each for each in known}
        self._next = max((each.number for each in self._names.values()), default=0) + 1
        self._keep = keep
        self._present: dict[str, TaskManager] = {}
        self._lost: dict[str, TaskManager] = {}
        self.at: float | None = None
        self.pids: Mapping[str, int] = {}
        """By name, of the processes that run on this machine."""

    def update(self, answer: Iterable[TaskManager], at: float, *, settled: bool = True) -> None:
        """Take an answer. A JobManager that has not `settled` yet waits for those that it was told of to come."""
        present = {each.id: replace(each, name=self._name(each.id, at)) for each in answer}
        if not settled:
            present = self._present | present
        for each in self._present.values():
            if each.id not in present:
                self._lost[each.id] = replace(each, lost_at=at)
        self._present = present
        self._lost = {
            each.id: each
            for each in self._lost.values()
            if each.id not in present and each.lost_at is not None and at - each.lost_at <= LOST_SECONDS
        }
        self.at = at

    def _name(self, worker: str, at: float) -> str:
        return names.name_of(worker) or self._numbered(worker, at).name

    def _numbered(self, worker: str, at: float) -> Named:
        known = self._names.get(worker)
        if known is None:
            known = Named(worker, self._next, at)
            self._next += 1
        elif at - known.seen_at < LOST_SECONDS:
            return known
        else:
            known = replace(known, seen_at=at)
        self._names[worker] = known
        self._keep(known)
        if len(self._names) > NAMES_KEPT:
            oldest = min(self._names.values(), key=lambda each: each.seen_at)
            del self._names[oldest.id]
        return known

    @property
    def present(self) -> Mapping[str, TaskManager]:
        """Those that are registered, by id."""
        return self._present

    def view(self) -> tuple[TaskManager, ...]:
        """Return the registered and the lately lost, by the numbers in their names."""
        here = (replace(each, pid=self.pids.get(each.name)) for each in self._present.values())
        found = [*here, *self._lost.values()]
        return tuple(sorted(found, key=lambda each: (*_parts(each.name), each.lost_at or 0.0)))

    def name(self, worker: str) -> str:
        """Return the name of a TaskManager, its id if it was never seen."""
        known = self._names.get(worker)
        return names.name_of(worker) or (known.name if known else worker)


def _parts(name: str) -> tuple[str, int]:
    """Return what stands before the number of a name, and the number."""
    words, _, number = name.replace(" ", "-").rpartition("-")
    return words, int(number)
