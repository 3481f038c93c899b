"""What decides, in Python or in Java: each engine is a module with the function of `Engine`.

All engines keep their counts in the state that `core/operators.py` promises, so that a savepoint moves a job from one
to another, and are held against `core/rule.py`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple, Protocol, cast

if TYPE_CHECKING:
    from pyflink.datastream import DataStream

    from flink_abnormal.core.settings import Settings
    from flink_abnormal.jvm.parts import Parts


class Detection(NamedTuple):
    """`alerts` of Alert; `tallies` of (what, how many), if the run has an end."""

    alerts: DataStream
    tallies: list[DataStream]


class Engine(Protocol):
    """What an engine does."""

    def detect(self, events: DataStream, settings: Settings, parallelism: int, java_parts: Parts) -> Detection:
        """Detect in events of UserEvent, keyed by user; `java_parts` are shipped with the job."""


def chosen(settings: Settings) -> Engine:
    """Return the engine chosen in the settings."""
    return cast("Engine", import_module(f"{__name__}.{settings.detection.engine}"))
