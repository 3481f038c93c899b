"""Checkpoints and savepoints on disk: finds the newest, and tells whether the job can start from one."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from flink_abnormal import finished
from flink_abnormal.errors import UsageError, cause
from flink_abnormal.folders import check_output, local_path
from flink_abnormal.operators import DETECTOR, FILE_SOURCE, HEARTBEAT, TALLY
from flink_abnormal.runtime import distribution, store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flink_abnormal.settings import Mode, Settings

LATEST: Final = "latest"
AUTO: Final = "auto"
METADATA: Final = "_metadata"

_RETAINED: Final = re.compile(r"(?P<job>[^/]+)/chk-(?P<number>\d+)|savepoints/(?P<savepoint>[^/]+)")
_NATIVE: Final = {"KeyGroupsStateHandle": "hashmap", "IncrementalRemoteKeyedStateHandle": "rocksdb"}


def to_start_from(settings: Settings) -> str | None:
    """Return the path of the snapshot that a job goes on from, or None; raise UsageError where it can't be run so."""
    found = resolve(settings.state.restore_from, settings.state.checkpoint_dir)
    check_output(settings, found)
    return found


def resolve(wanted: str | None, checkpoint_dir: str | Path) -> str | None:
    """Return the path of the snapshot to start from; `latest` is the newest whole one below `checkpoint_dir`.

    `auto` is the same where there is one that no job has finished since; a job that has none starts without.
    """
    if wanted is None:
        return None
    if wanted == AUTO:
        # What an attempt that was lost has left belongs to the job that has finished since.
        return newest(checkpoint_dir, finished.newest_ms(str(checkpoint_dir)))
    if wanted == LATEST:
        found = newest(checkpoint_dir)
        if found is None:
            raise UsageError(f"--from latest found no checkpoint below {checkpoint_dir}. Start without --from.")
        return found
    return named(wanted, "--from ")


def named(wanted: str, said: str = "") -> str:
    """Return the path of the snapshot that a user names: a folder, a file URI or one of s3://; `said` is the flag."""
    refusal = UsageError(
        f"{said}{wanted} holds no snapshot: a folder with a file {METADATA} was expected, "
        "such as …/chk-12 or …/savepoint-…."
    )
    if not exists(wanted):
        raise refusal
    path = local_path(wanted)
    return wanted.rstrip("/") if path is None else str(path.absolute())


def exists(path: str) -> bool:
    """Whether a folder or a URI holds a snapshot; of a scheme that can't be looked into, it is believed."""
    if store.is_s3(path):
        return store.holds(_metadata_of(path))
    folder = local_path(path)
    try:
        return folder is None or Path(_metadata_of(str(folder))).is_file()
    except OSError as error:
        raise UsageError(f"{path} can't be looked into: {error.strerror}.") from None


class Retained(NamedTuple):
    """A whole snapshot as the folder of checkpoints shows it.

    `job` is the job's id, empty for a savepoint; `number` the checkpoint's, None for a savepoint; `size` the bytes of
    its own folder, without what incremental checkpoints share.
    """

    path: str
    kind: Literal["checkpoint", "savepoint"]
    job: str
    number: int | None
    changed_ms: float
    size: int

    @property
    def age(self) -> tuple[float, float]:
        """What tells the newer of two; S3 stores may tell whole seconds only."""
        return self.changed_ms, math.inf if self.number is None else self.number


def newest(checkpoint_dir: str | Path, after_ms: float = -math.inf) -> str | None:
    """Return the path of the newest whole checkpoint or savepoint below `checkpoint_dir`, or None.

    It is younger than `after_ms`, in epoch milliseconds.
    """
    found = retained(checkpoint_dir)
    return found[0].path if found and found[0].changed_ms > after_ms else None


def retained(checkpoint_dir: str | Path) -> list[Retained]:
    """Return every whole checkpoint and savepoint below `checkpoint_dir` (a folder or a URI), the newest first.

    They lie in JOB-ID/chk-N and, where `stop` was not told another place, in savepoints/savepoint-….
    """
    folder = str(checkpoint_dir).rstrip("/")
    files = _s3_files(folder) if store.is_s3(folder) else _local_files(folder)
    base = folder if store.is_s3(folder) else str(_local(folder))
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
    for each in store.objects(folder):
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
        raise UsageError(f"{folder} can't be looked into: name a folder, a file URI, or s3://BUCKET/FOLDER.")
    return path


