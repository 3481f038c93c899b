import json
import time
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flink_abnormal import formats
from flink_abnormal.formats import Rejected
from flink_abnormal.formats.jsonl import JsonLines
from flink_abnormal.model import ABNORMAL, NO_TIMESTAMP, NORMAL, UserEvent
from flink_abnormal.settings import FileSettings

UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
NOON_MS = 1_704_110_400_000
parse = JsonLines("userId", "isAbnormal").parse


def line(**fields):
    return json.dumps({"userId": "kim", "isAbnormal": True} | fields).encode()


def test_an_abnormal_record_becomes_an_event_with_an_id():
    assert parse(b'{"userId": "kim", "isAbnormal": true, "timestamp": 5}') == UserEvent(
        "kim", "abnormal", 1, 5, "3d522baea2116e55db4000d0cc8edbac"
    )


def test_a_normal_record_needs_no_id():
    assert parse(b'{"userId": "kim", "isAbnormal": false}') == UserEvent("kim", "normal", 1, NO_TIMESTAMP, "")


def test_the_id_is_that_of_the_record_whatever_stands_around_it():
    assert parse(b"\xef\xbb\xbf \t" + line() + b" \r") == parse(line())
    assert parse(line(session=2)).event_id != parse(line(session=1)).event_id


@pytest.mark.parametrize("blank", [b"", b" ", b"\t \r", b"\xef\xbb\xbf", b"\xef\xbb\xbf  "])
def test_a_blank_line_is_skipped(blank):
    assert parse(blank) is None


def test_unknown_fields_are_ignored():
    record = {"userId": "kim", "isAbnormal": False, "ip": None, "more": {"isAbnormal": [True]}}
    assert parse(json.dumps(record).encode()) == UserEvent("kim", NORMAL, 1, NO_TIMESTAMP, "")


@pytest.mark.parametrize("user", ["한글", "😀", "a b", "a\nb", " ", "x" * 1024])
def test_any_text_up_to_1024_characters_is_a_user_id(user):
    assert parse(line(userId=user)).user_id == user


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (b"nope", "not JSON: invalid literal, expected 'null': line 1 column 1 (char 0)"),
        (b'{"userId": "kim"', "not JSON: unexpected end of data: line 1 column 17 (char 16)"),
        (b"{} {}", "not JSON: unexpected content after document: line 1 column 4 (char 3)"),
        (b'{"userId": NaN}', "not JSON: unexpected character, expected a JSON value: line 1 column 12 (char 11)"),
        (b"[" * 5000, "not JSON: depth limit exceeded: line 1 column 1026 (char 1025)"),
        (
            b'{"userId": "k\xffm", "isAbnormal": true}',
            "not JSON: str is not valid UTF-8: surrogates not allowed: line 1 column 1 (char 0)",
        ),
        (
            b'{"userId": "\\ud800", "isAbnormal": true}',
            "not JSON: no low surrogate in string: line 1 column 13 (char 12)",
        ),
        (b"[]", "expected a JSON object, got an array"),
        (b'"kim"', "expected a JSON object, got a string"),
        (b"1", "expected a JSON object, got a number"),
        (b"1.5", "expected a JSON object, got a number"),
        (b"true", "expected a JSON object, got a boolean"),
        (b"null", "expected a JSON object, got null"),
        (b"{}", "the field 'userId' is missing"),
        (b'{"userId": "kim"}', "the field 'isAbnormal' is missing"),
        (line(userId=7), "the field 'userId' must be a string, not a number"),
        (line(userId=None), "the field 'userId' must be a string, not null"),
        (line(userId=["kim"]), "the field 'userId' must be a string, not an array"),
        (line(userId={}), "the field 'userId' must be a string, not an object"),
        (line(userId=""), "the userId is empty"),
        (line(userId="x" * 1025), "a userId of 1025 characters; at most 1024 are allowed"),
        (line(isAbnormal="true"), "the field 'isAbnormal' must be true or false, not a string"),
        (line(isAbnormal=1), "the field 'isAbnormal' must be true or false, not a number"),
        (line(isAbnormal=None), "the field 'isAbnormal' must be true or false, not null"),
        (b"x" * 10_000_000, "a line of 10000000 bytes; at most 1048576 are read"),
        (b" " * 1_048_577, "a line of 1048577 bytes; at most 1048576 are read"),
    ],
    ids=lambda value: repr(value[:40]),
)
def test_a_record_that_cannot_be_used_is_refused_with_its_reason(bad, reason):
    assert parse(bad) == Rejected(reason)


