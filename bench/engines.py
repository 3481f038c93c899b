"""How fast is each engine, beside the same rule in other programs? On one core, from JSON Lines to alert files.

Every contestant gets the same file, in a process of its own, and they take turns. Slow ones get its beginning only. The
alerts of each must equal those of the plain loop before any speed is printed: user, count and time. What a contestant
takes for an empty file is its start, and is subtracted.

The job in Java and the JVM engine are compared further: with more users, with RocksDB, and on two cores.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson
import psutil

if TYPE_CHECKING:
    from collections.abc import Iterable

BIN = Path(sys.executable).parent
PEERS = Path(__file__).parent / "peers"
PEERS_PYTHON = Path(__file__).parents[1] / ".venv" / "peers" / "bin" / "python"
PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"
FIGURES = PAGE.with_suffix(".json")
MARKS = "<!-- {}: written by make bench -->\n", "<!-- end of the {} -->\n"
QUICK = ["--events", "3000000", "--rounds", "1", "--cases", "3", "--only", "loop", "jvm", "java_reference", "python"]
STEPS = ("--source-parallelism", "--process-parallelism", "--sink-parallelism")
DEADLINE_SECONDS = 1_200.0
BESIDE = {"checkpoints", "recovery", "log", "input", "_spark_metadata"}
"""Folders of a contestant that hold no alerts."""


class Contestant(NamedTuple):
    """Who takes part; it gets a `share`-th of the events."""

    title: str
    guarantee: str
    share: int = 1


EXACTLY_ONCE = "exactly once, checkpoints each second"
CONTESTANTS = {
    "jvm": Contestant("`--engine jvm`", EXACTLY_ONCE),
    "python": Contestant("`--engine python`", EXACTLY_ONCE, 15),
    "java_reference": Contestant("the job in Java, with Jackson", EXACTLY_ONCE),
    "java_own_parser": Contestant("the job in Java, with the JVM engine's parser", EXACTLY_ONCE),
    "flink_sql": Contestant("Flink SQL, two OVER windows", EXACTLY_ONCE, 5),
    "stock_pyflink": Contestant("PyFlink with its defaults", EXACTLY_ONCE, 100),
    "bytewax_flow": Contestant("Bytewax", "at least once, recovery store each second", 5),
    "spark_streaming": Contestant("PySpark, structured streaming", "exactly once; a file is one micro-batch", 15),
    "loop": Contestant("a plain loop in Python", "none"),
    "pathway_batch": Contestant("Pathway, static mode", "none: a batch", 5),
    "polars_batch": Contestant("Polars", "none: a batch"),
    "duckdb_batch": Contestant("DuckDB", "none: a batch"),
}

NEEDS_PEERS = ("bytewax_flow", "spark_streaming", "pathway_batch", "polars_batch", "duckdb_batch")
"""These run in a venv of their own."""


class Case(NamedTuple):
    """What is measured, with a `share`-th of the events; on two cores, each of two files has its own users."""

    title: str
    users: int
    backend: str = "hashmap"
    cores: int = 1
    share: int = 1
    only: tuple[str, ...] = tuple(CONTESTANTS)


JAVA = ("jvm", "java_reference")
CASES = {
    "3": Case("3 users", 3),
    "100k": Case("100,000 users", 100_000, only=tuple(name for name in CONTESTANTS if name != "spark_streaming")),
    "1m": Case("1,000,000 users", 1_000_000, only=(*JAVA, "loop")),
    "rocksdb": Case("100,000 users in RocksDB", 100_000, "rocksdb", share=5, only=JAVA),
    "2-cores": Case("3 users, two cores", 3, cores=2, only=JAVA),
    "2-cores-100k": Case("100,000 users, two cores", 100_000, cores=2, only=JAVA),
}
FOR_ALL = ["3", "100k"]


class Spent(NamedTuple):
    """What a run took: seconds, CPU seconds."""

    wall: float
    cpu: float


def write_events(file: Path, users: int, events: int) -> None:
    """Write `events` lines of `users` users, 30 % abnormal."""
    draw = random.Random(1)
    with file.open("w", encoding="utf-8") as lines:
        for number in range(events):
            user, abnormal = draw.randrange(users), str(draw.random() < 0.3).lower()
            lines.write(
                f'{{"userId": "user{user}", "isAbnormal": {abnormal}, "timestamp": {1700000000000 + number}}}\n'
            )


def copy_beginning(file: Path, lines: int, to: Path) -> None:
    """Copy so many lines."""
    with file.open("rb") as source, to.open("wb") as target:
        target.writelines(islice(source, lines))


def split(file: Path, folder: Path) -> None:
    """Deal the lines out to two files of a folder by their users: a user's stay in their order."""
    folder.mkdir()
    with contextlib.ExitStack() as opened:
        halves = [opened.enter_context((folder / f"{half}.jsonl").open("wb")) for half in range(2)]
        for line in opened.enter_context(file.open("rb")):
            halves[line[line.index(b'",') - 1] % 2].write(line)