class Snapshot(NamedTuple):
    """What a snapshot's metadata tells: ids (hex) of operators with state, and the Java classes of keyed state."""

    operators: set[str]
    keyed_state: set[str]


def check(path: str, settings: Settings) -> None:
    """Raise UsageError where the job can't start from this snapshot, before Flink restarts on it for ever."""
    snapshot = read(path)
    wanted_mode, taken_in = settings.state.mode, mode(snapshot)
    if taken_in is None:
        raise UsageError(f"{path} is no snapshot of this job: it holds no operator {DETECTOR.uid_in(wanted_mode)!r}.")
    if taken_in != wanted_mode:
        raise UsageError(
            f"{path} was taken in {taken_in} mode, and its state can't be read in {wanted_mode} mode: "
            f"give --execution-mode {taken_in}."
        )
    wanted = {"random": HEARTBEAT, "files": FILE_SOURCE}[settings.source]
    if _id(wanted.uid) not in snapshot.operators:
        raise UsageError(f"{path} was taken with another --source than {settings.source}.")
    if (_id(TALLY.uid) in snapshot.operators) != settings.bounded:
        was, now = ("no", "an") if settings.bounded else ("an", "no")
        raise UsageError(
            f"{path} was taken of a run with {was} end, and this one has {now} end, which a snapshot can't change: "
            "give --events or --follow as it was given then."
        )
    for backend in native_backends(snapshot):
        if backend != settings.state.backend:
            raise UsageError(
                f"{path} holds the native state of {backend}, which {settings.state.backend} can't read: give "
                f"--state-backend {backend}. Only a savepoint moves from one to the other."
            )


def mode(snapshot: Snapshot) -> Mode | None:
    """Return the execution mode that a snapshot of this job was taken in, or None where it is of another job."""
    modes: tuple[Mode, ...] = ("thread", "process")
    return next((mode for mode in modes if _id(DETECTOR.uid_in(mode)) in snapshot.operators), None)


def native_backends(snapshot: Snapshot) -> set[str]:
    """Return the backend that a snapshot's state is in the own format of; none for a canonical savepoint."""
    return {backend for handle, backend in _NATIVE.items() if handle in snapshot.keyed_state}


def read(path: str) -> Snapshot:
    """Read what a snapshot's metadata tells; needs a running JVM."""
    operators, keyed_state = set(), set()
    for operator in metadata(path).getOperatorStates().toArray():
        operators.add(operator.getOperatorID().toHexString())
        for subtask in operator.getStates().toArray():
            for handle in subtask.getManagedKeyedState().toArray():
                keyed_state.add(handle.getClass().getSimpleName())
    return Snapshot(operators, keyed_state)


def metadata(path: str) -> Any:
    """Return a snapshot's Java CheckpointMetadata; needs a running JVM."""
    from pyflink.java_gateway import get_gateway  # noqa: PLC0415

    if store.is_s3(path):
        distribution.require(distribution.S3_PLUGIN, path, "S3 plugin")
    jvm = get_gateway().jvm
    folder = jvm.org.apache.flink.core.fs.Path(path)
    file = folder if folder.getName() == METADATA else jvm.org.apache.flink.core.fs.Path(folder, METADATA)
    loader = jvm.Thread.currentThread().getContextClassLoader()
    try:
        stream = jvm.java.io.DataInputStream(file.getFileSystem().open(file))
        try:
            return jvm.org.apache.flink.runtime.checkpoint.Checkpoints.loadCheckpointMetadata(stream, loader, path)
        finally:
            stream.close()
    except Exception as error:
        raise UsageError(f"{path} can't be read as a snapshot: {cause(error)}") from error


def _id(uid: str) -> str:
    """Return the id that Flink derives from an operator's uid: Murmur3 (128 bits) of its UTF-8."""
    from pyflink.java_gateway import get_gateway  # noqa: PLC0415

    jvm = get_gateway().jvm
    hashing = jvm.org.apache.flink.shaded.guava33.com.google.common.hash.Hashing
    utf8 = jvm.java.nio.charset.StandardCharsets.UTF_8
    return str(hashing.murmur3_128(0).newHasher().putString(uid, utf8).hash().toString())


def _metadata_of(path: str) -> str:
    path = path.rstrip("/")
    return path if path.rpartition("/")[2] == METADATA else f"{path}/{METADATA}"
