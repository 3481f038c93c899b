"""Quix Streams, from topic to topic, until nothing comes for some seconds.

`quix_streams.py BOOTSTRAP FROM TO FOLDER`
"""

import sys

from quixstreams import Application

SECONDS = 3.0
bootstrap, source, target, folder = sys.argv[1:]


def count(event, state):
    """Return the alert that an event raises, if it does."""
    if not event["isAbnormal"]:
        state.delete("count")
        return None
    now = state.get("count", 0) + 1
    state.set("count", now)
    if now < 3:
        return None
    user = event["userId"]
    message = f"[ALERT] userId={user} 이상행동 {now}회 감지!"
    return {"userId": user, "count": now, "timestamp": event["timestamp"], "message": message}


app = Application(
    bootstrap,
    consumer_group=target,
    auto_offset_reset="earliest",
    processing_guarantee="exactly-once",
    commit_interval=2.0,
    state_dir=folder,
    loglevel="ERROR",
)
alerts = app.dataframe(app.topic(source)).apply(count, stateful=True).filter(lambda alert: alert is not None)
alerts.to_topic(app.topic(target))
app.run(timeout=SECONDS)
