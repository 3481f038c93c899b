"""The engine in Java parts (`jvm/java`), with the state of the one in Python."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pyflink.datastream import DataStream
from pyflink.java_gateway import get_gateway

from flink_abnormal.core.model import SHOWN_CHARS
from flink_abnormal.core.operators import ABNORMAL_COUNT_STATE, detector
from flink_abnormal.core.published import LIVE_ALERTS, LIVE_USERS
from flink_abnormal.pipeline.live_metrics import SHOWN_ALERTS, SHOWN_EVENTS, SHOWN_USERS
from flink_abnormal.pipeline.streams import label, types

if TYPE_CHECKING:
    from flink_abnormal.core.settings import Settings
    from flink_abnormal.jvm.parts import Parts

REMEMBERED_USERS: Final = {"hashmap": 1 << 10, "rocksdb": 1 << 16}
"""Of each subtask, beside the state: many where it lies in RocksDB, few where it is in memory too."""


def event_type(java_parts: Parts) -> Any:
    """Return a type that is written faster than tuples are."""
    return java_parts.new("EventType", types.event().get_java_type_info())


def detect(events: DataStream, settings: Settings, parallelism: int, java_parts: Parts) -> DataStream:
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
    arguments = (types.alert().get_java_type_info(), detection.threshold, live)
    if detection.within_ms is None:
        places = REMEMBERED_USERS[settings.state.backend]
        function = java_parts.new("AbnormalCount", *arguments, ABNORMAL_COUNT_STATE, places)
    else:
        function = java_parts.new("AbnormalWithin", *arguments, detection.within_ms)
    user = java_parts.new("UserRowKey", detection.within_ms is None)
    keyed = _keyed(events, user, alone=settings.layout.alone)
    operator = detector("jvm", settings.state.mode, detection.within_ms)
    return label(DataStream(keyed.process(function)), operator, settings.state.mode).set_parallelism(parallelism)


def _keyed(events: DataStream, user: Any, *, alone: bool) -> Any:
    """Key a stream by user; where every user's events are in the one subtask already, without sending them anywhere."""
    j_events = events._j_data_stream  # noqa: SLF001
    if not alone:
        return j_events.keyBy(user)
    return get_gateway().jvm.org.apache.flink.streaming.api.datastream.DataStreamUtils.reinterpretAsKeyedStream(
        j_events, user
    )
