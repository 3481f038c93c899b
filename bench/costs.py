"""What state costs: checkpoints by number of users, aligned and not, and how long a killed TaskManager is missed.

A local cluster of one TaskManager. Each user has one abnormal event, so that each has a count; then nothing comes, and
ten checkpoints are taken of that, one a second. Under backpressure, a detector in Python lags behind a source in Java.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import psutil
from engines import rows_table, write_events, write_page

from flink_abnormal.runtime import local_cluster
from flink_abnormal.runtime.rest import Cluster

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

COMMAND: Final = [sys.executable, "-m", "flink_abnormal"]
USERS: Final = (3, 100_000, 1_000_000)
CHECKPOINTS: Final = 10
WAIT_SECONDS: Final = 180.0
PRESSED_EVENTS: Final = 3_000_000
MEBIBYTE: Final = 2**20


class Checkpoints(NamedTuple):
    """Medians of completed checkpoints: from trigger to end, and what each wrote."""

    milliseconds: float
    size: float


def command(*arguments: object) -> str:
    """Run a command of the project; return what it prints on its standard output."""
    return subprocess.run([*COMMAND, *map(str, arguments)], check=True, capture_output=True, text=True).stdout


def wait(condition: Callable[[], Any], what: str) -> Any:
    """Return what the condition gives as soon as it is true."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not (found := condition()):
        if time.monotonic() > deadline:
            sys.exit(f"Waited {WAIT_SECONDS:.0f} s in vain for {what}.")
        time.sleep(0.05)
    return found


class Job:
    """The job on a folder that it follows, at parallelism 1, or with two detectors behind one source."""

    def __init__(self, cluster: Cluster, folder: Path, engine: str, *more: object, detectors: int = 1) -> None:
        self.cluster, self.folder = cluster, folder
        (folder / "in").mkdir()
        options = ["--engine", engine, "--source", "files", "--input", folder / "in", "--follow", "--slots", "shared"]
        options += ["--source-parallelism", 1, "--process-parallelism", detectors, "--sink-parallelism", 1]
        options += ["--sink", "files", "--output", folder / "out", "--checkpoint-dir", folder / "checkpoints"]
        said = command("submit", "--detached", *options, "--checkpoint-interval", "1s", *more)
        self.id = said.split()[-1]
        wait(self.runs, "the job")

    def runs(self) -> bool:
        """Whether all of its tasks do."""
        job = self.cluster.get(f"/jobs/{self.id}")
        return job["state"] == "RUNNING" and all(each["status"] == "RUNNING" for each in job["vertices"])

    def checkpoints(self) -> list[dict[str, Any]]:
        """Return those that Flink remembers and that were completed, the newest first."""
        history = self.cluster.get(f"/jobs/{self.id}/checkpoints")["history"]
        return [each for each in history if each["status"] == "COMPLETED"]

    def take(self, events: Path) -> None:
        """Move a file into its folder, and wait until checkpoints are of one size: all is read."""
        events.rename(self.folder / "in" / events.name)
        before = max((each["id"] for each in self.checkpoints()), default=0)
        wait(lambda: self._steady(before), "a steady state")

    def _steady(self, before: int) -> bool:
        sizes = [each["state_size"] for each in self.checkpoints() if each["id"] > before + 1]
        return len(sizes) > 2 and max(sizes[:3]) - min(sizes[:3]) < sizes[0] / 100

    def measure(self) -> Checkpoints:
        """Return the medians of the next checkpoints."""
        last = self.checkpoints()[0]["id"] if self.checkpoints() else 0
        newer = lambda: [each for each in self.checkpoints() if each["id"] > last]  # noqa: E731
        found = wait(lambda: (each := newer()) and len(each) >= CHECKPOINTS and each, "checkpoints")
        took, size = ([each[key] for each in found] for key in ("end_to_end_duration", "state_size"))
        return Checkpoints(statistics.median(took), statistics.median(size))

    def recover(self) -> float:
        """Kill its TaskManager; return how many seconds it takes until all tasks run again."""
        victim = taskmanager()
        began = time.monotonic()
        os.kill(victim, signal.SIGKILL)
        restored = lambda: self.cluster.get(f"/jobs/{self.id}/checkpoints")["counts"]["restored"]  # noqa: E731
        wait(lambda: restored() and self.runs(), "the recovery")
        return time.monotonic() - began

    def end(self) -> None:
        """Cancel it, and wait until its slots are free."""
        command("cancel", self.id)
        wait(lambda: (slots := self.cluster.slots()).free == slots.total, "free slots")


def taskmanager() -> int:
    """Return the pid of the TaskManager."""
    state = local_cluster.running()
    return state.taskmanagers[0].pid if state is not None else sys.exit("The cluster is gone.")


@contextlib.contextmanager
def cluster(port: int) -> Iterator[Cluster]:
    """Give a cluster of one TaskManager."""
    command("cluster", "up", "--port", port, "--taskmanagers", 1)
    try:
        yield Cluster(port=port)
    finally:
        command("cluster", "down")


def by_users(found: Cluster, scratch: Path, engine: str) -> Iterator[list[str]]:
    """Yield a row for each number of users."""
    for users in USERS:
        folder = Path(tempfile.mkdtemp(dir=scratch))
        job = Job(found, folder, engine)
        events = folder / "events.jsonl"
        events.write_text("".join(f'{{"userId": "user{user}", "isAbnormal": true}}\n' for user in range(users)))
        job.take(events)
        taken = job.measure()
        memory = psutil.Process(taskmanager()).memory_info().rss / MEBIBYTE
        recovery = job.recover()
        job.end()
        row = [f"`--engine {engine}`", f"{users:,}", f"{taken.milliseconds:.0f} ms", size_text(taken.size)]
        each = f"{taken.size / users:.0f} B" if users > USERS[0] else ""
        yield [*row, each, f"{memory:,.0f} MiB", f"{recovery:.1f} s"]


def under_pressure(found: Cluster, scratch: Path) -> Iterator[list[str]]:
    """Yield a row for aligned and for unaligned barriers."""
    for way in ("--aligned", "--unaligned"):
        folder = Path(tempfile.mkdtemp(dir=scratch))
        write_events(folder / "events.jsonl", USERS[1], PRESSED_EVENTS)
        job = Job(found, folder, "python", way, detectors=2)
        (folder / "events.jsonl").rename(folder / "in" / "events.jsonl")
        taken = job.measure()
        job.end()
        yield [f"`{way}`", f"{taken.milliseconds:.0f} ms", size_text(taken.size)]


def size_text(size: float) -> str:
    """Return bytes in the largest unit that fits."""
    return f"{size / 1e6:.1f} MB" if size >= 1e6 else f"{size / 1e3:.1f} KB"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=28_081)
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks.md")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        os.environ["FLINK_ABNORMAL_HOME"] = name
        os.environ.setdefault("FLINK_ABNORMAL_CONNECTORS", str(Path(__file__).parents[1] / ".flink" / "connectors"))
        with cluster(given.port) as found:
            scratch = Path(name)
            head = ["", "users", "checkpoint", "its size", "a user", "memory", "recovery"]
            rows = (row for engine in ("python", "jvm") for row in by_users(found, scratch, engine))
            costs = rows_table(head, rows)
            pressed = rows_table(["under backpressure", "checkpoint", "its size"], under_pressure(found, scratch))
    if given.write:
        write_page("costs", costs)
        write_page("costs under backpressure", pressed)


if __name__ == "__main__":
    main()
