"""Flink's answers about the cluster and its jobs -> parts of the model: pure. Unreadable for everything else."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from dashboard.model import Edge, Failure, JobSummary, Overview, Subtask, TaskManager, Vertex
from flink_abnormal.runtime import names
from flink_abnormal.runtime.rest import ENDED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dashboard.collect.fields import Field

_AT_HOST: Final = re.compile(r"@([^/@]+:\d+)(?:/|$)")
_DURATION: Final = re.compile(r"\s*(\d+)\s*([a-zµ]*)\s*$", re.IGNORECASE)
_UNIT_SECONDS: Final = {"": 1e-3, "ms": 1e-3, "s": 1.0, "sec": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
# Flink's own defaults where its configuration names none: how often it looks, how long it keeps what it saw.
_REFRESHES: Final = {
    "metrics.fetcher.update-interval": 10.0,
    "web.refresh-interval": 3.0,
    "rest.cache.checkpoint-statistics.timeout": 3.0,
}
_MESSAGE_CHARS: Final = 500


@dataclass(frozen=True)
class JobAnswer:
    """What `/jobs/:id` tells; the vertices in the order of the flow."""

    id: str
    name: str
    state: str
    started: float
    ended: float | None
    duration_s: float
    vertices: tuple[Vertex, ...]
    edges: tuple[Edge, ...]


@dataclass(frozen=True)
class Counters:
    """Flink's cumulative counters of a subtask; times in milliseconds. None: not known."""

    records_in: int | None
    records_out: int | None
    busy_ms: float | None
    backpressured_ms: float | None
    idle_ms: float | None


@dataclass(frozen=True)
class VertexAnswer:
    """What `/jobs/:id/vertices/:vid` tells; `now` is Flink's clock."""

    now: float
    subtasks: tuple[tuple[Subtask, Counters], ...]


def overview(answer: Field, at: float, refresh_s: float | None = None) -> Overview:
    """Read `/overview`."""
    return Overview(
        at,
        answer["flink-version"].text(),
        answer["taskmanagers"].count(),
        answer["slots-total"].count(),
        answer["slots-available"].count(),
        answer["jobs-running"].count(),
        answer["jobs-finished"].count(),
        answer["jobs-cancelled"].count(),
        answer["jobs-failed"].count(),
        refresh_s,
    )


def settings(answer: Field) -> dict[str, str]:
    """Read `/jobmanager/config`."""
    return {each["key"].text(): each["value"].text() for each in answer.items()}


def refresh_s(found: Mapping[str, str]) -> float:
    """Return how old Flink's figures may be at worst, by its settings."""
    return max(duration_s(found.get(key)) or default for key, default in _REFRESHES.items())


def duration_s(text: str | None) -> float | None:
    """Return seconds of a duration as settings and options give it ("5s", "250 ms", "1000"), None of anything else."""
    if text is None or (read := _DURATION.match(text)) is None or read[2].lower() not in _UNIT_SECONDS:
        return None
    return int(read[1]) * _UNIT_SECONDS[read[2].lower()]


def taskmanagers(answer: Field, at: float) -> tuple[TaskManager, ...]:
    """Read `/taskmanagers`, by id; they have no names yet."""
    found = [_taskmanager(each, at) for each in answer["taskmanagers"].items()]
    return tuple(sorted(found, key=lambda each: each.id))


def _taskmanager(each: Field, at: float) -> TaskManager:
    name = each["id"].text()
    host = _AT_HOST.search(each["path"].text())
    heartbeat = each["timeSinceLastHeartbeat"].since_epoch()  # its name is wrong: it is when, not how long ago
    return TaskManager(
        name, "", host[1] if host else name, each["slotsNumber"].count(), each["freeSlots"].count(), at, heartbeat
    )


def jobs(answer: Field) -> tuple[JobSummary, ...]:
    """Read `/jobs/overview`: those that have not ended first, the newest first."""
    found = [_summary(each) for each in answer["jobs"].items()]
    return tuple(sorted(found, key=lambda job: (job.state in ENDED, -job.started)))


