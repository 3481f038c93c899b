"""What parses and decides, in Python or in Java: each engine is a module with the functions of `Engine`.

All engines keep their counts in the state that `core/operators.py` promises, so that a savepoint moves a job from one
to another, and are held against `formats/` and `core/rule.py`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple, Protocol, cast

if TYPE_CHECKING:
    from pyflink.datastream import DataStream, StreamExecutionEnvironment

    from flink_abnormal.core.settings import Settings
    from flink_abnormal.jvm.jar import Jars
    from flink_abnormal.pipeline.parse import Origin


class Parsed(NamedTuple):
    """`events` of UserEvent; `dead_letters` of JSON; `tallies` of (what, how many), if the run has an end."""

    events: DataStream
    dead_letters: list[DataStream]
    tallies: list[DataStream]


class Detection(NamedTuple):
    """`alerts` of Alert; `tallies` of (what, how many), if the run has an end."""

    alerts: DataStream
    tallies: list[DataStream]


class Engine(Protocol):
    """What an engine does; `jars` has the folder of compiled Java parts."""

    def parse(
        self,
        env: StreamExecutionEnvironment,
        records: DataStream,
        origin: Origin,
        settings: Settings,
        parallelism: int,
        jars: Jars,
    ) -> Parsed:
        """Turn records into events."""

    def detect(
        self, env: StreamExecutionEnvironment, events: DataStream, settings: Settings, parallelism: int, jars: Jars
    ) -> Detection:
        """Detect in events of UserEvent, keyed by user."""

    def to_json(self, env: StreamExecutionEnvironment, alerts: DataStream, jars: Jars) -> DataStream:
        """Turn each alert into a line of JSON."""

    def to_messages(
        self, env: StreamExecutionEnvironment, alerts: DataStream, settings: Settings, jars: Jars
    ) -> DataStream:
        """Turn each alert into a message for Kafka, as KafkaOutput reads it."""

    def print_alerts(self, env: StreamExecutionEnvironment, alerts: DataStream, jars: Jars) -> DataStream:
        """Print each alert as the seed's line."""


def chosen(settings: Settings) -> Engine:
    """Return the engine chosen in the settings."""
    return cast("Engine", import_module(f"{__name__}.{settings.detection.engine}"))
