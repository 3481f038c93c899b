"""The kinds of strikes, and their order: pure."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Final, Literal, get_args

from flink_abnormal.core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Kind = Literal[
    "kill taskmanager",
    "kill jobmanager",
    "kill worker-python",
    "kill broker",
    "kill brokers",
    "cut network",
    "cut brokers",
    "pause taskmanager",
    "fill disk",
    "fill broker",
]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
BROKERS: Final[tuple[Kind, ...]] = ("kill broker", "kill brokers", "cut brokers", "fill broker")


def plan(wanted: Sequence[Kind], times: int, seed: int, *, mixed: bool, impossible: Mapping[Kind, str]) -> list[Kind]:
    """Return the strikes in order.

    Either `times` rounds of the `wanted` kinds or, if `mixed`, `times` strikes drawn by `seed` from the wanted kinds,
    by default from all. `impossible` is why a kind is impossible here: a UsageError if it was requested by name,
    otherwise the draw leaves it out.
    """
    for kind in wanted:
        if kind in impossible:
            raise UsageError(f"--{kind} is impossible here: {impossible[kind]}")
    if not mixed:
        if not wanted:
            raise UsageError("A drill needs a strike: name one, such as --kill taskmanager, or give --random.")
        return list(wanted) * times
    return draw(wanted or [kind for kind in KINDS if kind not in impossible], times, seed)


def draw(kinds: Sequence[Kind], times: int, seed: int) -> list[Kind]:
    """Return `times` kinds in an order given by `seed`; each comes once before any comes twice."""
    chance = random.Random(seed)  # noqa: S311 - repeatable, not secret
    drawn: list[Kind] = []
    while len(drawn) < times:
        drawn += chance.sample(kinds, len(kinds))
    return drawn[:times]
