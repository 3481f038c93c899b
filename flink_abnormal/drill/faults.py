"""The kinds of strikes, and which of them come in which turn: pure."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Final, Literal, get_args

from flink_abnormal.core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Kind = Literal[
    "kill taskmanager", "kill jobmanager", "kill worker-python", "cut network", "pause taskmanager", "fill disk"
]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)


def plan(wanted: Sequence[Kind], times: int, seed: int, *, mixed: bool, impossible: Mapping[Kind, str]) -> list[Kind]:
    """Return the strikes in their order.

    The `wanted` kinds in turn, `times` rounds of them; or, `mixed`, `times` strikes drawn by `seed` from the wanted
    kinds, of all where none is named. `impossible` says why a kind can't be had in this place: UsageError where it
    was asked for by name, left out of the draw where it was not.
    """
    for kind in wanted:
        if kind in impossible:
            raise UsageError(f"--{kind} can't be done here: {impossible[kind]}")
    if not mixed:
        if not wanted:
            raise UsageError("A drill needs a strike: name one, such as --kill taskmanager, or give --random.")
        return list(wanted) * times
    return draw(wanted or [kind for kind in KINDS if kind not in impossible], times, seed)


def draw(kinds: Sequence[Kind], times: int, seed: int) -> list[Kind]:
    """Return `times` kinds in an order that `seed` gives; each comes once before one comes twice."""
    chance = random.Random(seed)  # noqa: S311 - repeatable, not secret
    drawn: list[Kind] = []
    while len(drawn) < times:
        drawn += chance.sample(kinds, len(kinds))
    return drawn[:times]
