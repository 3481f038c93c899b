"""How fast is each engine, beside the same job in Java and a plain loop? On one core, from JSON Lines to alert files.

Every contestant gets the same file, in a process of its own, and they take turns. Their alerts must be equal before any
speed is printed: user, count and time of each. What a contestant takes for an empty file is its start, and is shown
apart. The Flink jobs take checkpoints each second and write exactly once; the loop guarantees nothing.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import orjson
import psutil
from users import write_events

HERE = Path(__file__).parent
CHECKPOINTS = "1s"
ONE = ("--source-parallelism", "1", "--process-parallelism", "1", "--sink-parallelism", "1")


class Spent(NamedTuple):
    """What a run took, in seconds."""

    wall: float
    cpu: float


def loop(events: str, output: str) -> None:
    """Write the alerts of a file as a plain loop over its lines does."""
    counts: dict[str, int] = {}
    with Path(events).open("rb") as lines, Path(output, "alerts.jsonl").open("wb") as alerts:
        for line in lines:
            event = orjson.loads(line)
            user = event["userId"]
            if not event["isAbnormal"]:
                counts.pop(user, None)
                continue
            count = counts[user] = counts.get(user, 0) + 1
            if count >= 3:  # noqa: PLR2004
                message = f"[ALERT] userId={user} 이상행동 {count}회 감지!"
                alert = {"userId": user, "count": count, "timestamp": event["timestamp"], "message": message}
                alerts.write(orjson.dumps(alert) + b"\n")


def java(events: str, output: str) -> None:
    """Run the seed's job as people write it in Java: text lines, Jackson, a KeyedProcessFunction, a FileSink."""
    from flink_abnormal.jvm import jar, parts  # noqa: PLC0415 - PyFlink is configured first
    from flink_abnormal.runtime import distribution, embedded  # noqa: PLC0415

    os.environ.update(embedded.prepare())
    from pyflink.common import Configuration  # noqa: PLC0415
    from pyflink.datastream import StreamExecutionEnvironment  # noqa: PLC0415
    from pyflink.java_gateway import get_gateway  # noqa: PLC0415

    configuration = Configuration()
    for key, value in embedded.settings("hashmap").items():
        configuration.set_string(key, value)
    configuration.set_string("execution.checkpointing.interval", CHECKPOINTS)
    configuration.set_string("execution.checkpointing.dir", Path(output, "checkpoints").as_uri())
    env = StreamExecutionEnvironment.get_execution_environment(configuration)
    env.set_parallelism(1)
    mine = parts.Parts(jar.build(HERE / "reference", distribution.parts(), os.environ))
    mine.add_to(env)
    flink = get_gateway().jvm.org.apache.flink
    paths = get_gateway().new_array(flink.core.fs.Path, 1)
    paths[0] = flink.core.fs.Path(Path(events).as_uri())
    lines = flink.connector.file.src.reader.TextLineInputFormat()
    source = flink.connector.file.src.FileSource.forRecordStreamFormat(lines, paths).build()
    nothing = flink.api.common.eventtime.WatermarkStrategy.noWatermarks()
    read = env._j_stream_execution_environment.fromSource(source, nothing, "lines")  # noqa: SLF001
    alerts = (
        read.flatMap(mine.new("JacksonEvents")).keyBy(mine.new("CountInARow$User")).process(mine.new("CountInARow"))
    )
    folder = flink.core.fs.Path(Path(output, "alerts").as_uri())
    sinks = flink.streaming.api.functions.sink.filesystem
    encoder = flink.api.common.serialization.SimpleStringEncoder()
    sink = flink.connector.file.sink.FileSink.forRowFormat(folder, encoder)
    sink = sink.withBucketAssigner(sinks.bucketassigners.BasePathBucketAssigner())
    alerts.map(mine.new("JacksonAlerts")).sinkTo(sink.build())
    env.execute("reference")


def engine(name: str) -> list[str]:
    """Return the command that runs the job in an engine; it lacks input and output."""
    command = [sys.executable, "-m", "flink_abnormal", "run", "--engine", name, "--source", "files", "--sink", "files"]
    return [*command, *ONE, "--checkpoint-interval", CHECKPOINTS]


