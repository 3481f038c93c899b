"""A job as whoever submits, guards or restores it needs it: a second one is a second `Job`, and no `if` elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from flink_abnormal.core.operators import Operator
    from flink_abnormal.core.settings import Settings


class Goal(NamedTuple):
    """What a bounded run counts (`lines` or `events`), and how many of them or how many bytes there are, if known."""

    unit: str
    total: int | None = None
    size: int | None = None


class Proof(NamedTuple):
    """The operators by whose state a snapshot is known to be this job's.

    The uid of `keyed` differs by execution mode. `source` belongs to the source that was chosen. `bounded` is there if
    and only if the run has an end.
    """

    keyed: Operator
    source: Operator
    bounded: Operator


@dataclass(frozen=True)
class Job:
    """`script` is what `flink run -py` takes, below the project's folder.

    `check_machine` raises UsageError or MachineError if this machine lacks what the settings name, and returns a
    warning or nothing. `goal` is called for bounded runs only. `build` adds the graph to an environment, as
    `pipeline/graph.build` does.
    """

    name: str
    script: str
    check_machine: Callable[[Settings], str]
    proof: Callable[[Settings], Proof]
    goal: Callable[[Settings], Goal]
    build: Callable[..., None]
