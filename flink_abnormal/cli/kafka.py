"""`flink-abnormal kafka`: local brokers; `produce` and `consume`: messages in and out of topics."""

from __future__ import annotations

import signal
import sys
import threading
import time
from dataclasses import replace
from functools import wraps
from itertools import count, islice, takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import orjson
import rich_click as click
from click.core import ParameterSource
from rich.console import Console

from flink_abnormal.cli import tables
from flink_abnormal.cli.options import PathText
from flink_abnormal.core.errors import ClusterError, UsageError
from flink_abnormal.core.kafka_settings import KafkaSettings, epoch_ms
from flink_abnormal.core.simulation import Simulation
from flink_abnormal.core.ticker_settings import AGGREGATES_TOPIC, DEAD_LETTERS_TOPIC, TICKER_TOPIC
from flink_abnormal.core.ticks import simulate
from flink_abnormal.runtime import kafka_brokers, kafka_clients, kafka_transactions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

TOPICS: Final = ("user-events", "alerts", "dead-letters")
TICKER_TOPICS: Final = (TICKER_TOPIC, AGGREGATES_TOPIC, DEAD_LETTERS_TOPIC)
RECORDED_TICKS: Final = 3_000
PARTITIONS: Final = 3
ABORT: Final = (
    "Abort them? Don't if their job will resume from its snapshot: it would lose the alerts that the snapshot counts "
    "as written."
)


