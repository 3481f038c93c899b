"""Polars, as a query over the whole file: what a batch can do. `polars_batch.py EVENTS OUTPUT`."""

import sys
from pathlib import Path

import polars as pl

events, output = map(Path, sys.argv[1:])
if events.stat().st_size == 0:
    sys.exit()
schema = {"userId": pl.String, "isAbnormal": pl.Boolean, "timestamp": pl.Int64}
row = (~pl.col("isAbnormal")).cum_sum().over("userId").alias("row")  # abnormal events in a row have the same number
count = pl.col("isAbnormal").cum_sum().over("userId", "row").alias("count")
message = pl.format("[ALERT] userId={} 이상행동 {}회 감지!", "userId", "count").alias("message")
alerts = (
    pl.read_ndjson(events, schema=schema)
    .with_columns(row)
    .with_columns(count)
    .filter(pl.col("isAbnormal") & (pl.col("count") >= 3))
)
alerts.select("userId", "count", "timestamp", message).write_ndjson(output / "alerts.jsonl")
