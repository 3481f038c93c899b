"""How long does a whole command take, from Enter to the prompt? On both cores, with the options' defaults."""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from engines import rows_table, write_page

if TYPE_CHECKING:
    from collections.abc import Callable

LINES = 1_000_000
FEW = 1_000
ROUNDS = 3
USERS = 1_000
ECS = ["--user-field", "user.name", "--timestamp-field", "@timestamp", "--abnormal-field", "event.outcome"]
ECS += ["--abnormal-values", "failure", "--normal-values", "success"]
SSHD = ["--format", "sshd"]


def ecs(number: int) -> str:
    """Return a login in the Elastic Common Schema."""
    outcome = "failure" if number % 10 < 3 else "success"
    second, user = number // 1000 % 60, number * 7919 % USERS
    return (
        f'{{"@timestamp": "2024-03-01T09:00:{second:02}.{number % 1000:03}Z", "event": {{"category": '
        f'["authentication"], "outcome": "{outcome}"}}, "user": {{"name": "user{user}"}}, "source": {{"ip": '
        f'"203.0.113.{number % 250}"}}}}\n'
    )


def sshd(number: int) -> str:
    """Return a login in the log of sshd."""
    outcome, user = "Failed" if number % 10 < 3 else "Accepted", number * 7919 % USERS
    return (
        f"Mar  1 09:00:{number // 1000 % 60:02} host sshd[{number % 30000}]: {outcome} password for user{user} from "
        f"203.0.113.{number % 250} port {number % 60000} ssh2\n"
    )


def seconds(engine: str, options: list[str], events: Path, lines: int, output: Path) -> float:
    """Run the command, and return how long it took; exit unless it has read every line as an event."""
    command = [sys.executable, "-m", "flink_abnormal", "run", "--engine", engine, "--source", "files"]
    command += ["--input", str(events), *options, "--sink", "files", "--output", str(output)]
    command += ["--checkpoint-dir", str(output.with_suffix(".checkpoints"))]
    began = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    took = time.monotonic() - began
    if f"read {lines} = valid {lines} + skipped 0 + dead-lettered 0" not in done.stdout + done.stderr:
        sys.exit(f"{engine} did not read {lines} events: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    return took


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="write the figures into docs/benchmarks.md")
    given = parser.parse_args()
    kinds: list[tuple[str, Callable[[int], str], int, list[str]]] = [
        ("1,000 lines of ECS", ecs, FEW, ECS),
        ("1,000,000 lines of ECS", ecs, LINES, ECS),
        ("1,000,000 lines of sshd", sshd, LINES, SSHD),
    ]
    rows = []
    with tempfile.TemporaryDirectory() as scratch:
        for engine in ("jvm", "python"):
            rows.append([f"`--engine {engine}`"])
            for title, line, lines, options in kinds:
                events = Path(scratch, f"{title}.log")
                events.write_text("".join(map(line, range(lines))), encoding="utf-8")
                outputs = (Path(scratch, f"{engine}-{title}-{each}") for each in range(ROUNDS))
                took = [seconds(engine, options, events, lines, output) for output in outputs]
                rows[-1].append(f"{statistics.median(took):.1f} s ({min(took):.1f} to {max(took):.1f})")
        figures = rows_table(["", *(title for title, *_ in kinds)], rows)
    if given.write:
        write_page("commands", figures)


if __name__ == "__main__":
    main()
