"""Profile kafka: three brokers, their topics, a producer, and the job from topic to topic."""

import json

import pytest
from composition import built
from conftest import wait_until

from flink_abnormal.core.model import Rule
from flink_abnormal.core.rule import detect
from flink_abnormal.pipeline.formats.jsonl import JsonLines
from flink_abnormal.runtime import kafka_clients

pytestmark = pytest.mark.timeout(900)

JOB = (
    "--source kafka --bootstrap kafka-1:9092,kafka-2:9092,kafka-3:9092 --topic user-events --sink kafka "
    "--alerts-topic alerts --dead-letters-topic dead-letters --time event"
)
USERS, EVENTS = 12, 200  # enough users for every partition: none is waited for in vain


@pytest.fixture(scope="module")
def composition():
    # The default --idleness outlasts a broker's failover: a shorter one takes its partitions for silent.
    options = f"--rate 60 --users {USERS} --events {EVENTS} --abnormal-rate 0.6"
    settings = {
        "CHECKPOINT_INTERVAL": "2s",
        "JOB_OPTIONS": f"{JOB} --slots shared",
        "PRODUCE_OPTIONS": options,
    }
    with built("kafka", COMPOSE_PROFILES="kafka", TASKMANAGERS="2", **settings) as made:
        made.up()
        yield made


def test_what_the_producer_sends_comes_out_as_alerts_once_though_a_broker_and_a_worker_die(composition):
    bootstrap = ",".join(f"127.0.0.1:{composition.ports[f'KAFKA_PORT_{number}']}" for number in (1, 2, 3))

    def messages(topic):
        return list(kafka_clients.consume(bootstrap, topic, follow=False, committed=True))

    wait_until(lambda: messages("alerts"), "the first alerts", 180)
    (broker,), (worker, _) = composition.containers("kafka-2"), composition.containers("taskmanager")
    composition.docker("kill", broker)
    composition.kill_java(worker)
    wait_until(lambda: composition.exit_code("producer") is not None, "the end of the producer", 120)
    composition.docker("start", broker)

    assert composition.exit_code("producer") == 0
    assert composition.logs("producer").startswith(f"Sent {USERS * EVENTS} messages to user-events in ")
    parse = JsonLines("userId", "isAbnormal").parse
    events = [parse(message.value()) for message in messages("user-events")]
    assert len(events) == USERS * EVENTS
    expected = sorted((alert.user_id, alert.count, alert.alert_id) for alert in detect(events, Rule()))

    def alerts():
        found = [json.loads(message.value()) for message in messages("alerts")]
        return sorted((alert["userId"], alert["count"], alert["alertId"]) for alert in found)

    wait_until(lambda: len(alerts()) >= len(expected), "all alerts", 240)
    assert alerts() == expected
    assert messages("dead-letters") == []
