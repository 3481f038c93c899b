"""`flink-abnormal watermarks`: how far event time has come in each partition, and what holds it back."""

from __future__ import annotations

import time
from datetime import datetime, timedelta, timezone

import rich_click as click

from flink_abnormal.cli import tables
from flink_abnormal.core.errors import UsageError
from flink_abnormal.core.model import one_line
from flink_abnormal.runtime import discovery
from flink_abnormal.runtime import watermarks as found_in
from flink_abnormal.runtime.watermarks import END, NONE


@click.command()
@click.argument("job", required=False)
def watermarks(jobmanager: str | None, job: str | None) -> None:
    """Show the watermark of each partition or file that a job reads, and which one holds event time back."""
    target = discovery.find(jobmanager)
    found = target.job(job)
    if not found.running:
        raise UsageError(f"Job {found.id} is not running: it is {found.state}.")
    read = found_in.read(target, found.id)
    if read is None:
        raise UsageError(f"Job {found.id} counts events as they arrive: it has no watermarks without --time event.")
    now_ms = time.time_ns() // 1_000_000
    rows = [
        (str(split.subtask), one_line(split.name) or "-", *_when(split.watermark, now_ms), f"{split.idle:.0%}")
        for split in read.splits
    ]
    tables.show(("Subtask", "Partition or file", "Watermark", "Behind the clock", "Idle in the last minute"), rows)
    when, lag = _when(read.job, now_ms)
    print(f"Event time of the job: {when}" + (f", {lag} behind the clock" if lag else ""))
    if (holding := read.holding) is not None:
        print(f"Held back by {one_line(holding.name)} (subtask {holding.subtask})")


def _when(watermark: int, now_ms: int) -> tuple[str, str]:
    """Return a watermark and its distance from the clock, as text."""
    if watermark == NONE:
        return "none yet", ""
    if watermark == END:
        return "the end", ""
    text = datetime.fromtimestamp(watermark / 1000, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
    return text, str(timedelta(seconds=(now_ms - watermark) // 1000))
