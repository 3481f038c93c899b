"""The interface of a job: a second job is a second `Job`, not an `if` elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from flink_abnormal.core.kafka_settings import KafkaSettings
    from flink_abnormal.core.operators import Operator
    from flink_abnormal.core.settings import LayoutSettings, StateSettings


class JobSettings(Protocol):
    """What submission needs to know of a job's options."""

    @property
    def state(self) -> StateSettings:
        """State, checkpoints, execution mode."""

    @property
    def layout(self) -> LayoutSettings:
        """Parallelism and slots."""

    @property
    def embedded_layout(self) -> LayoutSettings:
        """The same, of an embedded run."""

    @property
    def bounded(self) -> bool:
        """Whether the input ends by itself."""

    @property
    def kafka(self) -> KafkaSettings:
        """The connection to Kafka's brokers."""

    @property
    def transactions(self) -> str:
        """The prefix of the job's transactions in Kafka, or empty."""

    def description(self) -> str:
        """Return what the job reads, for its first line."""

    def published(self) -> dict[str, str]:
        """Return the options that watchers see."""


class Goal(NamedTuple):
    """Unit of a bounded run (`lines` or `events`), total number and size in bytes, if known."""

    unit: str
    total: int | None = None
    size: int | None = None


class Proof(NamedTuple):
    """The operators that identify a snapshot as this job's.

    The uid of `keyed` depends on the execution mode, `source` on the chosen source; `bounded` exists only in bounded
    runs, `ordered` only with event time. No records wait behind `foreign` ones in this job's own checkpoints.
    """

    keyed: Operator
    source: Operator
    bounded: Operator
    ordered: Operator
    foreign: tuple[Operator, ...]


@dataclass(frozen=True)
class Job:
    """A job and the functions that check, identify, measure and build it.

    `script` is the argument of `flink run -py`, relative to the project's folder. `check_machine` raises UsageError or
    MachineError if this machine lacks the input that the settings name, and returns a warning or "". `folders` are the
    local ones the job writes to, and `connectors` the artifacts of jars it needs, each by option. `check_start` raises
    UsageError if the job must not start from this snapshot (None: without one). `proof` is None if Flink's own check of
    a snapshot has to do. `goal` is called for bounded runs only, and None for a job that reports no figures. `build`
    adds the graph to an environment, as `pipeline/graph.build` does.
    """

    name: str
    script: str
    check_machine: Callable[[Any], str]
    folders: Callable[[Any], dict[str, Path]]
    connectors: Callable[[Any], dict[str, str]]
    check_start: Callable[[Any, str | None], None]
    proof: Callable[[Any], Proof | None]
    goal: Callable[[Any], Goal] | None
    build: Callable[..., None]
