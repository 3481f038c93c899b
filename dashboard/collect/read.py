"""Flink's answers -> parts of the model: pure. Unreadable for everything else."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from dashboard.collect.fields import Field
from dashboard.model import (
    Checkpoint,
    Checkpoints,
    CheckpointTask,
    Edge,
    Failure,
    JobDetail,
    JobSummary,
    Overview,
    Subtask,
    TaskManager,
    Vertex,
)
from flink_abnormal.core.durations import duration_s
from flink_abnormal.core.recovery import RestoredCheckpoint
from flink_abnormal.runtime import names
from flink_abnormal.runtime.rest import ENDED

if TYPE_CHECKING:
    from collections.abc import Mapping

_AT_HOST: Final = re.compile(r"@([^/@]+:\d+)(?:/|$)")
# Flink's own defaults where its configuration names none: how often it looks, how long it keeps what it saw.
_REFRESHES: Final = {
    "metrics.fetcher.update-interval": 10.0,
    "web.refresh-interval": 3.0,
    "rest.cache.checkpoint-statistics.timeout": 3.0,
}
_MESSAGE_CHARS: Final = 500


class Counters(NamedTuple):
    """Flink's cumulative counters of a subtask; times in milliseconds. None: not known."""

    records_in: int | None
    records_out: int | None
    busy_ms: float | None
    backpressured_ms: float | None
    idle_ms: float | None


class VertexAnswer(NamedTuple):
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
    return max(duration_s(found.get(key, "")) or default for key, default in _REFRESHES.items())


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
        tasks["scheduled"].count(),
        job["last-modification"].seconds(),
    )


def job(answer: Field, at: float = 0.0) -> JobDetail:
    """Read `/jobs/:id`: the vertices in the order of the flow, without their subtasks."""
    return JobDetail(
        answer["jid"].text(),
        answer["name"].text(),
        answer["state"].text(),
        answer["start-time"].seconds(),
        at,
        answer["duration"].seconds(),
        answer["end-time"].since_epoch(),
        tuple(_vertex(each) for each in answer["vertices"].items()),
        tuple(
            Edge(source["id"].text(), node["id"].text(), source["ship_strategy"].text())
            for node in answer["plan"]["nodes"].items()
            if (inputs := node.get("inputs")) is not None
            for source in inputs.items()
        ),
    )


def _vertex(each: Field) -> Vertex:
    states = {state: count.count() for state, count in each["tasks"].members()}
    return Vertex(
        each["id"].text(),
        each["name"].text(),
        each.optional("slotSharingGroupId", Field.text) or "",
        each["parallelism"].count(),
        {state: count for state, count in states.items() if count},
    )


def vertex(answer: Field) -> VertexAnswer:
    """Read `/jobs/:id/vertices/:vid`."""
    return VertexAnswer(answer["now"].seconds(), tuple(_subtask(each) for each in answer["subtasks"].items()))


def _subtask(each: Field) -> tuple[Subtask, Counters]:
    metrics = each["metrics"]
    worker = each.optional("taskmanager-id", Field.text)
    worker = None if worker is None or worker.startswith("(") else worker  # "(unassigned)"
    counters = Counters(
        _records(metrics, "read-records"),
        _records(metrics, "write-records"),
        metrics.optional("accumulated-busy-time", Field.known),
        metrics.optional("accumulated-backpressured-time", Field.known),
        metrics.optional("accumulated-idle-time", Field.known),
    )
    index, state, attempt = each["subtask"].count(), each["status"].text(), each["attempt"].count()
    return Subtask(index, state, attempt, worker, counters.records_in, counters.records_out), counters


def _records(metrics: Field, key: str) -> int | None:
    """Return a counter; while Flink has not heard of it, it writes 0 and that it is not complete."""
    if metrics.optional(f"{key}-complete", Field.flag) is False:
        return None
    number = metrics.optional(key, Field.known)
    return None if number is None else int(number)


def parameters(answer: Field) -> dict[str, str]:
    """Read the options of a job from `/jobs/:id/config`."""
    given = answer["execution-config"].get("user-config")
    return {} if given is None else {key: value.text() for key, value in given.members()}


def failures(answer: Field) -> tuple[Failure, ...]:
    """Read `/jobs/:id/exceptions`, the newest first."""
    return tuple(_failure(each) for each in answer["exceptionHistory"]["entries"].items())


def _failure(each: Field) -> Failure:
    message = each["stacktrace"].text().split("\n", 1)[0][:_MESSAGE_CHARS]
    worker = each.optional("taskManagerId", Field.text)
    where = None if worker is None else names.name_of(worker) or worker
    return Failure(each["timestamp"].seconds(), message, each.optional("taskName", Field.text), where)


