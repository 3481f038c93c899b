"""Alerts and dead letters in Kafka topics, through Flink's KafkaSink.

Exactly once, each checkpoint commits one transaction per subtask: `read_committed` consumers see alerts with it. A Java
part (`jvm/kafka`) makes the records, since PyFlink's own serialization sets no headers.
"""

from __future__ import annotations

from base64 import b64decode
from contextlib import closing
from typing import TYPE_CHECKING, Any, Final

import orjson
from pyflink.datastream import DataStreamSink, MapFunction
from pyflink.java_gateway import get_gateway

from flink_abnormal.core.errors import UsageError
from flink_abnormal.core.operators import ALERT_TOPIC, ALERTS_TO_KAFKA, DEAD_LETTER_TOPIC, DEAD_LETTERS_TO_KAFKA
from flink_abnormal.jvm import parts
from flink_abnormal.pipeline import kafka
from flink_abnormal.pipeline.alerts import to_messages
from flink_abnormal.pipeline.streams import label, types

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pyflink.datastream import DataStream, StreamExecutionEnvironment

    from flink_abnormal.core.kafka_settings import KafkaSettings
    from flink_abnormal.core.operators import Operator
    from flink_abnormal.core.settings import Settings
    from flink_abnormal.pipeline.sinks import SinkContext

TRANSACTION_TIMEOUT: Final = "transaction.timeout.ms"
RECOVERY_MS: Final = 60_000
CLIENT_BYTES: Final = 1_048_576
"""Kafka's default of max.request.size."""
FRAME_BYTES: Final = 200
FIELD_BYTES: Final = 10
"""What a batch of one message, and a header, have beside their content, at most."""
MESSAGE_FIELDS: Final = ("reason", "topic", "partition", "offset", "timestamp", "latenessMs")
LINE_FIELDS: Final = ("reason", "source", "line", "bytes", "latenessMs")
"""What a dead letter's headers report, with `dead-letter.` in front."""


def build(
    env: StreamExecutionEnvironment,
    alerts: DataStream,
    dead_letters: DataStream | None,
    settings: Settings,
    context: SinkContext,
) -> list[DataStream]:
    """Write alerts, keyed by user, and dead letters, as they arrived."""
    java_parts = parts.build_kafka(context.jars)
    java_parts.add_to(env)
    sink = settings.sink
    with closing(kafka.Brokers(settings.kafka)) as brokers:
        brokers.check_topics("--alerts-topic", str(sink.alerts_topic))
        if sink.dead_letters_topic is not None:
            brokers.check_topics("--dead-letters-topic", sink.dead_letters_topic)
            most = most_bytes(settings.kafka, brokers.largest_message(sink.dead_letters_topic))
        timeout_ms = (
            transaction_ms(settings.kafka, settings.state.checkpoint_interval_ms, brokers)
            if sink.in_transactions
            else 0
        )

    def write(messages: DataStream, operator: Operator, topic: str, end: Operator) -> list[Any]:
        label(messages, operator).set_parallelism(context.parallelism)
        prefix = f"{sink.transactional_prefix}-{end.uid}"
        kafka_sink = _sink(settings, java_parts, topic, prefix, timeout_ms)
        written = DataStreamSink(messages._j_data_stream.sinkTo(kafka_sink))  # noqa: SLF001
        written.name(end.name).uid(end.uid).set_parallelism(context.parallelism)
        return [messages, written]

    messages = to_messages(alerts, settings.detection.within_ms, context.java_parts)
    built = write(messages, ALERTS_TO_KAFKA, str(sink.alerts_topic), ALERT_TOPIC)
    if dead_letters is not None and sink.dead_letters_topic is not None:
        returned = dead_letters.map(DeadLetterToMessage(most), types.output())
        built += write(returned, DEAD_LETTERS_TO_KAFKA, sink.dead_letters_topic, DEAD_LETTER_TOPIC)
    return built


