"""The detector: the rule, with each user's count in Flink's keyed state, and nothing more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from pyflink.common import Types
from pyflink.datastream import KeyedProcessFunction
from pyflink.datastream.state import ValueStateDescriptor

from flink_abnormal.core.model import UserEvent
from flink_abnormal.core.operators import ABNORMAL_COUNT_STATE
from flink_abnormal.core.rule import decide

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pyflink.datastream import RuntimeContext

    from flink_abnormal.core.model import Alert, Rule


class DecisionObserver(Protocol):
    """Is shown each decision, and may yield to side outputs: live metrics and tallies are kept this way."""

    def open(self, runtime_context: RuntimeContext) -> None:
        """Prepare, in the task that detects."""

    def observe(self, event: UserEvent, count: int, alerts: Sequence[Alert]) -> Iterable[Any]:
        """Return what goes to side outputs, as (tag, value)."""


class AbnormalCountProcessFunction(KeyedProcessFunction):
    """Counts each user's consecutive abnormal events and yields an Alert from the rule's threshold on.

    A count of 0 is no value: a million quiet users cost nothing.
    """

    def __init__(self, rule: Rule, observers: Sequence[DecisionObserver] = ()) -> None:
        self._rule = rule
        self._observers = tuple(observers)

    def open(self, runtime_context: RuntimeContext) -> None:
        """Bind the state."""
        self._count = runtime_context.get_state(ValueStateDescriptor(ABNORMAL_COUNT_STATE, Types.LONG()))
        for observer in self._observers:
            observer.open(runtime_context)

    def process_element(self, value: tuple[Any, ...], ctx: KeyedProcessFunction.Context) -> Iterator[Any]:  # noqa: ARG002
        """Apply the rule to one event."""
        event = UserEvent(*value)
        # The count before a normal event does not matter, and most events are normal: that saves reading the state.
        before = (self._count.value() or 0) if event.is_abnormal else 0
        count, alerts = decide(before, event, self._rule)
        if count:
            self._count.update(count)
        else:
            self._count.clear()
        for alert in alerts:
            yield tuple(alert)
        for observer in self._observers:
            yield from observer.observe(event, count, alerts)
