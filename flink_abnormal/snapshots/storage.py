"""Checkpoints and savepoints below a folder or in a bucket: lists them, and finds the newest."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from flink_abnormal.core.errors import UsageError
from flink_abnormal.core.uris import local_path
from flink_abnormal.runtime import s3
from flink_abnormal.snapshots import finished

if TYPE_CHECKING:
    from collections.abc import Iterator


LATEST: Final = "latest"
AUTO: Final = "auto"
METADATA: Final = "_metadata"

_RETAINED: Final = re.compile(r"(?P<job>[^/]+)/chk-(?P<number>\d+)|savepoints/(?P<savepoint>[^/]+)")


def resolve(wanted: str | None, checkpoint_dir: str | Path) -> str | None:
    """Return the path of the snapshot to start from; `latest` is the newest complete one below `checkpoint_dir`.

    `auto` is the same unless a job has finished since; without such a snapshot, the job starts from none.
    """
    if wanted is None:
        return None
    if wanted == AUTO:
        # A snapshot left by a lost attempt belongs to the job that has finished since.
        return newest(checkpoint_dir, finished.newest_ms(str(checkpoint_dir)))
    if wanted == LATEST:
        found = newest(checkpoint_dir)
        if found is None:
            raise UsageError(f"--from latest found no checkpoint below {checkpoint_dir}. Start without --from.")
        return found
    return named(wanted, "--from ")


def named(wanted: str, said: str = "") -> str:
    """Return the path of the snapshot that a user names: a folder, a file URI or an s3:// URI; `said` is the flag."""
    refusal = UsageError(
        f"{said}{wanted} is not a snapshot: expected a folder with a file {METADATA}, such as …/chk-12 or "
        "…/savepoint-…."
    )
    if not exists(wanted):
        raise refusal
    path = local_path(wanted)
    return wanted.rstrip("/") if path is None else str(path.absolute())


def exists(path: str) -> bool:
    """Return whether a folder or URI contains a snapshot; assume it does if the URI's scheme can't be read here."""
    if s3.is_s3(path):
        return s3.holds(_metadata_of(path))
    folder = local_path(path)
    try:
        return folder is None or Path(_metadata_of(str(folder))).is_file()
    except OSError as error:
        raise UsageError(f"{path} can't be listed: {error.strerror}.") from None


class Retained(NamedTuple):
    """A complete snapshot in the checkpoint folder.

    `job` is the job's id, empty for a savepoint; `number` is the checkpoint's, None for a savepoint; `size` is the
    bytes of its own folder, without files shared by incremental checkpoints.
    """

    path: str
    kind: Literal["checkpoint", "savepoint"]
    job: str
    number: int | None
    changed_ms: float
    size: int

    @property
    def age(self) -> tuple[float, float]:
        """The sort key by age; S3 stores may report whole seconds only."""
        return self.changed_ms, math.inf if self.number is None else self.number


def newest(checkpoint_dir: str | Path, after_ms: float = -math.inf) -> str | None:
    """Return the path of the newest complete snapshot, if newer than `after_ms` (epoch milliseconds), or None."""
    found = retained(checkpoint_dir)
    return found[0].path if found and found[0].changed_ms > after_ms else None


def retained(checkpoint_dir: str | Path) -> list[Retained]:
    """Return every complete checkpoint and savepoint below `checkpoint_dir` (a folder or a URI), newest first.

    They are in JOB-ID/chk-N and, unless `stop` was given another place, in savepoints/savepoint-….
    """
    folder = str(checkpoint_dir).rstrip("/")
    files = _s3_files(folder) if s3.is_s3(folder) else _local_files(folder)
    base = folder if s3.is_s3(folder) else str(_local(folder))
    sizes: dict[str, int] = {}
    whole: dict[str, float] = {}
    for name, size, changed_ms in files:
        below, _, file = name.rpartition("/")
        sizes[below] = sizes.get(below, 0) + size
        if file == METADATA:
            whole[below] = changed_ms
    found = []
    for below, changed_ms in whole.items():
        match = _RETAINED.fullmatch(below)
        if match is not None:
            kind: Literal["checkpoint", "savepoint"] = "savepoint" if match["savepoint"] else "checkpoint"
            number = int(match["number"]) if match["number"] else None
            found.append(Retained(f"{base}/{below}", kind, match["job"] or "", number, changed_ms, sizes[below]))
    return sorted(found, key=lambda each: each.age, reverse=True)


def _s3_files(folder: str) -> Iterator[tuple[str, int, float]]:
    for each in s3.objects(folder):
        yield each.key, each.size, each.changed.timestamp() * 1000


def _local_files(folder: str) -> Iterator[tuple[str, int, float]]:
    root = _local(folder)
    for file in (*root.glob("*/chk-*/*"), *root.glob("savepoints/*/*")):
        try:
            kept = file.stat()
        except FileNotFoundError:
            continue  # a running job dropped it
        yield file.relative_to(root).as_posix(), kept.st_size, kept.st_mtime_ns / 1e6


def _local(folder: str) -> Path:
    path = local_path(folder)
    if path is None:
        raise UsageError(f"{folder} can't be listed: name a folder, a file URI, or s3://BUCKET/FOLDER.")
    return path


def _metadata_of(path: str) -> str:
    path = path.rstrip("/")
    return path if path.rpartition("/")[2] == METADATA else f"{path}/{METADATA}"
