"""The Java parts that read times, held against their Python twins."""

import json
import os
from pathlib import Path

import orjson
import pytest
from expected import set_apart
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from flink_abnormal.core.model import NO_TIMESTAMP, UserEvent
from flink_abnormal.core.settings import from_values, options
from flink_abnormal.jvm.jar import Jars
from flink_abnormal.pipeline import formats
from flink_abnormal.pipeline.formats import fields, times
from flink_abnormal.runtime import distribution

DATES = ["2026-01-31", "20260131", "2026/02/28", "2024-02-29", "2026-02-30", "0000-01-01", "9999-12-31", "2026-W05-1"]
DATES += ["2026W05", "2026-W53-7", "2026-032", "2026366", "Jan 31 2026", "31/Jan/2026", "31 Sept 2026", "2026 Dec  3"]
CLOCKS = [
    "09:00:01",
    "09:00",
    "09",
    "24:00:00",
    "23:59:60",
    "12:60:00",
    "9:00:01",
    "12:00:00 PM",
    "00:30:00 am",
    "090001",
]
TAILS = [
    "",
    ".5",
    ",123456789",
    ".0005",
    ".0015",
    "Z",
    "+09:00",
    " +0900",
    "-24:00",
    " KST",
    " XYZ",
    " UTC+2",
    "[Asia/Seoul]",
]
TAILS += [" (KST)", " m=+0.01", "z", "\u221205:00", " 2026"]
ODD = [
    "",
    " ",
    "[",
    "/Date(1769850000000+0900)/",
    "/Date(-1)/",
    "1e12",
    "1769850000",
    "1769850000.5",
    "17698500005",
    "٣" * 10,
]
ODD += ["20260131", "20260131090001", "1" * 31, "Jan 31 09:00:00", "Mon, 31 Jan 2026 09:00:01 GMT", "-5", "+7", "1.5e3"]


TEXTS = st.one_of(
    st.sampled_from(ODD),
    st.builds(
        lambda date, gap, clock, tail: date + gap + clock + tail, *map(st.sampled_from, (DATES, "T :_", CLOCKS, TAILS))
    ),
    st.builds(lambda date, tail: date + tail, st.sampled_from(DATES), st.sampled_from(TAILS)),
    st.from_regex(times.PATTERNS["iso"], fullmatch=True),
    st.from_regex(times.PATTERNS["named"], fullmatch=True),
).filter(lambda text: not set_apart(text))
VALUES = st.recursive(
    st.one_of(
        TEXTS,
        st.integers(-(10**21), 10**21),
        st.floats(allow_nan=False, allow_infinity=False),
        st.booleans(),
        st.none(),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=2),
        st.dictionaries(st.sampled_from(["$date", "$numberLong", "a", "a.b", "b"]), inner, max_size=3),
    ),
    max_leaves=4,
)
LOGIN = "Failed password for kim from 192.0.2.7 port 4 ssh2"
HEADERS = [
    "Dec 10 06:55:46 host sshd[1]: x",
    "Jan  1 06:55:46 host sshd[1]: x",
    "2026-01-31T09:00:00.5+09:00 host sshd[1]: x",
    "2026-01-31T09:00:00Z host CRON[1]: x",
    "<38>1 2026-01-31T09:00:00Z host sshd 7 - - x",
    '<38>1 2026-01-31T09:00:00Z host sshd 7 - [a b="]\\"c"] x',
    "<38>1 - host sshd 7 - - x",
    "1769850000.123456 host sshd[1]: x",
    "[   12.345] sshd[1]: x",
    "Mon 2026-01-31 09:00:00 KST host sshd[1]: x",
    " 1월 31 09:00:00 host sshd[1]: x",
    "no header at all",
    "",
]


@pytest.fixture(scope="module")
def part(flink_environment, tmp_path_factory):
    """Makes the Java part that reads the time of records, for some options, as a function of a record's fields."""
    from pyflink.java_gateway import get_gateway

    from flink_abnormal.jvm import parts
    from flink_abnormal.pipeline import event_time

    java_parts = parts.build(Jars(tmp_path_factory.mktemp("parts"), distribution.connectors()))
    tuple7 = get_gateway().jvm.org.apache.flink.api.java.tuple.Tuple7

    def make(**given):
        chosen = from_values(
            {name: default for _, name, _, default in options()} | {"source": "files", "input": "x"} | given
        )
        reader = event_time.record_time(chosen, java_parts)
        return lambda line, first=b"": reader.of(tuple7(line, "log", 1, "", b"", first, 0))

    return make


