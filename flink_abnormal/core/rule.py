"""The decision, pure: what an event does to a user's count, and which alerts it raises.

Nothing here knows of Flink. The detector keeps the count in its state, tests keep it in a dict, and both mean the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flink_abnormal.core.model import Alert

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from flink_abnormal.core.model import Rule, UserEvent


def decide(count: int, event: UserEvent, rule: Rule) -> tuple[int, list[Alert]]:
    """Return the user's new count of consecutive abnormal events, and the alerts that `event` raises.

    `count` is 0 for a user who has none. A normal event resets; each abnormal one adds 1 and raises an alert from the
    threshold on.
    """
    if not event.is_abnormal:
        return 0, []
    reached = count + event.times
    first = max(count + 1, rule.threshold)
    return reached, [Alert.of(event, n, rule) for n in range(first, reached + 1)]


def detect(events: Iterable[UserEvent], rule: Rule) -> Iterator[Alert]:
    """Yield the alerts of a whole sequence of events of any users, in order: the rule as a plain loop."""
    counts: dict[str, int] = {}
    for event in events:
        counts[event.user_id], alerts = decide(counts.get(event.user_id, 0), event, rule)
        yield from alerts
