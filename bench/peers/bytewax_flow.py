"""Bytewax: a stateful step for each user, with a recovery store that is written each second.

`bytewax_flow.py EVENTS OUTPUT`
"""

import sys
from datetime import timedelta
from pathlib import Path

import bytewax.operators as op
import orjson
from bytewax.connectors.files import FileSink, FileSource
from bytewax.dataflow import Dataflow
from bytewax.recovery import RecoveryConfig, init_db_dir
from bytewax.run import cli_main

BATCH = 10_000
events, output = map(Path, sys.argv[1:])


def parse(lines):
    """Return (user, (whether it is abnormal, time)) of each line."""
    found = map(orjson.loads, lines)
    return [(event["userId"], (event["isAbnormal"], event["timestamp"])) for event in found]


class Count(op.StatefulBatchLogic):
    """How many abnormal events in a row a user has."""

    def __init__(self, count):
        self.count = count or 0

    def on_batch(self, values):
        """Return the (count, time) of the alerts, and whether there is nothing to keep."""
        alerts = []
        for abnormal, time in values:
            self.count = self.count + 1 if abnormal else 0
            if self.count >= 3:
                alerts.append((self.count, time))
        return alerts, self.count == 0

    def snapshot(self):
        """Return what is kept."""
        return self.count


def written(alerts):
    """Return (user, line) of each alert."""
    lines = []
    for user, (count, time) in alerts:
        message = f"[ALERT] userId={user} 이상행동 {count}회 감지!"
        alert = {"userId": user, "count": count, "timestamp": time, "message": message}
        lines.append((user, orjson.dumps(alert).decode()))
    return lines


flow = Dataflow("abnormal")
keyed = op.flat_map_batch("parse", op.input("lines", flow, FileSource(events, batch_size=BATCH)), parse)
counted = op.stateful_batch("count", keyed, Count)
op.output("alerts", op.flat_map_batch("write", counted, written), FileSink(output / "alerts.jsonl"))
store = output / "recovery"
if not store.exists():
    store.mkdir()
    init_db_dir(store, 1)
cli_main(flow, epoch_interval=timedelta(seconds=1), recovery_config=RecoveryConfig(store))
