"""Java parts, held against their Python twins: each line parsed, and what is written of an alert."""

import collections

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from json_lines import OPTIONS, TEXTS, lines_of, readable_in_both, settings_of

from flink_abnormal.core.model import NO_TIMESTAMP, Alert, Message, UserEvent
from flink_abnormal.core.published import rule_text
from flink_abnormal.pipeline import formats, kafka

EXAMPLES = 200
BEFORE, BEHIND = b'{"userId":"lee", \n', b'\n,"x":1}'
"""Bytes of the lines beside one, which are none of its own."""


@pytest.fixture(scope="module")
def java_parser(java_parts):
    """Makes the Java parser of some options, as a function that gives what the Python one gives."""
    from pyflink.java_gateway import get_gateway

    from flink_abnormal.pipeline import parse_step

    tuples = get_gateway().jvm.org.apache.flink.api.java.tuple

    def make(chosen, *, quick):
        parser = parse_step.json_lines(chosen.records, chosen.source == "kafka", java_parts, quick=quick)
        parser.open(java_parts.new("Tally"))

        def parse(line, message=None):
            record = tuples.Tuple7(line, "log", 1, "", b"", b"", 0)
            if message is not None:
                record = tuples.Tuple6(line, message.envelope, message.topic, message.partition, message.offset, 0)
            outcome = parser.parse(record, BEFORE + line + BEHIND, len(BEFORE), len(BEFORE + line))
            if outcome == 0:
                return UserEvent(*(java_parts.field(parser, name) for name in ("user", "kind", "times", "time", "id")))
            return None if outcome == 1 else "refused"

        return parse

    return make


def outcome(parsed):
    return parsed if parsed is None or isinstance(parsed, UserEvent) else "refused"


@pytest.mark.parametrize("name", OPTIONS)
def test_a_line_is_the_same_event_in_java_by_either_parser(java_parser, name):
    chosen = settings_of(**OPTIONS[name])
    in_python = formats.parser(chosen.records)
    events = collections.Counter()
    quick, full = (java_parser(chosen, quick=each) for each in (True, False))

    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
    @given(line=lines_of(chosen.records))
    @example(line=b'{"userId":"kim","isAbnormal":true}')
    @example(line=b'{"userId":"kim","isAbnormal":true}\xff')
    @example(line=b'{"userId":"kim","isAbnormal":true,"isAbnormal":1e999}')
    @example(line=b'{"actor":{"id":"lee"},"actor":{},"actor.id":null,"outcome":"FAILURE"}')
    @example(line=b'{"actor":{"id":"lee"},"actor":{"x":1},"outcome":"FAILURE"}')
    @example(line=b'{"actor":{"id":"lee","id":"kim"},"outcome":"FAILURE"}')
    @example(line=b'{"actor":[{"id":"lee"}],"outcome":"FAILURE"}')
    @example(line=b'{"actor":{"id":{"id":"lee"}},"outcome":["FAILURE"],"ids":[[],{}]}')
    @example(line=b'{"a":{"b":{"id":"lee"},"b.id":"kim","outcome":"FAILURE"}}')
    @example(line=b'{"a":{"b":{"id":"lee"}},"a.b":{"id":"kim"},"a.outcome":"FAILURE"}')
    @example(line=b'{"a":{"a.b.id":"kim","outcome":"FAILURE"}}')
    @example(line=b'{"a.b.id":"kim","a":{"b":{"id":"lee"},"outcome":"FAILURE"}}')
    @example(
        line=b'{"x":{"a":{"b":{"id":"lee"}}},"a":{"b":{"id":"kim"},"outcome":"FAILURE"},"y":'
        + b"[" * 40
        + b"]" * 40
        + b"}"
    )
    @example(line=b'{"userId":1042.0,"isAbnormal":false,"timestamp":1769850000.5}')
    @example(line=b'{"userId":"' + b"k" * 1024 + b'","isAbnormal":true}')
    @example(line=b'{"userId":"' + b"k" * 1025 + b'","isAbnormal":true}')
    @example(line=b'{"userId":"k","isAbnormal":true,"x":' + b"[" * 1023 + b"]" * 1023 + b"}")
    @example(line=b'{"userId":"k","isAbnormal":true,"x":' + b"[" * 1024 + b"]" * 1024 + b"}")
    @example(line=b'{"userId":"k","isAbnormal":true,"x":"' + b"x" * 300 + b'"}')
    def check(line):
        if readable_in_both(line):
            expected = outcome(in_python(line))
            events[type(expected).__name__] += 1
            assert [quick(line), full(line)] == [expected, expected]

    check()
    assert events["UserEvent"] >= EXAMPLES / 20  # or this test would hold lines against each other that are none


