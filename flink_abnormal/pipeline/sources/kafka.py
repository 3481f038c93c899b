"""Messages of Kafka topics; Flink's KafkaSource stores the offsets in checkpoints.

A Java part (`jvm/kafka`) passes on key, headers, topic, partition and offset: PyFlink's own schemas pass on the value
only, and fail for ever at a message without one.
"""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any, Final

from pyflink.datastream import DataStream
from pyflink.java_gateway import get_gateway

from flink_abnormal.core.kafka_settings import epoch_ms
from flink_abnormal.core.model import DEAD_LETTER_RAW_BYTES
from flink_abnormal.core.operators import KAFKA_SOURCE
from flink_abnormal.jvm import parts
from flink_abnormal.pipeline import event_time, kafka, parse_step
from flink_abnormal.pipeline.formats.record import MAX_LINE_BYTES
from flink_abnormal.pipeline.parse import Origin, Record
from flink_abnormal.pipeline.sources.base import SourceStreams
from flink_abnormal.pipeline.streams import label, types

if TYPE_CHECKING:
    from pyflink.datastream import StreamExecutionEnvironment

    from flink_abnormal.core.settings import Settings
    from flink_abnormal.pipeline.sources.base import SourceContext

DISCOVERY_MS: Final = 10_000
"""Partitions and topics added while the job runs are found within this time; Flink's default is five minutes."""


def build(env: StreamExecutionEnvironment, settings: Settings, context: SourceContext) -> SourceStreams:
    """Return the events and dead letters of the topics."""
    kafka_parts = parts.build_kafka(context.jars)
    kafka_parts.add_to(env)
    with closing(kafka.Brokers(settings.kafka)) as brokers:
        brokers.check_topics("--topic", *settings.kafka_source.topics)
    source = _source(settings, kafka_parts)
    watermarks = event_time.watermarks(settings, context.java_parts)
    j_env = env._j_stream_execution_environment  # noqa: SLF001
    messages = label(DataStream(j_env.fromSource(source, watermarks, KAFKA_SOURCE.name)), KAFKA_SOURCE)
    # A dead letter that goes to a topic is whole, so that it can be sent again.
    kept = MAX_LINE_BYTES if "kafka" in settings.sink.sinks else DEAD_LETTER_RAW_BYTES
    origin = Origin(Record.of_message, kept, of_messages=True)
    messages.set_parallelism(context.parallelism)
    return SourceStreams(*parse_step.build(messages, origin, settings, context.parallelism, context.java_parts))


def _source(settings: Settings, kafka_parts: parts.Parts) -> Any:
    chosen = settings.kafka_source
    jvm = get_gateway().jvm
    flink = jvm.org.apache.flink.connector.kafka.source
    offsets = flink.enumerator.initializer.OffsetsInitializer
    builder = flink.KafkaSource.builder().setDeserializer(
        kafka_parts.new("KafkaRecords", types.message().get_java_type_info())
    )
    builder.setBootstrapServers(str(settings.kafka.bootstrap)).setGroupId(chosen.group)
    builder.setProperty("partition.discovery.interval.ms", str(DISCOVERY_MS))
    builder.setProperties(kafka.properties(settings.kafka))
    if chosen.topic_pattern is not None:
        builder.setTopicPattern(jvm.java.util.regex.Pattern.compile(chosen.topic_pattern))
    else:
        topics = jvm.java.util.ArrayList()
        for topic in chosen.topics:
            topics.add(topic)
        builder.setTopics(topics)
    builder.setStartingOffsets(_offsets(offsets, chosen.start, "--start"))
    if chosen.until is not None:
        builder.setBounded(_offsets(offsets, chosen.until, "--until"))
    return builder.build()


def _offsets(offsets: Any, text: str, flag: str) -> Any:
    if text == "committed":
        reset = get_gateway().jvm.org.apache.flink.kafka.shaded.org.apache.kafka.clients.consumer.OffsetResetStrategy
        return offsets.committedOffsets(reset.EARLIEST)
    return getattr(offsets, text)() if text in ("earliest", "latest") else offsets.timestamp(epoch_ms(text, flag, ""))
