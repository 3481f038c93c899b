import pytest
from hypothesis import given
from hypothesis import strategies as st

from flink_abnormal.core.values import split_names
from flink_abnormal.pipeline.formats import fields
from flink_abnormal.pipeline.formats.fields import MISSING

RECORD = {
    "plain": 1,
    "a.b": "literal",
    "a": {"b": "path", "c": {"d": "deep"}, "list": [{"x": "first"}, {"x": "second"}]},
    "e.f": {"g.h": "keys with dots"},
    "list[0]": "literal too",
    "list": ["zero"],
    "null": None,
}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("plain", 1),
        ("a.b", "literal"),
        ("a.c.d", "deep"),
        ("a.list.1.x", "second"),
        ("a.list[1].x", "second"),
        ("a.list.0", {"x": "first"}),
        ("e.f.g.h", "keys with dots"),
        ("list[0]", "literal too"),
        ("list.0", "zero"),
        ("null", None),
        ("null.x", MISSING),
        ("plain.x", MISSING),
        ("a.list.2", MISSING),
        ("a.list.-1", MISSING),
        ("a.list.x", MISSING),
        ("a.list.¹", MISSING),
        ("a.", MISSING),
        ("b", MISSING),
    ],
)
def test_a_field_is_the_key_of_that_name_or_else_the_path(name, value):
    assert fields.find(RECORD, name) == value


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("userId", ("userId",)),
        ("user.name,source.ip", ("user.name", "source.ip")),
        (" a , b ,", ("a", "b")),
        (r"a\,b,c", ("a,b", "c")),
        (r"a\\,b", ("a\\", "b")),
        (",", ()),
    ],
)
def test_names_have_commas_between_and_a_backslash_before_their_own(text, names):
    assert split_names(text) == names


@pytest.mark.parametrize(
    ("value", "text"),
    [("kim", "kim"), ("", ""), (1042, "1042"), (1042.0, "1042"), (-0.0, "0"), (2**64 - 1, str(2**64 - 1))],
)
def test_a_user_is_a_text_or_a_whole_number(value, text):
    assert fields.user_text(value) == text


@pytest.mark.parametrize("value", [None, True, 1.5, 2.0**53, 1e300, [], {}])
def test_nothing_else_is_a_user(value):
    assert fields.user_text(value) is None


@pytest.mark.parametrize(
    "values", [(1, 1.0, "1", "1.0"), (True, "true"), (False, "false"), (0, -0.0, "0"), (0.5, "0.5")]
)
def test_values_that_look_the_same_are_the_same(values):
    assert len({fields.value_text(value) for value in values}) == 1


@pytest.mark.parametrize("values", [("1", "01"), ("1", "1."), ("a.0", "a"), ("True", "true"), ("1", True)])
def test_values_that_differ_stay_apart(values):
    assert len({fields.value_text(value) for value in values}) == len(values)


@given(st.lists(st.text("a|\\"), min_size=2, max_size=3), st.lists(st.text("a|\\"), min_size=2, max_size=3))
def test_two_users_of_several_fields_are_never_one(one, other):
    assert (fields.joined(one) == fields.joined(other)) == (one == other)


def test_several_fields_are_joined_by_a_bar():
    assert fields.joined(["kim", "203.0.113.7"]) == "kim|203.0.113.7"
    assert fields.joined(["a|b", "c\\"]) == "a\\|b|c\\\\"


def test_paths_name_what_a_record_holds():
    assert fields.paths({"a": {"b": 1, "c": {"d": []}}, "e": {}}) == ["a.b", "a.c.d", "e"]
    assert fields.paths({"a": 1, "b": 2, "c": 3}, limit=2) == ["a", "b"]
    assert fields.paths([1]) == []