@pytest.fixture(scope="module")
def json_time(part):
    return part(timestamp_field="at")


@settings(max_examples=800, deadline=None, suppress_health_check=list(HealthCheck))
@given(value=VALUES)
@example(value=2**63)
@example(value=-(2**63))
@example(value=10**11)
@example(value={"$date": {"$numberLong": "-5"}})
@example(value={"$date": {"$numberLong": "\u0661"}})
def test_a_json_value_has_the_same_time_in_java(json_time, value):
    line = json.dumps({"at": value}).encode()
    expected = times.milliseconds(orjson.loads(line)["at"])
    assert json_time(line) == (NO_TIMESTAMP if expected is None else expected)


@pytest.mark.parametrize(
    "text",
    [
        *("2026-W05-1", "2026W051", "2026-W05", "2026W05", "2026-W53-7T09:00:01Z", "2026W05T09:00:01"),
        *("2026-W05T09:00:01", "2026W05-1", "2026-W051", "2026-032", "2024-366T09:00", "2026-366"),
    ],
)
def test_a_date_by_week_or_day_of_the_year_is_the_same_in_java(json_time, text):
    expected = times.milliseconds(text)
    assert json_time(json.dumps({"at": text}).encode()) == (NO_TIMESTAMP if expected is None else expected)


@pytest.mark.parametrize("path", ["a.b", "a[1]", "a.1.b", "a.b.b", "b", "[0]"])
def test_a_path_leads_java_to_the_same_value(part, path):
    read = part(timestamp_field=path)

    @settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
    @given(record=st.dictionaries(st.sampled_from(["a", "a.b", "b", "a.1"]), VALUES, max_size=3))
    def check(record):
        found = fields.find(orjson.loads(json.dumps(record)), path)
        expected = None if found is fields.MISSING else times.milliseconds(found)
        assert read(json.dumps(record).encode()) == (NO_TIMESTAMP if expected is None else expected)

    check()


@pytest.mark.parametrize("year", [None, 2015])
def test_the_header_of_a_log_line_has_the_same_time_in_java(part, year):
    read = part(format="sshd", year=year)
    parse = formats.sshd.Sshd(year)
    seen = 0
    for header in HEADERS:
        line = (
            header.replace("sshd[1]: x", f"sshd[7]: {LOGIN}").replace("- x", f"- {LOGIN}").replace("] x", f"] {LOGIN}")
        )
        line = line.encode()
        for first in (b"", b"Dec 10 06:55:46 host", b"Jan 31 00:00:00 host"):
            event = parse.parse(line, b"", first)
            if isinstance(event, UserEvent):
                assert (header, read(line, first)) == (header, event.timestamp)
                seen += 1
        if not header or header.startswith("no"):
            assert read(line) == NO_TIMESTAMP
    assert seen == 3 * 10


def test_java_reads_junk_without_failing(part):
    for read in (part(timestamp_field="at"), part(format="sshd", year=2026)):
        for junk in (
            b"\xff\xfe",
            b"{",
            b"[" * 5000,
            b"9" * 5000,
            b"<1>1 - - - - - [" + b'a="x" ' * 2000,
            b"null",
            b"[]",
        ):
            assert (junk[:20], read(junk)) == (junk[:20], NO_TIMESTAMP)


@pytest.mark.skipif("FLINK_ABNORMAL_SSHD_LOG" not in os.environ, reason="the shared real log is missing")
def test_every_line_of_the_real_log_has_the_same_time_in_java(part):
    folder = Path(os.environ["FLINK_ABNORMAL_SSHD_LOG"])
    read = part(format="sshd", year=2015)
    parse = formats.sshd.Sshd(2015)
    compared = 0
    for file in sorted(folder.glob("*.log"))[:1]:
        for line in file.read_bytes().splitlines()[:5000]:
            event = parse.parse(line)
            if isinstance(event, UserEvent):
                assert read(line) == event.timestamp
                compared += 1
    assert compared > 0
