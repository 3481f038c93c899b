"""What every source is given and gives."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pyflink.datastream import DataStream

    from flink_abnormal.core.settings import Mode


class SourceContext(NamedTuple):
    """`start_ms`: epoch milliseconds of the submission; `cache`: the folder of compiled Java parts."""

    parallelism: int
    mode: Mode
    start_ms: int
    cache: Path


class SourceStreams(NamedTuple):
    """`events` of UserEvent; `dead_letters` of JSON; `tallies` of what the source counts beside its events.

    `at_end` lets the figures of a bounded run pass, adds what the source finds out at its end, and has a side output of
    dead letters.
    """

    events: DataStream
    dead_letters: list[DataStream]
    tallies: list[DataStream]
    at_end: Callable[[DataStream], DataStream] | None = None
