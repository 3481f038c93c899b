"""Input and output of every source's `build`."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyflink.datastream import DataStream

    from flink_abnormal.core.settings import Mode
    from flink_abnormal.jvm.jar import Jars
    from flink_abnormal.jvm.parts import Parts


class SourceContext(NamedTuple):
    """`start_ms`: epoch milliseconds of the submission; `jars`: the folders of Java parts and of connectors.

    `java_parts` are shipped with the job.
    """

    parallelism: int
    mode: Mode
    start_ms: int
    jars: Jars
    java_parts: Parts


class SourceStreams(NamedTuple):
    """`events` of UserEvent; `dead_letters` of JSON; `tallies` of the source's own counts.

    `at_end` passes on the figures of a bounded run, adds the source's findings at its end, and has a side output of
    dead letters.
    """

    events: DataStream
    dead_letters: list[DataStream]
    tallies: list[DataStream]
    at_end: Callable[[DataStream], DataStream] | None = None