def command_of(name: str, case: Case, events: Path, output: Path) -> list[str]:
    """Return the command of a contestant's run."""
    if name.startswith("java_"):
        others = [case.backend, str(case.cores), *(["QuickEvents"] if name == "java_own_parser" else [])]
        return [sys.executable, str(PEERS / "java_reference.py"), str(events), str(output), *others]
    if name not in ("jvm", "python"):
        python = PEERS_PYTHON if name in NEEDS_PEERS else sys.executable
        return [str(python), str(PEERS / f"{name}.py"), str(events), str(output)]
    command = [sys.executable, "-m", "flink_abnormal", "run", "--engine", name, "--checkpoint-interval", "1s"]
    command += [part for step in STEPS for part in (step, str(case.cores))] + ["--state-backend", case.backend]
    command += ["--source", "files", "--input", str(events), "--sink", "files", "--output", str(output / "alerts")]
    return [*command, "--checkpoint-dir", str(output / "checkpoints"), "--from", "auto"]


def start(name: str, case: Case, events: Path, output: Path) -> subprocess.Popen[bytes]:
    """Start a contestant on the case's cores; over the output of a run that was killed, it goes on if it can."""
    output.mkdir(exist_ok=True)
    return subprocess.Popen(
        command_of(name, case, events, output),
        env=os.environ | {"PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "FLINK_LOG_DIR": str(output / "log")},
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        preexec_fn=lambda: os.sched_setaffinity(0, range(case.cores)),  # noqa: PLW1509 - this process has one thread
    )


def processes(of: subprocess.Popen[bytes]) -> list[psutil.Process]:
    """Return a contestant's processes."""
    with contextlib.suppress(psutil.Error):
        return [psutil.Process(of.pid), *psutil.Process(of.pid).children(recursive=True)]
    return []


def run(name: str, case: Case, events: Path, output: Path) -> Spent:
    """Run a contestant to its end."""
    began = time.monotonic()
    process = start(name, case, events, output)
    spent: dict[int, float] = {}
    while process.poll() is None:
        for each in processes(process):
            with contextlib.suppress(psutil.Error):
                spent[each.pid] = sum(each.cpu_times()[:2])
        if time.monotonic() > began + DEADLINE_SECONDS:
            os.killpg(process.pid, signal.SIGKILL)
        time.sleep(0.05)
    taken = Spent(time.monotonic() - began, sum(spent.values()))
    if process.returncode != 0:
        sys.exit(f"{name} failed with exit code {process.returncode}: {process.stderr.read().decode()[-2000:]}")
    return taken


def alerts_of(output: Path) -> list[tuple[str, int, int]]:
    """Return what a contestant committed, sorted: what it did not has a hidden name, or is in no log of Spark's."""
    found = (file for file in output.rglob("*") if file.is_file() and not file.name.startswith("."))
    files = [file for file in found if BESIDE.isdisjoint(file.relative_to(output).parts)]
    if logs := [file for file in output.rglob("_spark_metadata/*") if not file.name.startswith(".")]:
        committed = {
            Path(orjson.loads(line)["path"]).name for file in logs for line in file.read_bytes().splitlines()[1:]
        }
        files = [file for file in files if file.name in committed]
    alerts = [orjson.loads(line) for file in files for line in file.read_bytes().splitlines()]
    return sorted((alert["userId"], alert["count"], alert["timestamp"]) for alert in alerts)


def measure(scratch: Path, key: str, names: list[str], events: int, rounds: int) -> list[dict[str, Any]]:
    """Return the figures of a case's contestants."""
    case = CASES[key]
    names = [name for name in names if name in case.only]
    most = events // case.share
    numbers = {name: most // CONTESTANTS[name].share for name in names}
    files = {number: scratch / f"{number}.jsonl" for number in {0, most, *numbers.values()}}
    write_events(files[most], case.users, most)
    expected = {}
    for number, file in files.items():
        if number != most:
            copy_beginning(files[most], number, file)
        run("loop", case, file, scratch / f"expected-{number}")
        expected[number] = alerts_of(scratch / f"expected-{number}")
        if case.cores > 1:
            files[number] = file.with_suffix("")
            split(file, files[number])
    for name in names:  # the first one after an installation compiles, and reads from the disk
        run(name, case, files[0], scratch / f"{name}-first")
    starts: dict[str, list[Spent]] = {name: [] for name in names}
    runs: dict[str, list[Spent]] = {name: [] for name in names}
    for each in range(rounds):
        for name, number in numbers.items():
            starts[name].append(run(name, case, files[0], scratch / f"{name}-{each}-start"))
            runs[name].append(run(name, case, files[number], scratch / f"{name}-{each}"))
            if alerts_of(scratch / f"{name}-{each}") != expected[number]:
                sys.exit(f"{name} has other alerts than the plain loop.")
            print(f"round {each + 1}, {case.title}, {name}: {runs[name][-1]}, start {starts[name][-1]}", flush=True)
    return [{"contestant": name, "case": key, **figures(numbers[name], starts[name], runs[name])} for name in names]


def figures(events: int, starts: list[Spent], runs: list[Spent]) -> dict[str, Any]:
    """Return medians over the rounds, the start subtracted."""
    start = Spent(*(statistics.median(values) for values in zip(*starts, strict=True)))
    speeds = [round(events / (each.wall - start.wall)) for each in runs]
    cpu = events / (statistics.median(each.cpu for each in runs) - start.cpu)
    return {
        "events": events,
        "eventsPerSecond": statistics.median(speeds),
        "rounds": speeds,
        "eventsPerCpuSecond": round(cpu),
        "startSeconds": round(start.wall, 1),
    }


def table(results: list[dict[str, Any]], keys: list[str]) -> str:
    """Return the results of cases as a table in Markdown: thousand events per second, with the spread of the rounds."""
    measured = {(each["contestant"], each["case"]): each for each in results}
    keys = [key for key in keys if any(case == key for _, case in measured)]
    of_one_core = all(CASES[key].cores == 1 for key in keys)  # starts on one core and on two have no common figure
    rows = [["", *(CASES[key].title for key in keys), *(["start", "guarantee"] if of_one_core else [])]]
    rows.append(["---", *("---:" for _ in keys), *(["---:", "---"] if of_one_core else [])])
    for name, contestant in CONTESTANTS.items():
        mine = [measured.get((name, key)) for key in keys]
        starts = [each["startSeconds"] for each in mine if each]
        if starts:
            speeds = [_speed(each) if each else "" for each in mine]
            rows.append([contestant.title, *speeds])
            rows[-1] += [f"{statistics.median(starts):.1f} s", contestant.guarantee] if of_one_core else []
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _speed(figure: dict[str, Any]) -> str:
    lowest, highest = (round(each(figure["rounds"]) / 1000) for each in (min, max))
    spread = f" ({lowest:,} to {highest:,})" if lowest != highest else ""
    return f"{figure['eventsPerSecond'] / 1000:,.0f}{spread}"


def main() -> None:
    """Measure, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=9_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--cases", nargs="+", choices=CASES, default=list(CASES))
    parser.add_argument("--only", nargs="+", choices=CONTESTANTS, default=list(CONTESTANTS))
    parser.add_argument("--quick", action="store_true", help="four contestants, one round, two minutes")
    parser.add_argument(
        "--write", action="store_true", help=f"write the cases into {FIGURES.name}, {PAGE.name} and its charts"
    )
    given = parser.parse_args()
    if given.quick:
        given = parser.parse_args(QUICK)
    results = []
    for key in given.cases:
        with tempfile.TemporaryDirectory() as scratch:
            results += measure(Path(scratch), key, given.only, given.events, given.rounds)
    further = [key for key in CASES if key not in FOR_ALL]
    print(*(table(results, keys) for keys in (FOR_ALL, further) if set(keys) & set(given.cases)), sep="\n")
    if given.write:
        from chart import draw

        known = json.loads(FIGURES.read_text())["results"] if FIGURES.exists() else []
        results += [each for each in known if each["case"] not in given.cases]
        FIGURES.write_text(json.dumps({"python": platform.python_version(), "results": results}, indent=1) + "\n")
        write_page("figures", table(results, FOR_ALL))
        write_page("further figures", table(results, further))
        titles = {name: each.title.replace("`", "") for name, each in CONTESTANTS.items()}
        draw(titles, {key: CASES[key].title for key in FOR_ALL}, results, PAGE.parent / "images")


def rows_table(head: list[str], rows: Iterable[list[str]]) -> str:
    """Return a table in Markdown, and print each row as it comes."""
    lines = [head, ["---", *("---:" for _ in head[1:])]]
    for row in rows:
        print(*row, sep="  ", flush=True)
        lines.append(row)
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def write_page(what: str, figures: str) -> None:
    """Replace what stands between two marks."""
    begin, end = (mark.format(what) for mark in MARKS)
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(begin)
    PAGE.write_text(before + begin + figures + end + rest.partition(end)[2], encoding="utf-8")


if __name__ == "__main__":
    main()
