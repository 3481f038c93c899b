"""The detector: the rule, with each user's count in Flink's keyed state, and nothing more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from pyflink.common import Types
from pyflink.datastream import KeyedProcessFunction
from pyflink.datastream.state import MapStateDescriptor, ValueStateDescriptor

from flink_abnormal.core.model import UserEvent
from flink_abnormal.core.operators import ABNORMAL_COUNT_STATE
from flink_abnormal.core.rule import decide

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pyflink.datastream import RuntimeContext

    from flink_abnormal.core.model import Alert, Rule


class DecisionObserver(Protocol):
    """Is shown each decision, and may add to side outputs: live metrics are kept this way."""

    def open(self, runtime_context: RuntimeContext) -> None:
        """Prepare, in the task that detects."""

    def observe(self, event: UserEvent, count: int, alerts: Sequence[Alert]) -> Iterable[Any]:
        """Return what goes to side outputs, as (tag, value)."""


class AbnormalCountProcessFunction(KeyedProcessFunction):
    """Counts each user's consecutive abnormal events and returns an Alert from the rule's threshold on.

    A count of 0 is no value: a million quiet users cost nothing.
    """

    def __init__(self, rule: Rule, observers: Sequence[DecisionObserver] = ()) -> None:
        self._rule = rule
        self._observers = tuple(observers)

    def open(self, runtime_context: RuntimeContext) -> None:
        """Bind the state."""
        self._bind(runtime_context)
        for observer in self._observers:
            observer.open(runtime_context)

    def process_element(self, value: tuple[Any, ...], ctx: KeyedProcessFunction.Context) -> list[tuple[Any, ...]]:
        """Apply the rule to one event."""
        event = UserEvent(*value)
        # The count before a normal event does not matter, and most events are normal: that saves reading the state.
        before = self._counted(event) if event.is_abnormal else 0
        count, alerts = decide(before, event, self._rule)
        self._keep(event, count, ctx)
        # PyFlink also takes a generator (`yield`), which takes longer: an event that raises no alert makes none.
        results: list[tuple[Any, ...]] = [tuple(alert) for alert in alerts]
        for observer in self._observers:
            results += observer.observe(event, count, alerts)
        return results

    def _bind(self, runtime_context: RuntimeContext) -> None:
        self._count = runtime_context.get_state(ValueStateDescriptor(ABNORMAL_COUNT_STATE, Types.LONG()))

    def _counted(self, event: UserEvent) -> int:  # noqa: ARG002
        """Return the count before an abnormal event."""
        return self._count.value() or 0

    def _keep(self, event: UserEvent, count: int, ctx: KeyedProcessFunction.Context) -> None:  # noqa: ARG002
        """Store the count after an event."""
        if count:
            self._count.update(count)
        else:
            self._count.clear()


class WithinProcessFunction(AbnormalCountProcessFunction):
    """The same, counting only events at most `rule.within_ms` of event time before the newest.

    The events of the current row are kept as a queue, so that each is added and removed once: `row` is the number of
    the oldest, the number after the newest, the sum of their times and the newest time; `rowEvents` has time and times
    by number. One timer per user with a row frees it once its newest event is too old.
    """

    def _bind(self, runtime_context: RuntimeContext) -> None:
        self._within_ms = self._rule.within_ms or 0
        pair, row = Types.TUPLE([Types.LONG()] * 2), Types.TUPLE([Types.LONG()] * 4)
        self._row = runtime_context.get_state(ValueStateDescriptor("row", row))
        self._row_events = runtime_context.get_map_state(MapStateDescriptor("rowEvents", Types.LONG(), pair))

    def _counted(self, event: UserEvent) -> int:
        """Drop what is too old for this event, and return the count of the rest."""
        row = self._row.value()
        if row is None:
            return 0
        oldest, end, count, newest_ms = row
        while oldest < end:
            time_ms, times = self._row_events.get(oldest)
            if time_ms >= event.timestamp - self._within_ms:
                break
            self._row_events.remove(oldest)
            oldest, count = oldest + 1, count - times
        self._row.update((oldest, end, count, newest_ms))
        return int(count)

    def _keep(self, event: UserEvent, count: int, ctx: KeyedProcessFunction.Context) -> None:
        row = self._row.value()
        if not count:
            if row is not None:
                self._free()
            return
        oldest, end, _, newest_ms = row or (0, 0, 0, event.timestamp)
        self._row_events.put(end, (event.timestamp, event.times))
        self._row.update((oldest, end + 1, count, max(newest_ms, event.timestamp)))
        if row is None:
            self._free_after(event.timestamp, ctx)

    def on_timer(self, timestamp: int, ctx: KeyedProcessFunction.OnTimerContext) -> None:
        """Free the row of a user who has been silent, or look again when it may be due."""
        row = self._row.value()
        if row is None:
            return
        if row[3] + self._within_ms < timestamp:
            self._free()
        else:
            self._free_after(row[3], ctx)

    def _free(self) -> None:
        self._row.clear()
        self._row_events.clear()

    def _free_after(self, newest_ms: int, ctx: KeyedProcessFunction.Context) -> None:
        ctx.timer_service().register_event_time_timer(newest_ms + self._within_ms + 1)