def test_a_line_of_the_greatest_length_is_read():
    assert parse(line(pad="").replace(b'""', b'"%s"' % (b"x" * (1_048_576 - len(line(pad="")))))).user_id == "kim"


@pytest.mark.parametrize(
    ("timestamp", "milliseconds"),
    [
        ("2024-01-01T12:00:00Z", NOON_MS),
        ("2024-01-01T12:00:00", NOON_MS),
        ("2024-01-01 12:00:00", NOON_MS),
        ("2024-01-01T12:00", NOON_MS),
        ("2024-01-01T21:00:00+09:00", NOON_MS),
        ("2024-01-01T21:00:00+0900", NOON_MS),
        ("2024-01-01T21:00:00+09", NOON_MS),
        ("2024-01-01T06:30:00-05:30", NOON_MS),
        ("20240101T120000Z", NOON_MS),
        ("2024-W01-1T12:00:00Z", NOON_MS),
        ("2024-01-01T12:00:00.123Z", NOON_MS + 123),
        ("2024-01-01T12:00:00.123456Z", NOON_MS + 123),
        ("2024-01-01T12:00:00,5Z", NOON_MS + 500),
        ("2024-01-01T24:00:00Z", NOON_MS + 43_200_000),
        ("2024-01-01", NOON_MS - 43_200_000),
        ("1969-12-31T23:59:59Z", -1_000),
        (NOON_MS, NOON_MS),
        (0, 0),
        (-1, -1),
        (2**63 - 1, 2**63 - 1),
        (1 - 2**63, 1 - 2**63),
        (None, NO_TIMESTAMP),
    ],
)
def test_a_timestamp_is_iso_8601_or_epoch_milliseconds(timestamp, milliseconds):
    assert parse(line(timestamp=timestamp)).timestamp == milliseconds


def test_a_time_without_a_zone_is_utc_wherever_the_machine_is(monkeypatch):
    with monkeypatch.context() as elsewhere:
        elsewhere.setenv("TZ", "KST-9")
        time.tzset()
        event = parse(line(timestamp="2024-01-01T12:00:00"))
    time.tzset()
    assert event.timestamp == NOON_MS


NOT_WHOLE = "the timestamp must be whole milliseconds of at most 64 bits"


@pytest.mark.parametrize(
    ("timestamp", "reason"),
    [
        (2**63, NOT_WHOLE),
        (-(2**63), NOT_WHOLE),
        (-(2**63) - 1, NOT_WHOLE),
        (2**64, NOT_WHOLE),
        (1.5, NOT_WHOLE),
        (1.0, NOT_WHOLE),
        (True, "the timestamp must be ISO 8601 or epoch milliseconds, not a boolean"),
        ([1], "the timestamp must be ISO 8601 or epoch milliseconds, not an array"),
        ({}, "the timestamp must be ISO 8601 or epoch milliseconds, not an object"),
        ("", "the timestamp '' is not ISO 8601"),
        ("yesterday", "the timestamp 'yesterday' is not ISO 8601"),
        ("2024-02-30T00:00:00Z", "the timestamp '2024-02-30T00:00:00Z' is not ISO 8601"),
        ("9" * 100, f"the timestamp '{'9' * 64}' is not ISO 8601"),
    ],
)
def test_a_timestamp_that_is_none_is_refused(timestamp, reason):
    assert parse(line(timestamp=timestamp)) == Rejected(reason)


