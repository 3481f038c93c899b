"""The ticker's statements, added to an environment."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any, Final

from pyflink.table import StreamTableEnvironment
from pyflink.util.java_utils import add_jars_to_context_class_loader

from flink_abnormal.jvm.jar import KAFKA_CONNECTOR
from flink_abnormal.pipeline import kafka, ticker_sql
from flink_abnormal.pipeline.sinks.kafka import most_bytes, transaction_ms

if TYPE_CHECKING:
    from pyflink.datastream import StreamExecutionEnvironment

    from flink_abnormal.core.parallelism import Parallelism
    from flink_abnormal.core.ticker_settings import TickerSettings
    from flink_abnormal.jvm.jar import Jars

HEADERS_BYTES: Final = 600
"""What the headers of a dead letter have at most, with a topic's name of 249 characters."""


def build(
    env: StreamExecutionEnvironment,
    settings: TickerSettings,
    parallelism: Parallelism,
    layout: str,  # noqa: ARG001 - all jobs share this signature
    start_ms: int,  # noqa: ARG001
    jars: Jars,
    ending: Any,  # noqa: ARG001
) -> None:
    """Add the job to `env`; raise UsageError or ClusterError if the brokers can't serve it."""
    connector = jars.connector(KAFKA_CONNECTOR)
    if connector is None:  # checked before a JVM runs
        raise FileNotFoundError(KAFKA_CONNECTOR)
    env.add_jars(connector.as_uri())
    add_jars_to_context_class_loader([connector.as_uri()])
    chosen = settings.ticker
    with closing(kafka.Brokers(settings.kafka)) as brokers:
        brokers.check_topics("--topic", chosen.topic)
        brokers.check_topics("--aggregates-topic", chosen.aggregates_topic)
        brokers.check_topics("--dead-letters-topic", chosen.dead_letters_topic)
        most = most_bytes(settings.kafka, brokers.largest_message(chosen.dead_letters_topic)) - HEADERS_BYTES
        interval_ms = settings.state.checkpoint_interval_ms
        timeout_ms = transaction_ms(settings.kafka, interval_ms, brokers) if settings.transactions else 0
    env.set_parallelism(parallelism.process)
    tables = StreamTableEnvironment.create(env)
    tables.get_config().set("table.local-time-zone", "UTC")
    properties = {str(name): str(value) for name, value in dict(kafka.properties(settings.kafka)).items()}
    for statement in ticker_sql.definitions(settings, properties, timeout_ms):
        tables.execute_sql(statement)
    statements = tables.create_statement_set()
    for statement in ticker_sql.inserts(settings, most):
        statements.add_insert_sql(statement)
    statements.attach_as_datastream()
