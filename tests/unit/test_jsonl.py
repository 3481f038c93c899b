import json
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flink_abnormal.core.model import ABNORMAL, NO_TIMESTAMP, NORMAL, UserEvent
from flink_abnormal.core.source_settings import FormatSettings
from flink_abnormal.pipeline import formats
from flink_abnormal.pipeline.formats import Rejected
from flink_abnormal.pipeline.formats.jsonl import JsonLines

UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
NOON_MS = 1_704_110_400_000
parse = JsonLines("userId", "isAbnormal").parse


def line(**fields):
    return json.dumps({"userId": "kim", "isAbnormal": True} | fields).encode()


def test_an_abnormal_record_becomes_an_event_with_an_id():
    assert parse(b'{"userId": "kim", "isAbnormal": true, "timestamp": 5}') == UserEvent(
        "kim", "abnormal", 1, 5000, "d354a8800d87bbd348ac43da55363450"
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
        (b"1.5", "expected a JSON object, got a fraction"),
        (b"true", "expected a JSON object, got a boolean"),
        (b"null", "expected a JSON object, got null"),
        (b"{}", "the field 'userId' is missing"),
        (b'{"userId": "kim"}', "the field 'isAbnormal' is missing"),
        (line(userId=7.5), "the field 'userId' must be a string or a whole number, not a fraction"),
        (line(userId=2**64), "the field 'userId' must be a string or a whole number, not a number too large"),
        (line(userId=True), "the field 'userId' must be a string or a whole number, not a boolean"),
        (line(userId=None), "the field 'userId' must be a string or a whole number, not null"),
        (line(userId=["kim"]), "the field 'userId' must be a string or a whole number, not an array"),
        (line(userId={}), "the field 'userId' must be a string or a whole number, not an object"),
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
        ("2024-01-01T21:00:00+0900", NOON_MS),
        (NOON_MS // 1000, NOON_MS),
        (NOON_MS, NOON_MS),
        ({"$date": "2024-01-01T12:00:00Z"}, NOON_MS),
        (None, NO_TIMESTAMP),
    ],
)
def test_the_time_is_read(timestamp, milliseconds):
    notes = []
    event = JsonLines("userId", "isAbnormal", note=notes.append).parse(line(timestamp=timestamp))
    assert (event.timestamp, notes) == (milliseconds, [])


@pytest.mark.parametrize("timestamp", ["", "yesterday", "2024-02-30T00:00:00Z", 10**20, True, [1], {}])
def test_a_time_that_cannot_be_read_loses_no_event_and_is_counted(timestamp):
    notes = []
    event = JsonLines("userId", "isAbnormal", note=notes.append).parse(line(timestamp=timestamp))
    assert (event.user_id, event.kind, event.timestamp) == ("kim", ABNORMAL, NO_TIMESTAMP)
    assert notes == ["unread-times"]


def test_the_time_may_stand_in_any_field():
    parse = JsonLines("userId", "isAbnormal", timestamp_field="event.created").parse
    assert parse(line(event={"created": "2024-01-01T12:00:00Z"}, timestamp="yesterday")).timestamp == NOON_MS


def test_a_whole_number_is_a_user_as_text():
    assert parse(line(userId=1042)).user_id == parse(line(userId=1042.0)).user_id == parse(line(userId="1042")).user_id


def test_several_fields_make_one_user():
    both = JsonLines("user.name,source.ip", "isAbnormal").parse
    assert both(line(user={"name": "kim"}, source={"ip": "203.0.113.7"})).user_id == "kim|203.0.113.7"
    assert both(line(user={"name": "a|b"}, source={"ip": "c\\"})).user_id == "a\\|b|c\\\\"
    assert both(line(user={"name": "kim"})) == Rejected("the field 'source.ip' is missing")
    assert both(line(user={"name": "kim"}, source={"ip": ""})) == Rejected("the field 'source.ip' is empty")


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
    ("abnormal", "normal", "kinds"),
    [
        (("FAILURE",), (), {"FAILURE": ABNORMAL, "SUCCESS": NORMAL, "REFRESH": NORMAL, 0: NORMAL}),
        ((), ("SUCCESS", "0"), {"FAILURE": ABNORMAL, "SUCCESS": NORMAL, "REFRESH": ABNORMAL, 0: NORMAL, "0": NORMAL}),
        (("FAILURE",), ("SUCCESS",), {"FAILURE": ABNORMAL, "SUCCESS": NORMAL}),
    ],
)
def test_either_list_of_values_is_enough(abnormal, normal, kinds):
    parse = JsonLines("userId", "isAbnormal", abnormal, normal).parse
    assert {value: parse(line(isAbnormal=value)).kind for value in kinds} == kinds


def test_what_is_in_neither_of_two_lists_is_no_event():
    parse = JsonLines("userId", "isAbnormal", ("LOGIN_ERROR",), ("LOGIN",)).parse
    assert parse(line(isAbnormal="REFRESH_TOKEN")) is None
    assert parse(line(isAbnormal="REFRESH_TOKEN", userId=None)) is None


@pytest.mark.parametrize("named", ["1", "1.0"])
@pytest.mark.parametrize("value", [1, 1.0, "1", "1.0"])
def test_a_number_is_the_same_value_in_whichever_way_it_is_written(named, value):
    assert JsonLines("userId", "isAbnormal", (), (named,)).parse(line(isAbnormal=value)).kind == NORMAL


def test_each_value_that_is_named_is_noted_when_it_is_first_met():
    notes = []
    parse = JsonLines("userId", "isAbnormal", ("1.0", "true"), ("0",), note=notes.append).parse
    for value in (1, 1, True, "other"):
        parse(line(isAbnormal=value))
    assert notes == ["matched 1", "matched true"]


@pytest.mark.parametrize(("value", "name"), [(None, "null"), (["FAIL"], "an array"), ({}, "an object")])
def test_a_value_that_has_no_text_is_refused(value, name):
    assert JsonLines("userId", "isAbnormal", ("FAIL",)).parse(line(isAbnormal=value)) == Rejected(
        f"the field 'isAbnormal' must be a string, a number or a boolean, not {name}"
    )


def test_the_settings_name_the_parser_and_its_fields():
    chosen = formats.parser(FormatSettings(user_field="u", abnormal_field="s", abnormal_values=("X",)))
    assert chosen(b'{"u": "kim", "s": "X"}')[:2] == ("kim", "abnormal")
    chosen = formats.parser(FormatSettings(normal_values=("0",), timestamp_field="t"))
    assert chosen(b'{"userId": "kim", "isAbnormal": 0, "t": 5}')[:4] == ("kim", "normal", 1, 5000)


INSTANTS = st.integers(-62_000_000_000_000, 253_000_000_000_000)
ZONES = st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@UNHURRIED
@given(
    user=st.text(min_size=1, max_size=1024),
    abnormal=st.booleans(),
    timestamp=st.none() | st.integers(10**11, 10**14 - 1),
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
