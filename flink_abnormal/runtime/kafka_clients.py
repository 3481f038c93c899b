"""A producer and a consumer for topics of this project, on librdkafka (`confluent-kafka`)."""

from __future__ import annotations

import gzip
import time
from typing import TYPE_CHECKING, Any, Final

from flink_abnormal.core.errors import ClusterError, MachineError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from confluent_kafka import KafkaError, Message

ANSWER_SECONDS: Final = 10.0
FLUSH_SECONDS: Final = 120.0
POLL_SECONDS: Final = 0.5
REPORT_SECONDS: Final = 1.0


def library() -> Any:
    """Return the client library; raise MachineError if it is not installed."""
    try:
        import confluent_kafka  # noqa: PLC0415 - belongs to the extra `kafka`
    except ImportError:
        raise MachineError("confluent-kafka is not installed: pip install -e '.[kafka]'") from None
    return confluent_kafka


def partitions(bootstrap: str, topic: str) -> list[int]:
    """Return the topic's partitions; raise ClusterError if no broker answers, UsageError if it does not exist."""
    from confluent_kafka.admin import AdminClient  # noqa: PLC0415

    admin = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0})
    try:
        found = admin.list_topics(topic, timeout=ANSWER_SECONDS).topics[topic]
    except library().KafkaException:
        raise ClusterError(
            f"No Kafka broker answers at {bootstrap}. Start local ones: flink-abnormal kafka up"
        ) from None
    if found.error is not None:
        raise UsageError(f"Topic {topic} can't be used: {found.error.str()}.")
    return sorted(found.partitions)


def create_topics(bootstrap: str, topics: Iterable[str], count: int, copies: int) -> None:
    """Create topics that don't exist; raise ClusterError if a broker refuses."""
    from confluent_kafka.admin import AdminClient  # noqa: PLC0415
    from confluent_kafka.cimpl import NewTopic  # noqa: PLC0415

    kafka = library()
    admin = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0})
    for topic, made in admin.create_topics([NewTopic(topic, count, copies) for topic in topics]).items():
        try:
            made.result(ANSWER_SECONDS)
        except kafka.KafkaException as error:
            if error.args[0].code() != kafka.KafkaError.TOPIC_ALREADY_EXISTS:
                raise ClusterError(f"Topic {topic} can't be created: {error.args[0].str()}.") from None


def delete_topics(bootstrap: str, topics: Iterable[str]) -> None:
    """Delete topics; raise ClusterError if a broker refuses."""
    from confluent_kafka.admin import AdminClient  # noqa: PLC0415

    admin = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0})
    for topic, deleted in admin.delete_topics(list(topics)).items():
        try:
            deleted.result(ANSWER_SECONDS)
        except library().KafkaException as error:
            raise ClusterError(f"Topic {topic} can't be deleted: {error.args[0].str()}.") from None


def lines(file: Path) -> Iterator[bytes]:
    """Yield the lines of a file, plain or .gz, without their line breaks."""
    with gzip.open(file) if file.suffix == ".gz" else file.open("rb") as content:
        for line in content:
            yield line.rstrip(b"\r\n")


def produce(
    bootstrap: str,
    topic: str,
    messages: Iterable[tuple[bytes, bytes]],
    rate: float | None,
    progress: Callable[[int], None],
) -> int:
    """Write (key, value) messages, at most `rate` a second; return how many the brokers have confirmed.

    The producer is idempotent: a retry writes nothing twice and keeps the order. Raises ClusterError if any is not
    confirmed.
    """
    producer = library().Producer(
        {"bootstrap.servers": bootstrap, "enable.idempotence": True, "linger.ms": 5, "log_level": 0}
    )
    failed: list[KafkaError] = []
    confirmed = 0

    def delivered(error: KafkaError | None, _: Message) -> None:
        nonlocal confirmed
        if error is None:
            confirmed += 1
        else:
            failed.append(error)

    began = reported = time.monotonic()
    for number, (key, value) in enumerate(messages):
        due = began if rate is None else began + number / rate
        while (wait := due - time.monotonic()) > 0:
            producer.poll(min(wait, POLL_SECONDS))
        while True:
            try:
                producer.produce(topic, value, key, on_delivery=delivered)
                break
            except BufferError:
                producer.poll(POLL_SECONDS)
        producer.poll(0)
        if failed:
            break
        if time.monotonic() - reported >= REPORT_SECONDS:
            reported = time.monotonic()
            progress(confirmed)
    left = producer.flush(FLUSH_SECONDS)
    if failed or left:
        why = failed[0].str() if failed else f"{left} messages are not confirmed after {FLUSH_SECONDS:.0f} s"
        raise ClusterError(f"Topic {topic} does not take all messages: {why}.")
    return confirmed


def consume(bootstrap: str, topic: str, *, follow: bool, committed: bool) -> Iterator[Message]:
    """Yield a topic's messages from its beginning, to its present end or for ever.

    `committed` leaves out messages of transactions that are open or aborted.
    """
    kafka = library()
    waiting = set(partitions(bootstrap, topic))
    consumer = kafka.Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": "flink-abnormal-consume",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "isolation.level": "read_committed" if committed else "read_uncommitted",
            "log_level": 0,
        }
    )
    try:
        consumer.assign([kafka.TopicPartition(topic, number, kafka.OFFSET_BEGINNING) for number in waiting])
        while waiting or follow:
            message = consumer.poll(POLL_SECONDS)
            if message is None:
                continue
            error = message.error()
            if error is None:
                yield message
            elif error.code() == kafka.KafkaError._PARTITION_EOF:  # noqa: SLF001 - the library's own constant
                waiting.discard(message.partition())
            elif not error.retriable():
                raise ClusterError(f"Topic {topic} can't be read: {error.str()}.")
    finally:
        consumer.close()
