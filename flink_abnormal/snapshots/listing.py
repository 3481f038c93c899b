"""Rows for a job's checkpoints and savepoints, from Flink's REST API or from the checkpoint folder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from flink_abnormal.snapshots.storage import Retained


_COMPLETED: Final = "COMPLETED"


class ListedCheckpoint(NamedTuple):
    """A row of the list, and its JSON.

    Times are epoch milliseconds; `sizeBytes` is what the checkpoint itself wrote. `status` is Flink's; `kept` is
    whether a completed checkpoint still exists or a newer one has replaced it. If only its folder is known,
    `triggeredMs` is when it was written. `restoredMs` is the job's last restore from it. Unknown values are null.
    """

    id: int | None
    job: str | None
    kind: str
    status: str
    kept: bool | None
    triggeredMs: float | None  # noqa: N815 - the JSON's name
    durationMs: int | None  # noqa: N815
    sizeBytes: int | None  # noqa: N815
    restoredMs: float | None  # noqa: N815
    path: str | None

    @classmethod
    def of_retained(cls, kept: Retained) -> ListedCheckpoint:
        """Return the row of a snapshot in the checkpoint folder."""
        # Flink writes the metadata file last: a snapshot that exists has completed.
        row = (kept.number, kept.job or None, kept.kind, _COMPLETED, True)
        return cls(*row, kept.changed_ms, None, kept.size, None, kept.path)


def of_job(job: str, told: dict[str, Any]) -> list[ListedCheckpoint]:
    """Return a job's rows, newest first; `told` is the response of /jobs/:id/checkpoints."""
    restored = (told.get("latest") or {}).get("restored")
    rows = [_row(job, each, restored) for each in told.get("history") or []]
    if restored and not any(row.restoredMs for row in rows):
        # It belongs to an earlier run, so this job's history lacks it.
        path, when = restored.get("external_path"), restored["restore_timestamp"]
        rows.append(
            ListedCheckpoint(restored["id"], None, _kind(restored), _COMPLETED, None, None, None, None, when, path)
        )
    return rows


def _row(job: str, told: dict[str, Any], restored: dict[str, Any] | None) -> ListedCheckpoint:
    path = told.get("external_path")
    mine = restored is not None and path is not None and restored.get("external_path") == path
    return ListedCheckpoint(
        told["id"],
        job,
        _kind(told),
        told["status"],
        None if "discarded" not in told else not told["discarded"],
        told["trigger_timestamp"],
        told["end_to_end_duration"],
        told.get("checkpointed_size", told["state_size"]),
        restored["restore_timestamp"] if mine and restored else None,
        path,
    )


def _kind(told: dict[str, Any]) -> str:
    return "savepoint" if told["is_savepoint"] else "checkpoint"
