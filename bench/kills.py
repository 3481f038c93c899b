"""What remains of the alerts after kill -9: how many are missing, and how many came twice.

Each contestant runs once undisturbed. Then it is killed half way through the file, started again by the same command,
killed half way through what is left, and started once more, to its end.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import psutil
from engines import (
    CASES,
    CONTESTANTS,
    alerts_of,
    copy_beginning,
    processes,
    rows_table,
    run,
    start,
    write_events,
    write_page,
)

CASE = CASES["3"]
PROMISES = [name for name, each in CONTESTANTS.items() if not each.guarantee.startswith("none")]
SHARES = {name: CONTESTANTS[name].share for name in PROMISES} | {"bytewax_flow": 1}
HEAD = ["", "alerts", "missing", "twice", "the last run", "a whole one"]


def kill_after(seconds: float, name: str, events: Path, output: Path) -> None:
    """Run a contestant for so long, then kill it with all of its processes."""
    process = start(name, CASE, events, output)
    time.sleep(seconds)
    for each in processes(process):
        with contextlib.suppress(psutil.NoSuchProcess):
            each.kill()
    said = process.stderr.read().decode()
    if process.wait() == 0:
        sys.exit(f"{name} had ended before it was killed: give --events more.")
    if process.returncode > 0:
        sys.exit(f"{name} failed with exit code {process.returncode}: {said[-2000:]}")


def row(scratch: Path, name: str, events: Path, empty: Path) -> list[str]:
    """Return what is printed of a contestant."""
    starting = run(name, CASE, empty, scratch / f"{name}-empty").wall
    whole = run(name, CASE, events, scratch / f"{name}-whole").wall
    work = whole - starting
    output = scratch / name
    kill_after(starting + work / 2, name, events, output)
    kill_after(starting + work / 4, name, events, output)
    last = run(name, CASE, events, output).wall
    expected, found = Counter(alerts_of(scratch / f"{name}-whole")), Counter(alerts_of(output))
    missing, twice = (expected - found).total(), (found - expected).total()
    title = CONTESTANTS[name].title
    return [title, f"{expected.total():,}", f"{missing:,}", f"{twice:,}", f"{last:.1f} s", f"{whole:.1f} s"]


def main() -> None:
    """Kill, start again, count."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=15_000_000)
    parser.add_argument("--only", nargs="+", choices=PROMISES, default=PROMISES)
    parser.add_argument("--write", action="store_true", help="write the figures into docs/benchmarks.md")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        whole, empty = scratch / "whole.jsonl", scratch / "empty.jsonl"
        write_events(whole, CASE.users, given.events)
        empty.touch()
        files = {share: scratch / f"{share}.jsonl" for share in set(SHARES.values())}
        for share, file in files.items():
            copy_beginning(whole, given.events // share, file)
        figures = rows_table(HEAD, (row(scratch, name, files[SHARES[name]], empty) for name in given.only))
    if given.write:
        write_page("kills", figures)


if __name__ == "__main__":
    main()
