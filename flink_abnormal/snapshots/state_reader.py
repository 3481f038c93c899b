"""Reads a snapshot's keyed state: any ValueState written in thread mode, a number or a tuple.

Flink's State Processor API reads it in a small batch job on an embedded cluster, since it supports every backend and
snapshot format. Its reader function is an abstract class, which Py4J can't extend, but its implementation for SQL
tables can be built from here. SQL itself can't name PyFlink's key, a Row of one field.

The rows come back as JSON lines in a temporary folder: fetching 100,000 of them one by one through Py4J takes minutes,
and Python can stream a file without loading it.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from base64 import b64decode
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

import orjson

from flink_abnormal.core.errors import UsageError, cause
from flink_abnormal.core.operators import ABNORMAL_COUNT_STATE, DETECTOR
from flink_abnormal.runtime import distribution, embedded
from flink_abnormal.snapshots import metadata

if TYPE_CHECKING:
    from collections.abc import Iterator

_KEY: Final = "key"
_LONGEST: Final = 2**31 - 1


class KeyedState(NamedTuple):
    """An operator's ValueState: the operator's uid, the state's name, and its storage format.

    Thread mode stores whole numbers of any declared type as `long`, and values without a basic type, such as tuples, as
    Python's pickle. `pickle` yields the bytes, to be loaded only if the snapshot is trusted.
    """

    uid: str
    name: str
    stored: Literal["long", "pickle"] = "long"


ABNORMAL_COUNT: Final = KeyedState(DETECTOR.uid, ABNORMAL_COUNT_STATE)


@contextlib.contextmanager
def reading(path: str, state: KeyedState = ABNORMAL_COUNT) -> Iterator[Iterator[tuple[str, Any]]]:
    """Open the keys of `state` in the snapshot at `path`, each with its number or bytes, in no order.

    Keys without a value are absent. Raises UsageError if the snapshot is not of this job in thread mode or can't be
    read, MachineError if the State Processor API is missing.
    """
    start()
    snapshot = metadata.read(path)
    _check(snapshot, path)
    with tempfile.TemporaryDirectory(prefix="flink-abnormal-state-") as folder:
        try:
            _write(path, state, _backend(snapshot), folder)
        except Exception as error:
            raise UsageError(f"The state of {path} can't be read: {cause(error)}") from error
        yield _rows(Path(folder), state)


def _rows(folder: Path, state: KeyedState) -> Iterator[tuple[str, Any]]:
    for file in sorted(folder.rglob("part-*")):
        with file.open("rb") as lines:
            for line in lines:
                record = orjson.loads(line)
                value = record[state.name]
                # The key is a Row of one field and arrives as text, +I[…], whatever the field contains.
                yield record[_KEY][len("+I[") : -1], value if state.stored == "long" else b64decode(value)


def start() -> None:
    """Start the JVM with the State Processor API and the plugin for S3, unless it is running."""
    distribution.require(distribution.STATE_PROCESSOR, "Reading state", "State Processor API")
    os.environ.update(embedded.prepare())
    distribution.load_plugins()


def _check(snapshot: metadata.SnapshotMetadata, path: str) -> None:
    mode = metadata.mode(snapshot, DETECTOR)
    if mode is None:
        raise UsageError(f"{path} is not a snapshot of this job: it has no operator {DETECTOR.uid!r}.")
    if mode == "process":
        raise UsageError(
            f"{path} was taken in process mode, whose state only Python's own workers can read. Run the job in thread "
            "mode to read its state."
        )


def _backend(snapshot: metadata.SnapshotMetadata) -> str:
    """Return the backend that reads this snapshot; either reads a canonical savepoint."""
    return "rocksdb" if "rocksdb" in metadata.native_backends(snapshot) else "hashmap"


def _write(path: str, state: KeyedState, backend: str, folder: str) -> None:
    """Run the Flink job that writes the state as JSON lines below a folder."""
    from pyflink.common import Configuration, Types  # noqa: PLC0415
    from pyflink.datastream import StreamExecutionEnvironment  # noqa: PLC0415
    from pyflink.java_gateway import get_gateway  # noqa: PLC0415

    configuration = Configuration()
    batch = {"execution.runtime-mode": "BATCH", "parallelism.default": "1"}
    for key, value in {**embedded.settings(backend), **batch}.items():
        configuration.set_string(key, value)
    env = StreamExecutionEnvironment.get_execution_environment(configuration)
    flink = get_gateway().jvm.org.apache.flink
    backends = {
        "hashmap": flink.runtime.state.hashmap.HashMapStateBackend,
        "rocksdb": flink.state.rocksdb.EmbeddedRocksDBStateBackend,
    }
    row_type = _row_type(state)
    rows = flink.state.api.SavepointReader.read(
        env._j_stream_execution_environment,  # noqa: SLF001
        path,
        backends[backend](),
    ).readKeyedState(
        flink.state.api.OperatorIdentifier.forUid(state.uid),
        _reader(state, row_type),
        Types.ROW([Types.STRING()]).get_java_type_info(),
        flink.table.runtime.typeutils.InternalTypeInfo.of(row_type),
    )
    rows.sinkTo(_json_lines(row_type, folder))
    env.execute("Read state")


def _row_type(state: KeyedState) -> Any:
    """Return the row type: the key as text, and the value."""
    from pyflink.java_gateway import get_gateway  # noqa: PLC0415

    jvm = get_gateway().jvm
    types = jvm.org.apache.flink.table.types.logical

    value = types.BigIntType() if state.stored == "long" else types.VarBinaryType(_LONGEST)
    fields = jvm.java.util.ArrayList()
    fields.add(types.RowType.RowField(_KEY, types.VarCharType(_LONGEST)))
    fields.add(types.RowType.RowField(state.name, value))
    return types.RowType(fields)


def _reader(state: KeyedState, row_type: Any) -> Any:
    from pyflink.common import Types  # noqa: PLC0415
    from pyflink.java_gateway import get_gateway  # noqa: PLC0415

    jvm = get_gateway().jvm
    flink = jvm.org.apache.flink
    value = Types.LONG() if state.stored == "long" else Types.PICKLED_BYTE_ARRAY()
    value_state = getattr(flink.state.table, "SavepointConnectorOptions$StateType").VALUE
    column = flink.state.table.StateValueColumnConfiguration(1, state.name, value_state, None, None)
    column.setStateDescriptor(flink.api.common.state.ValueStateDescriptor(state.name, value.get_java_type_info()))
    columns = jvm.java.util.ArrayList()
    columns.add(column)
    return flink.state.table.KeyedStateReader(row_type, flink.api.java.tuple.Tuple2(0, columns))


def _json_lines(row_type: Any, folder: str) -> Any:
    from pyflink.java_gateway import get_gateway  # noqa: PLC0415

    flink = get_gateway().jvm.org.apache.flink
    null_keys = getattr(flink.formats.json, "JsonFormatOptions$MapNullKeyMode").FAIL
    json = flink.formats.json.JsonRowDataSerializationSchema(
        row_type,
        flink.formats.common.TimestampFormat.ISO_8601,
        null_keys,
        "",
        False,
        False,
    )
    encoder = flink.connector.file.table.SerializationSchemaAdapter(json)
    sinks = flink.connector.file.sink.FileSink
    return sinks.forRowFormat(flink.core.fs.Path(Path(folder).as_uri()), encoder).build()
