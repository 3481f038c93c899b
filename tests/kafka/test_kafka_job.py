"""Kafka in and out, with real brokers."""

import json
import os
import re
import signal
import socket
from itertools import chain

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewPartitions, NewTopic
from conftest import alerts, lines, records, wait_until

from flink_abnormal.core.model import Rule
from flink_abnormal.core.rule import detect
from flink_abnormal.pipeline.formats.jsonl import JsonLines
from flink_abnormal.runtime import kafka_clients

LINES = [
    *(b'{"userId": "kim", "isAbnormal": true, "timestamp": %d}' % number for number in range(4)),
    '{"userId": "김철수", "isAbnormal": true}'.encode(),
    '{"userId": "김철수", "isAbnormal": true }'.encode(),
    '{"userId": "김철수",  "isAbnormal": true}'.encode(),
    b'{"userId": "kim", "isAbnormal": false}',
    b'{"userId": "kim", "isAbnormal": true}',
    b"not json",
    b'{"userId": "kim"}',
    b"",
]


def options(kafka, source, *more):
    """Return the options of a bounded run over a topic."""
    return ["--source", "kafka", "--bootstrap", kafka.bootstrap, "--topic", source, "--until", "latest", *more]


def to_kafka(topic, dead_letters):
    return ["--sink", "kafka", "--alerts-topic", topic, "--dead-letters-topic", dead_letters]


def test_a_topic_gives_the_alerts_of_the_file_it_was_filled_from_and_whole_dead_letters(cli, kafka, tmp_path):
    source, sink, dead_letters = kafka.topics("events", "alerts", "dead-letters")
    file = tmp_path / "events.jsonl"
    file.write_bytes(b"\n".join(LINES) + b"\n")
    sent = kafka.line.run("produce", "--topic", source, "--input", file)
    assert sent.stdout.startswith(f"Sent {len(LINES)} messages to {source} in ")

    done = cli.run("run", *cli.job(*options(kafka, source, *to_kafka(sink, dead_letters))), seconds=120)

    assert done.returncode == 0, done.stderr
    assert lines(done.stdout, "read ") == [
        "read 12 = valid 9 + skipped 1 + dead-lettered 2; events: abnormal 8, normal 1; alerts 3"
    ]
    of_file = cli.run(
        "run", *cli.job("--source", "files", "--input", file, "--sink", "files", "--output", tmp_path / "out")
    )
    assert of_file.returncode == 0, of_file.stderr
    assert kafka.alerts(sink) == alerts(tmp_path / "out")
    assert [user for user, _, _ in kafka.alerts(sink)] == ["kim", "kim", "김철수"]
    for message in kafka.messages(sink):
        alert = json.loads(message.value())
        assert message.key().decode() == alert["userId"]
        assert dict(message.headers()) == {"alertId": alert["alertId"].encode(), "rule": b"threshold=3"}
    refused = {message.value(): dict(message.headers()) for message in kafka.messages(dead_letters)}
    of_file = {bytes(record["raw"], "ascii"): record["reason"] for record in records(tmp_path / "out", "dead-letters")}
    assert len(refused) == len(of_file) == 2
    for message in kafka.messages(source):
        if message.value() in refused:
            headers = refused[message.value()]
            assert headers.pop("dead-letter.reason").decode() in of_file.values()
            assert headers == {
                "dead-letter.topic": source.encode(),
                "dead-letter.partition": str(message.partition()).encode(),
                "dead-letter.offset": str(message.offset()).encode(),
                "dead-letter.timestamp": str(message.timestamp()[1]).encode(),
            }


