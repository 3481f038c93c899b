"""The drill's job on Kafka: simulated users' events in one topic, alerts, exactly once, in another."""

from __future__ import annotations

import random
import threading
import time
import uuid
from contextlib import contextmanager
from itertools import count
from typing import TYPE_CHECKING, Final

import orjson

from flink_abnormal.core.errors import ClusterError
from flink_abnormal.core.model import NORMAL, Rule, UserEvent, digest
from flink_abnormal.core.rule import detect
from flink_abnormal.core.settings import Settings
from flink_abnormal.core.simulation import Simulation
from flink_abnormal.drill.job import CHECKPOINT_INTERVAL_MS, DRAIN_SECONDS, INTERVAL_MS, USERS, stop
from flink_abnormal.drill.observer import POLL_SECONDS, DrillError
from flink_abnormal.drill.verification import Comparison, Seen, compare
from flink_abnormal.runtime import kafka_clients

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flink_abnormal.core.settings import Mode
    from flink_abnormal.drill.environment import Bootstrap, Environment

PARTITIONS: Final = 3
JOIN_SECONDS: Final = 180.0
SHUFFLED: Final = 8
"""In event time, so many events of each user are sent in an order that is drawn."""
DISORDER_MS: Final = 2_000
IDLENESS: Final = "10min"
"""No partition counts as silent while its broker is away: what it gives later would be late."""


