"""The graph: source -> key_by(userId) -> detector -> sinks, with uids, names, parallelism and slots."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from flink_abnormal import sinks, sources, tally
from flink_abnormal.detector import AbnormalCountProcessFunction
from flink_abnormal.model import Rule
from flink_abnormal.operators import DETECTOR, KEY_BY_USER
from flink_abnormal.sources import SourceContext
from flink_abnormal.sources.files import check_at_end
from flink_abnormal.streams import key_by, label, side_output, tags, types

if TYPE_CHECKING:
    from pyflink.datastream import DataStream, StreamExecutionEnvironment

    from flink_abnormal.layout import Parallelism
    from flink_abnormal.settings import Settings


class Graph(NamedTuple):
    """What was built: `figures` collects the tally of a bounded run (a Java iterator), else None."""

    figures: Any | None


def build(
    env: StreamExecutionEnvironment, settings: Settings, parallelism: Parallelism, layout: str, start_ms: int
) -> Graph:
    """Add the job to `env`; `layout` is `isolated` or `shared`, `start_ms` the submission in epoch milliseconds."""
    mode = settings.state.execution_mode
    source = sources.build(env, settings, SourceContext(parallelism.source, mode, start_ms))
    keyed = key_by(source.events, lambda event: event[0], KEY_BY_USER)
    detector = AbnormalCountProcessFunction(Rule(settings.detection.threshold), tally=settings.bounded)
    alerts = label(keyed.process(detector, types.alert()), DETECTOR, mode).set_parallelism(parallelism.process)
    dead_letters = list(source.dead_letters)
    figures = None
    if settings.bounded:
        summary = tally.build(source.events, [*source.tallies, side_output(alerts, tags.tally())])
        if settings.source == "files":
            summary = check_at_end(summary, settings.files)
            dead_letters.append(side_output(summary, tags.dead_letters()))
        figures = summary._j_data_stream.collectAsync()  # noqa: SLF001
    written = sinks.build(alerts, _union(dead_letters), settings, parallelism.sink)
    if layout == "isolated":
        alerts.slot_sharing_group("process")
        for stream in written:
            stream.slot_sharing_group("sink")
        for stream in written:
            if hasattr(stream, "start_new_chain"):  # PyFlink chains over the border of two slot sharing groups
                stream.start_new_chain()
    return Graph(figures)


def _union(streams: list[DataStream]) -> DataStream | None:
    return streams[0].union(*streams[1:]) if streams else None