def _sink(settings: Settings, java_parts: parts.Parts, topic: str, prefix: str, timeout_ms: int) -> Any:
    connector = get_gateway().jvm.org.apache.flink.connector
    guarantee = connector.base.DeliveryGuarantee
    builder = connector.kafka.sink.KafkaSink.builder().setRecordSerializer(java_parts.new("KafkaOutput", topic))
    builder.setKafkaProducerConfig(kafka.properties(settings.kafka))
    builder.setBootstrapServers(str(settings.kafka.bootstrap))
    builder.setDeliveryGuarantee(guarantee.EXACTLY_ONCE if settings.sink.in_transactions else guarantee.AT_LEAST_ONCE)
    if settings.sink.in_transactions:
        builder.setTransactionalIdPrefix(prefix)
        builder.setProperty(TRANSACTION_TIMEOUT, str(timeout_ms))
    return builder.build()


def transaction_ms(settings: KafkaSettings, checkpoint_interval_ms: int, brokers: kafka.Brokers) -> int:
    """Return how long a transaction may stay open; raise UsageError if that is too short, or longer than brokers allow.

    One whose time is up is aborted, and its alerts are lost: it must outlast a checkpoint and a recovery.
    """
    needed_ms = 2 * checkpoint_interval_ms + RECOVERY_MS
    longest_ms = brokers.longest_transaction_ms()
    given = kafka.properties(settings).getProperty(TRANSACTION_TIMEOUT)
    if given is not None and not str(given).isdecimal():
        raise UsageError(f"{TRANSACTION_TIMEOUT}={given} is not a number of milliseconds.")
    chosen_ms = longest_ms if given is None else int(given)
    if chosen_ms > longest_ms:
        raise UsageError(
            f"{TRANSACTION_TIMEOUT}={chosen_ms} exceeds the brokers' transaction.max.timeout.ms, {longest_ms}: give at "
            "most that."
        )
    if chosen_ms < needed_ms:
        raise UsageError(
            f"A transaction may stay open for {chosen_ms} ms, and needs {needed_ms} to outlast two checkpoints and a "
            f"recovery: give a shorter --checkpoint-interval or a longer {TRANSACTION_TIMEOUT} (the brokers allow "
            f"{longest_ms}), or --delivery at-least-once."
        )
    return chosen_ms


class DeadLetterToMessage(MapFunction):
    """Turns a dead letter back into the message it was, with more headers: why it is unusable, and its origin.

    One above the topic's limit would fail the job for ever: its value is cut, and if that is not enough, its own key
    and headers are left out. The header `dead-letter.cut` has the value's length before.
    """

    def __init__(self, most: int) -> None:
        """`most` is the size in bytes that a message may have."""
        self._most = most

    def map(self, value: str) -> tuple[bytes, str]:
        """Return the value and the envelope of KafkaOutput."""
        record = orjson.loads(value)
        told = MESSAGE_FIELDS if "topic" in record else LINE_FIELDS
        raw, key = b64decode(record["raw"]), _decoded(record.get("key"))
        why = [(f"dead-letter.{name}", str(record[name]).encode()) for name in told if record.get(name) is not None]
        headers = [*((name, _decoded(text)) for name, text in record.get("headers", ())), *why]
        if _bytes(key, headers) + len(raw) > self._most:
            cut = ("dead-letter.cut", str(len(raw)).encode())
            headers.append(cut)
            if _bytes(key, headers) > self._most:
                key, headers = None, [*why, cut]
            raw = raw[: max(self._most - _bytes(key, headers), 0)]
        return raw, kafka.envelope(key, headers)


def most_bytes(settings: KafkaSettings, topic_bytes: int) -> int:
    """Return the size of a message that client and topic take, without what Kafka adds to it."""
    given = str(kafka.properties(settings).getProperty("max.request.size") or CLIENT_BYTES)
    return min(topic_bytes, int(given) if given.isdecimal() else CLIENT_BYTES) - FRAME_BYTES


def _bytes(key: bytes | None, headers: Iterable[tuple[str, bytes | None]]) -> int:
    """Return the size of a message's key and headers, and at most what each field adds."""
    fields = sum(len(name.encode()) + len(value or b"") + FIELD_BYTES for name, value in headers)
    return len(key or b"") + fields


def _decoded(text: str | None) -> bytes | None:
    return None if text is None else b64decode(text)
