"""Java parts, held against their Python twins: each line parsed, and what is written of an alert."""

import collections
import json

import orjson
import pytest
from conftest import records
from expected import set_apart
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from flink_abnormal.core.model import NO_TIMESTAMP, Alert, Message, UserEvent
from flink_abnormal.core.published import rule_text
from flink_abnormal.core.settings import from_values, options
from flink_abnormal.pipeline import formats, kafka

EXAMPLES = 200
BEFORE, BEHIND = b'{"userId":"lee", \n', b'\n,"x":1}'
"""Bytes of the lines beside one, which are none of its own."""
MAPPED = {"user_field": "actor.id", "abnormal_field": "outcome", "timestamp_field": "@timestamp"}
OPTIONS = {
    "plain": {},
    "mapped": {**MAPPED, "abnormal_values": ("FAILURE", "1", "-0.5", "1e+16"), "normal_values": ("SUCCESS", "0")},
    "any other is normal": {**MAPPED, "abnormal_values": ("FAILURE", "true")},
    "any other is abnormal": {**MAPPED, "normal_values": ("2.5", "false")},
    "two users": {"user_field": "userId,actor.id"},
    "paths that share keys": {"user_field": "a.b.id", "abnormal_field": "a.outcome", "abnormal_values": ("FAILURE",)},
    "places": {"user_field": "ids[1]", "abnormal_field": "a.b", "timestamp_field": "ids[0]"},
}
NAMES = [
    "userId",
    "isAbnormal",
    "timestamp",
    "@timestamp",
    "actor",
    "actor.id",
    "id",
    "outcome",
    "ids",
    "a",
    "b",
    "a.b",
    "b.id",
    "a.outcome",
]
TEXTS = ["", "kim", "김철수", "a|b\\", "FAILURE", "1.0", "-0.50", "SUCCESS", "true", "\U0001f600", "\x7f", '"', "\n"]
TIMES = [
    "2026-01-31T09:00:01Z",
    "2026-01-31T09:00:01.250Z",
    "2026-02-30T09:00:01Z",
    "2026-01-31 09:00:01+09:00",
    "soon",
]
NUMBERS = ["0", "-0", "1", "1.0", "1.50", "2.5", "-0.5", "1e16", "1E-5", "0.1", "1769850000", "1769850000123", "1e308"]
NUMBERS += ["9007199254740993", "18446744073709551616", "-9223372036854775809", "1234567890123456789012", "1e999", "01"]
NUMBERS += ["1.", ".5", "-", "1e", "17698500001234567", "5e-324", "123456789.125", "1" * 400]
BLANKS = st.sampled_from(["", "", "", " ", "\t", "\r", " \t "])
ESCAPED = [
    "\\u0041",
    "\\ud800",
    "\\ud83d\\ude00",
    "\\udc00\\ud800",
    "\\x",
    "\\/\\b\\f\\n\\r\\t",
    "\\u00",
    "\t",
    "\\",
    "\\u0000",
]


def quoted(text):
    """Return a JSON text as most programs write it, or as few do."""
    return st.sampled_from([json.dumps(text), json.dumps(text, ensure_ascii=False)])


TEXT = st.one_of(
    st.sampled_from(TEXTS + TIMES).flatmap(quoted),
    st.sampled_from(ESCAPED).map(lambda text: f'"{text}"'),
    st.text(max_size=5).flatmap(quoted),
)
NAME = st.one_of(st.sampled_from(NAMES).flatmap(quoted), TEXT)
PLAIN = st.one_of(TEXT, st.sampled_from(["true", "false", "null", "tru", "NaN", "nullx"]), st.sampled_from(NUMBERS))


def arrays(inner):
    return st.lists(inner, max_size=3).map(lambda values: "[" + ", ".join(values) + "]")


@st.composite
def objects(draw, inner):
    pairs = draw(st.lists(st.tuples(NAME, inner), max_size=5))
    colon, comma = draw(BLANKS) + ":" + draw(BLANKS), draw(BLANKS) + "," + draw(BLANKS)
    return "{" + draw(BLANKS) + comma.join(name + colon + value for name, value in pairs) + draw(BLANKS) + "}"