@pytest.mark.parametrize(
    ("mode", "engine"), [("process", "python"), pytest.param("thread", "jvm", marks=pytest.mark.thread_mode)]
)
def test_keys_headers_and_tombstones_are_read(cli, kafka, tmp_path, mode, engine):
    source, sink, dead_letters = kafka.topics("events", "alerts", "dead-letters", partitions=1)
    producer = Producer({"bootstrap.servers": kafka.bootstrap})
    event = b'{"isAbnormal": true}'
    for _ in range(3):
        producer.produce(source, event, "키".encode(), headers=[("tenant", b"a"), ("tenant", "나".encode())])
    producer.produce(source, None, b"deleted", headers=[("tenant", b"a")])
    producer.produce(source, event, None, headers=[("tenant", b"a")])
    producer.produce(source, event, b"k", headers=[('q"\\\n', b"\xff"), ("null", None)])
    producer.produce(source, event, b"\xff", headers=[("tenant", b"a")])
    assert producer.flush(30) == 0

    users = ["--user-field", "@key,@header.tenant,@topic", "--execution-mode", mode, "--engine", engine]
    users += ["--source-parallelism", 1, "--process-parallelism", 1]  # each is a process of Python in process mode
    done = cli.run(
        "run",
        *cli.job(
            *options(
                kafka, source, *users, *to_kafka(sink, dead_letters), "--sink", "files", "--output", tmp_path / "out"
            )
        ),
    )

    assert done.returncode == 0, done.stderr
    assert lines(done.stdout, "read ") == [
        "read 7 = valid 3 + skipped 1 + dead-lettered 3; events: abnormal 3, normal 0; alerts 1"
    ]
    assert [user for user, _, _ in alerts(tmp_path / "out")] == [f"키|나|{source}"]
    assert kafka.alerts(sink) == alerts(tmp_path / "out")
    dead = sorted(records(tmp_path / "out", "dead-letters"), key=lambda record: record["offset"])
    assert [(each["reason"], each["offset"], each["key"], each["headers"]) for each in dead] == [
        ("the message has no @key", 4, None, [["tenant", "YQ=="]]),
        ("the message has no @header.tenant", 5, "aw==", [['q"\\\n', "/w=="], ["null", None]]),
        ("the message's @key is not UTF-8", 6, "/w==", [["tenant", "YQ=="]]),
    ]
    assert {(each["topic"], each["partition"], each["source"], each["line"]) for each in dead} == {
        (source, 0, f"{source}/0", None)
    }
    sent_on = sorted(kafka.messages(dead_letters), key=lambda message: message.key() or b"")
    assert [(each.key(), each.value(), each.headers()[:-5]) for each in sent_on] == [
        (None, event, [("tenant", b"a")]),
        (b"k", event, [('q"\\\n', b"\xff"), ("null", None)]),
        (b"\xff", event, [("tenant", b"a")]),
    ]


def test_a_dead_letter_above_its_topics_limit_is_cut_and_fails_no_job(cli, kafka):
    (source,) = kafka.topics("events", partitions=1)
    sink, small = f"{source}-alerts", f"{source}-dead"
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
    made = admin.create_topics([NewTopic(sink, 1), NewTopic(small, 1, config={"max.message.bytes": "1500"})])
    assert [each.result(10) for each in made.values()] == [None, None]
    producer = Producer({"bootstrap.servers": kafka.bootstrap})
    producer.produce(source, b"x" * 1_000, b"whole", headers=[("h", b"1")])
    producer.produce(source, b"y" * 5_000, b"cut", headers=[("h", b"2")])
    producer.produce(source, b"z" * 5_000, b"k" * 2_000, headers=[("h", b"3")])
    assert producer.flush(30) == 0

    done = cli.run("run", *cli.job(*options(kafka, source, *to_kafka(sink, small))), seconds=120)

    assert done.returncode == 2, done.stderr  # no line was usable
    found = {message.offset(): message for message in kafka.messages(small) if message.value()}
    letters = [(message.key(), set(message.value()), dict(message.headers())) for message in found.values()]
    cut = [(key, text, headers.get("h"), headers.get("dead-letter.cut")) for key, text, headers in letters]
    assert cut == [
        (b"whole", set(b"x"), b"1", None),
        (b"cut", set(b"y"), b"2", b"5000"),
        (None, set(b"z"), None, b"5000"),
    ]
    assert [len(message.value()) > 800 for message in found.values()] == [True] * 3


