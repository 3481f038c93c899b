"""Open transactions of Kafka's brokers, and their end; by Kafka's Java client, since librdkafka can't list them."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING, Final, NamedTuple

from flink_abnormal.core.errors import ClusterError
from flink_abnormal.jvm.jar import KAFKA_CONNECTOR, build
from flink_abnormal.runtime import distribution

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MAIN: Final = "flinkabnormal.KafkaTransactions"
KAFKA_PARTS: Final = distribution.PACKAGE / "jvm" / "kafka"
ANSWER_MS: Final = 10_000
COMMAND_SECONDS: Final = 60
OPEN: Final = ("Ongoing", "PrepareCommit", "PrepareAbort", "PrepareEpochFence")


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

    def belongs_to(self, prefix: str) -> bool:
        """Whether it is one of a job with this prefix: Flink appends sink, subtask and checkpoint."""
        return re.fullmatch(rf"{re.escape(prefix)}-(alert|dead-letter)-topic-\d+-\d+", self.id) is not None


def find(properties: Mapping[str, str]) -> list[Transaction]:
    """Return all transactions that the brokers know, the oldest first."""
    found = []
    for line in _run(properties).splitlines():
        name, state, start_ms, timeout_ms, partitions = line.split("\t")
        found.append(Transaction(name, state, int(start_ms), int(timeout_ms), tuple(sorted(partitions.split(",")))))
    return sorted(found, key=lambda each: (each.start_ms, each.id))


def abort(properties: Mapping[str, str], ids: Iterable[str]) -> None:
    """Abort the open transactions of these ids; a producer that still uses one fails."""
    _run(properties, *ids)


def _run(properties: Mapping[str, str], *arguments: str) -> str:
    distribution.require(KAFKA_CONNECTOR, "flink-abnormal kafka transactions", "connector")
    env = distribution.prepare()
    connector = distribution.connector(KAFKA_CONNECTOR)
    parts = build(KAFKA_PARTS, distribution.parts(), env, *([connector] if connector else []))
    java = f"{env['JAVA_HOME']}/bin/java"
    told = {"default.api.timeout.ms": str(ANSWER_MS), "request.timeout.ms": str(ANSWER_MS // 2), **properties}
    try:
        done = subprocess.run(
            [java, "-cp", f"{parts}:{connector}:{env['FLINK_LIB_DIR']}/*", MAIN, *arguments],
            input="".join(f"{key}={_escaped(value)}\n" for key, value in told.items()),
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise ClusterError(f"Kafka did not answer within {COMMAND_SECONDS} s.") from None
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if line.strip()] or ["the client ended without a reason"]
        raise ClusterError(f"Kafka at {properties['bootstrap.servers']} can't be asked: {said[-1]}")
    return done.stdout


def _escaped(value: str) -> str:
    """Return a value as a properties file has it."""
    return value.replace("\\", "\\\\").replace("\n", "\\n")
