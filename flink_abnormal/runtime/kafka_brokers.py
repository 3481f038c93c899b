"""Kafka brokers as local processes, from the broker's own jars: no Docker, no download by hand.

KRaft: each broker is also a controller, so three of them survive the loss of one. Data and logs are in .flink/kafka.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import time
import uuid
from base64 import urlsafe_b64encode
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Final

import psutil

from flink_abnormal.core.errors import ClusterError, MachineError, UsageError
from flink_abnormal.runtime import distribution, java
from flink_abnormal.runtime.cluster_state import Member

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

DEFAULT_PORT: Final = 9092
HOST: Final = "127.0.0.1"
START_SECONDS: Final = 90.0
STOP_SECONDS: Final = 20.0
"""Brokers that stop together may lose their quorum and wait for it: they are killed after this long."""
JVM: Final = ("-Xmx256m", "-Xms128m", "-XX:+UseSerialGC")
SETTINGS: Final = {
    "process.roles": "broker,controller",
    "listener.security.protocol.map": "BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT",
    "controller.listener.names": "CONTROLLER",
    "inter.broker.listener.name": "BROKER",
    "auto.create.topics.enable": "false",
    "num.partitions": "3",
    "offsets.topic.num.partitions": "6",
    "transaction.state.log.num.partitions": "6",
    "group.initial.rebalance.delay.ms": "0",
    # Small: the defaults reserve memory and threads for a server that does nothing else.
    "log.cleaner.dedupe.buffer.size": "2097152",
    "log.cleaner.threads": "1",
    "num.io.threads": "2",
    "num.network.threads": "2",
    "background.threads": "2",
    # A killed broker is replaced as leader after this long.
    "broker.session.timeout.ms": "6000",
    "broker.heartbeat.interval.ms": "1000",
}
LOG4J: Final = """rootLogger.level=WARN
rootLogger.appenderRef.stdout.ref=STDOUT
appender.console.type=Console
appender.console.name=STDOUT
appender.console.layout.type=PatternLayout
appender.console.layout.pattern=[%d] %p %m (%c)%n
"""


@dataclass
class Brokers:
    """The content of .flink/kafka/brokers.json: ports `port` … for clients, the next ones for controllers."""

    port: int
    count: int
    members: list[Member] = field(default_factory=list)

    @property
    def bootstrap(self) -> str:
        """The brokers' addresses, as --bootstrap takes them."""
        return ",".join(f"{HOST}:{self.port + number}" for number in range(self.count))

    @property
    def controllers(self) -> list[str]:
        """The controllers' addresses."""
        return [f"{HOST}:{self.port + self.count + number}" for number in range(self.count)]

    @property
    def alive(self) -> bool:
        """Whether any broker runs."""
        return any(member.alive() for member in self.members)

    def named(self, name: str) -> Member:
        """Return the broker of this name."""
        return next(member for member in self.members if member.name == name)

    def write(self) -> None:
        """Replace the file atomically."""
        fresh = _file().with_suffix(".new")
        fresh.write_text(json.dumps(asdict(self)), encoding="utf-8")
        fresh.replace(_file())


def folder() -> Path:
    """Return the folder of brokers' data, configurations and logs."""
    return distribution.work_folder() / "kafka"


def jars() -> Path:
    """Return the folder of the broker's jars; raise MachineError if `make connectors` has not fetched them."""
    found = distribution.connectors() / "kafka"
    if not any(found.glob("kafka_*.jar")):
        raise MachineError(f"Kafka's broker is not in {found}. Run `make connectors`.")
    return found


def read() -> Brokers | None:
    """Return the brokers that were started, running or not; None before the first start."""
    try:
        kept = json.loads(_file().read_text(encoding="utf-8"))
        return Brokers(kept["port"], kept["count"], [Member(**member) for member in kept["members"]])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def up(port: int, count: int, progress: Callable[[str], None]) -> Brokers:
    """Start the brokers that don't run, and wait until each of them answers.

    Their data stays: `down` and `up` lose nothing. Raises UsageError if other brokers were started before.
    """
    found = read()
    if found is not None and (found.port, found.count) != (port, count):
        raise UsageError(
            f"There are {found.count} brokers on port {found.port} with their data. Remove them first: flink-abnormal "
            "kafka down --delete"
        )
    if found is None:
        found = Brokers(port, count, [Member(f"kafka-{number + 1}") for number in range(count)])
        _check_ports(range(port, port + 2 * count))
        progress("formatting")
        _format(found)
        found.write()
    for member in found.members:
        if not member.alive():
            start(found, member.name)
    _await(found, progress)
    return found


