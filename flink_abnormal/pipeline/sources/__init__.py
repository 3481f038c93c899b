"""Sources of events: one `SourceSpec` and one module per source.

Imports no Flink itself, so that a source can be queried before a JVM runs.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final, NamedTuple

from flink_abnormal.core.job import Goal
from flink_abnormal.core.operators import FILE_SOURCE, HEARTBEAT, KAFKA_SOURCE, PARSE, RANDOM_SOURCE
from flink_abnormal.jvm.jar import KAFKA_CONNECTOR
from flink_abnormal.pipeline.sources import input_files

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyflink.datastream import StreamExecutionEnvironment

    from flink_abnormal.core.operators import Operator
    from flink_abnormal.core.settings import Settings
    from flink_abnormal.pipeline.sources.base import SourceContext, SourceStreams


class SourceSpec(NamedTuple):
    """A source; its options and boundedness are part of the settings (`core/settings.py`).

    `module` contains `build(env, settings, context) -> SourceStreams`. The state of `operator` identifies a snapshot as
    this source's; `events` is the operator that events come from. `check_machine` raises UsageError if this machine
    lacks something that the source needs, and returns a warning or "". `goal` returns the size of a bounded run's
    input. `connector` is the artifact of a jar it needs.
    """

    module: str
    operator: Operator
    events: Operator
    check_machine: Callable[[Settings], str]
    goal: Callable[[Settings], Goal]
    connector: str | None = None


SOURCES: Final = {
    "random": SourceSpec(
        "simulated",
        HEARTBEAT,
        RANDOM_SOURCE,
        check_machine=lambda _: "",
        goal=lambda settings: Goal("events", settings.random.users * (settings.random.events or 0)),
    ),
    "files": SourceSpec("files", FILE_SOURCE, PARSE, input_files.check, input_files.goal),
    "kafka": SourceSpec(
        "kafka",
        KAFKA_SOURCE,
        PARSE,
        check_machine=lambda _: "",
        goal=lambda _: Goal("messages"),
        connector=KAFKA_CONNECTOR,
    ),
}


def chosen(settings: Settings) -> SourceSpec:
    """Return the source chosen in the settings."""
    return SOURCES[settings.source]


def build(env: StreamExecutionEnvironment, settings: Settings, context: SourceContext) -> SourceStreams:
    """Build the source chosen in the settings."""
    streams: SourceStreams = import_module(f"{__name__}.{chosen(settings).module}").build(env, settings, context)
    return streams