KEYS = st.lists(st.sampled_from(["userId", "isAbnormal", "timestamp", "userIds", "userIx", "xuserId", ""]), max_size=6)


def test_the_order_of_keys_in_earlier_lines_changes_no_event(java_parser):
    chosen = settings_of()
    in_python = formats.parser(chosen.records)

    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
    @given(orders=st.lists(KEYS, min_size=2, max_size=6))
    @example(orders=[["isAbnormal", "userId"], ["userId", "isAbnormal"], ["userId", "isAbnormal", "userId"]])
    @example(orders=[["userId", "isAbnormal"], ["userIds", "isAbnormal"], ["xuserId", "isAbnormal"]])
    @example(orders=[["userId", "isAbnormal"], ["userId", "", "isAbnormal"]])
    def check(orders):
        quick = java_parser(chosen, quick=True)
        for keys in orders:
            texts = {"isAbnormal": ["true", "false"], "timestamp": ["1769850000", "1769850001"]}
            values = [texts.get(key, [f'"u{place}"'] * 2)[place % 2] for place, key in enumerate(keys)]
            fields = [f'"{key}":{value}' for key, value in zip(keys, values, strict=True)]
            line = f"{{{','.join(fields)}}}".encode()
            assert quick(line) == outcome(in_python(line))

    check()


@pytest.mark.parametrize("user", ["@key", "@topic", "@header.who", "@key,userId"])
@pytest.mark.parametrize(
    "envelope",
    [
        b"",
        b'{"key":null,"headers":[]}',
        b'{"key":"a2lt","headers":[["who","bGVl"],["who","cGFyaw=="],["x",null]]}',
        b'{"key":"/w==","headers":[["who",null]]}',
        b'{"key":"","headers":[["who",""]]}',
    ],
)
def test_a_message_names_the_same_user_in_java(java_parser, user, envelope):
    chosen = settings_of(source="kafka", input=None, bootstrap="127.0.0.1:1", topics=("t",), user_field=user)
    message = Message(envelope, "events", 1, 5, 0)
    line = b'{"userId":"kim","isAbnormal":true}'
    expected = outcome(formats.parser(chosen.records)(line, b"", b"", message))
    assert [java_parser(chosen, quick=quick)(line, message) for quick in (True, False)] == [expected, expected]


ALERTS = st.builds(
    Alert,
    st.text("0123456789abcdef", min_size=32, max_size=32),
    st.one_of(st.sampled_from(TEXTS[1:]), st.text(min_size=1), st.text('\x1f\x7f\x85\u2028\u2029"\\', min_size=1)),
    st.integers(1, 2**63 - 1),
    st.integers(1, 2**31 - 1),
    st.one_of(st.just(NO_TIMESTAMP), st.integers(-(2**63), 2**63 - 1)),
)


@pytest.mark.parametrize("within_ms", [None, 90_000, 600_000])
def test_an_alert_is_the_same_json_printed_line_and_message_in_java(java_parts, within_ms):
    from pyflink.java_gateway import get_gateway

    from flink_abnormal.pipeline import alerts

    tuple5 = get_gateway().jvm.org.apache.flink.api.java.tuple.Tuple5
    text, to_message = alerts.alert_text(java_parts), alerts.alert_to_message(within_ms, java_parts)

    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
    @given(alert=ALERTS)
    def check(alert):
        in_java = tuple5(*alert)
        assert (text.json(in_java), text.line(in_java)) == (alert.to_json(), alert.log_line())
        message = to_message.map(in_java)
        headers = [
            ("alertId", alert.alert_id.encode()),
            ("rule", rule_text(alert.threshold, within_ms).encode()),
        ]
        envelope = kafka.envelope(alert.user_id.encode(errors="surrogatepass"), headers)
        assert (message.getField(0), message.getField(1)) == (alert.to_json().encode(), envelope)

    check()


