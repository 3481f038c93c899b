"""Does the speed hold with the number of users? Prints events per second at 3 and at 100,000 users, and their ratio.

The whole job (JSON Lines from a file, detector, alert files, checkpoints) at parallelism 1, embedded. Both numbers of
users take turns; the medians are compared. What an empty file takes is subtracted: it is the start, not the work.
"""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
from pathlib import Path

from flink_abnormal.core.settings import DetectionSettings, LayoutSettings, Settings, SinkSettings, StateSettings
from flink_abnormal.core.source_settings import FileSettings
from flink_abnormal.pipeline.abnormal import ABNORMAL
from flink_abnormal.submission import launch

FEW, MANY = 3, 100_000


def write_events(file: Path, users: int, events: int) -> None:
    """Write `events` lines of `users` users, 30 % abnormal."""
    draw = random.Random(1)
    with file.open("w", encoding="utf-8") as lines:
        for number in range(events):
            user, abnormal = draw.randrange(users), str(draw.random() < 0.3).lower()  # noqa: PLR2004
            lines.write(
                f'{{"userId": "user{user}", "isAbnormal": {abnormal}, "timestamp": {1700000000000 + number}}}\n'
            )


def seconds(file: Path, folder: Path, mode: str, backend: str, live: bool) -> float:  # noqa: FBT001
    """Return the job's net runtime for a file, as Flink measures it."""
    settings = Settings(
        source="files",
        files=FileSettings(input=str(file)),
        detection=DetectionSettings(live=live),
        sink=SinkSettings(sinks=("files",), output=tempfile.mkdtemp(dir=folder)),
        layout=LayoutSettings(source_parallelism=1, process_parallelism=1, sink_parallelism=1),
        state=StateSettings(
            checkpoint_interval_ms=2_000,
            checkpoint_dir=str(folder / "checkpoints"),
            execution_mode=mode,  # type: ignore[arg-type]
            backend=backend,
        ),
    )
    launched = launch.launch(ABNORMAL, settings, launch.EMBEDDED)
    return float(launched.client.get_job_execution_result().result().get_net_runtime()) / 1000


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--execution-mode", default="thread", choices=("thread", "process"))
    parser.add_argument("--state-backend", default="hashmap", choices=("hashmap", "rocksdb"))
    parser.add_argument("--live", action=argparse.BooleanOptionalAction, default=True)
    chosen = parser.parse_args()
    launch.say = lambda _: None  # type: ignore[assignment]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = {users: folder / f"{users}.jsonl" for users in (FEW, MANY)}
        for users, file in files.items():
            write_events(file, users, chosen.events)
        empty = folder / "empty.jsonl"
        empty.touch()
        how = (folder, chosen.execution_mode, chosen.state_backend, chosen.live)
        seconds(empty, *how)  # the JVM warms up
        start = min(seconds(empty, *how) for _ in range(2))
        rates: dict[int, list[float]] = {FEW: [], MANY: []}
        for _ in range(chosen.rounds):
            for users, file in files.items():
                rates[users].append(chosen.events / (seconds(file, *how) - start))
    median = {users: statistics.median(each) for users, each in rates.items()}
    for users, each in rates.items():
        shown = ", ".join(f"{rate:,.0f}" for rate in each)
        print(f"{users} users: {median[users]:,.0f} events/s (runs: {shown})")
    print(f"users {MANY}/{FEW}: {median[MANY] / median[FEW]:.2f}")


if __name__ == "__main__":
    main()
