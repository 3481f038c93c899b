"""Event time: watermarks in the source, and a user's events in the order of their times.

Java parts (`jvm/java`) read the times where partitions are still apart, and put the events in order: PyFlink silently
ignores a timestamp assigner in Python that is given to a source.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson
from pyflink.common import Types
from pyflink.datastream import DataStream, ProcessFunction
from pyflink.java_gateway import get_gateway

from flink_abnormal.core.durations import duration_text
from flink_abnormal.core.model import ABNORMAL, DeadLetter, Message
from flink_abnormal.core.operators import EVENT_ORDER, LATE_EVENTS
from flink_abnormal.core.time_settings import EARLIEST_MS, MESSAGE_TIME
from flink_abnormal.pipeline.formats import needs_first_line, syslog, times
from flink_abnormal.pipeline.java_patterns import java_pattern
from flink_abnormal.pipeline.streams import label, side_output, tags, types
from flink_abnormal.pipeline.summary import LATE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flink_abnormal.core.settings import Settings
    from flink_abnormal.jvm.parts import Parts

FIRST_LINE_FIELD: Final = 5
"""Place of a file's first line in a record."""


class Ordered(NamedTuple):
    """`events` of UserEvent, in order for each user; `late` ones as dead letters, and their `tallies`."""

    events: DataStream
    late: DataStream
    tallies: DataStream


def watermarks(settings: Settings, java_parts: Parts) -> Any:
    """Return the Java WatermarkStrategy of the source: none in processing time."""
    if not settings.time.event:
        return get_gateway().jvm.org.apache.flink.api.common.eventtime.WatermarkStrategy.noWatermarks()
    return java_parts.new(
        "EventTime",
        record_time(settings, java_parts),
        settings.time.out_of_order_ms(bounded=settings.bounded),
        settings.time.idleness_ms,
        settings.source == "files",
        settings.source == "files" and not settings.bounded,
        settings.time.max_ahead_ms,
        EARLIEST_MS,
    )


def record_time(settings: Settings, java_parts: Parts) -> Any:
    """Return the Java part that reads the time of the source's records."""
    records = settings.records
    if records.timestamp_field == MESSAGE_TIME:
        return java_parts.new("MessageTime")
    reader = times_reader(java_parts)
    if records.format == "jsonl":
        return java_parts.new("JsonTime", reader, records.timestamp_field)
    headers = get_gateway().jvm.java.util.ArrayList()
    for pattern in syslog.PATTERNS:
        headers.add(java_pattern(pattern))
    dated = needs_first_line(records) and settings.source == "files"
    return java_parts.new("SyslogTime", reader, headers, records.year or 0, FIRST_LINE_FIELD if dated else -1)


def times_reader(java_parts: Parts) -> Any:
    """Return the Java part Times, with the patterns and tables of `formats/times.py`."""
    texts = get_gateway().jvm.java.util.HashMap()
    for name, pattern in times.PATTERNS.items():
        texts.put(name, java_pattern(pattern))
    for name, minutes in times.ZONES.items():
        texts.put(f"zone {name}", str(minutes))
    texts.put("units", ";".join(" ".join(map(str, unit)) for unit in times.UNITS))
    return java_parts.new("Times", texts)


def ordered(events: DataStream, settings: Settings, parallelism: int, java_parts: Parts) -> Ordered:
    """Put each user's events, with their places, in the order of their times."""
    late_events = tags.late_events()
    taken, given = types.placed_event().get_java_type_info(), types.event().get_java_type_info()
    order = java_parts.new("EventOrder", taken, given, late_events.get_java_output_tag())
    keyed = events._j_data_stream.keyBy(java_parts.new("UserKey"))  # noqa: SLF001
    in_order = label(DataStream(keyed.process(order)), EVENT_ORDER).set_parallelism(parallelism)
    late = side_output(in_order, late_events).process(
        LateToDeadLetter(of_messages=settings.source == "kafka", tally=settings.bounded), Types.STRING()
    )
    label(late, LATE_EVENTS).set_parallelism(parallelism)
    return Ordered(in_order, late, side_output(late, tags.tally()))


class LateToDeadLetter(ProcessFunction):
    """Turns a late event into a dead letter: JSON with the event, its place, and how late it came."""

    def __init__(self, *, of_messages: bool, tally: bool) -> None:
        self._of_messages = of_messages
        self._tally = tags.tally() if tally else None

    def process_element(self, value: tuple[Any, ...], ctx: ProcessFunction.Context) -> Iterator[Any]:  # noqa: ARG002
        """Turn one."""
        user_id, kind, repeats, timestamp, lateness_ms, origin, position = value
        event = {"userId": user_id, "isAbnormal": kind == ABNORMAL, "timestamp": timestamp}
        message = None
        if self._of_messages:
            topic, _, partition = origin.rpartition("/")
            message = Message(b"", topic, int(partition), position, timestamp)
        reason = f"it is late: event time had passed it by {duration_text(lateness_ms)}"
        raw = orjson.dumps(event if repeats == 1 else {**event, "times": repeats})
        yield DeadLetter(reason, origin, raw, position, 0, message, lateness_ms).to_json()
        if self._tally is not None:
            yield self._tally, (LATE, 1)