def _summary(job: Field) -> JobSummary:
    tasks = job["tasks"]
    return JobSummary(
        job["jid"].text(),
        job["name"].text(),
        job["state"].text(),
        job["start-time"].seconds(),
        job["duration"].seconds(),
        tasks["running"].count() + tasks["finished"].count(),
        tasks["total"].count(),
        job["end-time"].since_epoch(),
    )


@dataclass(frozen=True)
class TaskCounts:
    """Of a job: how many tasks wait for a slot, and when the last one changed its state (epoch seconds)."""

    waiting: int
    changed: float


def tasks(answer: Field) -> dict[str, TaskCounts]:
    """Read what `/jobs/overview` tells beyond the summaries, by job id."""
    return {
        job["jid"].text(): TaskCounts(job["tasks"]["scheduled"].count(), job["last-modification"].seconds())
        for job in answer["jobs"].items()
    }


def job(answer: Field) -> JobAnswer:
    """Read `/jobs/:id`."""
    return JobAnswer(
        answer["jid"].text(),
        answer["name"].text(),
        answer["state"].text(),
        answer["start-time"].seconds(),
        answer["end-time"].since_epoch(),
        answer["duration"].seconds(),
        tuple(_vertex(each) for each in answer["vertices"].items()),
        tuple(
            Edge(source["id"].text(), node["id"].text(), source["ship_strategy"].text())
            for node in answer["plan"]["nodes"].items()
            if (inputs := node.get("inputs")) is not None
            for source in inputs.items()
        ),
    )


def _vertex(each: Field) -> Vertex:
    group = each.get("slotSharingGroupId")
    states = {state: count.count() for state, count in each["tasks"].members()}
    return Vertex(
        each["id"].text(),
        each["name"].text(),
        group.text() if group else "",
        each["parallelism"].count(),
        {state: count for state, count in states.items() if count},
    )


def vertex(answer: Field) -> VertexAnswer:
    """Read `/jobs/:id/vertices/:vid`."""
    return VertexAnswer(answer["now"].seconds(), tuple(_subtask(each) for each in answer["subtasks"].items()))


def _subtask(each: Field) -> tuple[Subtask, Counters]:
    metrics = each["metrics"]
    where = each.get("taskmanager-id")
    host = None if where is None or where.text().startswith("(") else where.text()  # "(unassigned)"
    records_in, records_out = _records(metrics, "read-records"), _records(metrics, "write-records")
    counters = Counters(
        records_in,
        records_out,
        _time(metrics, "accumulated-busy-time"),
        _time(metrics, "accumulated-backpressured-time"),
        _time(metrics, "accumulated-idle-time"),
    )
    index, state, attempt = each["subtask"].count(), each["status"].text(), each["attempt"].count()
    return Subtask(index, state, attempt, host, records_in, records_out), counters


def _records(metrics: Field, key: str) -> int | None:
    """Return a counter; while Flink has not heard of it, it writes 0 and that it is not complete."""
    complete = metrics.get(f"{key}-complete")
    value = metrics.get(key)
    if value is None or (complete is not None and not complete.flag()):
        return None
    number = value.known()
    return None if number is None else int(number)


def _time(metrics: Field, key: str) -> float | None:
    value = metrics.get(key)
    return None if value is None else value.known()


def parameters(answer: Field) -> dict[str, str]:
    """Read the options of a job from `/jobs/:id/config`."""
    given = answer["execution-config"].get("user-config")
    return {} if given is None else {key: value.text() for key, value in given.members()}


def failures(answer: Field) -> tuple[Failure, ...]:
    """Read `/jobs/:id/exceptions`, the newest first."""
    return tuple(_failure(each) for each in answer["exceptionHistory"]["entries"].items())


def _failure(each: Field) -> Failure:
    message = each["stacktrace"].text().split("\n", 1)[0][:_MESSAGE_CHARS]
    task, worker = each.get("taskName"), each.get("taskManagerId")
    where = None if worker is None else names.name_of(worker.text()) or worker.text()
    return Failure(each["timestamp"].seconds(), message, task.text() if task else None, where)
