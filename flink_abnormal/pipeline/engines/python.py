"""The engine in Python: a KeyedProcessFunction, in thread mode or in process mode."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from flink_abnormal.core.model import Rule
from flink_abnormal.core.operators import DETECTOR, KEY_BY_USER, WITHIN
from flink_abnormal.pipeline import event_time, live_gauges
from flink_abnormal.pipeline.detector import AbnormalCountProcessFunction, WithinProcessFunction
from flink_abnormal.pipeline.live_gauges import LiveDocuments
from flink_abnormal.pipeline.live_metrics import LiveMetrics
from flink_abnormal.pipeline.streams import key_by, label, side_output, tags, types
from flink_abnormal.pipeline.tally import AlertTally

if TYPE_CHECKING:
    from pyflink.datastream import DataStream, StreamExecutionEnvironment

    from flink_abnormal.core.settings import Settings
    from flink_abnormal.jvm.jar import Jars
    from flink_abnormal.pipeline.detector import DecisionObserver


class Detection(NamedTuple):
    """`alerts` of Alert; `tallies` of (what, how many), if the run has an end; `dead_letters` of JSON."""

    alerts: DataStream
    tallies: list[DataStream]
    dead_letters: list[DataStream]


def build(
    env: StreamExecutionEnvironment, events: DataStream, settings: Settings, parallelism: int, jars: Jars
) -> Detection:
    """Detect in `events` of UserEvent, keyed by user; `jars` has the folder of compiled Java parts."""
    mode, live = settings.state.mode, settings.detection.live
    rule = Rule(settings.detection.threshold, settings.detection.within_ms)
    tallies, dead_letters = [], []
    if settings.time.event:
        events, late, late_tallies = event_time.ordered(env, events, settings, parallelism, jars)
        tallies.append(late_tallies)
        dead_letters.append(late)
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
    tallies.append(side_output(alerts, tags.tally()))
    return Detection(alerts, tallies if settings.bounded else [], dead_letters)
