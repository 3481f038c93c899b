"""Open transactions of Kafka's brokers, and their end; by Kafka's Java client, since librdkafka can't list them."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING, Final, NamedTuple

from flink_abnormal.core.errors import ClusterError
from flink_abnormal.core.kafka_settings import for_connector
from flink_abnormal.jvm.jar import KAFKA_CONNECTOR, build
from flink_abnormal.runtime import distribution

if TYPE_CHECKING:
    from collections.abc import Iterable

MAIN: Final = "flinkabnormal.KafkaTransactions"
KAFKA_PARTS: Final = distribution.PACKAGE / "jvm" / "kafka"
TIMEOUTS: Final = "default.api.timeout.ms=10000\nrequest.timeout.ms=5000\n"
COMMAND_SECONDS: Final = 60
OPEN: Final = ("Ongoing", "PrepareCommit", "PrepareAbort", "PrepareEpochFence")
ABORTED: Final = ("PrepareAbort", "CompleteAbort", "PrepareEpochFence", "Empty")
"""Flink commits only what holds a record, so an empty one has been aborted by a new producer of its name."""


class Transaction(NamedTuple):
    """A transaction; times in epoch milliseconds, `start_ms` -1 if it has not begun."""

    id: str
    state: str
    start_ms: int
    timeout_ms: int
    partitions: tuple[str, ...]

    @property
    def open(self) -> bool:
        """Whether read_committed consumers wait for its end."""
        return self.state in OPEN

    @property
    def aborted(self) -> bool:
        """Whether what was written into it can't be committed any more."""
        return self.state in ABORTED

    def belongs_to(self, prefix: str) -> bool:
        """Whether it is one of a job with this prefix: Flink appends sink, subtask and checkpoint."""
        return (
            re.fullmatch(
                rf"{re.escape(prefix)}-(alert-topic|dead-letter-topic|aggregates|dead-letters)-\d+-\d+", self.id
            )
            is not None
        )


def find(bootstrap: str, properties: str) -> list[Transaction]:
    """Return all transactions that the brokers know, the oldest first; `properties` is the text of a client's file."""
    found = []
    for line in _run(bootstrap, properties).splitlines():
        name, state, start_ms, timeout_ms, partitions = line.split("\t")
        found.append(Transaction(name, state, int(start_ms), int(timeout_ms), tuple(sorted(partitions.split(",")))))
    return sorted(found, key=lambda each: (each.start_ms, each.id))


def abort(bootstrap: str, properties: str, ids: Iterable[str]) -> None:
    """Abort the open transactions of these ids; a producer that still uses one fails."""
    _run(bootstrap, properties, *ids)


def _run(bootstrap: str, properties: str, *ids: str) -> str:
    distribution.require(KAFKA_CONNECTOR, "flink-abnormal kafka transactions", "connector")
    env = distribution.prepare()
    connector = distribution.connector(KAFKA_CONNECTOR)
    parts = build(KAFKA_PARTS, distribution.parts(), env, *([connector] if connector else []))
    classpath = f"{parts}:{connector}:{env['FLINK_LIB_DIR']}/*"
    try:
        done = subprocess.run(
            [f"{env['JAVA_HOME']}/bin/java", "-cp", classpath, MAIN, *ids],
            input=f"{TIMEOUTS}{for_connector(properties)}\nbootstrap.servers={bootstrap}\n",
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise ClusterError(f"Kafka did not answer within {COMMAND_SECONDS} s.") from None
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if line.strip()] or ["the client ended without a reason"]
        raise ClusterError(f"Kafka at {bootstrap} can't be asked: {said[-1]}")
    return done.stdout
