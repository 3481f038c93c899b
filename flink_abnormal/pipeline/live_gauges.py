"""Live counts in process mode: a Python process can publish only whole numbers, so a Java part publishes the JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyflink.common import Types
from pyflink.java_gateway import get_gateway

from flink_abnormal.core.operators import LIVE
from flink_abnormal.core.published import LIVE_ALERTS, LIVE_USERS
from flink_abnormal.pipeline.live_metrics import SHOWN_ALERTS, SHOWN_USERS, LiveView
from flink_abnormal.pipeline.streams import side_output, tags

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyflink.datastream import DataStream, RuntimeContext

    from flink_abnormal.core.model import Alert, Rule, UserEvent
    from flink_abnormal.jvm.parts import Parts
    from flink_abnormal.pipeline.live_metrics import Put

GAUGES = {LIVE_USERS: 1 + SHOWN_USERS, LIVE_ALERTS: SHOWN_ALERTS}


class LiveDocuments:
    """Returns the documents of a live view as they change, as (gauge, place, document)."""

    def __init__(self, rule: Rule) -> None:
        self._rule = rule
        self._shown = tags.live()

    def open(self, runtime_context: RuntimeContext) -> None:  # noqa: ARG002
        """Start with an empty view."""
        self._fresh: list[tuple[int, int, str]] = []
        users, alerts = (
            [self._put(gauge, place) for place in range(size)] for gauge, size in enumerate(GAUGES.values())
        )
        self._view = LiveView(self._rule, users, alerts)

    def observe(self, event: UserEvent, count: int, alerts: Sequence[Alert]) -> list[tuple[Any, ...]]:
        """Return the documents that a decision changes."""
        self._view.decided(event, count, alerts)
        fresh = [(self._shown, document) for document in self._fresh]
        self._fresh.clear()
        return fresh

    def _put(self, gauge: int, place: int) -> Put:
        return lambda document: self._fresh.append((gauge, place, document))


def build(alerts: DataStream, parallelism: int, java_parts: Parts) -> None:
    """Publish the detector's documents from a Java operator in the same task."""
    gateway = get_gateway()
    names, sizes = gateway.new_array(gateway.jvm.String, len(GAUGES)), gateway.new_array(gateway.jvm.int, len(GAUGES))
    for place, (name, size) in enumerate(GAUGES.items()):
        names[place], sizes[place] = name, size
    shown = side_output(alerts, tags.live())._j_data_stream  # noqa: SLF001
    nothing = shown.flatMap(java_parts.new("LiveGauges", names, sizes), Types.STRING().get_java_type_info())
    nothing.uid(LIVE.uid).name(LIVE.name).setParallelism(parallelism)
