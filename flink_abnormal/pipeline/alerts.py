"""What sinks write of an alert, by Java parts: each is held against `Alert` in `core/model.py`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pyflink.datastream import DataStream

from flink_abnormal.core.published import alert_line, rule_text
from flink_abnormal.pipeline.streams import types

if TYPE_CHECKING:
    from flink_abnormal.jvm.parts import Parts


def to_json(alerts: DataStream, java_parts: Parts) -> DataStream:
    """Turn each alert into a line of JSON."""
    return _mapped(alerts, java_parts.new("AlertToJson", alert_text(java_parts)))


def to_messages(alerts: DataStream, within_ms: int | None, java_parts: Parts) -> DataStream:
    """Turn each alert into a message for Kafka, as KafkaOutput reads it."""
    return _mapped(alerts, alert_to_message(within_ms, java_parts))


def print_lines(alerts: DataStream, java_parts: Parts) -> DataStream:
    """Print each alert as the seed's line."""
    return _mapped(alerts, java_parts.new("PrintAlerts", alert_text(java_parts)))


def alert_text(java_parts: Parts) -> Any:
    """Return the Java part that writes alerts."""
    before, between, after = re.split("\0|0", alert_line("\0", 0))
    return java_parts.new("AlertText", before, between, after)


def alert_to_message(within_ms: int | None, java_parts: Parts) -> Any:
    """Return the Java part that makes messages of alerts."""
    before, after = rule_text(0, within_ms).split("0", 1)
    return java_parts.new("AlertToMessage", alert_text(java_parts), types.output().get_java_type_info(), before, after)


def _mapped(alerts: DataStream, function: Any) -> DataStream:
    return DataStream(alerts._j_data_stream.map(function))  # noqa: SLF001
