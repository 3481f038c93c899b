"""Compares the committed alerts with the rule's: pure."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final, NamedTuple

import orjson

from flink_abnormal.core.model import Rule
from flink_abnormal.core.rule import detect

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from flink_abnormal.core.simulation import Simulation

SHOWN: Final = 5


class Seen(NamedTuple):
    """The part of an alert that is the same in every run."""

    user_id: str
    count: int  # type: ignore[assignment]  # the seed's word, as in model.Alert
    alert_id: str

    def __str__(self) -> str:
        return f"{self.user_id} count {self.count} (alertId {self.alert_id})"


class Comparison(NamedTuple):
    """The differences; all lists are empty if there are none."""

    expected: int
    committed: int
    missing: list[Seen]
    doubled: list[Seen]
    unexpected: list[str]
    out_of_order: list[str]

    @property
    def same(self) -> bool:
        """Whether exactly the expected alerts were committed, each once and in its user's order."""
        return not (self.missing or self.doubled or self.unexpected or self.out_of_order)

    def sentences(self) -> list[str]:
        """Return one sentence per kind of difference, with its first few alerts."""
        lines = []
        for names, one, many in (
            (self.missing, "alert is missing", "alerts are missing"),
            (self.doubled, "alert is committed more than once", "alerts are committed more than once"),
            (self.unexpected, "alert does not follow the rule", "alerts do not follow the rule"),
            (self.out_of_order, "user's alerts are out of order", "users' alerts are out of order"),
        ):
            if names:
                shown = ", ".join(str(name) for name in names[:SHOWN]) + (", …" if len(names) > SHOWN else "")
                lines.append(f"{len(names)} {one if len(names) == 1 else many}: {shown}")
        return lines


def expected_alerts(simulation: Simulation, events: int | Mapping[str, int], *, threshold: int) -> list[Seen]:
    """Return the rule's alerts for the first `events` events of each simulated user, in order per user.

    `events` is one number for all, or one per userId.
    """
    found = []
    for user in range(1, simulation.users + 1):
        count = events if isinstance(events, int) else events[f"user{user}"]
        alerts = detect((simulation.event(user, seq, 0) for seq in range(count)), Rule(threshold))
        found += [Seen(alert.user_id, alert.count, alert.alert_id) for alert in alerts]
    return found


def compare(expected: Sequence[Seen], files: Mapping[str, bytes]) -> Comparison:
    """Compare with the committed JSON Lines files (name -> content).

    A user's alerts must be in order within a file; the files' stretches of them must not overlap.
    """
    place = {alert: number for number, alert in enumerate(expected)}
    strange: list[str] = []
    stretches: dict[str, list[list[int]]] = {}
    count: Counter[Seen] = Counter()
    for name, content in sorted(files.items()):
        in_file: dict[str, list[int]] = {}
        for line in content.splitlines():
            alert = _read(line)
            if alert is None:
                strange.append(f"a line of {name} that is not an alert")
            elif alert not in place:
                strange.append(str(alert))
            else:
                count[alert] += 1
                in_file.setdefault(alert.user_id, []).append(place[alert])
        for user, numbers in in_file.items():
            stretches.setdefault(user, []).append(numbers)
    return Comparison(
        len(expected),
        count.total() + len(strange),
        [alert for alert in expected if not count[alert]],
        [alert for alert in expected if count[alert] > 1],
        strange,
        sorted(user for user, parts in stretches.items() if not _in_order(parts)),
    )


def _in_order(parts: Iterable[list[int]]) -> bool:
    """Whether the stretches, sorted by their first number, never step back; doubles are ignored."""
    numbers = [number for part in sorted(parts, key=lambda part: part[0]) for number in part]
    once = [number for number in numbers if numbers.count(number) == 1] if len(set(numbers)) < len(numbers) else numbers
    return once == sorted(once)


def _read(line: bytes) -> Seen | None:
    try:
        record = orjson.loads(line)
        return Seen(str(record["userId"]), int(record["count"]), str(record["alertId"]))
    except (ValueError, KeyError, TypeError):
        return None


def tamper(files: Mapping[str, bytes], how: str) -> tuple[str, bytes, Seen]:
    """Return the name of the largest file, its content with the middle alert dropped or doubled, and that alert.

    ValueError if no alert was committed at all.
    """
    if not any(content.strip() for content in files.values()):
        raise ValueError("no alert was committed")
    name = max(files, key=lambda each: len(files[each]))
    lines = files[name].splitlines(keepends=True)
    middle = len(lines) // 2
    alert = _read(lines[middle])
    if alert is None:
        raise ValueError(f"{name} contains a line that is not an alert")
    lines[middle : middle + 1] = [] if how == "drop" else [lines[middle]] * 2
    return name, b"".join(lines), alert
