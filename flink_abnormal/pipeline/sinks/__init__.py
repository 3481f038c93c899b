"""Destinations of alerts and dead letters: one `SinkSpec` and one module per sink; several can be active at once.

Imports no Flink itself, so that a sink can be queried before a JVM runs.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final, NamedTuple

from flink_abnormal.jvm.jar import KAFKA_CONNECTOR
from flink_abnormal.pipeline.sinks import output_folder

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pyflink.datastream import DataStream, StreamExecutionEnvironment

    from flink_abnormal.core.settings import Settings
    from flink_abnormal.jvm.jar import Jars
    from flink_abnormal.jvm.parts import Parts


class SinkContext(NamedTuple):
    """`jars`: the folders of Java parts and of connectors; `java_parts` are shipped with the job."""

    parallelism: int
    jars: Jars
    java_parts: Parts


class SinkSpec(NamedTuple):
    """A sink; its options are part of `SinkSettings`.

    `module` contains `build(env, alerts, dead_letters, settings, context)`, which returns streams. `folders` are the
    local ones it writes to, by option. `check_start` raises UsageError if a job that starts from this snapshot (None:
    without one) would mix its output with another run's. `connector` is the artifact of a jar it needs.
    """

    module: str
    folders: Callable[[Settings], dict[str, Path]] = lambda _: {}
    check_start: Callable[[Settings, str | None], None] = lambda *_: None
    connector: str | None = None


SINKS: Final = {
    "print": SinkSpec("console"),
    "files": SinkSpec("files", output_folder.folders, output_folder.check_start),
    "kafka": SinkSpec("kafka", connector=KAFKA_CONNECTOR),
}


def chosen(settings: Settings) -> list[SinkSpec]:
    """Return the sinks chosen in the settings."""
    return [SINKS[name] for name in dict.fromkeys(settings.sink.sinks)]


def build(
    env: StreamExecutionEnvironment,
    alerts: DataStream,
    dead_letters: DataStream | None,
    settings: Settings,
    context: SinkContext,
) -> list[DataStream]:
    """Build the sinks chosen in the settings; return their streams, for slot assignment.

    `alerts` carries Alert; `dead_letters` carries JSON, or is None if the source has none.
    """
    built: list[DataStream] = []
    for sink in chosen(settings):
        built += import_module(f"{__name__}.{sink.module}").build(env, alerts, dead_letters, settings, context)
    return built
