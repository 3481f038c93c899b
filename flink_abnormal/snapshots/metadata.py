"""Reads a snapshot's metadata: which job wrote it, and whether this job can start from it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from flink_abnormal.core.errors import UsageError, cause
from flink_abnormal.runtime import distribution, s3
from flink_abnormal.snapshots.storage import METADATA

if TYPE_CHECKING:
    from flink_abnormal.core.job import Proof
    from flink_abnormal.core.operators import Operator
    from flink_abnormal.core.settings import Mode, Settings

_NATIVE: Final = {"KeyGroupsStateHandle": "hashmap", "IncrementalRemoteKeyedStateHandle": "rocksdb"}


class SnapshotMetadata(NamedTuple):
    """Ids (hex) of a snapshot's operators, and of those with records on their way behind them; classes of keyed state.

    A savepoint has no records on their way.
    """

    operators: set[str]
    sending: set[str]
    keyed_state: set[str]


def check(path: str, settings: Settings, proof: Proof) -> None:
    """Raise UsageError if the job can't start from this snapshot; Flink would restart on it for ever."""
    snapshot = read(path)
    wanted_mode, taken_in = settings.state.mode, mode(snapshot, proof.keyed)
    if taken_in is None:
        raise UsageError(
            f"{path} is not a snapshot of this job: it has no operator {proof.keyed.uid_in(wanted_mode)!r}."
            + (" In process mode each --engine has a state of its own." if wanted_mode == "process" else "")
        )
    if taken_in != wanted_mode:
        raise UsageError(
            f"{path} was taken in {taken_in} mode, and its state can't be read in {wanted_mode} mode: "
            f"give --execution-mode {taken_in}."
        )
    if _id(proof.source.uid) not in snapshot.operators:
        raise UsageError(f"{path} was taken with a --source other than {settings.source}.")
    if (_id(proof.bounded.uid) in snapshot.operators) != settings.bounded:
        was, now = ("no", "an") if settings.bounded else ("an", "no")
        raise UsageError(
            f"{path} was taken in a run with {was} end, and this one has {now} end, which a snapshot can't change: "
            "give --events or --follow as in that run."
        )
    if (_id(proof.ordered.uid) in snapshot.operators) != settings.time.event:
        was = "processing" if settings.time.event else "event"
        raise UsageError(f"{path} was taken with --time {was}, which a snapshot can't change: give that.")
    # Flink drops records that wait behind an operator to which this job chains another one.
    if not snapshot.sending.isdisjoint(_id(each.uid) for each in proof.foreign):
        raise UsageError(
            f"{path} contains events on their way, in the form of the other --engine, of another parallelism or of an "
            "earlier release: go on with that. Only a savepoint can move to another."
        )
    for backend in native_backends(snapshot):
        if backend != settings.state.backend:
            raise UsageError(
                f"{path} contains the native state of {backend}, which {settings.state.backend} can't read: give "
                f"--state-backend {backend}. Only a savepoint can move between the two."
            )


def mode(snapshot: SnapshotMetadata, keyed: Operator) -> Mode | None:
    """Return the execution mode that wrote the state of `keyed`, or None if the snapshot has none of it."""
    modes: tuple[Mode, ...] = ("thread", "process")
    return next((mode for mode in modes if _id(keyed.uid_in(mode)) in snapshot.operators), None)


def native_backends(snapshot: SnapshotMetadata) -> set[str]:
    """Return the backends whose native format the state is in; empty for a canonical savepoint."""
    return {backend for handle, backend in _NATIVE.items() if handle in snapshot.keyed_state}


def read(path: str) -> SnapshotMetadata:
    """Read a snapshot's metadata; needs a running JVM."""
    operators, sending, keyed_state = set(), set(), set()
    content = metadata(path)
    for operator in content.getOperatorStates().toArray():
        operator_id = operator.getOperatorID().toHexString()
        operators.add(operator_id)
        for subtask in operator.getStates().toArray():
            if not subtask.getResultSubpartitionState().isEmpty():
                sending.add(operator_id)
            for handle in subtask.getManagedKeyedState().toArray():
                keyed_state.add(handle.getClass().getSimpleName())
    return SnapshotMetadata(operators, sending, keyed_state)


def transactions(path: str, prefix: str) -> set[str]:
    """Return the ids of Kafka's transactions that a snapshot counts as written; needs a running JVM."""
    found: set[bytes] = set()
    name = re.compile(re.escape(prefix.encode()) + rb"-[a-z-]+-\d+-\d+")
    for operator in metadata(path).getOperatorStates().toArray():
        for subtask in operator.getStates().toArray():
            for handle in subtask.getManagedOperatorState().toArray():
                found.update(name.findall(bytes(handle.openInputStream().readAllBytes())))
    return {each.decode() for each in found}


def metadata(path: str) -> Any:
    """Return a snapshot's Java CheckpointMetadata; needs a running JVM."""
    from pyflink.java_gateway import get_gateway  # noqa: PLC0415

    if s3.is_s3(path):
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
    """Return the operator id that Flink derives from a uid: Murmur3 (128 bits) of its UTF-8."""
    from pyflink.java_gateway import get_gateway  # noqa: PLC0415

    jvm = get_gateway().jvm
    hashing = jvm.org.apache.flink.shaded.guava33.com.google.common.hash.Hashing
    utf8 = jvm.java.nio.charset.StandardCharsets.UTF_8
    return str(hashing.murmur3_128(0).newHasher().putString(uid, utf8).hash().toString())
