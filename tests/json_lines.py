"""Lines of JSON that most programs write, and lines that few do, for tests that hold the engines against each other."""

import json

import orjson
from expected import set_apart
from hypothesis import strategies as st

from flink_abnormal.core.settings import from_values, options

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


def settings_of(**given):
    return from_values({name: default for _, name, _, default in options()} | {"source": "files", "input": "x"} | given)