class KafkaDrillJob:
    """The job's topics and options; an unbounded job, which is stopped once the topic holds each expected alert."""

    def __init__(
        self,
        seed: int,
        slots: str,
        mode: Mode,
        bootstrap: Bootstrap,
        checkpoints: str,
        users: int = USERS,
        *,
        event_time: bool = False,
        engine: str = "python",
    ) -> None:
        self.seed, self.slots, self.mode, self._engine = seed, slots, mode, engine
        self._bootstrap, self._brokers, self._checkpoints, self._users = *bootstrap, checkpoints, users
        self._event_time = event_time
        self._name = f"drill-{uuid.uuid4().hex[:12]}"
        self._events, self._alerts, self._dead = (f"{self._name}-{what}" for what in ("events", "alerts", "dead"))
        self._sent: list[UserEvent] = []
        self._dropped: tuple[int, bytes] | None = None
        topics = (self._events, self._alerts, self._dead)
        copies = min(3, len(self._brokers.split(",")))
        kafka_clients.create_topics(self._bootstrap, topics, PARTITIONS, copies)

    def arguments(self) -> list[str]:
        """Return the options of `flink-abnormal submit`."""
        return [
            *("--source", "kafka", "--bootstrap", self._brokers, "--topic", self._events, "--group", self._name),
            *("--sink", "kafka", "--alerts-topic", self._alerts, "--dead-letters-topic", self._dead),
            *("--slots", self.slots, "--execution-mode", self.mode, "--engine", self._engine),
            *("--checkpoint-interval", f"{CHECKPOINT_INTERVAL_MS}ms", "--checkpoint-dir", self._checkpoints),
            *(("--time", "event", "--idleness", IDLENESS) if self._event_time else ()),
            *(("--max-out-of-orderness", f"{DISORDER_MS}ms") if self._event_time else ()),
        ]

    @contextmanager
    def feeding(self) -> Iterator[None]:
        """Write events at the simulation's pace, from a thread, until the context ends."""
        ended = threading.Event()
        failures: list[Exception] = []

        def feed() -> None:
            try:
                rate = 1000 * self._users / INTERVAL_MS
                kafka_clients.produce(self._bootstrap, self._events, self._messages(ended), rate, lambda _: None)
            except Exception as error:  # noqa: BLE001 - raised again by the thread that waits
                failures.append(error)

        thread = threading.Thread(target=feed, daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join(JOIN_SECONDS)
        if failures:
            raise DrillError(f"The drill's events could not be written: {failures[0]}")

    def finish(self, environment: Environment, job_id: str, settle: Callable[[], object]) -> None:
        """Wait until each expected alert can be read, then stop the job with a savepoint."""
        settle()
        expected = len(self._expected())
        deadline = time.monotonic() + DRAIN_SECONDS
        while (found := len(self._read())) < expected:
            if time.monotonic() > deadline:
                raise DrillError(f"Only {found} of {expected} alerts are committed {DRAIN_SECONDS:.0f} s later.")
            time.sleep(POLL_SECONDS)
        stop(environment, job_id, settle)

    def cancel_all(self, environment: Environment) -> None:
        """Cancel the drill's job, identified by its group, and remove its topics."""
        try:
            for job in environment.cluster.jobs():
                if job.running and environment.cluster.job_parameters(job.id).get("group") == self._name:
                    environment.cluster.cancel(job.id)
                    environment.cluster.await_end(job.id)
            kafka_clients.delete_topics(self._bootstrap, (self._events, self._alerts, self._dead))
        except ClusterError:
            return

    def tamper(self, environment: Environment, how: str) -> str:  # noqa: ARG002 - the topic is not in its folder
        """Leave a committed alert out of what is read, or commit it again."""
        messages = self._read()
        if not messages:
            raise DrillError("There is nothing to tamper with: no alert was committed.")
        message = messages[len(messages) // 2]
        value = message[1]
        if how == "drop":
            self._dropped = message
        else:
            kafka_clients.produce(self._bootstrap, self._alerts, [(b"", value)], None, lambda _: None)
        return f"{'dropped' if how == 'drop' else 'doubled'}: {value.decode()}"

    def compare(self, environment: Environment) -> Comparison:  # noqa: ARG002
        """Compare what a read_committed consumer sees with the rule's alerts."""
        messages = self._read()
        if self._dropped is not None:
            messages.remove(self._dropped)
        partitions: dict[str, list[bytes]] = {}
        for partition, value in messages:
            partitions.setdefault(f"partition {partition}", []).append(value)
        return compare(self._expected(), {name: b"\n".join(values) for name, values in partitions.items()})

    def _messages(self, ended: threading.Event) -> Iterator[tuple[bytes, bytes]]:
        simulation = Simulation(self.seed, self._users, INTERVAL_MS, Settings().random.abnormal_rate)
        start_ms = time.time_ns() // 1_000_000
        for seq in self._numbers():
            for user in range(1, self._users + 1):
                if ended.is_set():
                    if self._event_time:
                        yield from self._last_messages()
                    return
                yield self._message(simulation.event(user, seq, start_ms))

    def _numbers(self) -> Iterator[int]:
        """Yield the numbers of a user's events, in the order in which they are sent."""
        chance = random.Random(self.seed)  # noqa: S311 - repeatable, not secret
        for first in count(0, SHUFFLED):
            numbers = range(first, first + SHUFFLED)
            yield from chance.sample(numbers, SHUFFLED) if self._event_time else numbers

    def _last_messages(self) -> Iterator[tuple[bytes, bytes]]:
        """Yield a normal event of each user, late enough for the watermark to pass all others."""
        end_ms = max(event.timestamp for event in self._sent) + 2 * DISORDER_MS
        for user in range(1, self._users + 1):
            yield self._message(UserEvent(f"user{user}", NORMAL, 1, end_ms, ""))

    def _message(self, event: UserEvent) -> tuple[bytes, bytes]:
        """Return an event's key and value, and keep what the job will make of them."""
        record = {"userId": event.user_id, "isAbnormal": event.is_abnormal, "timestamp": event.timestamp}
        value = orjson.dumps(record)
        # As the format of the job names it: the id of a line is a digest of its bytes.
        self._sent.append(event._replace(event_id=digest(value)))
        return event.user_id.encode(), value

    def _expected(self) -> list[Seen]:
        rule = Rule(Settings().detection.threshold)
        events = sorted(self._sent, key=lambda event: event.timestamp) if self._event_time else self._sent
        return [Seen(alert.user_id, alert.count, alert.alert_id) for alert in detect(events, rule)]

    def _read(self) -> list[tuple[int, bytes]]:
        """Return the committed alerts as (partition, JSON)."""
        seen = kafka_clients.consume(self._bootstrap, self._alerts, follow=False, committed=True)
        return [(message.partition() or 0, message.value() or b"") for message in seen]
