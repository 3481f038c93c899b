"""Judges from a soak's samples whether a process needs more and more: pure.

**Flat** means that a process needs no more in the last quarter of the run than in the half before. Its need is the 90th
percentile of the samples, not the median: a killed JVM begins small, so that a median would depend on the times of the
strikes. The half before, and not the third quarter alone, ensures that each process has an earlier life as long as its
last one. The first quarter is left out because a JVM warms up.

JobManagers are judged together, by the largest need at a time: a leader needs twice as much as a standby, and the
strikes decide which of them leads in the last quarter.

A restart hides a slow leak, so one TaskManager is spared all strikes: each of them restarts its tasks, but its JVM and
the Python in it live as long as the run. So do the supervisor, ZooKeeper, the guard and the dashboard.
"""

from __future__ import annotations

from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

MIB: Final = 2**20
SHARE: Final = 0.1
QUARTERS: Final = (0.25, 0.75)
PERCENTILE: Final = 0.9


class Figure(NamedTuple):
    """A measured quantity; growth of less than `floor` is noise, whatever its share. `unit` divides it."""

    name: str
    title: str
    floor: int
    unit: int = 1


FIGURES: Final = (
    Figure("rss", "RSS MiB", 16 * MIB, MIB),
    Figure("pss", "PSS MiB", 16 * MIB, MIB),
    # A TaskManager's threads depend on its tasks, which each recovery redistributes.
    Figure("threads", "Threads", 20),
    Figure("files", "Open files", 24),
    Figure("disk", "Disk MiB", 8 * MIB, MIB),
)
UNJUDGED: Final = ("log", "alerts")
"""Folders that grow by design; docs/operations.md describes their limits."""
JOBMANAGER: Final = "jobmanager-"
ANY_JOBMANAGER: Final = "any jobmanager"


class Sample(NamedTuple):
    """The needs of a process or a folder (`pid` 0), `at` seconds after the beginning; None: not applicable."""

    at: float
    name: str
    pid: int
    rss: int | None = None
    pss: int | None = None
    threads: int | None = None
    files: int | None = None
    disk: int | None = None


class Growth(NamedTuple):
    """A process's need of a figure in the half before the last quarter, in the last quarter, and its maximum."""

    before: float
    last: float
    most: float


class Row(NamedTuple):
    """A process: its number of lives, and the growth of each of its figures by name."""

    name: str
    lives: int
    growths: dict[str, Growth]


def rows(samples: Sequence[Sample]) -> list[Row]:
    """Return a row per process and folder, in the order of their first samples, and one for JobManagers."""
    samples = [*samples, *_greediest(sample for sample in samples if sample.name.startswith(JOBMANAGER))]
    ends = max((sample.at for sample in samples), default=0.0)
    found = []
    for name in dict.fromkeys(sample.name for sample in samples):
        mine = [sample for sample in samples if sample.name == name]
        growths = {figure.name: _growth(mine, figure, ends) for figure in FIGURES}
        lives = len({sample.pid for sample in mine if sample.pid})
        found.append(Row(name, lives, {key: each for key, each in growths.items() if each is not None}))
    return found


def problems(found: Iterable[Row]) -> list[str]:
    """Return one sentence per figure that is not flat."""
    told = []
    for row in found:
        for figure in FIGURES:
            growth = row.growths.get(figure.name)
            if growth is None or row.name in UNJUDGED or row.name.startswith(JOBMANAGER):
                continue
            grown = growth.last - growth.before
            if grown > max(SHARE * growth.before, figure.floor):
                before, last = (_shown(value, figure) for value in (growth.before, growth.last))
                told.append(f"{row.name} grows: {figure.title} {before} before, {last} in the last quarter")
    return told


def cell(row: Row, figure: Figure) -> str:
    """Return a figure's cell of the table."""
    growth = row.growths.get(figure.name)
    if growth is None:
        return ""
    before, last, most = (_shown(value, figure) for value in growth)
    return f"{before} → {last} (most {most})"


def _greediest(samples: Iterable[Sample]) -> Iterator[Sample]:
    """Yield the maximum need of several processes at each time."""
    for at, together in groupby(sorted(samples, key=attrgetter("at")), key=attrgetter("at")):
        each = list(together)
        most = {
            figure.name: max((value for one in each if (value := getattr(one, figure.name)) is not None), default=None)
            for figure in FIGURES
        }
        yield Sample(at, ANY_JOBMANAGER, 0, **most)


def _growth(mine: Sequence[Sample], figure: Figure, ends: float) -> Growth | None:
    """Return the growth, or None if either part has no samples: a late start or an early end is no growth."""
    begin, turn = (share * ends for share in QUARTERS)
    values = [(sample.at, value) for sample in mine if (value := getattr(sample, figure.name)) is not None]
    before = [value for at, value in values if begin <= at < turn]
    last = [value for at, value in values if at >= turn]
    if not before or not last:
        return None
    return Growth(_needed(before), _needed(last), max(value for _, value in values))


def _needed(values: Sequence[float]) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(PERCENTILE * len(ordered)))]


def _shown(value: float, figure: Figure) -> str:
    return f"{value / figure.unit:,.0f}"
