"""Kafka's options, records and the drill's view of its brokers: what needs no broker."""

import base64
import json
import uuid

import pytest

from flink_abnormal.core.errors import UsageError
from flink_abnormal.core.kafka_settings import KafkaSettings, epoch_ms, for_connector
from flink_abnormal.core.model import DeadLetter, Message
from flink_abnormal.core.recovery import RestoredCheckpoint
from flink_abnormal.core.settings import from_values, options
from flink_abnormal.drill.timeline import BrokersTimeline, Observation
from flink_abnormal.pipeline.formats.jsonl import JsonLines
from flink_abnormal.pipeline.formats.record import Rejected
from flink_abnormal.pipeline.formats.sshd import Sshd
from flink_abnormal.runtime import kafka_brokers, kafka_clients
from flink_abnormal.runtime.kafka_transactions import Transaction

EMPTY = Message(b"", "events", 1, 7, 1000)
WHOLE = Message(
    json.dumps({"key": "7YKk", "headers": [["tenant", "YQ=="], ["tenant", "Yg=="], ["null", None]]}).encode(),
    "events",
    1,
    7,
    1000,
)


def settings(**given):
    """Return the settings with these options, and defaults for all others."""
    return from_values({name: default for _, name, _, default in options()} | given)


KAFKA = {"source": "kafka", "bootstrap": "127.0.0.1:9092", "topics": ("events",), "sinks": ("print",)}
SINK = {"sinks": ("kafka",), "alerts_topic": "alerts", "dead_letters_topic": "dead-letters"}


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"bootstrap": None}, "Kafka needs --bootstrap, which is missing: add --bootstrap HOST:PORT."),
        (
            {"bootstrap": "a:1,b"},
            "--bootstrap takes HOST:PORT, or several separated by commas, not 'b'.",
        ),
        ({"bootstrap": "a:0"}, "--bootstrap takes HOST:PORT, or several separated by commas, not 'a:0'."),
        ({"topics": ()}, "--source kafka reads either --topic NAME or --topic-pattern REGEX: give one of them."),
        (
            {"topic_pattern": "e.*"},
            "--source kafka reads either --topic NAME or --topic-pattern REGEX: give one of them.",
        ),
        (
            {"topics": (), "topic_pattern": "("},
            "--topic-pattern '(' is no regular expression: missing ), unterminated subpattern at position 0.",
        ),
        (
            {"start": "yesterday"},
            "--start takes earliest, latest, committed, or a time with its zone such as 2026-01-31T09:00:00Z, not "
            "'yesterday'.",
        ),
        (
            {"until": "2026-01-31T09:00:00"},
            "--until takes latest, or a time with its zone such as 2026-01-31T09:00:00Z, not '2026-01-31T09:00:00'.",
        ),
        ({"properties": ("a",)}, "--kafka-property takes KEY=VALUE, not 'a'."),
        (
            {"properties": ("ssl.key.password=x",)},
            "--kafka-property ssl.key.password: a secret on the command line is visible in the list of processes. "
            "Write it to a file that only you can read, and give --kafka-properties FILE.",
        ),
        (
            {"source": "random"},
            "--topic and --topic-pattern are read by --source kafka only: add --source kafka, or leave them out.",
        ),
        (
            {"source": "random", "topics": ()},
            "--bootstrap, --kafka-property and --kafka-properties belong to --source kafka and --sink kafka: add one "
            "of these, or leave them out.",
        ),
        (
            {**SINK, "alerts_topic": None},
            "--sink kafka writes to --alerts-topic, which is missing: add --alerts-topic NAME.",
        ),
        (
            {"alerts_topic": "alerts"},
            "--alerts-topic and --dead-letters-topic are used by --sink kafka only: add --sink kafka, or leave them "
            "out.",
        ),
        (
            {**SINK, "dead_letters_topic": None},
            "--sink kafka has no place for unusable records: add --dead-letters-topic NAME, or another --sink.",
        ),
    ],
)
def test_options_that_do_not_fit_are_refused(given, sentence):
    with pytest.raises(UsageError) as refused:
        settings(**KAFKA | given)

    assert str(refused.value) == sentence


def test_kafkas_classes_have_the_names_of_the_connector():
    shaded = "org.apache.flink.kafka.shaded.org.apache.kafka"
    given = f"a=org.apache.kafka.One required;\nb=x.org.apache.kafka.Two,{shaded}.Three"

    assert for_connector(given) == f"a={shaded}.One required;\nb=x.org.apache.kafka.Two,{shaded}.Three"


def test_brokers_have_names_and_addresses_of_both_kinds():
    found = KafkaSettings(bootstrap="kafka-1.example:9092, 10.0.0.7:9093,[::1]:9094").addresses()

    assert found == [("kafka-1.example", 9092), ("10.0.0.7", 9093), ("::1", 9094)]


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [
        ("0", 0),
        ("1769850000000", 1769850000000),
        ("2026-01-31T09:00:00Z", 1769850000000),
        ("2026-01-31T18:00:00+09:00", 1769850000000),
    ],
)
def test_a_time_is_iso_with_a_zone_or_epoch_milliseconds(text, milliseconds):
    assert epoch_ms(text, "--start", "latest") == milliseconds


def test_a_message_has_a_key_a_topic_and_the_last_header_of_a_name():
    assert [WHOLE.field(name) for name in ("@key", "@topic", "@header.tenant", "@header.null", "@header.other")] == [
        "키".encode(),
        b"events",
        b"b",
        None,
        None,
    ]
    assert (EMPTY.field("@key"), EMPTY.field("@header.tenant")) == (None, None)
    assert [Message.has_field(name) for name in ("@key", "@timestamp", "@header.x", "key")] == [
        True,
        False,
        True,
        False,
    ]


