"""The detector: the rule, with each user's count in Flink's keyed state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyflink.common import Types
from pyflink.datastream import KeyedProcessFunction
from pyflink.datastream.state import ValueStateDescriptor

from flink_abnormal.core.model import UserEvent
from flink_abnormal.core.operators import ABNORMAL_COUNT_STATE
from flink_abnormal.core.rule import decide
from flink_abnormal.pipeline import live_metrics
from flink_abnormal.pipeline.streams import tags
from flink_abnormal.pipeline.summary import ALERTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyflink.datastream import RuntimeContext

    from flink_abnormal.core.model import Rule


class AbnormalCountProcessFunction(KeyedProcessFunction):
    """Counts each user's consecutive abnormal events and yields an Alert from the rule's threshold on.

    A normal event clears the state, so that a million quiet users cost nothing: no value means 0.
    """

    def __init__(self, rule: Rule, *, tally: bool, publish: bool) -> None:
        self._rule = rule
        self._tally = tags.tally() if tally else None
        self._publish = publish

    def open(self, runtime_context: RuntimeContext) -> None:
        """Bind the state, and register live metrics if `publish` is set."""
        self._live = live_metrics.publish(runtime_context, self._rule) if self._publish else None
        self._count = runtime_context.get_state(ValueStateDescriptor(ABNORMAL_COUNT_STATE, Types.LONG()))

    def process_element(self, value: tuple[Any, ...], ctx: KeyedProcessFunction.Context) -> Iterator[Any]:  # noqa: ARG002
        """Apply the rule to one event."""
        event = UserEvent(*value)
        if not event.is_abnormal:
            self._count.clear()
            if self._live is not None:
                self._live.saw(event, 0)
            return
        count, alerts = decide(self._count.value() or 0, event, self._rule)
        self._count.update(count)
        if self._live is not None:
            self._live.saw(event, count)
        for alert in alerts:
            if self._live is not None:
                self._live.alerted(alert)
            yield tuple(alert)
        if alerts and self._tally is not None:
            yield self._tally, (ALERTS, len(alerts))
