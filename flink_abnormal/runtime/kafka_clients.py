"""A producer and a consumer for topics of this project, on librdkafka (`confluent-kafka`)."""

from __future__ import annotations

import gzip
import re
import time
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from flink_abnormal.core.errors import ClusterError, MachineError, UsageError
from flink_abnormal.core.kafka_settings import java_properties

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from confluent_kafka import KafkaError, Message

    from flink_abnormal.core.kafka_settings import KafkaSettings

ANSWER_SECONDS: Final = 10.0
FLUSH_SECONDS: Final = 120.0
POLL_SECONDS: Final = 0.5
REPORT_SECONDS: Final = 1.0
NO_PROPERTIES: Final[Mapping[str, str]] = MappingProxyType({})
_LOGIN: Final = re.compile(r'(username|password)\s*=\s*(?:"((?:\\.|[^"\\])*)"|([^\s;"]+))')


def library() -> Any:
    """Return the client library; raise MachineError if it is not installed."""
    try:
        import confluent_kafka  # noqa: PLC0415 - belongs to the extra `kafka`
    except ImportError:
        raise MachineError("confluent-kafka is not installed: pip install -e '.[kafka]'") from None
    return confluent_kafka


def properties(settings: KafkaSettings) -> dict[str, str]:
    """Return the properties of a job's connection as librdkafka's; raise UsageError if the file can't be read.

    Most have the same names. Login and truststore, which have not, are translated.
    """
    found = java_properties(settings.file_text())
    found |= {key.strip(): value.strip() for key, _, value in (text.partition("=") for text in settings.properties)}
    for name, quoted, plain in _LOGIN.findall(found.pop("sasl.jaas.config", "")):
        found[f"sasl.{name}"] = re.sub(r"\\(.)", r"\1", quoted) or plain
    if found.pop("ssl.truststore.type", None) == "PEM":
        found["ssl.ca.location"] = found.pop("ssl.truststore.location", "")
    return found


def _client(make: Callable[[Any], Any], settings: Mapping[str, Any], bootstrap: str) -> Any:
    """Return a client of librdkafka; raise UsageError for a property that it does not know."""
    try:
        return make({**settings, "bootstrap.servers": bootstrap, "log_level": 0})
    except library().KafkaException as error:
        raise UsageError(
            f"Kafka's client for produce and consume refuses the properties: {error.args[0].str()}"
        ) from None


def partitions(bootstrap: str, topic: str, more: Mapping[str, str] = NO_PROPERTIES) -> list[int]:
    """Return the topic's partitions; `more` are librdkafka's settings of the connection.

    Raises ClusterError if no broker answers or takes the credentials, UsageError if the topic does not exist.
    """
    from confluent_kafka.admin import AdminClient  # noqa: PLC0415

    kafka = library()
    errors: list[KafkaError] = []
    admin = _client(AdminClient, {**more, "error_cb": errors.append}, bootstrap)
    try:
        found = admin.list_topics(topic, timeout=ANSWER_SECONDS).topics[topic]
    except kafka.KafkaException:
        admin.poll(0)
        if any(error.code() == kafka.KafkaError._AUTHENTICATION for error in errors):  # noqa: SLF001 - its own constant
            raise ClusterError(f"Kafka at {bootstrap} can't be used: the brokers refuse these credentials.") from None
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
    admin = _client(AdminClient, {}, bootstrap)
    for topic, made in admin.create_topics([NewTopic(topic, count, copies) for topic in topics]).items():
        try:
            made.result(ANSWER_SECONDS)
        except kafka.KafkaException as error:
            if error.args[0].code() != kafka.KafkaError.TOPIC_ALREADY_EXISTS:
                raise ClusterError(f"Topic {topic} can't be created: {error.args[0].str()}.") from None


def delete_topics(bootstrap: str, topics: Iterable[str]) -> None:
    """Delete topics; raise ClusterError if a broker refuses."""
    from confluent_kafka.admin import AdminClient  # noqa: PLC0415

    admin = _client(AdminClient, {}, bootstrap)
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
    more: Mapping[str, str] = NO_PROPERTIES,
) -> int:
    """Write (key, value) messages, at most `rate` a second; return how many the brokers have confirmed.

    The producer is idempotent: a retry writes nothing twice and keeps the order. Raises ClusterError if any is not
    confirmed. `more` are librdkafka's settings of the connection.
    """
    producer = _client(library().Producer, {**more, "enable.idempotence": True, "linger.ms": 5}, bootstrap)
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


def consume(
    bootstrap: str, topic: str, *, follow: bool, committed: bool, more: Mapping[str, str] = NO_PROPERTIES
) -> Iterator[Message]:
    """Yield a topic's messages from its beginning, to its present end or for ever.

    `committed` leaves out messages of transactions that are open or aborted. `more` are librdkafka's settings of the
    connection.
    """
    kafka = library()
    waiting = set(partitions(bootstrap, topic, more))
    reading = {
        "group.id": "flink-abnormal-consume",
        "enable.auto.commit": False,
        "enable.partition.eof": True,
        "isolation.level": "read_committed" if committed else "read_uncommitted",
    }
    consumer = _client(kafka.Consumer, {**more, **reading}, bootstrap)
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