NESTED = st.recursive(PLAIN, lambda inner: st.one_of(arrays(inner), objects(inner)), max_leaves=6)
USERS = {
    "userId": ['"userId":{}'],
    "actor.id": ['"actor":{{"id":{}}}', '"actor.id":{}', '"actor":{{"id":{}}},"actor.id":null'],
    "ids[1]": ['"ids":[7,{}]', '"ids[1]":{}', '"ids.1":{}'],
}
DEEP = '"a":{{"b":{{"id":{}}},"outcome":"FAILURE"}}'
USERS["a.b.id"] = [
    DEEP,
    DEEP,
    '"a":{{"outcome":"FAILURE","b":{{"n":[{{}},[]],"id":{}}}}}',
    '"a.b.id":{}',
    '"a":{{"b.id":{}}}',
]
USERS["userId,actor.id"] = ['"userId":{0},"actor":{{"id":{0}}}']
ABNORMAL = {
    "isAbnormal": ['"isAbnormal":{}'],
    "a.outcome": ['"x":{}', '"b":[{}]', '"a.outcome":{}', '"a":{{"outcome":{}}}'],
    "outcome": ['"outcome":{}'],
    "a.b": ['"a":{{"b":{}}}', '"a.b":{}'],
}
WHEN = {"timestamp": ['"timestamp":{}'], "@timestamp": ['"@timestamp":{}'], "ids[0]": ['"ids[0]":{}', '"ids.0":{}']}


def mostly(usual, rare):
    return st.integers(0, 7).flatmap(lambda number: rare if number == 0 else usual)


def lines_of(records):
    """Return lines most of which are events under these options, in shapes that programs write and in others."""
    kinds = [*map(json.dumps, records.values), *(value for value in records.values if value[-1].isdigit())]
    event = st.builds(
        lambda user, id_, abnormal, kind, when, at, end: (
            "{" + ",".join((user.format(id_), abnormal.format(kind), when.format(at))) + end
        ),
        st.sampled_from(USERS[records.user_field or "userId"]),
        mostly(st.one_of(st.sampled_from(TEXTS[1:]).flatmap(quoted), st.sampled_from(NUMBERS)), NESTED),
        st.sampled_from(ABNORMAL[records.abnormal_field]),
        mostly(st.sampled_from(["true", "false", *kinds]), NESTED),
        st.sampled_from(WHEN[records.timestamp_field]),
        mostly(st.one_of(st.sampled_from(TIMES).map(json.dumps), st.sampled_from(NUMBERS)), NESTED),
        mostly(st.sampled_from(["}", "} ", ',"x":1}']), st.sampled_from([',"x":{}}', ',"userId":"lee"}', "}x", ""])),
    )
    odd = st.builds(
        lambda before, line, after: before + line.encode(errors="surrogatepass") + after,
        st.sampled_from([b"", b" ", b"\xef\xbb\xbf", b"\x0b", b"\xef\xbb\xbf "]),
        st.one_of(objects(NESTED), event, NESTED),
        st.sampled_from([b"", b"\x0c", b"\r", b"\xff", b"\xed\xa0\x80"]),
    )
    return mostly(event.map(str.encode), mostly(odd, st.binary(max_size=8)))


def readable_in_both(line):
    """Whether all its times are among those that Java reads as Python does (`test_event_time_parts`)."""
    try:
        return not any(map(set_apart, texts(orjson.loads(line.removeprefix(b"\xef\xbb\xbf").strip()))))
    except ValueError:
        return True


def texts(value):
    if isinstance(value, str):
        yield value
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from texts(each)


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


def settings_of(**given):
    return from_values({name: default for _, name, _, default in options()} | {"source": "files", "input": "x"} | given)


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


@pytest.fixture(scope="module")
def generated_lines():
    """More than a thousand lines of every kind, under the options `mapped`; a few users have most of the events."""
    found = []

    @settings(max_examples=1500, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(line=lines_of(settings_of(**OPTIONS["mapped"]).records))
    def collect(line):
        if readable_in_both(line):
            found.append(line)

    collect()
    return b"\n".join(found)


EVENT_TIME = ("--time", "event", "--max-out-of-orderness", "8784h", "--within", "1h")


@pytest.mark.parametrize("time", [(), EVENT_TIME])
def test_a_generated_input_gives_the_same_alerts_dead_letters_and_figures(cli, tmp_path, generated_lines, time):
    (tmp_path / "in.jsonl").write_bytes(generated_lines)
    options = [f"--{key.replace('_', '-')}={value}" for key, value in MAPPED.items()]
    options += ["--abnormal-values=FAILURE,1,-0.5,1e+16", "--normal-values=SUCCESS,0", *time]

    def run(engine):
        output = tmp_path / engine
        job = cli.job("--source", "files", "--input", tmp_path / "in.jsonl", *options, "--engine", engine)
        done = cli.run("run", *job, "--sink", "files", "--output", output)
        assert done.returncode == 0, done.stderr
        written = [sorted(records(output, each), key=json.dumps) for each in ("alerts", "dead-letters")]
        return [*written, done.stdout.splitlines()[-1]]

    in_python = run("python")
    assert run("jvm") == in_python
    assert [bool(each) for each in in_python] == [True, True, True]


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
