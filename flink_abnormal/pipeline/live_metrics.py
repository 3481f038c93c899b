"""What the detector shows of itself while it runs: each user's count and last events, and the latest alerts.

A subtask publishes two of Flink's metrics, gauges whose value is a string that holds a JSON array. Flink carries them
to its REST API, as it does its own. Nothing of it is a record or state, and it is never more than a fixed number of
users and alerts.

`liveUsers`: the first element is `{"threshold":3}`; each further one null or a user of this subtask,
`{"userId":"user1","count":2,"events":"NANAA","at":1732200000000}`: the count of consecutive abnormal events, the last
events (A abnormal, N normal, the newest at the end) and when the newest was seen, in epoch milliseconds. `"cut":true`
is added where only the beginning of the userId is shown.

`liveAlerts`: each element is null or an alert of this subtask,
`{"seq":17,"at":1732200000000,"userId":"user1","count":3,"alertId":"...","timestamp":null}`: `seq` counts them from 0,
`at` is when it was raised, `timestamp` that of its event; `"cut":true` as above.

Both begin empty with each attempt of a subtask: after a restart a user is shown again with the next event.
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
    """A user who has a slot; `head` and `tail` are what stays the same of the JSON."""

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
    """Decides which users and alerts are shown, and puts them into slots as JSON; knows nothing of Flink.

    A slot is a function that takes what is shown there from now on: the first of `users` the rule, each other a user.

    Everyone is shown while there are free slots. Then a user without one takes the place of the user with the lowest
    count, among equals the one seen longest ago, as soon as their own count is larger: of a million users the highest
    counts are shown, as far as their events were seen by this view.
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
        self._lowest = 0  # no shown user's count is below; it may lag behind the lowest, which is sought when needed
        self._alerts = 0
        rule_slot(f'{{"threshold":{rule.threshold}}}')

    def saw(self, event: UserEvent, count: int) -> None:
        """Show an event, and the count that the user has with it: 0 for a normal one, and for no other."""
        # Called for each event: most users of a crowd cost one look-up and one comparison, and a shown one no parsing.
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
        """Show an alert, in the place of the oldest where all are taken."""
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
        """Return the new user with a slot, or None where all are taken by counts at least as high."""
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
    """Return a userId as it is shown, and whether it was cut: a metric is one string of at most 64 KB.

    The worst that 120 characters can be is 720 bytes, so that both metrics stay below 30 KB.
    """
    if len(user_id) <= SHOWN_CHARS:
        return user_id, False
    return user_id[:SHOWN_CHARS] + "…", True


def publish(runtime_context: RuntimeContext, rule: Rule) -> LiveView:
    """Return a view whose slots are Flink metrics of this subtask; in thread mode only."""
    return LiveView(
        rule,
        _gauge(runtime_context, LIVE_USERS, 1 + SHOWN_USERS),
        _gauge(runtime_context, LIVE_ALERTS, SHOWN_ALERTS),
    )


def _gauge(runtime_context: RuntimeContext, name: str, size: int) -> list[Put]:
    """Register a gauge that shows an array of JSON documents, and return what puts a document into each place.

    PyFlink's own gauges hold whole numbers only, and enter Python from Flink's metric thread. This one is made of the
    JDK's parts: its value is the `toString()` of an array, `[document, null, ...]`, which is JSON as it stands.
    """
    from pemja import findClass  # noqa: PLC0415 - only there inside a TaskManager's JVM

    reference = findClass("java.util.concurrent.atomic.AtomicReference")
    slots = [reference() for _ in range(size)]
    shown = findClass("java.util.concurrent.atomic.AtomicReferenceArray")(size)
    for place, slot in enumerate(slots):
        shown.set(place, slot)
    # Classes come from objects: with Class.forName pemja fails, and where Java is handed a Class the JVM crashes.
    gauge = findClass("org.apache.flink.python.metric.embedded.MetricDistribution")().getClass().getInterfaces()[0]
    to_string = next(method for method in shown.getClass().getMethods() if method.getName() == "toString")
    handle = findClass("java.lang.invoke.MethodHandles").publicLookup().unreflect(to_string).bindTo(shown)
    proxy = findClass("java.lang.invoke.MethodHandleProxies").asInterfaceInstance(gauge, handle)
    runtime_context.get_metrics_group()._metrics.gauge(name, proxy)  # noqa: SLF001 - past PyFlink's own wrapper
    return [slot.set for slot in slots]
