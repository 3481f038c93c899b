"""The engine in Python: a KeyedProcessFunction, in thread or in process mode."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyflink.common import Types
from pyflink.datastream import DataStream, KeyedStream
from pyflink.java_gateway import get_gateway

from flink_abnormal.core.model import Rule
from flink_abnormal.core.operators import DETECTOR, KEY_BY_USER, WITHIN
from flink_abnormal.pipeline import live_gauges
from flink_abnormal.pipeline.detector import AbnormalCountProcessFunction, WithinProcessFunction
from flink_abnormal.pipeline.live_gauges import LiveDocuments
from flink_abnormal.pipeline.live_metrics import LiveMetrics
from flink_abnormal.pipeline.streams import label, types

if TYPE_CHECKING:
    from flink_abnormal.core.settings import Settings
    from flink_abnormal.jvm.parts import Parts
    from flink_abnormal.pipeline.detector import DecisionObserver


def event_type(java_parts: Parts) -> Any:  # noqa: ARG001 - another engine's needs them
    """Return PyFlink's own type: Python reads no other."""
    return types.event().get_java_type_info()


def detect(events: DataStream, settings: Settings, parallelism: int, java_parts: Parts) -> DataStream:
    """Detect with Flink's state, bound to Python."""
    mode, live = settings.state.mode, settings.detection.live
    rule = Rule(settings.detection.threshold, settings.detection.within_ms)
    observers: list[DecisionObserver] = []
    if live:
        observers.append(LiveMetrics(rule) if mode == "thread" else LiveDocuments(rule))
    if rule.within_ms is None:
        detector, operator = AbnormalCountProcessFunction(rule, observers), DETECTOR
    else:
        detector, operator = WithinProcessFunction(rule, observers), WITHIN
    keyed = _key_by_user(events, java_parts)
    alerts = label(keyed.process(detector, types.alert()), operator, mode).set_parallelism(parallelism)
    if live and mode == "process":
        live_gauges.build(alerts, parallelism, java_parts)
    return alerts


def _key_by_user(events: DataStream, java_parts: Parts) -> KeyedStream:
    """Return what `events.key_by(lambda event: event[0], Types.STRING())` does, with the key added in Java.

    PyFlink adds it in a Python operator, which takes as long as the detector.
    """
    text = Types.STRING()
    j_events = events._j_data_stream  # noqa: SLF001
    add_key = java_parts.new("WithUser", Types.ROW([text, types.event()]).get_java_type_info())
    with_key = label(DataStream(j_events.map(add_key)), KEY_BY_USER).set_parallelism(j_events.getParallelism())
    key = get_gateway().jvm.KeyByKeySelector()
    j_keyed = with_key._j_data_stream.keyBy(key, Types.ROW([text]).get_java_type_info())  # noqa: SLF001
    return KeyedStream(j_keyed, types.event(), events)
