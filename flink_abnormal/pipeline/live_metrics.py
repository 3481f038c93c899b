"""The detector's live view: each user's count and last events, and the latest alerts.

A subtask publishes two Flink gauges, each a string with a JSON array, which Flink serves over REST like its own
metrics. They are neither records nor state, and contain at most a fixed number of users and alerts.

`liveUsers`: the first element is `{"threshold":3}`; each further one is null or a user of this subtask,
`{"userId":"user1","count":2,"events":"NANAA","at":1732200000000}`: the count of consecutive abnormal events, the last
events (A abnormal, N normal, newest last) and the time when the newest was processed, in epoch milliseconds.
`"cut":true` is added if the userId is truncated.

`liveAlerts`: each element is null or an alert of this subtask,
`{"seq":17,"at":1732200000000,"userId":"user1","count":3,"alertId":"...","timestamp":null}`: `seq` counts alerts from 0,
`at` is the time when it was raised, `timestamp` that of its event; `"cut":true` as above.

Both start empty with each attempt of a subtask: after a restart a user reappears with their next event.
"""

from __future__ import annotations

import time
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final

import orjson

from flink_abnormal.core.model import NO_TIMESTAMP, SHOWN_CHARS
from flink_abnormal.core.published import LIVE_ALERTS, LIVE_USERS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pyflink.datastream import RuntimeContext

    from flink_abnormal.core.model import Alert, Rule, UserEvent

    Put = Callable[[str], Any]

SHOWN_USERS: Final = 32
SHOWN_ALERTS: Final = 32
SHOWN_EVENTS: Final = 20


class _Shown:
    """A user with a slot; `head` and `tail` are the constant parts of the JSON."""

    __slots__ = ("at", "count", "events", "head", "put", "tail", "user_id")

    def __init__(self, put: Put, user_id: str) -> None:
        self.put = put
        self.user_id = user_id
        self.count = self.at = 0
        self.events = ""
        shown, cut = shorten(user_id)
        self.head = f'{{"userId":{orjson.dumps(shown).decode()},"count":'
        self.tail = ',"cut":true}' if cut else "}"


class LiveView:
    """Selects users and alerts to show, and writes them into slots as JSON; independent of Flink.

    A slot is a function that replaces the document in its place: the first of `users` shows the rule, each other a
    user.

    Once all slots are taken, a user with a higher count evicts the one with the lowest (of equals, the least recently
    seen): of a million users the highest counts are shown, as far as this view has seen their events.
    """

    def __init__(
        self,
        rule: Rule,
        users: Sequence[Put],
        alerts: Sequence[Put],
        now_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        rule_slot, *self._free = users
        self._alert_slots = alerts
        self._now_ns = now_ns
        self._shown: dict[str, _Shown] = {}
        self._lowest = 0  # a lower bound of the shown counts; may lag behind the minimum, which is computed when needed
        self._alerts = 0
        rule_slot(f'{{"threshold":{rule.threshold}}}')

    def decided(self, event: UserEvent, count: int, alerts: Sequence[Alert]) -> None:
        """Show a decision of the rule."""
        self.saw(event, count)
        for alert in alerts:
            self.alerted(alert)

    def saw(self, event: UserEvent, count: int) -> None:
        """Show an event and the user's resulting count, which is 0 only for a normal event."""
        # Runs for every event: a user of a crowd mostly costs one lookup and one comparison, a shown one no parsing.
        user = self._shown.get(event.user_id)
        if user is None:
            if count <= self._lowest and not self._free:
                return
            user = self._admit(event.user_id, count)
            if user is None:
                return
        if count < self._lowest:  # noqa: PLR1730 - min() takes three times as long
            self._lowest = count
        letter = "A" if count else "N"
        seen = letter if event.times == 1 else letter * min(event.times, SHOWN_EVENTS)
        user.events = events = (user.events + seen)[-SHOWN_EVENTS:]
        user.count = count
        user.at = at = self._now_ns() // 1_000_000
        user.put(f'{user.head}{count},"events":"{events}","at":{at}{user.tail}')

    def alerted(self, alert: Alert) -> None:
        """Show an alert, replacing the oldest if all slots are taken."""
        user_id, cut = shorten(alert.user_id)
        record = {
            "seq": self._alerts,
            "at": self._now_ns() // 1_000_000,
            "userId": user_id,
            "count": alert.count,
            "alertId": alert.alert_id,
            "timestamp": None if alert.timestamp == NO_TIMESTAMP else alert.timestamp,
            **({"cut": True} if cut else {}),
        }
        self._alert_slots[self._alerts % len(self._alert_slots)](orjson.dumps(record).decode())
        self._alerts += 1

    def _admit(self, user_id: str, count: int) -> _Shown | None:
        """Assign a slot to a new user; return None if all counts shown are at least as high."""
        if self._free:
            put = self._free.pop(0)
        else:
            last = min(self._shown.values(), key=attrgetter("count", "at"))
            self._lowest = last.count
            if count <= last.count:
                return None
            del self._shown[last.user_id]
            put = last.put
        user = self._shown[user_id] = _Shown(put, user_id)
        return user


def shorten(user_id: str) -> tuple[str, bool]:
    """Return a userId cut for display, and whether it was cut: a metric is one string of at most 64 KB.

    120 characters are 720 bytes at worst, so both metrics stay below 30 KB.
    """
    if len(user_id) <= SHOWN_CHARS:
        return user_id, False
    return user_id[:SHOWN_CHARS] + "…", True


class LiveMetrics:
    """Publishes a live view as Flink metrics of the detector's subtask; in thread mode only."""

    def __init__(self, rule: Rule) -> None:
        self._rule = rule

    def open(self, runtime_context: RuntimeContext) -> None:
        """Register the metrics; they start empty with each attempt of the task."""
        self._view = LiveView(
            self._rule,
            _gauge(runtime_context, LIVE_USERS, 1 + SHOWN_USERS),
            _gauge(runtime_context, LIVE_ALERTS, SHOWN_ALERTS),
        )

    def observe(self, event: UserEvent, count: int, alerts: Sequence[Alert]) -> tuple[()]:
        """Show a decision."""
        self._view.decided(event, count, alerts)
        return ()


def _gauge(runtime_context: RuntimeContext, name: str, size: int) -> list[Put]:
    """Register a gauge that shows an array of JSON documents; return a setter for each place.

    PyFlink's own gauges carry only whole numbers, and call into Python from Flink's metric thread. This one consists of
    JDK classes: its value is the `toString()` of an array, `[document, null, ...]`, which is valid JSON.
    """
    from pemja import findClass  # noqa: PLC0415 - exists only inside a TaskManager's JVM

    reference = findClass("java.util.concurrent.atomic.AtomicReference")
    slots = [reference() for _ in range(size)]
    shown = findClass("java.util.concurrent.atomic.AtomicReferenceArray")(size)
    for place, slot in enumerate(slots):
        shown.set(place, slot)
    # Get classes from objects: Class.forName fails in pemja, and passing a Class to Java crashes the JVM.
    gauge = findClass("org.apache.flink.python.metric.embedded.MetricDistribution")().getClass().getInterfaces()[0]
    to_string = next(method for method in shown.getClass().getMethods() if method.getName() == "toString")
    handle = findClass("java.lang.invoke.MethodHandles").publicLookup().unreflect(to_string).bindTo(shown)
    proxy = findClass("java.lang.invoke.MethodHandleProxies").asInterfaceInstance(gauge, handle)
    runtime_context.get_metrics_group()._metrics.gauge(name, proxy)  # noqa: SLF001 - bypasses PyFlink's wrapper
    return [slot.set for slot in slots]
