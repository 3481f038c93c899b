"""Kafka brokers of tests, and what is in their topics."""

import json
import uuid

import psutil

from flink_abnormal.runtime import kafka_clients


class Kafka:
    """Real brokers, started by `flink-abnormal kafka up`."""

    def __init__(self, line):
        self.line = line

    def state(self):
        """Return what `kafka up` has written down."""
        return json.loads((self.line.folder / ".flink" / "kafka" / "brokers.json").read_text())

    @property
    def bootstrap(self):
        state = self.state()
        return ",".join(f"127.0.0.1:{state['port'] + number}" for number in range(state["count"]))

    def topics(self, *names, partitions=3):
        """Create topics, of a name that no other test has, and return their names."""
        own = [f"{name}-{uuid.uuid4().hex[:8]}" for name in names]
        kafka_clients.create_topics(self.bootstrap, own, partitions, 3)
        return own

    def kill(self, number):
        """Kill a broker, counted from 0, with SIGKILL."""
        process = psutil.Process(self.state()["members"][number]["pid"])
        process.kill()
        process.wait(10)

    def produce(self, topic, messages):
        """Write (key, value) messages, in order."""
        kafka_clients.produce(self.bootstrap, topic, messages, None, lambda _: None)

    def messages(self, topic, *, committed=True):
        """Return the messages of a topic, as a consumer sees them now."""
        return list(kafka_clients.consume(self.bootstrap, topic, follow=False, committed=committed))

    def alerts(self, topic):
        """Return the committed alerts of a topic as (userId, count, alertId), sorted."""
        found = [json.loads(message.value()) for message in self.messages(topic)]
        return sorted((alert["userId"], alert["count"], alert["alertId"]) for alert in found)
