"""The interface of a job: a second job is a second `Job`, not an `if` elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from flink_abnormal.core.operators import Operator
    from flink_abnormal.core.settings import Settings


class Goal(NamedTuple):
    """Unit of a bounded run (`lines` or `events`), total number and size in bytes, if known."""

    unit: str
    total: int | None = None
    size: int | None = None


class Proof(NamedTuple):
    """The operators whose state identifies a snapshot as this job's.

    The uid of `keyed` depends on the execution mode, `source` on the chosen source; `bounded` exists only in bounded
    runs, `ordered` only with event time.
    """

    keyed: Operator
    source: Operator
    bounded: Operator
    ordered: Operator


@dataclass(frozen=True)
class Job:
    """A job and the functions that check, identify, measure and build it.

    `script` is the argument of `flink run -py`, relative to the project's folder. `check_machine` raises UsageError or
    MachineError if this machine lacks the input that the settings name, and returns a warning or "". `folders` are the
    local ones the job writes to, and `connectors` the artifacts of jars it needs, each by option. `check_start` raises
    UsageError if the job must not start from this snapshot (None: without one). `goal` is called for bounded runs only.
    `build` adds the graph to an environment, as `pipeline/graph.build` does.
    """

    name: str
    script: str
    check_machine: Callable[[Settings], str]
    folders: Callable[[Settings], dict[str, Path]]
    connectors: Callable[[Settings], dict[str, str]]
    check_start: Callable[[Settings, str | None], None]
    proof: Callable[[Settings], Proof]
    goal: Callable[[Settings], Goal]
    build: Callable[..., None]
