"""The watermarks of a running job, read from Flink's metrics: per source subtask, and per partition or file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import quote

from flink_abnormal.core.operators import EVENT_ORDER

if TYPE_CHECKING:
    from flink_abnormal.runtime.rest import Cluster

NONE: Final = -(2**63)
"""Flink's watermark before there is one."""
END: Final = 2**63 - 1
"""That of an input that has ended."""
_SPLIT: Final = ".split."
_WATERMARK: Final = ".watermark.currentWatermark"
_IDLE: Final = ".watermark.idleTimeMsPerSecond"
_OUTPUT: Final = ".currentOutputWatermark"
_INPUT: Final = "currentInputWatermark"


class Split(NamedTuple):
    """A partition or file in a source subtask; `watermark` in epoch ms, `idle` the share of the last minute, 0 to 1.

    A subtask without any has one row, with an empty name and its own watermark.
    """

    subtask: int
    name: str
    watermark: int
    idle: float


class Watermarks(NamedTuple):
    """`splits` of the source, and the job's watermark: the smallest where events are put in order."""

    splits: list[Split]
    job: int

    @property
    def holding(self) -> Split | None:
        """The split that holds the job back: of those not idle, the one whose watermark the job has.

        The nearest one, since metrics of different tasks are a few seconds apart.
        """
        active = [split for split in self.splits if split.name and split.idle < 1]
        return min(active, key=lambda split: abs(split.watermark - self.job), default=None)


def read(cluster: Cluster, job_id: str) -> Watermarks | None:
    """Return the watermarks of a job, or None if it does not run in event time."""
    with cluster.understood():
        vertices = cluster.get(f"/jobs/{job_id}")["vertices"]
        ordering = next((each for each in vertices if EVENT_ORDER.name in each["name"]), None)
        if ordering is None:
            return None
        splits: list[Split] = []
        for source in (each for each in vertices if each["name"].startswith("Source: ")):
            for subtask in range(source["parallelism"]):
                path = f"/jobs/{job_id}/vertices/{source['id']}/subtasks/{subtask}/metrics"
                splits += _splits(subtask, _metrics(cluster, path, (_WATERMARK, _IDLE, _OUTPUT)))
        path = f"/jobs/{job_id}/vertices/{ordering['id']}/subtasks/metrics?agg=min&get={_INPUT}"
        found = [int(float(each["min"])) for each in cluster.get(path)]
    return Watermarks(splits, min(found, default=NONE))


def _metrics(cluster: Cluster, path: str, endings: tuple[str, ...]) -> dict[str, str]:
    names = [each["id"] for each in cluster.get(path) if each["id"].endswith(endings)]
    asked = cluster.get(f"{path}?get={quote(','.join(names))}") if names else []
    return {each["id"]: each["value"] for each in asked}


def _splits(subtask: int, metrics: dict[str, str]) -> list[Split]:
    found = [
        Split(
            subtask,
            name.split(_SPLIT, 1)[1].removesuffix(_WATERMARK),
            int(value),
            float(metrics.get(name.replace(_WATERMARK, _IDLE), 0)) / 1000,
        )
        for name, value in sorted(metrics.items())
        if name.endswith(_WATERMARK)
    ]
    own = [int(value) for name, value in metrics.items() if name.startswith("Source") and name.endswith(_OUTPUT)]
    return found or [Split(subtask, "", min(own, default=NONE), 1.0)]
