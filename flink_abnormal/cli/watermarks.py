"""`flink-abnormal watermarks`: how far a job has come in each partition, and what holds event time back."""

from __future__ import annotations

import time
from datetime import datetime, timedelta, timezone
from typing import Final

import rich_click as click

from flink_abnormal.cli import tables
from flink_abnormal.core.errors import UsageError
from flink_abnormal.core.model import one_line
from flink_abnormal.runtime import discovery, partitions
from flink_abnormal.runtime.partitions import END, NONE

FETCH_SECONDS: Final = 1.5
HEADERS: Final = (
    "Subtask",
    "Partition or file",
    "Watermark",
    "Behind the clock",
    "Idle in the last minute",
    "Offset read",
)


@click.command()
@click.argument("job", required=False)
def watermarks(jobmanager: str | None, job: str | None) -> None:
    """Show how far a job has come in each partition or file that it reads, and which one holds event time back."""
    target = discovery.find(jobmanager)
    found = target.job(job)
    if not found.running:
        raise UsageError(f"Job {found.id} is not running: it is {found.state}.")
    # Flink answers with what it fetched last, perhaps minutes ago, and fetches anew for the next question.
    partitions.read(target, found.id)
    time.sleep(FETCH_SECONDS)
    read = partitions.read(target, found.id)
    if read.watermark is None and not read.partitions:
        raise UsageError(f"Job {found.id} has neither partitions nor event time: see --source kafka and --time event.")
    now_ms = time.time_ns() // 1_000_000
    rows = [
        (
            str(each.subtask),
            one_line(each.name),
            *(_when(each.watermark, now_ms) if read.watermark is not None else ("", "")),
            "" if each.idle is None else f"{each.idle:.0%}",
            "" if each.offset is None or each.offset < 0 else str(each.offset),
        )
        for each in read.partitions
    ]
    tables.show(HEADERS, rows)
    if read.pending:
        print(f"Records left to read: {sum(read.pending.values())}")
    if read.watermark is not None:
        when, lag = _when(read.watermark, now_ms)
        print(f"Event time of the job: {when}" + (f", {lag} behind the clock" if lag else ""))
    if (holding := read.holding) is not None:
        print(f"Held back by {one_line(holding.name)} (subtask {holding.subtask})")


def _when(watermark: int | None, now_ms: int) -> tuple[str, str]:
    """Return a watermark and its distance from the clock, as text."""
    if watermark is None or watermark == NONE:
        return "none yet", ""
    if watermark == END:
        return "the end", ""
    text = datetime.fromtimestamp(watermark / 1000, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
    return text, str(timedelta(seconds=(now_ms - watermark) // 1000))
