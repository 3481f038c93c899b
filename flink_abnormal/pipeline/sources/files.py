"""Lines of a file or of a folder's files; one subtask reads each file, in order.

Flink's file source stores files and positions. Java parts (`jvm/java`) list and read: Flink's own fail the job at the
first unreadable file, and don't report a line's position.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pyflink.common import Types
from pyflink.datastream import DataStream, KeyedProcessFunction, ProcessFunction
from pyflink.datastream.state import MapStateDescriptor
from pyflink.java_gateway import get_gateway

from flink_abnormal.core import fingerprints
from flink_abnormal.core.fingerprints import Fingerprint
from flink_abnormal.core.model import DEAD_LETTER_RAW_BYTES, DeadLetter
from flink_abnormal.core.operators import CHECK_FILES, FILE_SOURCE, KEY_BY_FOLDER, WATCH, WATCH_HEARTBEAT
from flink_abnormal.pipeline import event_time, formats, parse_step
from flink_abnormal.pipeline.formats.record import MAX_LINE_BYTES
from flink_abnormal.pipeline.parse import Origin, Record
from flink_abnormal.pipeline.sources.base import SourceStreams
from flink_abnormal.pipeline.streams import heartbeat, key_by, label, tags, types
from flink_abnormal.pipeline.summary import CHANGED_FILES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pyflink.datastream import RuntimeContext, StreamExecutionEnvironment

    from flink_abnormal.core.settings import Settings
    from flink_abnormal.core.source_settings import FileSettings
    from flink_abnormal.pipeline.sources.base import SourceContext

PAUSES: Final = 20
"""Pause after a scan, in multiples of its duration: scans use at most a twentieth of a core."""
FORGET_LATER_SECONDS: Final = 5.0
"""Forget fingerprints this much later than the source, so that no change to a file it knows is missed."""


def build(env: StreamExecutionEnvironment, settings: Settings, context: SourceContext) -> SourceStreams:
    """Return the events and dead letters of the files."""
    files = settings.files
    path = _absolute(files)
    records = _records(env, settings, context)
    parsed = parse_step.build(records, Origin(Record.of_line), settings, context.parallelism, context.java_parts)
    dead_letters = parsed.dead_letters
    if files.follow:
        folder = key_by(heartbeat(env, None, WATCH_HEARTBEAT), lambda _: path, KEY_BY_FOLDER)
        changes = label(
            folder.process(WatchFiles(path, files.forget_ms), Types.STRING()), WATCH, context.mode
        ).set_parallelism(1)
        dead_letters.append(changes)
    return SourceStreams(parsed.events, dead_letters, parsed.tallies, lambda figures: _check_at_end(figures, files))


def _records(env: StreamExecutionEnvironment, settings: Settings, context: SourceContext) -> DataStream:
    files = settings.files
    jvm = get_gateway().jvm
    java_parts = context.java_parts
    lines = java_parts.new(
        "LineFormat",
        types.record().get_java_type_info(),
        MAX_LINE_BYTES,
        DEAD_LETTER_RAW_BYTES,
        formats.refers_back(settings.records),
        formats.needs_first_line(settings.records),
        parse_step.in_blocks(settings),
    )
    paths = get_gateway().new_array(jvm.org.apache.flink.core.fs.Path, 1)
    paths[0] = jvm.org.apache.flink.core.fs.Path(f"file:{_absolute(files)}")
    builder = jvm.org.apache.flink.connector.file.src.FileSource.forBulkFileFormat(lines, paths)
    source = builder.setFileEnumerator(java_parts.new("FileTree$Provider")).build()
    at_once = settings.time.event
    if files.follow or at_once:
        source = java_parts.new("FolderSource", source, _absolute(files), files.forget_ms, at_once, not files.follow)
    watermarks = event_time.watermarks(settings, java_parts)
    j_env = env._j_stream_execution_environment  # noqa: SLF001
    records = DataStream(j_env.fromSource(source, watermarks, FILE_SOURCE.name))
    return label(records, FILE_SOURCE).set_parallelism(context.parallelism)


def _check_at_end(figures: DataStream, settings: FileSettings) -> DataStream:
    """Pass on the figures, then compare the files with their state at submission."""
    path = _absolute(settings)
    check = CheckFiles(fingerprints.take(path))
    return label(figures.process(check, types.tally()), CHECK_FILES).set_parallelism(1)


def _absolute(settings: FileSettings) -> str:
    """Return the absolute path of the input, since workers have other working folders."""
    return str(Path(str(settings.input)).absolute())


class CheckFiles(ProcessFunction):
    """Reports, at the end of the input, files that changed since submission."""

    def __init__(self, before: Mapping[str, Fingerprint]) -> None:
        self._before = dict(before)
        self._checked = False
        self._dead_letters = tags.dead_letters()

    def process_element(self, value: tuple[str, int], ctx: ProcessFunction.Context) -> Iterator[Any]:  # noqa: ARG002
        """Pass on a figure; the first one triggers the check."""
        yield value
        if self._checked:
            return
        self._checked = True
        changed = list(changes(self._before))
        for dead_letter in changed:
            yield self._dead_letters, dead_letter.to_json()
        yield CHANGED_FILES, len(changed)


class WatchFiles(KeyedProcessFunction):
    """Scans the folder at each heartbeat and reports each change to a known file once.

    A file that has been gone for `forget_ms` is evicted, slightly later than in the source.
    """

    def __init__(self, path: str, forget_ms: int) -> None:
        self._path = path
        self._forget_seconds = forget_ms / 1000 + FORGET_LATER_SECONDS

    def open(self, runtime_context: RuntimeContext) -> None:
        """Bind the state: path -> fingerprint."""
        self._seen = runtime_context.get_map_state(MapStateDescriptor("files", Types.STRING(), Types.STRING()))
        self._known: dict[str, Fingerprint] | None = None
        self._gone: dict[str, float] = {}
        self._next_look = 0.0

    def process_element(self, value: Any, ctx: KeyedProcessFunction.Context) -> Iterator[str]:  # noqa: ARG002
        """Scan, report changes, store fingerprints."""
        began = time.monotonic()
        if began < self._next_look:
            return
        if self._known is None:
            self._known = {path: Fingerprint.parse(text) for path, text in self._seen.items()}
        now = fingerprints.take(self._path)
        for dead_letter in changes(self._known, now):
            yield dead_letter.to_json()
        for path, fingerprint in now.items():
            if self._known.get(path) != fingerprint:
                self._seen.put(path, fingerprint.text())
                self._known[path] = fingerprint
        if now:  # an empty folder may be unmounted
            self._forget(self._known, now, began)
        ended = time.monotonic()
        self._next_look = ended + PAUSES * (ended - began)

    def _forget(self, known: dict[str, Fingerprint], now: Mapping[str, Fingerprint], seconds: float) -> None:
        self._gone = {path: self._gone.get(path, seconds) for path in known.keys() - now.keys()}
        for path, since in list(self._gone.items()):
            if seconds - since > self._forget_seconds:
                self._seen.remove(path)
                del known[path], self._gone[path]


def changes(before: Mapping[str, Fingerprint], now: Mapping[str, Fingerprint] | None = None) -> Iterator[DeadLetter]:
    """Yield a dead letter for each changed file of `before`; a missing file has been read."""
    for path, fingerprint in before.items():
        after = (fingerprints.take(path) if now is None else now).get(path)
        if after is not None and (reason := fingerprints.change(fingerprint, after)) is not None:
            yield DeadLetter(reason, path, b"")
