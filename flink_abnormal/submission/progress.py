"""Reports the progress of a bounded run that takes a while, from Flink's metrics over REST."""

from __future__ import annotations

import contextlib
import re
import sys
import time
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import quote

from rich.console import Console

from flink_abnormal.core.errors import ClusterError
from flink_abnormal.core.job import Goal
from flink_abnormal.core.operators import ALERTS_TO_JSON, DETECTOR, PARSE, PRINT_ALERTS
from flink_abnormal.core.published import BYTES_READ
from flink_abnormal.submission.terminal import say

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from flink_abnormal.core.job import Job, JobSettings
    from flink_abnormal.runtime.rest import Cluster

PLAIN_SECONDS: Final = 10.0
RICH_SECONDS: Final = 1.0
_MINUTE: Final = 60
_MEGA: Final = 1_000_000


class Figures(NamedTuple):
    """Progress at `at` (seconds of a monotonic clock); `size` in bytes, 0 if not counted."""

    at: float
    done: int
    size: int
    alerts: int


def goal(job: Job, settings: JobSettings, *, resumes: bool) -> Goal | None:
    """Return the goal of a bounded run, or None for an unbounded one.

    A resumed run has done an unknown part before, so its goal has no total.
    """
    if not settings.bounded or job.goal is None:
        return None
    whole = job.goal(settings)
    return Goal(whole.unit) if resumes else whole


def text(goal: Goal, before: Figures, now: Figures) -> str:
    """Return the progress line; the rate is that since `before`."""
    verb = "Read" if goal.unit == "lines" else "Made"
    whole = f" of {goal.total:,}" if goal.total else ""
    bytes_read = f", {_megabytes(now.size)}{f' of {_megabytes(goal.size)}' if goal.size else ''}" if now.size else ""
    part = now.done / goal.total if goal.total else now.size / goal.size if goal.size else None
    share = f" ({min(part, 1):.0%})" if part is not None else ""
    rate = max(now.done - before.done, 0) / max(now.at - before.at, 0.001)
    left = f"; about {_duration((now.at - before.at) * _remaining(goal, before, now))} left" if part and rate else ""
    return (
        f"{verb} {now.done:,}{whole} {goal.unit}{bytes_read}{share}; {now.alerts:,} alerts; "
        f"{rate:,.0f} {goal.unit} a second{left}"
    )


def _remaining(goal: Goal, before: Figures, now: Figures) -> float:
    """Return the remaining work as a multiple of the work since `before`."""
    if goal.total:
        return max(goal.total - now.done, 0) / max(now.done - before.done, 1)
    return max((goal.size or 0) - now.size, 0) / max(now.size - before.size, 1)


def _megabytes(count: int) -> str:
    return f"{count / _MEGA:,.1f} MB"


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < _MINUTE else f"{seconds / _MINUTE:.0f} min"


def tell(find: Callable[[], Cluster], job_id: str, goal: Goal, ended: threading.Event, *, alone: bool) -> None:
    """Show figures on standard error until the job ends: as one live line if the terminal is `alone`."""
    live = alone and sys.stderr.isatty()
    if ended.wait(PLAIN_SECONDS):
        return
    reader = _ProgressReader(find(), job_id)
    before = Figures(time.monotonic() - PLAIN_SECONDS, 0, 0, 0)
    with Console(stderr=True).status("Reading figures") if live else contextlib.nullcontext() as shown:
        while True:
            with contextlib.suppress(ClusterError):
                now = reader.figures(goal)
                line = text(goal, before, now)
                shown.update(line) if shown is not None else say(line)
                before = now if now.at - before.at >= PLAIN_SECONDS else before
            if ended.wait(RICH_SECONDS if live else PLAIN_SECONDS):
                return


class _ProgressReader:
    """Reads sums over an operator's subtasks; looks up each metric's vertex once."""

    def __init__(self, cluster: Cluster, job_id: str) -> None:
        self._cluster, self._job = cluster, f"/jobs/{job_id}"
        self._places: dict[str, tuple[str, str]] = {}

    def figures(self, goal: Goal) -> Figures:
        """Return the current figures; raise ClusterError if none are available."""
        with self._cluster.understood():
            counted = PARSE.name if goal.unit == "lines" else DETECTOR.name
            alerts = max(self._sum(f"{each.name}.numRecordsIn") for each in (PRINT_ALERTS, ALERTS_TO_JSON))
            size = self._sum(f"{PARSE.name}.{BYTES_READ}") if goal.unit == "lines" else 0
            return Figures(time.monotonic(), self._sum(f"{counted}.numRecordsIn"), size, alerts)

    def _sum(self, metric: str) -> int:
        wanted = _plain(metric)
        if wanted not in self._places:
            self._look_up()
        if wanted not in self._places:
            return 0
        vertex, name = self._places[wanted]
        told = self._metrics(vertex, f"?agg=sum&get={quote(name)}")
        return int(float(told[0]["sum"])) if told else 0

    def _look_up(self) -> None:
        for vertex in self._cluster.get(self._job)["vertices"]:
            for each in self._metrics(vertex["id"], ""):
                self._places[_plain(each["id"])] = vertex["id"], each["id"]

    def _metrics(self, vertex: str, query: str) -> list[dict[str, Any]]:
        return list(self._cluster.get(f"{self._job}/vertices/{vertex}/subtasks/metrics{query}"))


def _plain(name: str) -> str:
    """Normalize a metric's name as Flink does operator names."""
    return re.sub(r"\W", "_", name)
