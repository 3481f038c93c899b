"""The seed's lines on the standard output of the worker."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyflink.common import Types
from pyflink.datastream import MapFunction

from flink_abnormal.core.model import DeadLetter
from flink_abnormal.core.operators import PRINT_ALERTS, PRINT_DEAD_LETTERS
from flink_abnormal.pipeline.alerts import print_lines
from flink_abnormal.pipeline.stdout import write_line
from flink_abnormal.pipeline.streams import label

if TYPE_CHECKING:
    from pyflink.datastream import DataStream, StreamExecutionEnvironment

    from flink_abnormal.core.settings import Settings
    from flink_abnormal.pipeline.sinks import SinkContext


def build(
    env: StreamExecutionEnvironment,  # noqa: ARG001 - all sinks share this signature
    alerts: DataStream,
    dead_letters: DataStream | None,
    settings: Settings,  # noqa: ARG001
    context: SinkContext,
) -> list[DataStream]:
    """Print alerts and dead letters, one line each."""
    parallelism = context.parallelism
    lines = print_lines(alerts, context.java_parts)
    printed = [label(lines, PRINT_ALERTS).set_parallelism(parallelism)]
    if dead_letters is not None:
        refused = dead_letters.map(PrintDeadLetters(), Types.STRING())
        printed.append(label(refused, PRINT_DEAD_LETTERS).set_parallelism(parallelism))
    return printed


class PrintDeadLetters(MapFunction):
    """Prints each dead letter as one line."""

    def map(self, value: str) -> str:
        """Print one dead letter."""
        write_line(DeadLetter.log_line(value))
        return value