def command_of(contestant: str, events: Path, output: Path) -> list[str]:
    """Return the command of a contestant's run."""
    if contestant in ("python", "jvm"):
        paths = [
            "--input",
            str(events),
            "--output",
            str(output / "out"),
            "--checkpoint-dir",
            str(output / "checkpoints"),
        ]
        return [*engine(contestant), *paths]
    return [sys.executable, __file__, "--contestant", contestant, str(events), str(output)]


def run(contestant: str, events: Path, output: Path) -> Spent:
    """Run a contestant on one core."""
    output.mkdir()
    began = time.monotonic()
    process = subprocess.Popen(
        command_of(contestant, events, output),
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=lambda: os.sched_setaffinity(0, {0}),  # noqa: PLW1509 - this process has one thread
    )
    spent: dict[int, float] = {}
    while process.poll() is None:
        for each in [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]:
            with contextlib.suppress(psutil.Error):
                spent[each.pid] = sum(each.cpu_times()[:2])
        time.sleep(0.02)
    if process.returncode != 0:
        sys.exit(f"{contestant} failed with exit code {process.returncode}")
    return Spent(time.monotonic() - began, sum(spent.values()))


def alerts_of(output: Path) -> list[tuple[str, int, int]]:
    """Return what a contestant wrote, sorted."""
    files = [file for file in output.rglob("*") if file.is_file() and "checkpoints" not in file.parts]
    alerts = [orjson.loads(line) for file in files for line in file.read_bytes().splitlines()]
    return sorted((alert["userId"], alert["count"], alert["timestamp"]) for alert in alerts)


CONTESTANTS = {"jvm": "--engine jvm", "java": "the same job in Java, with Jackson", "loop": "a plain loop in Python"}
CONTESTANTS |= {"python": "--engine python"}


def main() -> None:
    """Measure, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=5_000_000)
    parser.add_argument("--python-events", type=int, default=500_000, help="how many the Python engine gets")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--users", type=int, nargs="*", default=[3, 100_000])
    parser.add_argument("--contestant", nargs=3, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.contestant:
        name, events, output = given.contestant
        {"loop": loop, "java": java}[name](events, output)
        return
    results = []
    for users in given.users:
        with tempfile.TemporaryDirectory() as scratch:
            results += measure(Path(scratch), users, given)
    print(json.dumps(results, indent=2))


def measure(scratch: Path, users: int, given: argparse.Namespace) -> list[dict[str, object]]:
    """Return the figures of all contestants for so many users."""
    numbers = {name: given.python_events if name == "python" else given.events for name in CONTESTANTS}
    files = {number: scratch / f"{number}.jsonl" for number in {0, *numbers.values()}}
    for number, file in files.items():
        write_events(file, users, number)
    starts: dict[str, list[Spent]] = {name: [] for name in CONTESTANTS}
    runs: dict[str, list[Spent]] = {name: [] for name in CONTESTANTS}
    for each in range(given.rounds):
        for name, number in numbers.items():
            starts[name].append(run(name, files[0], scratch / f"{name}-{each}-start"))
            runs[name].append(run(name, files[number], scratch / f"{name}-{each}"))
    for number in set(numbers.values()):
        expected, *others = [alerts_of(scratch / f"{name}-0") for name in numbers if numbers[name] == number]
        if any(other != expected for other in others):
            sys.exit("The contestants disagree on the alerts.")
    return [figures(name, users, numbers[name], starts[name], runs[name]) for name in CONTESTANTS]


def figures(name: str, users: int, events: int, starts: list[Spent], runs: list[Spent]) -> dict[str, object]:
    """Return medians over the rounds, the start subtracted, and print them."""
    start = Spent(*(statistics.median(values) for values in zip(*starts, strict=True)))
    speeds = [events / (each.wall - start.wall) for each in runs]
    cpu = events / (statistics.median(each.cpu for each in runs) - start.cpu)
    speed = statistics.median(speeds)
    print(
        f"{users:>9,} users  {CONTESTANTS[name]:<36} {speed:>11,.0f} events/s (from {min(speeds):,.0f} to "
        f"{max(speeds):,.0f}), {cpu:,.0f} a CPU second; start {start.wall:.1f} s",
        file=sys.stderr,
    )
    return {"users": users, "contestant": name, "events": events, "eventsPerSecond": round(speed)} | {
        "rounds": [round(each) for each in speeds],
        "eventsPerCpuSecond": round(cpu),
        "startSeconds": round(start.wall, 2),
    }


if __name__ == "__main__":
    main()
