"""What Kafka and event time cost: events per second from topic to topic, and how soon an alert can be read.

One broker beside it; the whole job at parallelism 1, embedded, exactly once. The kinds of run take turns over the same
topic, and their medians are compared; what an empty topic takes is subtracted. Then the latency, from an event's write
to its alert being read, of a job with a checkpoint each second.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flink_abnormal.core.kafka_settings import KafkaSettings, KafkaSourceSettings
from flink_abnormal.core.settings import DetectionSettings, LayoutSettings, Settings, SinkSettings, StateSettings
from flink_abnormal.core.time_settings import TimeSettings
from flink_abnormal.pipeline.abnormal import ABNORMAL
from flink_abnormal.runtime import kafka_clients
from flink_abnormal.submission import launch

if TYPE_CHECKING:
    from collections.abc import Iterator

USERS = 1_000
EVENT = TimeSettings(time="event", max_out_of_orderness_ms=5_000)
KINDS = {
    "as they arrive": {},
    "--time event": {"time": EVENT},
    "--time event --within 10s": {"time": EVENT, "detection": DetectionSettings(within_ms=10_000)},
}
COMMAND = [sys.executable, "-c", "from flink_abnormal.cli.start import flink_abnormal; flink_abnormal()"]


def events(number: int) -> Iterator[tuple[bytes, bytes]]:
    """Yield messages a millisecond apart, 30 % abnormal."""
    draw = random.Random(1)
    for place in range(number):
        user, abnormal = f"user{draw.randrange(USERS)}", str(draw.random() < 0.3).lower()
        line = f'{{"userId": "{user}", "isAbnormal": {abnormal}, "timestamp": {1700000000000 + place}}}'
        yield user.encode(), line.encode()


def job(bootstrap: str, folder: Path, topic: str, *, until: str | None, interval_ms: int) -> Settings:
    """Return the settings of a job from a topic to the topic `alerts`."""
    return Settings(
        source="kafka",
        kafka=KafkaSettings(bootstrap=bootstrap),
        kafka_source=KafkaSourceSettings(topics=(topic,), until=until),
        sink=SinkSettings(sinks=("kafka",), alerts_topic="alerts", dead_letters_topic="dead-letters"),
        layout=LayoutSettings(source_parallelism=1, process_parallelism=1, sink_parallelism=1),
        state=StateSettings(checkpoint_interval_ms=interval_ms, checkpoint_dir=str(folder / "checkpoints")),
    )


def seconds(settings: Settings) -> float:
    """Return the job's net runtime, as Flink measures it."""
    launched = launch.launch(ABNORMAL, settings, launch.EMBEDDED)
    return float(launched.client.get_job_execution_result().result().get_net_runtime()) / 1000


def speed(bootstrap: str, folder: Path, number: int, rounds: int) -> None:
    """Print events per second of each kind of run."""
    kafka_clients.create_topics(bootstrap, ["events", "empty"], 1, 1)
    kafka_clients.produce(bootstrap, "events", events(number), None, lambda _: None)
    whole = {
        kind: replace(job(bootstrap, folder, "events", until="latest", interval_ms=2_000), **more)
        for kind, more in KINDS.items()
    }
    empty = job(bootstrap, folder, "empty", until="latest", interval_ms=2_000)
    seconds(empty)  # the JVM warms up
    start = min(seconds(empty) for _ in range(2))
    rates: dict[str, list[float]] = {kind: [] for kind in KINDS}
    for _ in range(rounds):
        for kind, settings in whole.items():
            rates[kind].append(number / (seconds(settings) - start))
    plain = statistics.median(next(iter(rates.values())))
    for kind, each in rates.items():
        shown = ", ".join(f"{rate:,.0f}" for rate in each)
        median = statistics.median(each)
        print(f"{kind}: {median:,.0f} events/s (runs: {shown}), {median / plain:.2f} of the first")


def latency(bootstrap: str, folder: Path, rate: int, duration: int) -> None:
    """Print how long after an event's write its alert can be read."""
    kafka_clients.create_topics(bootstrap, ["live"], 1, 1)
    launched = launch.launch(ABNORMAL, job(bootstrap, folder, "live", until=None, interval_ms=1_000), launch.EMBEDDED)
    found: dict[bool, list[float]] = {False: [], True: []}
    ended = threading.Event()

    def read(committed: bool) -> None:  # noqa: FBT001
        for message in kafka_clients.consume(bootstrap, "alerts", follow=True, committed=committed):
            if ended.is_set():
                return
            alert: dict[str, Any] = json.loads(message.value())
            if alert["userId"] == "live":
                found[committed].append(time.time() * 1000 - alert["timestamp"])

    def written() -> Iterator[tuple[bytes, bytes]]:
        for _ in range(rate * duration):
            line = {"userId": "live", "isAbnormal": True, "timestamp": time.time_ns() // 1_000_000}
            yield b"live", json.dumps(line).encode()

    for committed in found:
        threading.Thread(target=read, args=(committed,), daemon=True).start()
    kafka_clients.produce(bootstrap, "live", written(), rate, lambda _: None)
    time.sleep(5)
    ended.set()
    launched.client.cancel().result()
    for committed, each in found.items():
        late = sorted(each[len(each) // 5 :])  # the first fifth found a cold JVM
        name = "read_committed" if committed else "read_uncommitted"
        p50, p99 = late[len(late) // 2], late[len(late) * 99 // 100]
        print(f"latency at {rate} events/s, {name}: p50 {p50:.0f} ms, p99 {p99:.0f} ms ({len(late)} alerts)")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rate", type=int, default=1_000)
    parser.add_argument("--seconds", type=int, default=30)
    parser.add_argument("--port", type=int, default=29_392)
    chosen = parser.parse_args()
    launch.say = lambda _: None  # type: ignore[assignment]
    with tempfile.TemporaryDirectory() as name:
        env = {**os.environ, "FLINK_ABNORMAL_HOME": name}
        bootstrap = f"127.0.0.1:{chosen.port}"
        up = ["kafka", "up", "--brokers", "1", "--port", str(chosen.port)]
        env.setdefault("FLINK_ABNORMAL_CONNECTORS", str(Path(__file__).parents[1] / ".flink" / "connectors"))
        subprocess.run([*COMMAND, *up], env=env, check=True, stdout=subprocess.DEVNULL)
        try:
            speed(bootstrap, Path(name), chosen.events, chosen.rounds)
            latency(bootstrap, Path(name), chosen.rate, chosen.seconds)
        finally:
            subprocess.run([*COMMAND, "kafka", "down", "--delete"], env=env, check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
