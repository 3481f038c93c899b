"""Checkpoints and savepoints on disk: finds the newest, and tells whether the job can start from one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from flink_abnormal.errors import UsageError, cause
from flink_abnormal.operators import DETECTOR, FILE_SOURCE, HEARTBEAT, TALLY

if TYPE_CHECKING:
    from flink_abnormal.settings import Mode, Settings

LATEST: Final = "latest"
AUTO: Final = "auto"
METADATA: Final = "_metadata"

_NATIVE: Final = {"KeyGroupsStateHandle": "hashmap", "IncrementalRemoteKeyedStateHandle": "rocksdb"}


def resolve(wanted: str | None, checkpoint_dir: Path | None) -> str | None:
    """Return the path of the snapshot to start from; `latest` is the newest whole one below `checkpoint_dir`.

    `auto` is the same where there is one; a job that has none yet starts without.
    """
    if wanted is None:
        return None
    if wanted not in (LATEST, AUTO):
        if "://" in wanted and not wanted.startswith("file:"):
            return wanted
        path = Path(wanted.removeprefix("file:").removeprefix("//"))
        if not _metadata_of(path).is_file():
            raise UsageError(
                f"--from {wanted} holds no snapshot: a folder with a file {METADATA} was expected, "
                "such as …/chk-12 or …/savepoint-…."
            )
        return str(path.absolute())
    if checkpoint_dir is None:
        raise UsageError(f"--from {wanted} looks on this machine only: name the checkpoint's own path.")
    found = newest(checkpoint_dir)
    if found is None:
        if wanted == AUTO:
            return None
        raise UsageError(f"--from latest found no checkpoint below {checkpoint_dir}. Start without --from.")
    return str(found)


def newest(checkpoint_dir: Path) -> Path | None:
    """Return the folder of the newest whole checkpoint or savepoint below `checkpoint_dir`, or None.

    They lie in JOB-ID/chk-N and, where `stop` was not told another place, in savepoints/savepoint-….
    """
    whole = []
    for metadata in (*checkpoint_dir.glob(f"*/chk-*/{METADATA}"), *checkpoint_dir.glob(f"savepoints/*/{METADATA}")):
        try:
            whole.append((metadata.stat().st_mtime_ns, metadata.parent))
        except FileNotFoundError:
            continue  # a running job dropped it
    return max(whole)[1] if whole else None


class Snapshot(NamedTuple):
    """What a snapshot's metadata tells: ids (hex) of operators with state, and the Java classes of keyed state."""

    operators: set[str]
    keyed_state: set[str]


def check(path: str, settings: Settings) -> None:
    """Raise UsageError where the job can't start from this snapshot, before Flink restarts on it for ever."""
    snapshot = read(path)
    mode = settings.state.execution_mode
    other: Mode = "process" if mode == "thread" else "thread"
    if _id(DETECTOR.uid_in(other)) in snapshot.operators:
        raise UsageError(
            f"{path} was taken in {other} mode, and its state can't be read in {mode} mode: "
            f"give --execution-mode {other}."
        )
    if _id(DETECTOR.uid_in(mode)) not in snapshot.operators:
        raise UsageError(f"{path} is no snapshot of this job: it holds no operator {DETECTOR.uid_in(mode)!r}.")
    wanted = {"random": HEARTBEAT, "files": FILE_SOURCE}[settings.source]
    if _id(wanted.uid) not in snapshot.operators:
        raise UsageError(f"{path} was taken with another --source than {settings.source}.")
    if (_id(TALLY.uid) in snapshot.operators) != settings.bounded:
        was, now = ("no", "an") if settings.bounded else ("an", "no")
        raise UsageError(
            f"{path} was taken of a run with {was} end, and this one has {now} end, which a snapshot can't change: "
            "give --events or --follow as it was given then."
        )
    for handle, backend in _NATIVE.items():
        if handle in snapshot.keyed_state and backend != settings.state.backend:
            raise UsageError(
                f"{path} holds the native state of {backend}, which {settings.state.backend} can't read: give "
                f"--state-backend {backend}. Only a savepoint moves from one to the other."
            )


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
        raise UsageError(f"--from {path} can't be read as a snapshot: {cause(error)}") from error


def _id(uid: str) -> str:
    """Return the id that Flink derives from an operator's uid: Murmur3 (128 bits) of its UTF-8."""
    from pyflink.java_gateway import get_gateway  # noqa: PLC0415

    jvm = get_gateway().jvm
    hashing = jvm.org.apache.flink.shaded.guava33.com.google.common.hash.Hashing
    utf8 = jvm.java.nio.charset.StandardCharsets.UTF_8
    return str(hashing.murmur3_128(0).newHasher().putString(uid, utf8).hash().toString())


def _metadata_of(path: Path) -> Path:
    return path if path.name == METADATA else path / METADATA
