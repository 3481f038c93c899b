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
    settings = {
        "CHECKPOINT_INTERVAL": "2s",
        "JOB_OPTIONS": f"{JOB} --slots shared",
        "PRODUCE_OPTIONS": f"--rate 120 --users {USERS} --events {EVENTS} --abnormal-rate 0.6",
    }
    with built("kafka", COMPOSE_PROFILES="kafka", TASKMANAGERS="2", **settings) as made:
        made.up()
        yield made


def test_what_the_producer_sends_comes_out_as_alerts_once(composition):
    bootstrap = ",".join(f"127.0.0.1:{composition.ports[f'KAFKA_PORT_{number}']}" for number in (1, 2, 3))

    def messages(topic):
        return list(kafka_clients.consume(bootstrap, topic, follow=False, committed=True))

    wait_until(lambda: composition.exit_code("producer") is not None, "the end of the producer", 180)

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


def test_a_drill_on_kafka_kills_cuts_off_and_fills_and_finds_out_the_one_alert_that_is_doubled(composition, tmp_path):
    composition.flink_abnormal("cancel")
    job = ("--source", "kafka", "--sink", "kafka", "--free-slots", "--time", "event")
    strikes = ("--kill", "taskmanager", "--kill", "broker", "--cut", "brokers", "--fill", "broker")

    done, report = composition.drill(tmp_path / "report", *job, *strikes, "--tamper", "double")

    assert done.returncode == 1, done.stdout + done.stderr
    assert done.stderr.startswith("Error: The drill failed. 1 alert is committed more than once: user"), done.stderr
    alerts = report["alerts"]
    assert (alerts["missing"], alerts["unexpected"], alerts["outOfOrder"]) == ([], [], [])
    assert alerts["committed"] == alerts["expected"] + 1 > 1
    _, killed, cut, filled = report["strikes"]
    assert [strike["kind"] for strike in report["strikes"]] == [
        "kill taskmanager",
        "kill broker",
        "cut brokers",
        "fill broker",
    ]
    assert f"{killed['victim']} is started again" in done.stdout
    told = [(line["text"], line["seconds"]) for line in cut["timeline"]]
    assert told[0] == (f"{cut['victim']} is cut off from kafka-1, kafka-2, kafka-3", 0.0)
    assert [seconds > 10 for text, seconds in told if text.endswith("has completed")] == [True]
    assert f"{filled['victim']} had ended; it has room again, and is started" in done.stdout
