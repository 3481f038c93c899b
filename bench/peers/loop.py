"""A plain loop in Python over the lines of a file: no engine, and no guarantee. `loop.py EVENTS OUTPUT`."""

import sys
from pathlib import Path

import orjson

events, output = map(Path, sys.argv[1:])
counts: dict[str, int] = {}
with events.open("rb") as lines, (output / "alerts.jsonl").open("wb") as alerts:
    for line in lines:
        event = orjson.loads(line)
        user = event["userId"]
        if not event["isAbnormal"]:
            counts.pop(user, None)
            continue
        count = counts[user] = counts.get(user, 0) + 1
        if count >= 3:
            message = f"[ALERT] userId={user} 이상행동 {count}회 감지!"
            alert = {"userId": user, "count": count, "timestamp": event["timestamp"], "message": message}
            alerts.write(orjson.dumps(alert) + b"\n")
