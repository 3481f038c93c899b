"""Destinations of alerts and dead letters: each sink gets both streams; several can be active at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flink_abnormal.pipeline.sinks import console, files

if TYPE_CHECKING:
    from pyflink.datastream import DataStream

    from flink_abnormal.core.settings import Settings

SINKS = {"print": console.build, "files": files.build}


def build(
    alerts: DataStream, dead_letters: DataStream | None, settings: Settings, parallelism: int
) -> list[DataStream]:
    """Build the sinks chosen in the settings; return their streams, for slot assignment.

    `alerts` carries Alert; `dead_letters` carries JSON, or is None if the source has none.
    """
    built = []
    for name in dict.fromkeys(settings.sink.sinks):
        built += SINKS[name](alerts, dead_letters, settings, parallelism)
    return built
