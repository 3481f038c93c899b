"""What Kafka and event time cost: events per second from topic to topic, and how soon an alert can be read.

One broker beside it; the whole job at parallelism 1, embedded, exactly once. The kinds of run take turns over the same
topic, and their medians are compared; what an empty topic takes is subtracted. Quix Streams does the seed's rule over
the same topic; what a tenth of it takes is subtracted. Then the latency, from an event's write to its alert being
read, of a job with a checkpoint each second.
"""

from __future__ import annotations

import argparse
import itertools
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

from engines import PEERS_PYTHON, rows_table, write_page

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
JVM = DetectionSettings(engine="jvm")
KINDS: dict[str, dict[str, Any]] = {
    "--engine python": {},
    "--engine python --time event": {"time": EVENT},
    "--engine python --time event --within 10s": {"time": EVENT, "detection": DetectionSettings(within_ms=10_000)},
    "--engine jvm": {"detection": JVM},
    "--engine jvm --time event": {"detection": JVM, "time": EVENT},
    "--engine jvm --time event --within 10s": {"detection": replace(JVM, within_ms=10_000), "time": EVENT},
}
QUIX = "Quix Streams"
PEER = Path(__file__).parent / "peers" / "quix_streams.py"
RATES = (1_000, 5_000, 50_000)
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


