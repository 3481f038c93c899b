"""The graph: source and parse step -> engine (key by userId, detect) -> sinks; uids, names, parallelism and slots."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyflink.datastream import DataStream

from flink_abnormal.jvm import parts
from flink_abnormal.pipeline import engines, event_time, sinks, sources, tally
from flink_abnormal.pipeline.sinks import SinkContext
from flink_abnormal.pipeline.sources.base import SourceContext
from flink_abnormal.pipeline.streams import ALERT_USER_FIELD, j_key_by, side_output, tags

if TYPE_CHECKING:
    from pyflink.datastream import StreamExecutionEnvironment

    from flink_abnormal.core.parallelism import Parallelism
    from flink_abnormal.core.settings import Settings
    from flink_abnormal.jvm.jar import Jars
    from flink_abnormal.pipeline.verdict import Ending


def build(
    env: StreamExecutionEnvironment,
    settings: Settings,
    parallelism: Parallelism,
    layout: str,
    start_ms: int,
    jars: Jars,
    ending: Ending,
) -> None:
    """Add the job to `env`.

    `layout` is `isolated` or `shared`; `start_ms` the submission time in epoch milliseconds; `jars` the folders of
    Java parts and of connectors; `ending` the place where a bounded run reports its end.
    """
    mode = settings.state.mode
    java_parts = parts.build(jars)
    java_parts.add_to(env)
    env.get_config().enable_object_reuse()  # Java parts keep nothing that they are given, nor change it
    source = sources.build(env, settings, SourceContext(parallelism.source, mode, start_ms, jars, java_parts))
    events, dead_letters, tallies = source.events, [*source.dead_letters], [*source.tallies]
    if settings.time.event:
        events, late, late_tallies = event_time.ordered(events, settings, parallelism.process, java_parts)
        dead_letters.append(late)
        tallies.append(late_tallies)
    alerts = engines.chosen(settings).detect(events, settings, parallelism.process, java_parts)
    if settings.bounded:
        figures = tally.build(env, [*tallies, tally.count(alerts, java_parts)])
        if source.at_end is not None:
            figures = source.at_end(figures)
            dead_letters.append(side_output(figures, tags.dead_letters()))
        tally.print_summary(figures, ending, settings.values, mode)
    routed = alerts
    if parallelism.sink != parallelism.process:
        # Flink would deal a user's alerts out to all sinks, which write in no common order.
        routed = DataStream(j_key_by(alerts._j_data_stream, ALERT_USER_FIELD))  # noqa: SLF001
    context = SinkContext(parallelism.sink, jars, java_parts)
    written = sinks.build(env, routed, _union(dead_letters), settings, context)
    if layout == "isolated":
        _isolate(alerts, written)


def _isolate(alerts: DataStream, written: list[Any]) -> None:
    """Give process and sink their own slots; all other operators stay in the default group."""
    alerts.slot_sharing_group("process")
    for stream in written:
        stream.slot_sharing_group("sink")
        if hasattr(stream, "start_new_chain"):  # PyFlink chains across slot sharing groups
            stream.start_new_chain()


def _union(streams: list[DataStream]) -> DataStream | None:
    return streams[0].union(*streams[1:]) if streams else None
