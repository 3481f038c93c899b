"""How figures are written, to the character."""

import time

import pytest

from dashboard.pages import words
from dashboard.pages.texts import Texts

EN, KO = Texts("en"), Texts("ko")


@pytest.mark.parametrize(
    ("seconds", "english", "korean"),
    [
        (None, "–", "–"),
        (0, "0 ms", "0 ms"),
        (0.061, "61 ms", "61 ms"),
        (0.9994, "999 ms", "999 ms"),
        (1, "1.0 s", "1.0 초"),
        (6.84, "6.8 s", "6.8 초"),
        (59.94, "59.9 s", "59.9 초"),
        (60, "1 min 0 s", "1 분 0 초"),
        (125, "2 min 5 s", "2 분 5 초"),
        (3599.9, "59 min 59 s", "59 분 59 초"),
        (3600, "1 h 0 min", "1 시간 0 분"),
        (11_045, "3 h 4 min", "3 시간 4 분"),
        (86_400, "1 d 0 h", "1 일 0 시간"),
        (183_600, "2 d 3 h", "2 일 3 시간"),
    ],
)
def test_a_duration_is_told_in_its_two_largest_units(seconds, english, korean):
    assert (words.duration(seconds, EN), words.duration(seconds, KO)) == (english, korean)


@pytest.mark.parametrize(
    ("seconds", "told"), [(0.9996, "1.0 s"), (59.96, "1 min 0 s")], ids=["nearly a second", "nearly a minute"]
)
def test_a_duration_that_rounds_up_to_the_next_unit_is_told_in_it(seconds, told):
    assert words.duration(seconds, EN) == told


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (None, "–"),
        (0, "0 B"),
        (812, "812 B"),
        (1023, "1023 B"),
        (1024, "1.0 KB"),
        (6246, "6.1 KB"),
        (3 * 1024**2, "3.0 MB"),
        (1.5 * 1024**3, "1.5 GB"),
        (2048 * 1024**3, "2.0 TB"),
    ],
)
def test_a_size_is_told_in_units_of_1024(value, told):
    assert words.size(value) == told


@pytest.mark.parametrize(
    ("value", "told"),
    [(None, "–"), (0, "0.0"), (0.61, "0.6"), (99.94, "99.9"), (99.96, "100"), (100, "100"), (18_250.4, "18,250")],
)
def test_a_rate_has_a_place_below_a_hundred_and_separators_above(value, told):
    assert words.rate(value) == told


@pytest.mark.parametrize(("value", "told"), [(None, "–"), (0, "0 %"), (0.666, "67 %"), (1, "100 %")])
def test_a_share_is_a_whole_percentage(value, told):
    assert words.share(value) == told


@pytest.mark.parametrize(("value", "told"), [(None, "–"), (0, "0"), (1234567, "1,234,567")])
def test_a_number_has_separators(value, told):
    assert words.number(value) == told


def test_times_are_told_in_the_zone_of_the_dashboard():
    at = time.mktime((2026, 3, 1, 7, 8, 9, 0, 0, -1))
    assert (words.clock(at), words.moment(at)) == ("07:08:09", "2026-03-01 07:08:09")
    assert (words.clock(None), words.moment(None)) == ("–", "–")


@pytest.mark.parametrize(
    ("state", "tone"),
    [
        ("RUNNING", "ok"),
        ("FINISHED", "ok"),
        ("COMPLETED", "ok"),
        ("SCHEDULED", "warn"),
        ("RESTARTING", "warn"),
        ("CANCELING", "warn"),
        ("CANCELLING", "warn"),
        ("IN_PROGRESS", "warn"),
        ("FAILED", "bad"),
        ("CANCELED", "idle"),
        ("SUSPENDED", "idle"),
    ],
)
def test_each_state_of_flink_has_a_tone(state, tone):
    assert words.tone(state) == tone