def start(brokers: Brokers, name: str) -> None:
    """Start one broker."""
    own = folder() / name
    with (own / "broker.log").open("ab") as log:
        child = subprocess.Popen(
            _command("kafka.Kafka", own / "server.properties"),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    brokers.named(name).bind(child.pid)
    brokers.write()


def down(*, delete: bool) -> bool:
    """Stop all brokers, and remove their data if `delete`; return whether there were any."""
    found = read()
    if found is None:
        return False
    running = [process for member in found.members if (process := member.process()) is not None]
    for process in running:
        process.send_signal(signal.SIGTERM)
    _, slow = psutil.wait_procs(running, STOP_SECONDS)
    for process in slow:
        process.kill()
    psutil.wait_procs(slow, STOP_SECONDS)
    if delete:
        shutil.rmtree(folder())
    return bool(running) or delete


def _file() -> Path:
    return folder() / "brokers.json"


def _check_ports(ports: Iterable[int]) -> None:
    for port in ports:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                raise UsageError(f"Port {port} is in use: stop what listens there, or give another --port.") from None


def _format(brokers: Brokers) -> None:
    """Write each broker's configuration and format its folder."""
    shutil.rmtree(folder(), ignore_errors=True)
    cluster, ids = _uuid(), [_uuid() for _ in brokers.members]
    voters = ",".join(f"{number + 1}@{address}:{ids[number]}" for number, address in enumerate(brokers.controllers))
    copies = min(3, brokers.count)
    copied = {
        "default.replication.factor",
        "offsets.topic.replication.factor",
        "transaction.state.log.replication.factor",
    }
    in_sync = {"min.insync.replicas", "transaction.state.log.min.isr"}
    formatting = []
    for number, controller in enumerate(brokers.controllers):
        own = folder() / brokers.members[number].name
        own.mkdir(parents=True)
        listeners = f"BROKER://{HOST}:{brokers.port + number},CONTROLLER://{controller}"
        lines = {
            **SETTINGS,
            **dict.fromkeys(copied, copies),
            **dict.fromkeys(in_sync, max(1, copies - 1)),
            "node.id": number + 1,
            "controller.quorum.bootstrap.servers": ",".join(brokers.controllers),
            "listeners": listeners,
            "advertised.listeners": listeners,
            "log.dirs": own / "data",
        }
        (own / "server.properties").write_text("".join(f"{key}={value}\n" for key, value in lines.items()))
        (folder() / "log4j2.properties").write_text(LOG4J)
        arguments = ["format", "-t", cluster, "-c", str(own / "server.properties"), "--initial-controllers", voters]
        formatting.append(
            subprocess.Popen(
                [*_command("kafka.tools.StorageTool"), *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
            )
        )
    said = [process.communicate(timeout=START_SECONDS)[0] for process in formatting]
    if any(process.returncode for process in formatting):
        shutil.rmtree(folder())
        raise MachineError(f"Kafka's folders can't be formatted: {said[0].decode(errors='replace').strip()[-500:]}")


def _command(main: str, *arguments: Path) -> list[str]:
    log4j = f"-Dlog4j2.configurationFile={folder() / 'log4j2.properties'}"
    jvm = [*JVM, *os.environ.get("JVM_ARGS", "").split(), log4j]
    return [str(java.find() / "bin" / "java"), *jvm, "-cp", f"{jars()}/*", main, *map(str, arguments)]


def _await(brokers: Brokers, progress: Callable[[str], None]) -> None:
    """Wait until each broker knows all others."""
    from confluent_kafka import KafkaException  # noqa: PLC0415 - belongs to the extra `kafka`
    from confluent_kafka.admin import AdminClient  # noqa: PLC0415

    admin = AdminClient({"bootstrap.servers": brokers.bootstrap, "log_level": 0})
    deadline = time.monotonic() + START_SECONDS
    known = -1
    while time.monotonic() < deadline:
        for member in brokers.members:
            if not member.alive():
                raise ClusterError(f"{member.name} has ended: see {folder() / member.name / 'broker.log'}")
        try:
            known = len(admin.list_topics(timeout=2).brokers)
        except KafkaException:
            known = 0
        if known == brokers.count:
            return
        progress(f"{known} of {brokers.count} brokers answer")
        time.sleep(0.2)
    raise ClusterError(f"{known} of {brokers.count} brokers answer after {START_SECONDS:.0f} s: see {folder()}")


def _uuid() -> str:
    """Return a random id as Kafka writes them, which takes one that starts with `-` for an option."""
    made = urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    return _uuid() if made.startswith("-") else made