class Configuration(NamedTuple):
    """What `/jobs/:id/checkpoints/config` tells."""

    interval_s: float | None
    exactly_once: bool
    unaligned: bool
    backend: str | None
    storage: str | None


def checkpoints(answer: Field, job_id: str, at: float = 0.0) -> Checkpoints:
    """Read `/jobs/:id/checkpoints`; no checkpoint has a term yet."""
    counts = answer["counts"]
    completed = counts["completed"].count()
    latest = answer["latest"].get("restored")
    found = (_checkpoint(each, job_id) for each in answer["history"].items())
    return Checkpoints(
        at,
        counts["total"].count(),
        completed,
        counts["failed"].count(),
        counts["in_progress"].count(),
        counts["restored"].count(),
        tuple(sorted(found, key=lambda each: each.triggered, reverse=True)),
        _average(answer, "end_to_end_duration", 1000) if completed else None,
        _average(answer, "checkpointed_size", 1) if completed else None,
        latest_restored=None if latest is None else _restored(latest),
    )


def _average(answer: Field, key: str, unit: int) -> float | None:
    known = answer.optional("summary", lambda summary: summary[key]["avg"].known())
    return None if known is None else known / unit


def _restored(latest: Field) -> RestoredCheckpoint:
    return RestoredCheckpoint(
        int(latest["id"].number()),
        latest["restore_timestamp"].seconds(),
        latest.optional("is_savepoint", Field.flag) or False,
        latest.optional("external_path", Field.text),
    )


def _checkpoint(each: Field, job_id: str) -> Checkpoint:
    failure, discarded = each.optional("failure_message", Field.text), each.optional("discarded", Field.flag)
    return Checkpoint(
        job_id,
        each["id"].count(),
        0,
        each["status"].text(),
        each["is_savepoint"].flag(),
        each["trigger_timestamp"].seconds(),
        max(each["end_to_end_duration"].seconds(), 0.0),
        _size(each),
        each["num_subtasks"].count(),
        each["num_acknowledged_subtasks"].count(),
        unaligned=each.optional("checkpoint_type", Field.text) == "UNALIGNED_CHECKPOINT",
        path=each.optional("external_path", Field.text),
        failure=None if failure is None else failure.split("\n", 1)[0][:_MESSAGE_CHARS],
        kept=None if discarded is None else not discarded,
    )


def _size(each: Field) -> int:
    """Return the bytes that a checkpoint wrote; an older Flink tells of the state's size only."""
    return int((each.get("checkpointed_size") or each["state_size"]).known() or 0)


def configuration(answer: Field) -> Configuration:
    """Read `/jobs/:id/checkpoints/config`."""
    interval = answer["interval"].number()
    return Configuration(
        interval / 1000 if 0 < interval < 2**53 else None,  # none at all is Flink's largest number
        answer["mode"].text() == "exactly_once",
        answer["unaligned_checkpoints"].flag(),
        answer.optional("state_backend", Field.text),
        answer.optional("checkpoint_storage", Field.text),
    )


def detail_vertices(answer: Field) -> tuple[str, ...]:
    """Read from `/jobs/:id/checkpoints/details/:cid` the vertices that a checkpoint holds."""
    return tuple(vertex for vertex, _ in answer["tasks"].members())


def task(answer: Field, vertex: str, name: str) -> CheckpointTask:
    """Read `/jobs/:id/checkpoints/details/:cid/subtasks/:vid`."""
    summary = answer.get("summary")
    return CheckpointTask(
        vertex,
        name,
        answer["num_subtasks"].count(),
        answer["num_acknowledged_subtasks"].count(),
        max(answer["end_to_end_duration"].seconds(), 0.0),
        _size(answer),
        _longest(summary, "checkpoint_duration", "sync"),
        _longest(summary, "checkpoint_duration", "async"),
        _longest(summary, "alignment", "duration"),
        _longest(summary, "start_delay"),
        *_subtasks(answer),
    )


def _longest(summary: Field | None, *keys: str) -> float | None:
    for key in keys:
        summary = None if summary is None else summary.get(key)
    known = None if summary is None else summary["max"].known()
    return None if known is None else known / 1000


def _subtasks(answer: Field) -> tuple[tuple[float, ...], tuple[int, ...]]:
    """Return what each subtask took and wrote; of one that has not acknowledged Flink tells nothing."""
    subtasks = answer["subtasks"].items()
    found = sorted(
        (each["index"].count(), max(duration.seconds(), 0.0), _size(each))
        for each in subtasks
        if (duration := each.get("end_to_end_duration")) is not None
    )
    if len(found) < len(subtasks):
        return (), ()
    return tuple(seconds for _, seconds, _ in found), tuple(size for _, _, size in found)
