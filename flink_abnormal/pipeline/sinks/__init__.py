"""Where alerts and dead letters go: each sink takes the two streams; several may be on at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flink_abnormal.pipeline.sinks import console, files

if TYPE_CHECKING:
    from pyflink.datastream import DataStream

    from flink_abnormal.core.settings import Settings

_SINKS = {"print": console.build, "files": files.build}


def build(
    alerts: DataStream, dead_letters: DataStream | None, settings: Settings, parallelism: int
) -> list[DataStream]:
    """Build each sink that the settings name; returns their streams, to be put into slots.

    `alerts` of Alert; `dead_letters` of JSON, or None where the source has none.
    """
    built = []
    for name in dict.fromkeys(settings.sink.sinks):
        built += _SINKS[name](alerts, dead_letters, settings, parallelism)
    return built
