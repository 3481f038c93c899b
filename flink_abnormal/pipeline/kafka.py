"""What Kafka's source and sink share: the clients' properties, messages to write, and questions to the brokers."""

from __future__ import annotations

import contextlib
import re
import socket
from base64 import b64encode
from typing import TYPE_CHECKING, Any, Final

from py4j.protocol import Py4JJavaError
from pyflink.java_gateway import get_gateway

from flink_abnormal.core.errors import AbnormalError, ClusterError, UsageError, cause
from flink_abnormal.core.kafka_settings import for_connector

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from flink_abnormal.core.kafka_settings import KafkaSettings

CONNECT_SECONDS: Final = 5.0
ANSWER_MS: Final = 10_000
USUAL_TRANSACTION_MS: Final = 900_000
USUAL_MESSAGE_BYTES: Final = 1_048_588
_NULL: Final = "-"
_REASON: Final = re.compile(r"kafka\.common\.errors\.(\w+): ?(.*)")
_MEANINGS: Final = {
    "SaslAuthenticationException": "the brokers refuse these credentials.",
    "SslAuthenticationException": "the TLS handshake failed: check the truststore and the brokers' certificates.",
    "UnsupportedSaslMechanismException": "the brokers don't know this sasl.mechanism.",
    "TimeoutException": f"no answer within {ANSWER_MS // 1000} s: is it Kafka, and is security.protocol right?",
}


def properties(settings: KafkaSettings) -> Any:
    """Return the clients' properties as Java's Properties; flags override the file.

    Raises UsageError if the file can't be read.
    """
    found = get_gateway().jvm.java.util.Properties()
    if settings.properties_file is not None:
        text = settings.file_text()
        try:
            found.load(get_gateway().jvm.java.io.StringReader(for_connector(text)))
        except Py4JJavaError as error:
            raise UsageError(
                f"--kafka-properties {settings.properties_file} is no file of Java properties: {cause(error)}"
            ) from None
    for text in settings.properties:
        key, _, value = text.partition("=")
        found.setProperty(key.strip(), for_connector(value.strip()))
    return found


def envelope(key: bytes | None, headers: Iterable[tuple[str, bytes | None]]) -> str:
    """Return key and headers of a message to write, as the Java part KafkaOutput reads them."""
    lines = [f"{_encoded(name.encode())} {_encoded(value)}" for name, value in headers]
    return "\n".join([_encoded(key), *lines])


def _encoded(value: bytes | None) -> str:
    return _NULL if value is None else b64encode(value).decode()


