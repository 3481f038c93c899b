"""The decision, pure: how an event changes a user's count, and which alerts it raises.

The detector stores the count in Flink's state, tests in a dict.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flink_abnormal.core.model import Alert

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from flink_abnormal.core.model import Rule, UserEvent


def decide(count: int, event: UserEvent, rule: Rule) -> tuple[int, list[Alert]]:
    """Return the user's new count of consecutive abnormal events, and the alerts raised by `event`.

    `count` is 0 for a user without one. A normal event resets it; each abnormal one adds 1 and raises an alert from the
    threshold on.
    """
    if not event.is_abnormal:
        return 0, []
    reached = count + event.times
    first = max(count + 1, rule.threshold)
    return reached, [Alert.of(event, n, rule) for n in range(first, reached + 1)]


def detect(events: Iterable[UserEvent], rule: Rule) -> Iterator[Alert]:
    """Yield the alerts of a sequence of events, in order: the rule as a plain loop."""
    counts: dict[str, int] = {}
    for event in events:
        counts[event.user_id], alerts = decide(counts.get(event.user_id, 0), event, rule)
        yield from alerts