def test_a_user_may_be_parts_of_the_message_and_of_its_value():
    parse = JsonLines("@key,actor.id,@header.tenant", "isAbnormal").parse
    line = b'{"actor": {"id": 7}, "isAbnormal": false, "@key": "no"}'

    assert parse(line, message=WHOLE).user_id == "키|7|b"
    assert parse(line, message=EMPTY) == Rejected("the message has no @key")
    assert JsonLines("@key", "isAbnormal").parse(line).user_id == "no"  # a line of a file has fields only


def test_a_line_that_repeats_another_is_refused_if_it_is_a_message():
    line = b"Mar  1 09:00:05 web1 last message repeated 2 times"

    assert Sshd().parse(line) is None
    assert Sshd().parse(line, message=EMPTY) == Rejected("it repeats an earlier line, which a message does not carry")


def test_a_dead_letter_of_a_message_says_where_it_came_from_and_what_came_with_it():
    letter = DeadLetter("broken", "events/1", b"abcdef", 7, 0, WHOLE)

    assert json.loads(letter.to_json(most=4)) == {
        "reason": "broken",
        "source": "events/1",
        "line": None,
        "bytes": 6,
        "truncated": True,
        "raw": base64.b64encode(b"abcd").decode(),
        "topic": "events",
        "partition": 1,
        "offset": 7,
        "timestamp": 1000,
        "key": "7YKk",
        "headers": [["tenant", "YQ=="], ["tenant", "Yg=="], ["null", None]],
    }
    assert DeadLetter.log_line(letter.to_json()) == "[DEAD LETTER] events/1:7: broken (6 bytes): abcdef"


@pytest.mark.parametrize(
    ("name", "belongs"),
    [
        ("p-alert-topic-0-12", True),
        ("p-dead-letter-topic-2-1", True),
        ("p-alert-topic-0", False),
        ("pp-alert-topic-0-12", False),
        ("p-2-alert-topic-0-12", False),
    ],
)
def test_a_transaction_belongs_to_the_job_whose_whole_prefix_it_has(name, belongs):
    assert Transaction(name, "Ongoing", 0, 0, ()).belongs_to("p") is belongs


def test_the_story_of_brokers_that_are_away_ends_with_a_checkpoint_once_they_are_back():
    before = Observation(0.0, "RUNNING", 4, 4, 9, None, 5, 0, 5)
    timeline = BrokersTimeline(before, 0.0, 10.0)
    told = []
    for now in (
        before._replace(at=1.0, completed=6, newest=6),
        before._replace(at=4.0, completed=6, newest=6, failed=1),
        before._replace(at=9.0, completed=6, newest=6, failed=1, running=2),
        before._replace(at=11.0, completed=6, newest=6, failed=1, restored=RestoredCheckpoint(6, 10.5)),
        before._replace(at=14.0, completed=7, newest=8, failed=1, restored=RestoredCheckpoint(6, 10.5)),
    ):
        told += [(line.seconds, line.text) for line in timeline.add(now)]

    assert told == [
        (1.0, "checkpoint 6 has completed without them"),
        (4.0, "1 checkpoint has failed"),
        (9.0, "2 of 4 tasks are not running"),
        (11.0, "restored from checkpoint 6"),
        (14.0, "checkpoint 8 has completed"),
    ]
    assert (timeline.noticed_s, timeline.recovered_s, timeline.failure) == (4.0, 14.0, None)
    assert [timeline.undo_due(at) for at in (9.9, 10.0)] == [False, True]


def test_a_job_that_ends_while_the_brokers_are_away_has_failed():
    before = Observation(0.0, "RUNNING", 4, 4, 9, None, 5, 0, 5)
    timeline = BrokersTimeline(before, 0.0, 10.0)

    assert [line.text for line in timeline.add(before._replace(at=1.0, state="FAILED"))] == ["the job is FAILED"]
    assert timeline.failure == "the job is FAILED"


def test_no_id_of_a_broker_looks_like_an_option(monkeypatch):
    made = iter([uuid.UUID(bytes=bytes([0xF8]) + bytes(15)), uuid.UUID(int=1)])
    monkeypatch.setattr(kafka_brokers.uuid, "uuid4", lambda: next(made))
    assert kafka_brokers._uuid() == "AAAAAAAAAAAAAAAAAAAAAQ"


def test_a_jobs_properties_are_those_of_produce_and_consume_too(tmp_path):
    file = tmp_path / "client.properties"
    file.write_text(
        "# a comment\n"
        "! another\n\n"
        "security.protocol = SASL_SSL\n"
        "sasl.mechanism: SCRAM-SHA-512\r\n"
        "  client.id flink\n"
        "sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required \\\n"
        '    username="김" password="a\\\\"b";\n'
        "ssl.truststore.type=PEM\n"
        "ssl.truststore.location=C\\:\\\\ca\\u002epem\n",
        encoding="utf-8",
    )

    assert kafka_clients.properties(KafkaSettings("a:1", ("client.id=other",), str(file))) == {
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "SCRAM-SHA-512",
        "client.id": "other",
        "sasl.username": "김",
        "sasl.password": 'a"b',
        "ssl.ca.location": "C:\\ca.pem",
    }
    with pytest.raises(UsageError) as refused:
        kafka_clients.properties(KafkaSettings("a:1", (), "/nowhere/client.properties"))
    assert (
        str(refused.value) == "--kafka-properties /nowhere/client.properties can't be read: No such file or directory."
    )
