"""Where events come from: each source is `build(env, settings, context) -> SourceStreams`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flink_abnormal.pipeline.sources import files, simulated
from flink_abnormal.pipeline.sources.base import SourceContext, SourceStreams

if TYPE_CHECKING:
    from pyflink.datastream import StreamExecutionEnvironment

    from flink_abnormal.core.settings import Settings

__all__ = ["SourceContext", "SourceStreams", "build"]

_SOURCES = {"random": simulated.build, "files": files.build}


def build(env: StreamExecutionEnvironment, settings: Settings, context: SourceContext) -> SourceStreams:
    """Build the source that the settings name."""
    return _SOURCES[settings.source](env, settings, context)