def speed(bootstrap: str, folder: Path, number: int, rounds: int) -> Iterator[list[str]]:
    """Yield a row for each kind of run: events per second, with the lowest and the highest."""
    kafka_clients.create_topics(bootstrap, ["events", "tenth", "empty"], 1, 1)
    for topic, messages in (("events", number), ("tenth", number // 10)):
        kafka_clients.produce(bootstrap, topic, events(messages), None, lambda _: None)
    topics = map("alerts-{}".format, itertools.count())
    whole = {
        kind: replace(job(bootstrap, folder, "events", until="latest", interval_ms=2_000), **more)
        for kind, more in KINDS.items()
    }
    empty = job(bootstrap, folder, "empty", until="latest", interval_ms=2_000)
    seconds(empty)  # the JVM warms up
    start = min(seconds(empty) for _ in range(2))
    rates: dict[str, list[float]] = {kind: [] for kind in (*KINDS, QUIX)}
    for _ in range(rounds):
        for kind, settings in whole.items():
            alerts = next(topics)
            kafka_clients.create_topics(bootstrap, [alerts], 1, 1)
            took = seconds(replace(settings, sink=replace(settings.sink, alerts_topic=alerts))) - start
            rates[kind].append(number / took)
            if settings.detection.within_ms is None:
                check(kind, bootstrap, alerts, number)
        took = -quix(bootstrap, "tenth", next(topics), folder)
        alerts = next(topics)
        took += quix(bootstrap, "events", alerts, folder)
        rates[QUIX].append((number - number // 10) / took)
        check(QUIX, bootstrap, alerts, number)
    for kind, each in rates.items():
        yield [
            f"`{kind}`" if kind in KINDS else kind,
            f"{statistics.median(each):,.0f} ({min(each):,.0f} to {max(each):,.0f})",
        ]


def check(kind: str, bootstrap: str, topic: str, number: int) -> None:
    """Exit if the alerts in a topic are not those of the rule."""
    messages = kafka_clients.consume(bootstrap, topic, follow=False, committed=True)
    alerts = [json.loads(message.value() or b"") for message in messages]
    counts: dict[str, int] = {}
    expected = []
    for _, line in events(number):
        event = json.loads(line)
        user = event["userId"]
        counts[user] = counts.get(user, 0) + 1 if event["isAbnormal"] else 0
        if counts[user] >= 3:
            expected.append((user, counts[user], event["timestamp"]))
    if sorted((each["userId"], each["count"], each["timestamp"]) for each in alerts) != sorted(expected):
        sys.exit(f"{kind} has other alerts than the rule gives: {len(alerts)}, not {len(expected)}.")


def quix(bootstrap: str, topic: str, alerts: str, folder: Path) -> float:
    """Return the seconds that Quix Streams takes over a topic, with its start and its waiting at the end."""
    kafka_clients.create_topics(bootstrap, [alerts], 1, 1)
    began = time.monotonic()
    arguments = [bootstrap, topic, alerts, str(folder / alerts)]
    subprocess.run([PEERS_PYTHON, "-W", "ignore", PEER, *arguments], check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - began


def latency(bootstrap: str, folder: Path, engine: str, rate: int, duration: int) -> list[str]:
    """Return a row: how long after an event's write its alert can be read, of 1,000 users' events, 30 % abnormal."""
    topic, alerts = f"live-{engine}-{rate}", f"alerts-{engine}-{rate}"
    kafka_clients.create_topics(bootstrap, [topic, alerts], 1, 1)
    settings = job(bootstrap, folder, topic, until=None, interval_ms=1_000)
    settings = replace(
        settings, detection=DetectionSettings(engine=engine), sink=replace(settings.sink, alerts_topic=alerts)
    )
    launched = launch.launch(ABNORMAL, settings, launch.EMBEDDED)
    found: dict[bool, list[float]] = {False: [], True: []}
    ended = threading.Event()
    draw = random.Random(1)

    def read(committed: bool) -> None:  # noqa: FBT001
        for message in kafka_clients.consume(bootstrap, alerts, follow=True, committed=committed):
            if ended.is_set():
                return
            alert: dict[str, Any] = json.loads(message.value())
            found[committed].append(time.time() * 1000 - alert["timestamp"])

    def written() -> Iterator[tuple[bytes, bytes]]:
        for _ in range(rate * duration):
            user, abnormal = b"user%d" % draw.randrange(USERS), b"true" if draw.random() < 0.3 else b"false"
            now = time.time_ns() // 1_000_000
            yield user, b'{"userId": "%s", "isAbnormal": %s, "timestamp": %d}' % (user, abnormal, now)

    for committed in found:
        threading.Thread(target=read, args=(committed,), daemon=True).start()
    began = time.monotonic()
    kafka_clients.produce(bootstrap, topic, written(), rate, lambda _: None)
    row = [f"`--engine {engine}`", f"{rate * duration / (time.monotonic() - began):,.0f}"]
    time.sleep(5)
    ended.set()
    launched.client.cancel().result()
    for each in found.values():
        late = sorted(each[len(each) // 2 :])  # the first half found a JVM that was still compiling
        row += [f"{late[len(late) * percent // 100]:.0f} ms" for percent in (50, 99)]
    return row


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rates", type=int, nargs="+", default=RATES)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--port", type=int, default=29_392)
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks.md")
    chosen = parser.parse_args()
    launch.say = lambda _: None  # type: ignore[assignment]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        env = {**os.environ, "FLINK_ABNORMAL_HOME": name}
        bootstrap = f"127.0.0.1:{chosen.port}"
        up = ["kafka", "up", "--brokers", "1", "--port", str(chosen.port)]
        env.setdefault("FLINK_ABNORMAL_CONNECTORS", str(Path(__file__).parents[1] / ".flink" / "connectors"))
        subprocess.run([*COMMAND, *up], env=env, check=True, stdout=subprocess.DEVNULL)
        try:
            speeds = rows_table(
                ["from topic to topic", "events/s"], speed(bootstrap, folder, chosen.events, chosen.rounds)
            )
            head = ["", "events/s", "p50", "p99", "p50, committed", "p99, committed"]
            runs = ((engine, rate) for engine in ("python", "jvm") for rate in chosen.rates)
            latencies = rows_table(head, (latency(bootstrap, folder, *run, chosen.seconds) for run in runs))
        finally:
            subprocess.run([*COMMAND, "kafka", "down", "--delete"], env=env, check=True, stdout=subprocess.DEVNULL)
    if chosen.write:
        write_page("streams", speeds)
        write_page("latencies", latencies)


if __name__ == "__main__":
    main()
