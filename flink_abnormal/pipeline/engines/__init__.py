"""What decides, in Python or in Java: each engine is a module with the functions of `Engine`.

All engines keep their counts in the state that `core/operators.py` promises, so that a savepoint moves a job from one
to another, and are held against `core/rule.py`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol, cast

if TYPE_CHECKING:
    from pyflink.datastream import DataStream

    from flink_abnormal.core.settings import Settings
    from flink_abnormal.jvm.parts import Parts


class Engine(Protocol):
    """What an engine does."""

    def event_type(self, java_parts: Parts) -> Any:
        """Return the Java type of UserEvents on their way to it."""

    def detect(self, events: DataStream, settings: Settings, parallelism: int, java_parts: Parts) -> DataStream:
        """Return the alerts of UserEvents, keyed by user; `java_parts` are shipped with the job."""


def chosen(settings: Settings) -> Engine:
    """Return the engine chosen in the settings."""
    return cast("Engine", import_module(f"{__name__}.{settings.detection.engine}"))
