"""Builds the parse step, in Java; in Python for a format that has no Java twin.

A record that Java refuses goes to the Python parser, which says why it is unusable.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from pyflink.datastream import DataStream
from pyflink.java_gateway import get_gateway

from flink_abnormal.core.model import ABNORMAL, NORMAL
from flink_abnormal.core.operators import PARSE, REFUSED
from flink_abnormal.core.published import BYTES_READ
from flink_abnormal.core.time_settings import EARLIEST_MS, MESSAGE_TIME
from flink_abnormal.core.values import normal_text, split_names
from flink_abnormal.pipeline import engines, event_time, formats, tally
from flink_abnormal.pipeline.formats import sshd, syslog
from flink_abnormal.pipeline.formats.jsonl import USER_FIELD, other_kind
from flink_abnormal.pipeline.formats.record import MAX_LINE_BYTES
from flink_abnormal.pipeline.java_patterns import java_pattern
from flink_abnormal.pipeline.parse import ExplainRefused, ParseRecords
from flink_abnormal.pipeline.streams import label, refused, side_output, tags, types

if TYPE_CHECKING:
    from collections.abc import Callable

    from flink_abnormal.core.settings import Settings
    from flink_abnormal.core.source_settings import FormatSettings
    from flink_abnormal.jvm.parts import Parts
    from flink_abnormal.pipeline.parse import Origin


class Parsed(NamedTuple):
    """`events` of UserEvent; `dead_letters` of JSON; `tallies` of (what, how many), if the run has an end."""

    events: DataStream
    dead_letters: list[DataStream]
    tallies: list[DataStream]


def in_blocks(settings: Settings) -> bool:
    """Return whether files' lines come many to a record, which is faster: if each is parsed alone, and in Java.

    In event time the source looks at each line.
    """
    records = settings.records
    return records.format in JAVA_PARSERS and not formats.refers_back(records) and not settings.time.event


def build(records: DataStream, origin: Origin, settings: Settings, parallelism: int, java_parts: Parts) -> Parsed:
    """Turn records into events, in the source's task."""
    java_parser = JAVA_PARSERS.get(settings.records.format)
    if java_parser is None:
        return _in_python(records, origin, settings, parallelism)
    parser = java_parser(settings.records, origin.of_messages, java_parts)
    return _in_java(java_parts, parser, records, origin, settings, parallelism)


def _in_python(records: DataStream, origin: Origin, settings: Settings, parallelism: int) -> Parsed:
    function = ParseRecords(settings.records, settings.time, origin, tally=settings.bounded)
    events = label(records.process(function, types.parsed(settings.time)), PARSE).set_parallelism(parallelism)
    tallies = [tally.kinds(events), side_output(events, tags.tally())] if settings.bounded else []
    return Parsed(events, [side_output(events, tags.dead_letters())], tallies)


def _in_java(
    java_parts: Parts, parser: Any, records: DataStream, origin: Origin, settings: Settings, parallelism: int
) -> Parsed:
    unusable = refused(records)
    step = java_parts.new(
        "ParseRecords",
        parser,
        origin.of_messages,
        not origin.of_messages and in_blocks(settings),
        origin.of_messages and settings.records.timestamp_field == MESSAGE_TIME,
        settings.time.event,
        EARLIEST_MS,
        settings.time.max_ahead_ms,
        unusable.get_java_output_tag(),
        tags.tally().get_java_output_tag() if settings.bounded else None,
        BYTES_READ,
    )
    produced = types.parsed(settings.time)
    ordered = settings.time.event  # behind the source, in a state of tuples
    j_type = produced.get_java_type_info() if ordered else engines.chosen(settings).event_type(java_parts)
    j_events = records._j_data_stream.transform(PARSE.name, j_type, step)  # noqa: SLF001
    events = label(DataStream(j_events), PARSE).set_parallelism(parallelism)
    explain = ExplainRefused(settings.records, settings.time, origin, tally=settings.bounded)
    explained = side_output(events, unusable).process(explain, produced)
    label(explained, REFUSED).set_parallelism(parallelism)
    tallies = [side_output(stream, tags.tally()) for stream in (events, explained)] if settings.bounded else []
    return Parsed(events, [side_output(explained, tags.dead_letters())], tallies)


def json_lines(records: FormatSettings, of_messages: bool, java_parts: Parts, *, quick: bool = True) -> Any:  # noqa: FBT001
    """Return the Java parser; `quick`: whether it reads plain lines in place."""
    jvm = get_gateway().jvm
    users, kinds = jvm.java.util.ArrayList(), jvm.java.util.HashMap()
    for name in split_names(records.user_field or USER_FIELD):
        users.add(name)
    for kind, values in ((ABNORMAL, records.abnormal_values), (NORMAL, records.normal_values)):
        for value in values:
            kinds.put(normal_text(value), kind)
    return java_parts.new(
        "JsonLines",
        users,
        records.abnormal_field,
        records.timestamp_field,
        kinds,
        other_kind(records.abnormal_values, records.normal_values),
        event_time.times_reader(java_parts),
        MAX_LINE_BYTES,
        quick,
        of_messages,
    )


def sshd_lines(records: FormatSettings, of_messages: bool, java_parts: Parts) -> Any:  # noqa: FBT001
    """Return the Java parser of sshd's lines."""
    jvm = get_gateway().jvm
    headers, signs, users = (jvm.java.util.ArrayList() for _ in range(3))
    for pattern in (*syslog.PATTERNS, syslog.PROGRAM):
        headers.add(java_pattern(pattern))
    for sign in sshd.SIGNS:
        signs.add(sign)
    for name in split_names(records.user_field or sshd.USER_FIELD):
        users.add(name)
    patterns = jvm.java.util.HashMap()
    for name, pattern in sshd.PATTERNS.items():
        patterns.put(name, java_pattern(pattern))
    return java_parts.new(
        "Sshd",
        java_parts.new("SyslogHeader", headers),
        patterns,
        signs,
        event_time.times_reader(java_parts),
        users,
        records.year or 0,
        MAX_LINE_BYTES,
        sshd.MAX_REPEATS,
        of_messages,
    )


JAVA_PARSERS: Final[dict[str, Callable[[FormatSettings, bool, Parts], Any]]] = {"jsonl": json_lines, "sshd": sshd_lines}
