"""Flink's answers about checkpoints -> parts of the model: pure. Unreadable for everything else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from dashboard.model import Checkpoint, CheckpointTask

if TYPE_CHECKING:
    from dashboard.collect.fields import Field

_FAILURE_CHARS: Final = 500


@dataclass(frozen=True)
class RestoredCheckpoint:
    """The checkpoint that a job was last restored from, and when (epoch seconds)."""

    id: int
    at: float
    savepoint: bool = False
    path: str | None = None


@dataclass(frozen=True)
class CheckpointsAnswer:
    """What `/jobs/:id/checkpoints` tells, the newest first; no checkpoint has a term yet."""

    total: int
    completed: int
    failed: int
    in_progress: int
    restored: int
    history: tuple[Checkpoint, ...]
    latest_restored: RestoredCheckpoint | None
    average_duration_s: float | None
    average_bytes: float | None


@dataclass(frozen=True)
class Configuration:
    """What `/jobs/:id/checkpoints/config` tells."""

    interval_s: float | None
    exactly_once: bool
    unaligned: bool
    backend: str | None
    storage: str | None


def checkpoints(answer: Field, job_id: str) -> CheckpointsAnswer:
    """Read `/jobs/:id/checkpoints`."""
    counts = answer["counts"]
    completed = counts["completed"].count()
    latest = answer["latest"].get("restored")
    restored = None if latest is None else _restored(latest)
    found = (_checkpoint(each, job_id) for each in answer["history"].items())
    return CheckpointsAnswer(
        counts["total"].count(),
        completed,
        counts["failed"].count(),
        counts["in_progress"].count(),
        counts["restored"].count(),
        tuple(sorted(found, key=lambda each: each.triggered, reverse=True)),
        restored,
        _average(answer, "end_to_end_duration", 1000) if completed else None,
        _average(answer, "checkpointed_size", 1) if completed else None,
    )


def _average(answer: Field, key: str, unit: int) -> float | None:
    summary = answer.get("summary")
    known = None if summary is None else summary[key]["avg"].known()
    return None if known is None else known / unit


def _restored(latest: Field) -> RestoredCheckpoint:
    path, savepoint = latest.get("external_path"), latest.get("is_savepoint")
    return RestoredCheckpoint(
        int(latest["id"].number()),
        latest["restore_timestamp"].seconds(),
        savepoint.flag() if savepoint else False,
        path.text() if path else None,
    )


def _checkpoint(each: Field, job_id: str) -> Checkpoint:
    path, failure, kind = each.get("external_path"), each.get("failure_message"), each.get("checkpoint_type")
    discarded = each.get("discarded")
    size = each.get("checkpointed_size") or each["state_size"]
    return Checkpoint(
        job_id,
        each["id"].count(),
        0,
        each["status"].text(),
        each["is_savepoint"].flag(),
        each["trigger_timestamp"].seconds(),
        max(each["end_to_end_duration"].seconds(), 0.0),
        int(size.known() or 0),
        each["num_subtasks"].count(),
        each["num_acknowledged_subtasks"].count(),
        unaligned=kind is not None and kind.text() == "UNALIGNED_CHECKPOINT",
        path=path.text() if path else None,
        failure=failure.text().split("\n", 1)[0][:_FAILURE_CHARS] if failure else None,
        kept=None if discarded is None else not discarded.flag(),
    )


def configuration(answer: Field) -> Configuration:
    """Read `/jobs/:id/checkpoints/config`."""
    interval = answer["interval"].number()
    backend, storage = answer.get("state_backend"), answer.get("checkpoint_storage")
    return Configuration(
        interval / 1000 if 0 < interval < 2**53 else None,  # none at all is Flink's largest number
        answer["mode"].text() == "exactly_once",
        answer["unaligned_checkpoints"].flag(),
        backend.text() if backend else None,
        storage.text() if storage else None,
    )


def detail_vertices(answer: Field) -> tuple[Checkpoint, tuple[str, ...]]:
    """Read from `/jobs/:id/checkpoints/details/:cid` the checkpoint and the vertices that it holds."""
    return _checkpoint(answer, ""), tuple(vertex for vertex, _ in answer["tasks"].members())


def task(answer: Field, vertex: str, name: str) -> CheckpointTask:
    """Read `/jobs/:id/checkpoints/details/:cid/subtasks/:vid`."""
    summary = answer.get("summary")
    durations = None if summary is None else summary.get("checkpoint_duration")
    alignment = None if summary is None else summary.get("alignment")
    size = answer.get("checkpointed_size") or answer["state_size"]
    return CheckpointTask(
        vertex,
        name,
        answer["num_subtasks"].count(),
        answer["num_acknowledged_subtasks"].count(),
        max(answer["end_to_end_duration"].seconds(), 0.0),
        int(size.known() or 0),
        _longest(durations, "sync"),
        _longest(durations, "async"),
        _longest(alignment, "duration"),
        _longest(summary, "start_delay"),
        *_subtasks(answer),
    )


def _longest(summary: Field | None, key: str) -> float | None:
    known = None if summary is None or (figures := summary.get(key)) is None else figures["max"].known()
    return None if known is None else known / 1000


def _subtasks(answer: Field) -> tuple[tuple[float, ...], tuple[int, ...]]:
    """Return what each subtask took and wrote; of one that has not acknowledged Flink tells nothing."""
    found = sorted(
        (each["index"].count(), max(duration.seconds(), 0.0), int(size.known() or 0))
        for each in answer["subtasks"].items()
        if (duration := each.get("end_to_end_duration")) is not None
        and (size := each.get("checkpointed_size") or each["state_size"])
    )
    if len(found) < len(answer["subtasks"].items()):
        return (), ()
    return tuple(seconds for _, seconds, _ in found), tuple(size for _, _, size in found)
