"""The engine in Java parts (`jvm/java`): they parse and detect, and Python does what is rare.

A refused record goes to the Python parse step, which says why it is unusable: reasons are the same in both engines.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from pyflink.datastream import DataStream
from pyflink.java_gateway import get_gateway

from flink_abnormal.core.model import ABNORMAL, NORMAL, SHOWN_CHARS
from flink_abnormal.core.operators import ABNORMAL_COUNT_STATE, PARSE, REFUSED, detector
from flink_abnormal.core.published import BYTES_READ, LIVE_ALERTS, LIVE_USERS, alert_line, rule_text
from flink_abnormal.core.time_settings import EARLIEST_MS, MESSAGE_TIME
from flink_abnormal.core.values import normal_text, split_names
from flink_abnormal.jvm import parts
from flink_abnormal.pipeline import event_time
from flink_abnormal.pipeline.engines import Detection, Parsed
from flink_abnormal.pipeline.formats import sshd, syslog
from flink_abnormal.pipeline.formats.jsonl import USER_FIELD, other_kind
from flink_abnormal.pipeline.formats.record import MAX_LINE_BYTES
from flink_abnormal.pipeline.java_patterns import java_pattern
from flink_abnormal.pipeline.live_metrics import SHOWN_ALERTS, SHOWN_EVENTS, SHOWN_USERS
from flink_abnormal.pipeline.parse import ExplainRefused
from flink_abnormal.pipeline.streams import label, refused, side_output, tags, types

if TYPE_CHECKING:
    from pyflink.datastream import StreamExecutionEnvironment

    from flink_abnormal.core.settings import Settings
    from flink_abnormal.core.source_settings import FormatSettings
    from flink_abnormal.jvm.jar import Jars
    from flink_abnormal.jvm.parts import Parts
    from flink_abnormal.pipeline.parse import Origin


def parse(
    env: StreamExecutionEnvironment,
    records: DataStream,
    origin: Origin,
    settings: Settings,
    parallelism: int,
    jars: Jars,
) -> Parsed:
    """Parse in Java."""
    java_parts = _parts(env, jars)
    j_records = records._j_data_stream  # noqa: SLF001
    unusable = refused(records)
    tally = tags.tally().get_java_output_tag() if settings.bounded else None
    step = java_parts.new(
        "ParseRecords",
        parser(settings.records, origin.of_messages, java_parts),
        origin.of_messages,
        origin.of_messages and settings.records.timestamp_field == MESSAGE_TIME,
        settings.time.event,
        EARLIEST_MS,
        settings.time.max_ahead_ms,
        unusable.get_java_output_tag(),
        tally,
        BYTES_READ,
    )
    produced = types.parsed(settings.time).get_java_type_info()
    events = label(DataStream(j_records.transform(PARSE.name, produced, step)), PARSE).set_parallelism(parallelism)
    explain = ExplainRefused(settings.records, settings.time, origin, tally=settings.bounded)
    explained = side_output(events, unusable).process(explain, types.parsed(settings.time))
    label(explained, REFUSED).set_parallelism(parallelism)
    tallies = [side_output(stream, tags.tally()) for stream in (events, explained)] if settings.bounded else []
    return Parsed(events, [side_output(explained, tags.dead_letters())], tallies)


def detect(
    env: StreamExecutionEnvironment, events: DataStream, settings: Settings, parallelism: int, jars: Jars
) -> Detection:
    """Detect in Java, with the state of the Python engine."""
    java_parts = _parts(env, jars)
    detection = settings.detection
    live = (
        java_parts.new(
            "LiveView",
            LIVE_USERS,
            LIVE_ALERTS,
            SHOWN_USERS,
            SHOWN_ALERTS,
            SHOWN_EVENTS,
            SHOWN_CHARS,
            detection.threshold,
        )
        if detection.live
        else None
    )
    tally = tags.tally().get_java_output_tag() if settings.bounded else None
    arguments = (types.alert().get_java_type_info(), detection.threshold, tally, live)
    if detection.within_ms is None:
        function = java_parts.new("AbnormalCount", *arguments, ABNORMAL_COUNT_STATE)
    else:
        function = java_parts.new("AbnormalWithin", *arguments, detection.within_ms)
    keyed = events._j_data_stream.keyBy(java_parts.new("UserRowKey"))  # noqa: SLF001
    operator = detector("jvm", settings.state.mode, detection.within_ms)
    alerts = label(DataStream(keyed.process(function)), operator, settings.state.mode).set_parallelism(parallelism)
    return Detection(alerts, [side_output(alerts, tags.tally())] if settings.bounded else [])


def to_json(env: StreamExecutionEnvironment, alerts: DataStream, jars: Jars) -> DataStream:
    """Turn alerts into JSON in Java."""
    java_parts = _parts(env, jars)
    return _mapped(alerts, java_parts.new("AlertToJson", alert_text(java_parts)))


def to_messages(env: StreamExecutionEnvironment, alerts: DataStream, settings: Settings, jars: Jars) -> DataStream:
    """Turn alerts into messages in Java."""
    return _mapped(alerts, alert_to_message(settings.detection.within_ms, _parts(env, jars)))


def print_alerts(env: StreamExecutionEnvironment, alerts: DataStream, jars: Jars) -> DataStream:
    """Print alerts in Java."""
    java_parts = _parts(env, jars)
    return _mapped(alerts, java_parts.new("PrintAlerts", alert_text(java_parts)))


def _mapped(alerts: DataStream, function: Any) -> DataStream:
    return DataStream(alerts._j_data_stream.map(function))  # noqa: SLF001


def alert_text(java_parts: Parts) -> Any:
    """Return the Java part that writes alerts."""
    before, between, after = re.split("\0|0", alert_line("\0", 0))
    return java_parts.new("AlertText", before, between, after)


def alert_to_message(within_ms: int | None, java_parts: Parts) -> Any:
    """Return the Java part that makes messages of alerts."""
    before, after = rule_text(0, within_ms).split("0", 1)
    return java_parts.new("AlertToMessage", alert_text(java_parts), types.output().get_java_type_info(), before, after)


def _parts(env: StreamExecutionEnvironment, jars: Jars) -> Parts:
    java_parts = parts.build(jars)
    java_parts.add_to(env)
    env.get_config().enable_object_reuse()  # Java parts keep nothing that they are given, nor change it
    return java_parts


def parser(records: FormatSettings, of_messages: bool, java_parts: Parts) -> Any:  # noqa: FBT001
    """Return the Java parser of the configured format."""
    return _PARSERS[records.format](records, of_messages, java_parts)


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


_PARSERS: Final = {"jsonl": json_lines, "sshd": sshd_lines}