@pytest.fixture
def stranger():
    """A port where something listens that is not Kafka."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server.getsockname()[1]


def test_what_the_brokers_do_not_allow_is_said_in_a_sentence(cli, kafka, stranger, tmp_path):
    source, sink = kafka.topics("events", "alerts")
    good = options(kafka, source, *to_kafka(sink, sink))
    properties = tmp_path / "client.properties"
    properties.write_text("password=\\user")

    def refusal(*more):
        done = cli.run("run", *cli.job(*good, *more))
        return done.returncode, done.stderr.splitlines()[-1]

    bootstrap = kafka.bootstrap
    assert refusal("--topic", "nothing") == (
        2,
        f"Error: --topic nothing does not exist at {bootstrap}: create the topic first.",
    )
    assert refusal("--alerts-topic", "nothing") == (
        2,
        f"Error: --alerts-topic nothing does not exist at {bootstrap}: create the topic first.",
    )
    assert refusal("--checkpoint-interval", "10min") == (
        2,
        "Error: A transaction may stay open for 900000 ms, and needs 1260000 to outlast two checkpoints and a "
        "recovery: give a shorter --checkpoint-interval or a longer transaction.timeout.ms (the brokers allow 900000), "
        "or --delivery at-least-once.",
    )
    assert refusal("--kafka-property", "transaction.timeout.ms=1000000") == (
        2,
        "Error: transaction.timeout.ms=1000000 exceeds the brokers' transaction.max.timeout.ms, 900000: give at most "
        "that.",
    )
    assert refusal("--kafka-properties", str(properties)) == (
        2,
        f"Error: --kafka-properties {properties} is no file of Java properties: Malformed \\uxxxx encoding.",
    )
    assert refusal("--bootstrap", "127.0.0.1:1") == (
        4,
        "Error: No Kafka broker can be reached at 127.0.0.1:1 (Connection refused). Start it, or correct --bootstrap.",
    )
    assert refusal("--bootstrap", f"127.0.0.1:{stranger}") == (
        4,
        f"Error: Kafka at 127.0.0.1:{stranger} can't be used: no answer within 10 s: is it Kafka, and is "
        "security.protocol right?",
    )


def test_transactions_of_a_job_that_died_for_good_are_listed_and_aborted(cli, kafka):
    source, sink, dead_letters = kafka.topics("events", "alerts", "dead-letters", partitions=1)
    kafka.produce(source, [(b"kim", b'{"userId": "kim", "isAbnormal": true}')] * 4)
    job = ["--source", "kafka", "--bootstrap", kafka.bootstrap, "--topic", source, *to_kafka(sink, dead_letters)]
    process = cli.start("run", *cli.job(*job, "--checkpoint-interval", "5min"))
    wait_until(lambda: len(kafka.messages(sink, committed=False)) == 2, "alerts in an open transaction")
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    kafka.produce(sink, [(b"", b"of another producer")])

    assert kafka.messages(sink) == []
    prefix = f"flink-abnormal-{sink}"
    listed = kafka.line.run("kafka", "transactions", "--prefix", prefix)
    assert listed.returncode == 0, listed.stderr
    (row,) = [line for line in listed.stdout.splitlines() if prefix in line]
    assert re.fullmatch(rf"│ {prefix}-alert-topic-\d-\d+ │ Ongoing │ \d+ s +│ 900 s +│ {sink}-0 +│", row)
    assert kafka.line.run("kafka", "transactions", "--prefix", "flink-abnormal").stdout == "No transaction is open.\n"

    ended = kafka.line.run("kafka", "transactions", "--prefix", prefix, "--abort", "--yes")
    assert ended.stdout.splitlines()[-1] == "Aborted 1."
    assert [message.value() for message in kafka.messages(sink)] == [b"of another producer"]
    assert kafka.line.run("kafka", "transactions", "--prefix", prefix).stdout == "No transaction is open.\n"


def test_partitions_keep_times_of_their_own_and_new_ones_are_found_while_the_job_runs(cli, kafka):
    source, sink, dead_letters = kafka.topics("events", "alerts", "dead-letters")
    begin_ms = 1_700_000_000_000
    expected = {}

    def send(partition, user):
        """Write a user's events of ten minutes, out of order by up to two seconds."""
        producer = Producer({"bootstrap.servers": kafka.bootstrap})  # another would not know a new partition yet
        order = sorted(range(600), key=lambda second: second + 2 * (second * 7 % 10) / 10)
        written = {}
        for second in order:
            written[second] = json.dumps(
                {"who": {"id": user}, "bad": second % 5 > 0, "at": begin_ms + 1000 * second}
            ).encode()
            producer.produce(source, written[second], b"", partition=partition)
        assert producer.flush(30) == 0
        lines = [parse(written[second]) for second in range(600)]
        expected[user] = sorted((alert.user_id, alert.count, alert.alert_id) for alert in detect(lines, Rule()))

    parse = JsonLines("who.id", "bad", timestamp_field="at").parse
    send(0, "kim")
    send(1, "lee")  # partition 2 stays empty, and subtask 4 has none
    job = ["--source", "kafka", "--bootstrap", kafka.bootstrap, "--topic", source, *to_kafka(sink, dead_letters)]
    job += ["--user-field", "who.id", "--abnormal-field", "bad", "--timestamp-field", "at", "--time", "event"]
    job += ["--max-out-of-orderness", "2s", "--idleness", "2s", "--source-parallelism", "4"]
    job += ["--kafka-property", "partition.discovery.interval.ms=500"]
    cli.start("run", *cli.job(*job, "--checkpoint-interval", "1s"))

    def found():
        return kafka.alerts(sink) == sorted(chain.from_iterable(expected.values()))

    wait_until(found, "the alerts of two partitions", 120)
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
    admin.create_partitions([NewPartitions(source, 4)])[source].result(10)
    begin_ms += 600_000  # a new partition's events of the past would be late
    wait_until(lambda: 3 in kafka_clients.partitions(kafka.bootstrap, source), "the new partition")
    send(3, "최")
    wait_until(found, "the alerts of the new partition", 60)
    assert [len(each) for each in expected.values()] == [240] * 3
    assert kafka.messages(dead_letters) == []