def connection_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of a connection to a command, which gets them as `connection`."""

    @wraps(command)
    def connected(
        *values: Any, bootstrap: str | None, properties: tuple[str, ...], properties_file: str | None, **more: Any
    ) -> Any:
        return command(*values, connection=KafkaSettings(bootstrap, properties, properties_file), **more)

    for option in (
        click.option("--kafka-properties", "properties_file", type=PathText(), help="A file of such, as the job's."),
        click.option("--kafka-property", "properties", multiple=True, help="KEY=VALUE for the client, as the job's."),
        click.option("--bootstrap", metavar="HOST:PORT,…", help="Brokers. [default: the local ones of `kafka up`]"),
    ):
        option(connected)
    return connected


@click.group()
def kafka() -> None:
    """Start, show and stop local Kafka brokers, as processes."""


@kafka.command()
@click.option("--port", type=click.IntRange(1, 65000), default=kafka_brokers.DEFAULT_PORT, help="[default: 9092]")
@click.option("--brokers", type=click.IntRange(1, 3), default=3, help="Number of brokers. [default: 3]")
def up(port: int, brokers: int) -> None:
    """Start brokers on --port and the next ports, with the topics of the jobs.

    Brokers that have died are started again; data stays until `down --delete`.
    """
    kafka_clients.library()
    began = time.monotonic()
    with Console(stderr=True).status("Starting") as shown:
        found = kafka_brokers.up(port, brokers, lambda text: shown.update(f"Starting: {text}"))
        kafka_clients.create_topics(found.bootstrap, (*TOPICS, *TICKER_TOPICS), PARTITIONS, min(3, brokers))
    print(f"Kafka is up after {time.monotonic() - began:.1f} s: --bootstrap {found.bootstrap}")
    print(f"Topics: {', '.join((*TOPICS, *TICKER_TOPICS))}, {PARTITIONS} partitions each")


@kafka.command()
def status() -> None:
    """Show the brokers; exit code 4 if one is down."""
    found = _started()
    rows = [
        (
            member.name,
            str(member.pid),
            f"{kafka_brokers.HOST}:{found.port + number}",
            "runs" if member.alive() else "is down",
        )
        for number, member in enumerate(found.members)
    ]
    tables.show(("Broker", "Pid", "Address", "State"), rows)
    print(f"Data and logs: {kafka_brokers.folder()}")
    if not all(member.alive() for member in found.members):
        raise ClusterError("Not all brokers run. Start them again: flink-abnormal kafka up")


@kafka.command()
@click.option("--delete", is_flag=True, help="Remove all topics and their messages, too.")
def down(delete: bool) -> None:  # noqa: FBT001
    """Stop the brokers."""
    with Console(stderr=True).status("Stopping"):
        ended = kafka_brokers.down(delete=delete)
    print("Kafka is down." if ended else "No broker was up.")


@kafka.command()
@connection_options
@click.option("--prefix", help="Those of one job: its --transactional-id-prefix.")
@click.option("--abort", "ends", is_flag=True, help="Abort the open transactions of --prefix; asks first.")
@click.option("--yes", is_flag=True, help="Don't ask.")
def transactions(connection: KafkaSettings, prefix: str | None, ends: bool, yes: bool) -> None:  # noqa: FBT001
    """List open transactions, which read_committed consumers of their partitions wait for.

    A job that died for good leaves its own open until their timeout; one that will resume commits them.
    """
    if ends and not prefix:
        raise UsageError("--abort needs --prefix: that of the job whose transactions are to be aborted.")
    settings = _checked(connection)
    servers, properties = str(settings.bootstrap), settings.text()
    found = [
        each
        for each in kafka_transactions.find(servers, properties)
        if each.open and (prefix is None or each.belongs_to(prefix))
    ]
    if not found:
        print("No transaction is open.")
        return
    now_ms = time.time_ns() // 1_000_000
    tables.show(
        ("Transaction", "State", "Open for", "Ends after", "Partitions"),
        [
            (
                each.id,
                each.state,
                f"{(now_ms - each.start_ms) // 1000} s",
                f"{each.timeout_ms // 1000} s",
                ", ".join(each.partitions),
            )
            for each in found
        ],
    )
    if ends and (yes or click.confirm(ABORT)):
        kafka_transactions.abort(servers, properties, [each.id for each in found])
        print(f"Aborted {len(found)}.")


@click.group(invoke_without_command=True)
@click.pass_context
@connection_options
@click.option("--topic", default=TOPICS[0], help=f"[default: {TOPICS[0]}]")
@click.option(
    "--input", "file", type=PathText(), help="Send the lines of a file, plain or .gz, instead of random events."
)
@click.option("--key-field", default="userId", help="The field whose value is the key of a line. [default: userId]")
@click.option("--users", type=click.IntRange(1, 1_000_000), default=3, help="Random users. [default: 3]")
@click.option("--events", type=click.IntRange(1), help="End after this many random events per user. [default: never]")
@click.option(
    "--abnormal-rate", type=click.FloatRange(0, 1), default=0.3, help="Share of abnormal events. [default: 0.3]"
)
@click.option("--seed", type=int, default=93, help="Makes random events repeatable. [default: 93]")
@click.option("--rate", type=click.FloatRange(0.001), help="Messages a second. [default: 10; with --input no limit]")
def produce(
    context: click.Context,
    connection: KafkaSettings,
    topic: str,
    file: str | None,
    key_field: str,
    users: int,
    events: int | None,
    abnormal_rate: float,
    seed: int,
    rate: float | None,
) -> None:
    """Send events to a Kafka topic: those of random users, or the lines of a file.

    A user's messages have the same key, so they keep their order. A line without the key's field has the file's name as
    its key.
    """
    if context.invoked_subcommand is not None:
        if any(context.get_parameter_source(name) is ParameterSource.COMMANDLINE for name in context.params):
            raise UsageError(f"Options of produce {context.invoked_subcommand} come after its name.")
        return
    servers, more = _connected(connection)
    kafka_clients.partitions(servers, topic, more)
    messages: Iterable[tuple[bytes, bytes]]
    if file is None:
        rate = rate or 10.0
        messages = _random(Simulation(seed, users, round(1000 * users / rate) or 1, abnormal_rate), events)
    else:
        if not Path(file).is_file():
            raise UsageError(f"--input {file} is not a file.")
        messages = _keyed(Path(file), key_field)
    _send(servers, topic, messages, rate, more)


@produce.command()
@connection_options
@click.option("--topic", default=TICKER_TOPIC, help=f"[default: {TICKER_TOPIC}]")
@click.option("--input", "file", type=PathText(), help="Replay a recording, plain or .gz, instead of simulating.")
@click.option("--record", type=PathText(), help="Write the ticks to a file, one per line, instead of sending them.")
@click.option("--ticks", type=click.IntRange(1), help="End after this many ticks. [default: never; 3000 to a file]")
@click.option("--begin", metavar="TIME", help="Time of the first tick, with its zone. [default: now]")
@click.option("--step", type=click.IntRange(1), default=1000, help="Milliseconds between ticks of a symbol. [1000]")
@click.option("--seed", type=int, default=93, help="Makes the ticks repeatable. [default: 93]")
@click.option("--rate", type=click.FloatRange(0.001), help="Ticks a second. [default: as fast as they are made]")
def ticker(
    connection: KafkaSettings,
    topic: str,
    file: str | None,
    record: str | None,
    ticks: int | None,
    begin: str | None,
    step: int,
    seed: int,
    rate: float | None,
) -> None:
    """Send simulated prices of three symbols, or a recording of them, to the topic of the ticker.

    Ticks are out of order by up to 4 s, and each 50th comes ten minutes too late.
    """
    if file is not None and not Path(file).is_file():
        raise UsageError(f"--input {file} is not a file.")
    begin_ms = time.time_ns() // 1_000_000 if begin is None else epoch_ms(begin, "--begin", "a number of milliseconds")
    made = (orjson.dumps(tick.record()) for tick in simulate(seed, begin_ms, step))
    lines = kafka_clients.lines(Path(file)) if file is not None else made
    if record is not None:
        recorded = list(islice(lines, ticks or RECORDED_TICKS))
        Path(record).write_bytes(b"".join(line + b"\n" for line in recorded))
        print(f"Recorded {len(recorded)} ticks in {record}")
        return
    servers, more = _connected(connection)
    kafka_clients.partitions(servers, topic, more)
    _send(servers, topic, ((_symbol(line), line) for line in islice(lines, ticks)), rate, more)


def _symbol(line: bytes) -> bytes:
    try:
        record = orjson.loads(line)
    except orjson.JSONDecodeError:
        return b""
    return str(record.get("symbol", "")).encode() if isinstance(record, dict) else b""


def _checked(connection: KafkaSettings) -> KafkaSettings:
    """Return it with the brokers' addresses; raise UsageError for what a job refuses, too."""
    settings = replace(connection, bootstrap=connection.bootstrap or _started().bootstrap)
    settings.check(used=True)
    return settings


