"""The engine in Java parts (`jvm/java`), with the state of the one in Python."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyflink.datastream import DataStream

from flink_abnormal.core.model import SHOWN_CHARS
from flink_abnormal.core.operators import ABNORMAL_COUNT_STATE, detector
from flink_abnormal.core.published import LIVE_ALERTS, LIVE_USERS
from flink_abnormal.pipeline.engines import Detection
from flink_abnormal.pipeline.live_metrics import SHOWN_ALERTS, SHOWN_EVENTS, SHOWN_USERS
from flink_abnormal.pipeline.streams import label, side_output, tags, types

if TYPE_CHECKING:
    from flink_abnormal.core.settings import Settings
    from flink_abnormal.jvm.parts import Parts


def detect(events: DataStream, settings: Settings, parallelism: int, java_parts: Parts) -> Detection:
    """Detect in Java."""
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
