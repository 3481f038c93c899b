"""The exact figures of a bounded run, counted by Flink and so correct after a restart too.

The JVM sums them in keyed, checkpointed window state that fires at the end of the input. Java parts sum what they count
before they send it; Python emits records for rare cases only: skipped lines, dead letters, repeats.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyflink.common import Types
from pyflink.datastream import DataStream, KeyedProcessFunction
from pyflink.datastream.state import MapStateDescriptor
from pyflink.java_gateway import get_gateway

from flink_abnormal.core.operators import KEY_BY_RUN, SUMMARY, TALLY, TALLY_ALERTS, TALLY_PROJECTION, TALLY_START
from flink_abnormal.pipeline import verdict
from flink_abnormal.pipeline.streams import (
    AT_THE_END,
    EVENT_KIND_FIELD,
    EVENT_TIMES_FIELD,
    j_array,
    j_key_by,
    key_by,
    label,
    types,
)
from flink_abnormal.pipeline.summary import ALERTS, SKIPPED, Summary

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pyflink.datastream import RuntimeContext, StreamExecutionEnvironment

    from flink_abnormal.core.settings import Mode
    from flink_abnormal.jvm.parts import Parts
    from flink_abnormal.pipeline.verdict import Ending


def build(env: StreamExecutionEnvironment, tallies: Sequence[DataStream]) -> DataStream:
    """Return the sums of (what, number), emitted at the end of the input, even of an empty one.

    PyFlink lacks a window sum on the JVM, so this calls Java's.
    """
    jvm = get_gateway().jvm
    zero = label(env.from_collection([(SKIPPED, 0)], types.tally()), TALLY_START).set_parallelism(1)
    j_stream = zero._j_data_stream  # noqa: SLF001
    for stream in tallies:
        j_stream = j_stream.union(j_array(stream))
    windowing = jvm.org.apache.flink.streaming.api.windowing
    # With a bare end-of-stream trigger Flink sorts the input and forbids checkpoints; wrapped in another trigger, it
    # stays a stream.
    trigger = windowing.triggers.PurgingTrigger.of(windowing.assigners.GlobalWindows.EndOfStreamTrigger())
    windows = j_key_by(j_stream, 0).window(windowing.assigners.GlobalWindows.create()).trigger(trigger)
    sums = windows.sum(1).setParallelism(1).setMaxParallelism(1)
    return DataStream(sums.uid(TALLY.uid).name(TALLY.name))


def print_summary(figures: DataStream, ending: Ending, values: Sequence[str], mode: Mode) -> DataStream:
    """Report the summary of a run once all figures have arrived; `values` are those that may match.

    Flink's collect sink would bring them to the client, but kills its TaskManager if it is cancelled before it is open
    (a NullPointerException in its clean-up, seen on 2.3.0).
    """
    keyed = key_by(figures, lambda _: "run", KEY_BY_RUN)
    return label(keyed.process(PrintSummary(ending, values), Types.STRING()), SUMMARY, mode).set_parallelism(1)


class PrintSummary(KeyedProcessFunction):
    """Collects the figures, and reports them at the final watermark."""

    def __init__(self, ending: Ending, values: Sequence[str] = ()) -> None:
        self._ending = ending
        self._values = tuple(values)

    def open(self, runtime_context: RuntimeContext) -> None:
        """Bind the state."""
        self._figures = runtime_context.get_map_state(MapStateDescriptor("figures", Types.STRING(), Types.LONG()))

    def process_element(self, value: tuple[str, int], ctx: KeyedProcessFunction.Context) -> None:
        """Store one figure."""
        self._figures.put(*value)
        ctx.timer_service().register_event_time_timer(AT_THE_END)

    def on_timer(self, timestamp: int, ctx: KeyedProcessFunction.OnTimerContext) -> Iterator[str]:  # noqa: ARG002
        """Report the summary, and a verdict if there is one."""
        counts = dict(self._figures.items())
        summary = Summary.of(counts, self._values)
        self._ending.leave(filter(None, [summary.text(), verdict.of_run(summary, counts)]))
        yield summary.text()


def kinds(events: DataStream) -> DataStream:
    """Return (kind, how many) of each event, without a step through Python."""
    gateway = get_gateway()
    wanted = gateway.new_array(gateway.jvm.int, 2)
    wanted[0], wanted[1] = EVENT_KIND_FIELD, EVENT_TIMES_FIELD
    projected = events._j_data_stream.project(wanted)  # noqa: SLF001
    parallelism = events._j_data_stream.getParallelism()  # noqa: SLF001
    return label(DataStream(projected), TALLY_PROJECTION).set_parallelism(parallelism)


def count(alerts: DataStream, java_parts: Parts) -> DataStream:
    """Return how many alerts there are, summed by each subtask."""
    j_alerts = alerts._j_data_stream  # noqa: SLF001
    counter = java_parts.new("CountRecords", ALERTS)
    numbers = DataStream(j_alerts.transform(TALLY_ALERTS.name, types.tally().get_java_type_info(), counter))
    return label(numbers, TALLY_ALERTS).set_parallelism(j_alerts.getParallelism())