def test_the_fields_of_other_peoples_records_are_mapped():
    mapped = JsonLines("login", "status", ("FAIL", "LOCKED")).parse
    assert mapped(b'{"login": "kim", "status": "FAIL", "userId": 7}').user_id == "kim"
    assert mapped(b'{"userId": "kim", "status": "FAIL"}') == Rejected("the field 'login' is missing")
    assert mapped(b'{"login": "kim", "isAbnormal": true}') == Rejected("the field 'status' is missing")


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("FAIL", ABNORMAL),
        ("fail", NORMAL),
        ("", NORMAL),
        (403, ABNORMAL),
        ("403", ABNORMAL),
        (200, NORMAL),
        (True, ABNORMAL),
        (False, NORMAL),
    ],
)
def test_the_listed_values_mean_abnormal(value, kind):
    assert JsonLines("userId", "isAbnormal", ("FAIL", "403", "true")).parse(line(isAbnormal=value)).kind == kind


@pytest.mark.parametrize(
    ("value", "name"), [(None, "null"), (1.5, "a number"), (["FAIL"], "an array"), ({}, "an object")]
)
def test_a_value_that_has_no_text_is_refused(value, name):
    assert JsonLines("userId", "isAbnormal", ("FAIL",)).parse(line(isAbnormal=value)) == Rejected(
        f"the field 'isAbnormal' must be a string, a whole number or a boolean, not {name}"
    )


def test_the_settings_name_the_parser_and_its_fields():
    chosen = formats.parser(FileSettings(user_field="u", abnormal_field="s", abnormal_values=("X",)))
    assert chosen(b'{"u": "kim", "s": "X"}')[:2] == ("kim", "abnormal")


INSTANTS = st.integers(-62_000_000_000_000, 253_000_000_000_000)
ZONES = st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@UNHURRIED
@given(
    user=st.text(min_size=1, max_size=1024),
    abnormal=st.booleans(),
    timestamp=st.none() | st.integers(1 - 2**63, 2**63 - 1),
    more=st.dictionaries(st.text(max_size=3), st.none() | st.booleans() | st.text(max_size=3), max_size=3),
)
def test_any_valid_fields_come_out_as_they_went_in(user, abnormal, timestamp, more):
    record = more | {"userId": user, "isAbnormal": abnormal, "timestamp": timestamp}
    event = parse(json.dumps(record).encode())
    assert (event.user_id, event.is_abnormal, event.times) == (user, abnormal, 1)
    assert event.timestamp == (NO_TIMESTAMP if timestamp is None else timestamp)


@UNHURRIED
@given(instant=INSTANTS, zone=ZONES)
def test_any_time_in_any_zone_is_its_instant(instant, zone):
    text = (EPOCH + timedelta(milliseconds=instant)).astimezone(zone).isoformat()
    assert parse(line(timestamp=text)).timestamp == instant


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)


@UNHURRIED
@given(
    data=st.binary()
    | JSON.map(lambda value: json.dumps(value).encode())
    | st.builds(line, userId=JSON, isAbnormal=JSON)
    | st.builds(line, timestamp=JSON)
)
def test_no_bytes_at_all_raise(data):
    assert isinstance(parse(data), UserEvent | Rejected | None)


@pytest.mark.parametrize("timestamp", ["9999-12-31T24:00:00", "9999-W53-7", "1704110400000", "2024-01-01x12:00", ""])
def test_a_time_that_only_looks_like_one_is_refused(timestamp):
    line = json.dumps({"userId": "kim", "isAbnormal": True, "timestamp": timestamp}).encode()

    assert JsonLines("userId", "isAbnormal").parse(line) == Rejected(f"the timestamp {timestamp!r} is not ISO 8601")
