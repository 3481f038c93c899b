"""Pathway in its static mode: a user's events in a tuple, and a function of Python over it.

`pathway_batch.py EVENTS OUTPUT`
"""

import sys
from pathlib import Path

import pathway as pw

events, output = map(Path, sys.argv[1:])


@pw.udf(deterministic=True)
def alerts(seen: tuple[tuple[int, bool], ...]) -> list[tuple[int, int]]:
    """Return (count, time) of a user's alerts."""
    found, count = [], 0
    for time, abnormal in seen:
        count = count + 1 if abnormal else 0
        if count >= 3:
            found.append((count, time))
    return found


@pw.udf(deterministic=True)
def message(user: str, count: int) -> str:
    """Return the seed's line."""
    return f"[ALERT] userId={user} 이상행동 {count}회 감지!"


event = pw.schema_from_types(userId=str, isAbnormal=bool, timestamp=int)
lines = pw.io.jsonlines.read(events, schema=event, mode="static")
seen = pw.reducers.sorted_tuple(pw.make_tuple(pw.this.timestamp, pw.this.isAbnormal))
users = lines.groupby(pw.this.userId).reduce(pw.this.userId, seen=seen)
found = users.select(pw.this.userId, alert=alerts(pw.this.seen)).flatten(pw.this.alert)
counted = found.select(pw.this.userId, count=pw.this.alert[0], timestamp=pw.this.alert[1])
written = counted.select(*pw.this, message=message(pw.this.userId, pw.this.count))
pw.io.jsonlines.write(written, output / "alerts.jsonl")
pw.run(monitoring_level=pw.MonitoringLevel.NONE)
