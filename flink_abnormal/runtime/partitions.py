"""What a running job reads, how far event time has come, and what it could not commit: Flink's metrics over REST.

The metrics of a vertex have the subtask in front of their names, `0.Source__Kafka_messages.pendingRecords`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import quote

from flink_abnormal.core.operators import EVENT_ORDER

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from flink_abnormal.runtime.rest import Cluster

NONE: Final = -(2**63)
"""Flink's watermark before there is one."""
END: Final = 2**63 - 1
"""That of an input that has ended."""
MAX_QUERY_CHARS: Final = 2800
_SPLIT: Final = re.compile(r"(\d+)\.Source.*?\.split\.(.+)\.watermark\.(currentWatermark|idleTimeMsPerSecond)")
_OFFSET: Final = re.compile(r"(\d+)\.Source.*?\.topic\.(.+)\.partition\.(\d+)\.(currentOffset|committedOffset)")
_PENDING: Final = re.compile(r"(\d+)\.Source[^.]*\.pendingRecords")
_INPUT: Final = re.compile(r"(\d+)\.currentInputWatermark")
_LOST: Final = re.compile(r"\d+\..*Committer\.failedCommittables")


class Partition(NamedTuple):
    """A partition or file in a source subtask; None is unknown.

    `watermark` is in epoch ms, NONE before there is one; `idle` the share of the last minute, 0 to 1; `offset` that of
    the last record read, `committed` what the brokers know of it, -1 for none.
    """

    subtask: int
    name: str
    watermark: int | None = None
    idle: float | None = None
    offset: int | None = None
    committed: int | None = None


class Inputs(NamedTuple):
    """What a job reads: its partitions, the records left to read by subtask, and the job's watermark.

    That is the smallest where events are put in order; None where they are not.
    """

    partitions: tuple[Partition, ...] = ()
    pending: Mapping[int, int] = {}
    watermark: int | None = None

    @property
    def holding(self) -> Partition | None:
        """The partition that holds event time back: of those not idle, the one whose watermark the job has.

        The nearest one, since metrics of different tasks are a few seconds apart.
        """
        job = self.watermark
        active = [each for each in self.partitions if each.watermark is not None and each.idle != 1]
        if job is None:
            return None
        return min(active, key=lambda each: abs((each.watermark or 0) - job), default=None)


def is_read(vertex_name: str) -> bool:
    """Whether a vertex has metrics that are read here."""
    return vertex_name.startswith("Source: ") or EVENT_ORDER.name in vertex_name or "Committer" in vertex_name


def wanted(names: Iterable[str]) -> list[str]:
    """Return the names, of all metrics of a vertex, that are read here."""
    return sorted(
        name for name in names if any(kind.fullmatch(name) for kind in (_SPLIT, _OFFSET, _PENDING, _INPUT, _LOST))
    )


def queries(names: Iterable[str]) -> Iterator[str]:
    """Yield the names with commas between, in parts that a URL takes."""
    part = ""
    for name in map(quote, names):
        if part and len(part) + 1 + len(name) > MAX_QUERY_CHARS:
            yield part
            part = ""
        part = f"{part},{name}" if part else name
    if part:
        yield part


def parse(source: Mapping[str, str], ordering: Mapping[str, str] | None) -> Inputs:
    """Parse the metrics of the sources, and of the vertex that puts events in order (None: there is none), by name."""
    found: dict[tuple[int, str], dict[str, int | float]] = {}
    pending: dict[int, int] = {}
    for name, value in source.items():
        if (match := _SPLIT.fullmatch(name)) is not None:
            figures = found.setdefault((int(match[1]), match[2]), {})
            if match[3] == "currentWatermark":
                figures["watermark"] = int(value)
            else:
                figures["idle"] = float(value) / 1000
        elif (match := _OFFSET.fullmatch(name)) is not None:
            figures = found.setdefault((int(match[1]), f"{match[2]}-{match[3]}"), {})
            figures["offset" if match[4] == "currentOffset" else "committed"] = int(value)
        elif (match := _PENDING.fullmatch(name)) is not None:
            pending[int(match[1])] = int(value)
    marks = [int(value) for name, value in (ordering or {}).items() if _INPUT.fullmatch(name)]
    partitions = (Partition(*place, **figures) for place, figures in sorted(found.items()))  # type: ignore[arg-type]
    return Inputs(tuple(partitions), pending, None if ordering is None else min(marks, default=NONE))


def lost_transactions(committers: Mapping[str, str]) -> int:
    """Return how many transactions brokers had aborted before the job, since its last restart, came to commit them."""
    return sum(int(value) for name, value in committers.items() if _LOST.fullmatch(name))


def read(cluster: Cluster, job_id: str) -> Inputs:
    """Read what a job reads."""
    source: dict[str, str] = {}
    ordering: dict[str, str] | None = None
    with cluster.understood():
        for vertex in cluster.get(f"/jobs/{job_id}")["vertices"]:
            if not is_read(vertex["name"]):
                continue
            path = f"/jobs/{job_id}/vertices/{vertex['id']}/metrics"
            into = source
            if EVENT_ORDER.name in vertex["name"]:
                into = ordering = {}
            for query in queries(wanted(each["id"] for each in cluster.get(path))):
                into |= {each["id"]: each["value"] for each in cluster.get(f"{path}?get={query}") if "value" in each}
        return parse(source, ordering)