def test_a_user_has_the_hash_the_bytes_and_the_snapshot_of_the_row_that_pyflink_keys_by(java_parts):
    from pyflink.common import Types
    from pyflink.java_gateway import get_gateway

    gateway = get_gateway()
    flink = gateway.jvm.org.apache.flink
    key = java_parts.new("UserRowKey", True)
    config = flink.api.common.serialization.SerializerConfigImpl()
    of_users = key.getProducedType().createSerializer(config)
    of_rows = Types.ROW([Types.STRING()]).get_java_type_info().createSerializer(config)

    def written(serializer, value):
        out = flink.core.memory.DataOutputSerializer(64)
        serializer.serialize(value, out)
        return bytes(out.getCopyOfBuffer())

    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
    @given(name=st.one_of(st.sampled_from(TEXTS), st.text()))
    def check(name):
        fields = gateway.new_array(gateway.jvm.Object, 1)
        fields[0] = name
        row, user = flink.types.Row.of(fields), key.getKey(flink.api.java.tuple.Tuple1(name))
        assert user.hashCode() == row.hashCode()
        assert user.equals(row)  # as a restored key is
        assert [written(of_users, each) for each in (user, row)] == [written(of_rows, row)] * 2
        read = of_users.deserialize(flink.core.memory.DataInputDeserializer(bytearray(written(of_rows, row))))
        assert read.equals(user)

    check()
    snapshots = [each.snapshotConfiguration() for each in (of_users, of_rows)]
    assert [each.getClass().getSimpleName() for each in snapshots] == ["RowSerializerSnapshot"] * 2
    assert snapshots[0].resolveSchemaCompatibility(snapshots[1]).isCompatibleAsIs()


@pytest.fixture
def between_tasks(java_parts):
    """The serializer of events between tasks, and what makes a Java event of a Python one."""
    from pyflink.java_gateway import get_gateway

    from flink_abnormal.pipeline.engines import jvm, python

    flink = get_gateway().jvm.org.apache.flink
    config = flink.api.common.serialization.SerializerConfigImpl()
    tuples = python.event_type(java_parts).createSerializer(config)

    def to_java(event):  # py4j makes an Integer of a small number, if it is asked for an Object
        out = flink.core.memory.DataOutputSerializer(64)
        for field in event:
            if isinstance(field, str):
                flink.types.StringValue.writeString(field, out)
            else:
                out.writeLong(field)
        return tuples.deserialize(flink.core.memory.DataInputDeserializer(bytearray(out.getCopyOfBuffer())))

    return jvm.event_type(java_parts).createSerializer(config), to_java, flink.core.memory


def test_events_come_out_of_the_bytes_between_tasks_as_they_went_in(between_tasks):
    serializer, to_java, memory = between_tasks
    texts = st.one_of(st.sampled_from([*TEXTS, "é" * 255, "é" * 256, "x" * 1024]), st.text())
    numbers = st.one_of(st.sampled_from([0, 1, -1, 2, NO_TIMESTAMP, 2**63 - 1]), st.integers(-(2**63), 2**63 - 1))
    events = st.tuples(texts, st.sampled_from(["abnormal", "normal"]), numbers, numbers, texts)

    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
    @given(events=st.lists(events, max_size=4))
    def check(events):
        given = [to_java(event) for event in events]
        out = memory.DataOutputSerializer(64)
        for event in given:
            serializer.serialize(event, out)
        source = memory.DataInputDeserializer(bytearray(out.getCopyOfBuffer()))
        assert [serializer.deserialize(source).equals(event) for event in given] == [True] * len(given)
        assert source.available() == 0

    check()


def test_an_event_takes_as_many_bytes_between_tasks_as_it_has_letters_and_three_and_a_time(between_tasks):
    serializer, to_java, memory = between_tasks

    def size(*event):
        out = memory.DataOutputSerializer(64)
        serializer.serialize(to_java(event), out)
        return out.length()

    timed = size("user1", "abnormal", 1, 1700000000000, "0" * 32)
    assert [timed, size("user1", "normal", 1, NO_TIMESTAMP, "")] == [3 + 5 + 32 + 8, 3 + 5]