class Brokers:
    """The brokers of a job, asked through Kafka's own admin client, with the job's own properties."""

    def __init__(self, settings: KafkaSettings) -> None:
        """Connect; raise ClusterError if no broker answers, or one can't be reached at the address it advertises."""
        self._bootstrap = str(settings.bootstrap)
        _connect_any(settings)
        clients = get_gateway().jvm.org.apache.flink.kafka.shaded.org.apache.kafka
        self._common = clients.common
        given = properties(settings)
        for key, value in (
            ("bootstrap.servers", self._bootstrap),
            ("default.api.timeout.ms", str(ANSWER_MS)),
            ("request.timeout.ms", str(ANSWER_MS // 2)),
        ):
            given.setProperty(key, value)
        self._given, self._clients = given, clients.clients
        with self._explained():
            self._admin = clients.clients.admin.Admin.create(given)
        try:
            self._node = self._reach_all()
        except AbnormalError:
            self.close()
            raise

    def close(self) -> None:
        """Disconnect."""
        self._admin.close()

    def _reach_all(self) -> str:
        """Connect to each broker at the address it advertises; return the id of one."""
        try:
            with self._explained():
                nodes = list(self._admin.describeCluster().nodes().get().toArray())
        except ClusterError:
            self._check_addresses(self._leaders())  # the admin client asks at advertised addresses only
            raise
        self._check_addresses(nodes)
        return str(nodes[0].id())

    def _leaders(self) -> list[Any]:
        """Return the brokers that lead a partition, as the one at --bootstrap knows them; none if it is silent."""
        given = get_gateway().jvm.java.util.Properties()
        given.putAll(self._given)
        for side in ("key", "value"):
            given.setProperty(
                f"{side}.deserializer",
                for_connector("org.apache.kafka.common.serialization.ByteArrayDeserializer"),
            )
        patience = get_gateway().jvm.java.time.Duration.ofMillis(ANSWER_MS // 2)
        try:
            consumer = self._clients.consumer.KafkaConsumer(given)
            try:
                topics = dict(consumer.listTopics(patience)).values()
            finally:
                consumer.close(patience)
        except Py4JJavaError:
            return []
        leaders = [partition.leader() for partitions in topics for partition in list(partitions)]
        return list({leader.id(): leader for leader in leaders if leader is not None}.values())

    def _check_addresses(self, nodes: list[Any]) -> None:
        for node in nodes:
            if (why := _unreachable(node.host(), node.port())) is not None:
                raise ClusterError(
                    f"Broker {node.id()} of {self._bootstrap} says that its address is {node.host()}:{node.port()}, "
                    f"which can't be reached from here: {why}. Correct the broker's advertised.listeners."
                )

    def check_topics(self, flag: str, *topics: str) -> None:
        """Raise UsageError unless each topic exists and may be used."""
        names = get_gateway().jvm.java.util.ArrayList()
        for topic in topics:
            names.add(topic)
        for topic, described in dict(self._admin.describeTopics(names).topicNameValues()).items():
            with self._explained(f"{flag} {topic}"):
                described.get()

    def longest_transaction_ms(self) -> int:
        """Return the brokers' limit of a transaction's duration."""
        return self._limit("BROKER", self._node, "transaction.max.timeout.ms", USUAL_TRANSACTION_MS)

    def largest_message(self, topic: str) -> int:
        """Return a topic's limit of a message's size, in bytes."""
        return self._limit("TOPIC", topic, "max.message.bytes", USUAL_MESSAGE_BYTES)

    def _limit(self, kind: str, name: str, setting: str, usual: int) -> int:
        """Return a setting of a broker or topic; the usual value if these credentials may not ask."""
        resources = get_gateway().jvm.java.util.ArrayList()
        types = getattr(self._common.config, "ConfigResource$Type")
        resources.add(self._common.config.ConfigResource(getattr(types, kind), name))
        try:
            (config,) = dict(self._admin.describeConfigs(resources).all().get()).values()
        except Py4JJavaError as error:
            if "AuthorizationException" in str(error):
                return usual
            with self._explained():
                raise
        return int(config.get(setting).value())

    @contextlib.contextmanager
    def _explained(self, what: str = "") -> Iterator[None]:
        """Turn a failure of the client into a sentence."""
        try:
            yield
        except Py4JJavaError as error:
            found = _REASON.findall(str(error))
            name, text = found[-1] if found else ("", cause(error))
            if name in ("UnknownTopicOrPartitionException", "InvalidTopicException"):
                raise UsageError(f"{what} does not exist at {self._bootstrap}: create the topic first.") from None
            if name == "TopicAuthorizationException":
                raise UsageError(f"{what}: the brokers don't let these credentials use the topic.") from None
            why = _MEANINGS.get(name, f"{(text.strip() or name).rstrip('.')}.")
            raise ClusterError(f"Kafka at {self._bootstrap} can't be used: {why}") from None


def _connect_any(settings: KafkaSettings) -> None:
    reasons = []
    for host, port in settings.addresses():
        why = _unreachable(host, port)
        if why is None:
            return
        reasons.append(f"{host}:{port} ({why})")
    raise ClusterError(f"No Kafka broker can be reached at {', '.join(reasons)}. Start it, or correct --bootstrap.")


def _unreachable(host: str, port: int) -> str | None:
    """Return why nothing can be reached at an address, or None."""
    try:
        with socket.create_connection((host, port), CONNECT_SECONDS):
            return None
    except OSError as error:
        return error.strerror or str(error)
