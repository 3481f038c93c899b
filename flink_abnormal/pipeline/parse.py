"""Parsing in Python: records of any source -> events, for a format without a Java twin; and why Java refused one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from pyflink.datastream import ProcessFunction

from flink_abnormal.core.model import DEAD_LETTER_RAW_BYTES, NO_TIMESTAMP, DeadLetter, Message, UserEvent
from flink_abnormal.core.published import BYTES_READ
from flink_abnormal.core.time_settings import MESSAGE_TIME
from flink_abnormal.pipeline import formats, plausible
from flink_abnormal.pipeline.formats import Rejected
from flink_abnormal.pipeline.streams import tags
from flink_abnormal.pipeline.summary import DEAD_LETTERED, REPEATED, SKIPPED
from flink_abnormal.pipeline.verdict import Sample

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pyflink.datastream import RuntimeContext

    from flink_abnormal.core.source_settings import FormatSettings
    from flink_abnormal.core.time_settings import TimeSettings


LINES_A_COUNT: Final = 256


class Record(NamedTuple):
    """A line of a file without its line break, a file's read error, or the value of a message.

    `file` is the path, `number` the line number from 1. `problem` is empty, or says that the line is too long, or why
    the file can't be read further; `number` is then that of the last line read, and `line` the part read of the next.
    `size` is the line's length in bytes. `before` and `first` come from the preceding lines (SyslogContext): the
    earlier line that this one refers to, and the start of the file's first line with a date. `message` is where a
    message came from, and what came with it.
    """

    line: bytes
    file: str
    number: int
    problem: str = ""
    before: bytes = b""
    first: bytes = b""
    size: int = 0
    message: Message | None = None

    @classmethod
    def of_line(cls, value: tuple[bytes, str, int, str, bytes, bytes, int]) -> Record:
        """Return the record of a file's line: the fields before `message`."""
        return cls(*value)

    @classmethod
    def of_message(cls, value: tuple[bytes, bytes, str, int, int, int]) -> Record:
        """Return the record of a message: value, envelope, topic, partition, offset, epoch milliseconds."""
        line, envelope, topic, partition, offset, timestamp = value
        return cls(line, f"{topic}/{partition}", offset, message=Message(envelope, topic, partition, offset, timestamp))


class Origin(NamedTuple):
    """What a source gives: `read` turns a value into a record; `kept` bytes of an unusable one are passed on."""

    read: Callable[[Any], Record]
    kept: int = DEAD_LETTER_RAW_BYTES
    of_messages: bool = False


class ParseRecords(ProcessFunction):
    """Turns records into events; with event time, their file or partition and their place in it follow the event."""

    def __init__(
        self,
        settings: FormatSettings,
        time: TimeSettings,
        origin: Origin,
        *,
        tally: bool,
    ) -> None:
        self._settings = settings
        self._time = time
        self._read = origin.read
        self._kept = origin.kept
        self._tally = tags.tally() if tally else None
        self._dead_letters = tags.dead_letters()

    def open(self, runtime_context: RuntimeContext) -> None:
        """Build the parser here: after a restore its notes are counted again, like their lines."""
        self._bytes_read = runtime_context.get_metrics_group().counter(BYTES_READ)
        self._lines, self._bytes = 0, 0
        self._notes: list[str] = []
        self._sampled: set[bool] = set()
        self._parse = formats.parser(self._settings, self._notes.append)

    def process_element(self, value: tuple[Any, ...], ctx: ProcessFunction.Context) -> Iterator[Any]:  # noqa: ARG002
        """Parse one record."""
        record = self._read(value)
        self._measure(record)
        parsed = self._parsed(record)
        if parsed is None:
            self._sample(record, "")
            yield from self._count(SKIPPED, 1)
        elif isinstance(parsed, Rejected):
            self._sample(record, parsed.reason)
            yield self._dead_letters, _dead_letter(record, parsed.reason).to_json(self._kept)
            yield from self._count(DEAD_LETTERED, 1)
        else:
            yield (*parsed, record.file, record.number) if self._time.event else tuple(parsed)
            if parsed.times > 1:
                yield from self._count(REPEATED, parsed.times - 1)
        while self._notes:
            yield from self._count(self._notes.pop(), 1)

    def _measure(self, record: Record) -> None:
        """Count bytes; update the metric rarely, since a call costs as much as a line."""
        self._lines += 1
        self._bytes += (record.size or len(record.line)) + 1
        if self._lines % LINES_A_COUNT == 0:
            self._bytes_read.inc(self._bytes)
            self._bytes = 0

    def _parsed(self, record: Record) -> UserEvent | Rejected | None:
        if record.problem:
            return Rejected(record.problem)
        parsed = self._parse(record.line, record.before, record.first, record.message)
        if not isinstance(parsed, UserEvent):
            return parsed
        if record.message is not None and self._settings.timestamp_field == MESSAGE_TIME:
            parsed = parsed._replace(timestamp=record.message.timestamp)
        if self._time.event and (reason := plausible.refusal(parsed.timestamp, self._time.max_ahead_ms)) is not None:
            yearless = parsed.timestamp == NO_TIMESTAMP and self._settings.format == "sshd" and not self._settings.year
            return Rejected(f"{reason}; give --year, if its header has none" if yearless else reason)
        return parsed

    def _sample(self, record: Record, reason: str) -> None:
        """Note the first rejected and the first skipped line, for the end of the run."""
        refused = bool(reason)
        if self._tally is not None and refused not in self._sampled and (refused or record.line.strip()):
            self._sampled.add(refused)
            sample = Sample.of(self._settings.format, reason, record.file, record.number, record.line)
            self._notes.append(sample.key())

    def _count(self, what: str, number: int) -> Iterator[Any]:
        if self._tally is not None:
            yield self._tally, (what, number)


class ExplainRefused(ParseRecords):
    """Parses what a Java part refused, to say why; and the first line that it skipped, as a sample."""

    def open(self, runtime_context: RuntimeContext) -> None:
        """Build a parser whose notes, which Java has counted, are dropped."""
        super().open(runtime_context)
        self._parse = formats.parser(self._settings)

    def _measure(self, record: Record) -> None:
        """Count nothing, since Java has."""

    def _parsed(self, record: Record) -> UserEvent | Rejected | None:
        parsed = super()._parsed(record)
        if isinstance(parsed, UserEvent):
            return Rejected("Java refuses it, and Python does not: please report it")
        return parsed


def _dead_letter(record: Record, reason: str) -> DeadLetter:
    return DeadLetter(reason, record.file, record.line, record.number, record.size, record.message)
