"""The texts: none is missing, none is left over, and both languages say the same."""

import ast
import re
from string import Formatter
from typing import get_args

import pytest
from conftest import PROJECT

from dashboard import model
from dashboard.pages import texts
from dashboard.pages.texts import Texts
from flink_abnormal.core import recovery
from flink_abnormal.runtime.rest import ENDED

ALL = texts.keys()
CODE = [file for file in sorted((PROJECT / "dashboard").rglob("*.py")) if file.name != "texts.py"]
# Keys that are put together at run time: texts(f"alarm-{alarm.kind}").
MADE = {
    "link": get_args(model.Link),
    "alarm": get_args(model.AlarmKind),
    "look": get_args(model.AlarmKind),
    "live": get_args(model.LiveMissing),
    "log": get_args(model.LogMissing),
    "cause": get_args(recovery.Cause),
    "step": get_args(recovery.StepKind),
    "last-job": tuple(state.lower() for state in ENDED),
    "tab": ("overview", "jobs", "alerts", "checkpoints", "recovery", "learn"),
}

ENDS = ("bare", "forgotten", "more")  # texts(f"{key}-bare")


def strings():
    """Return every string that stands in the dashboard's code."""
    return {
        node.value
        for file in CODE
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def calls():
    """Return (file, the first argument) of each call of `texts(...)`."""
    return [
        (file.name, node.args[0])
        for file in CODE
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and (getattr(node.func, "id", None) or getattr(node.func, "attr", None)) in ("texts", "_texts")
        and node.args
    ]


def arguments(text):
    """Return the names that a text wants filled in."""
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_every_text_that_the_code_names_exists():
    named = {key.value for _, key in calls() if isinstance(key, ast.Constant)}
    assert len(named) > 80
    assert named - set(ALL) == set()


def test_every_text_that_the_code_puts_together_exists():
    wanted = {f"{first}-{last}" for first, kinds in MADE.items() for last in kinds}
    assert wanted - set(ALL) == set()


def test_every_way_in_which_the_code_puts_a_key_together_is_known_here():
    made = {
        key.values[0].value.rstrip("-")
        for _, key in calls()
        if isinstance(key, ast.JoinedStr) and isinstance(key.values[0], ast.Constant)
    }
    assert made - set(MADE) == set()


def test_no_text_is_left_over():
    used = strings() | {f"{first}-{last}" for first, kinds in MADE.items() for last in kinds}
    longer = {f"{key}-{end}" for key in used for end in ENDS}
    assert [key for key in ALL if key not in used | longer] == []


@pytest.mark.parametrize("key", ALL)
def test_both_languages_name_the_same_arguments_and_say_something(key):
    english, korean = texts.both(key)
    assert arguments(english) == arguments(korean)
    assert (english.strip(), korean.strip()) == (english, korean)
    assert english


def test_every_korean_sentence_is_korean():
    sentences = [key for key in ALL if len(texts.both(key)[0].split()) > 3]
    assert [key for key in sentences if not re.search("[가-힣]", texts.both(key)[1])] == []


def test_arguments_are_put_in_once_and_stay_as_they_are():
    told = Texts("en")("alert-line", user="{count}{0}", count=3)
    assert told == "[ALERT] userId={count}{0} 이상행동 3회 감지!"


def test_a_text_that_there_is_not_is_an_error():
    with pytest.raises(KeyError, match="no-such-text"):
        Texts("ko")("no-such-text")
