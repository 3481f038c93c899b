"""The engine in Python: a ProcessFunction parses, a KeyedProcessFunction detects; in thread or in process mode."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyflink.common import Types

from flink_abnormal.core.model import Rule
from flink_abnormal.core.operators import DETECTOR, KEY_BY_USER, PARSE, WITHIN
from flink_abnormal.pipeline import live_gauges, tally
from flink_abnormal.pipeline.alerts import AlertToJson, AlertToMessage, PrintAlerts
from flink_abnormal.pipeline.detector import AbnormalCountProcessFunction, WithinProcessFunction
from flink_abnormal.pipeline.engines import Detection, Parsed
from flink_abnormal.pipeline.live_gauges import LiveDocuments
from flink_abnormal.pipeline.live_metrics import LiveMetrics
from flink_abnormal.pipeline.parse import ParseRecords
from flink_abnormal.pipeline.streams import key_by, label, side_output, tags, types
from flink_abnormal.pipeline.tally import AlertTally

if TYPE_CHECKING:
    from pyflink.datastream import DataStream, StreamExecutionEnvironment

    from flink_abnormal.core.settings import Settings
    from flink_abnormal.jvm.jar import Jars
    from flink_abnormal.pipeline.detector import DecisionObserver
    from flink_abnormal.pipeline.parse import Origin


def parse(
    env: StreamExecutionEnvironment,  # noqa: ARG001 - all engines share these signatures
    records: DataStream,
    origin: Origin,
    settings: Settings,
    parallelism: int,
    jars: Jars,  # noqa: ARG001
) -> Parsed:
    """Parse records, in the source's task."""
    function = ParseRecords(settings.records, settings.time, origin, tally=settings.bounded)
    events = label(records.process(function, types.parsed(settings.time)), PARSE).set_parallelism(parallelism)
    tallies = [tally.kinds(events), side_output(events, tags.tally())] if settings.bounded else []
    return Parsed(events, [side_output(events, tags.dead_letters())], tallies)


def detect(
    env: StreamExecutionEnvironment, events: DataStream, settings: Settings, parallelism: int, jars: Jars
) -> Detection:
    """Detect with Flink's state, bound to Python."""
    mode, live = settings.state.mode, settings.detection.live
    rule = Rule(settings.detection.threshold, settings.detection.within_ms)
    observers: list[DecisionObserver] = []
    if live:
        observers.append(LiveMetrics(rule) if mode == "thread" else LiveDocuments(rule))
    if settings.bounded:
        observers.append(AlertTally())
    if rule.within_ms is None:
        detector, operator = AbnormalCountProcessFunction(rule, observers), DETECTOR
    else:
        detector, operator = WithinProcessFunction(rule, observers), WITHIN
    keyed = key_by(events, lambda event: event[0], KEY_BY_USER)
    alerts = label(keyed.process(detector, types.alert()), operator, mode).set_parallelism(parallelism)
    if live and mode == "process":
        live_gauges.build(env, alerts, parallelism, jars)
    return Detection(alerts, [side_output(alerts, tags.tally())] if settings.bounded else [])


def to_json(env: StreamExecutionEnvironment, alerts: DataStream, jars: Jars) -> DataStream:  # noqa: ARG001
    """Turn alerts into JSON by `Alert.to_json`."""
    return alerts.map(AlertToJson(), Types.STRING())


def to_messages(
    env: StreamExecutionEnvironment,  # noqa: ARG001
    alerts: DataStream,
    settings: Settings,
    jars: Jars,  # noqa: ARG001
) -> DataStream:
    """Turn alerts into messages with `envelope`."""
    return alerts.map(AlertToMessage(settings.detection.within_ms), types.output())


def print_alerts(env: StreamExecutionEnvironment, alerts: DataStream, jars: Jars) -> DataStream:  # noqa: ARG001
    """Print alerts by `write_line`."""
    return alerts.map(PrintAlerts(), Types.STRING())