def _connected(connection: KafkaSettings) -> tuple[str, dict[str, str]]:
    """Return the brokers' addresses and librdkafka's settings."""
    kafka_clients.library()
    settings = _checked(connection)
    return str(settings.bootstrap), kafka_clients.properties(settings)


def _send(
    servers: str,
    topic: str,
    messages: Iterable[tuple[bytes, bytes]],
    rate: float | None,
    more: Mapping[str, str],
) -> None:
    ended = threading.Event()
    signal.signal(signal.SIGINT, lambda *_: ended.set())  # what was sent is confirmed and counted
    messages = takewhile(lambda _: not ended.is_set(), messages)
    began = time.monotonic()
    with Console(stderr=True).status("Sending") as shown:
        told = lambda done: shown.update(f"Sending: {done:,}")  # noqa: E731
        sent = kafka_clients.produce(servers, topic, messages, rate, told, more)
    seconds = time.monotonic() - began
    print(f"Sent {sent} messages to {topic} in {seconds:.1f} s")


@click.command()
@connection_options
@click.option("--topic", default=TOPICS[1], help=f"[default: {TOPICS[1]}]")
@click.option("--follow/--no-follow", default=False, help="Go on with messages to come. [default: no-follow]")
@click.option(
    "--committed/--uncommitted",
    default=True,
    help="Leave out messages of transactions that are open or aborted. [default: committed]",
)
def consume(connection: KafkaSettings, topic: str, follow: bool, committed: bool) -> None:  # noqa: FBT001
    """Print the messages of a Kafka topic, one per line."""
    servers, more = _connected(connection)
    for message in kafka_clients.consume(servers, topic, follow=follow, committed=committed, more=more):
        sys.stdout.buffer.write((message.value() or b"") + b"\n")
        sys.stdout.buffer.flush()


def _started() -> kafka_brokers.Brokers:
    found = kafka_brokers.read()
    if found is None:
        raise ClusterError("No Kafka brokers were started here: flink-abnormal kafka up, or give --bootstrap.")
    return found


def _random(simulation: Simulation, events: int | None) -> Iterator[tuple[bytes, bytes]]:
    start_ms = time.time_ns() // 1_000_000
    for seq in count() if events is None else range(events):
        for user in range(1, simulation.users + 1):
            event = simulation.event(user, seq, start_ms)
            value = {"userId": event.user_id, "isAbnormal": event.is_abnormal, "timestamp": event.timestamp}
            yield event.user_id.encode(), orjson.dumps(value)


def _keyed(file: Path, key_field: str) -> Iterator[tuple[bytes, bytes]]:
    for line in kafka_clients.lines(file):
        try:
            record = orjson.loads(line)
        except orjson.JSONDecodeError:
            record = None
        key = record.get(key_field) if isinstance(record, dict) else None
        yield str(file.name if key is None else key).encode(), line
