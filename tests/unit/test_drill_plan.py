"""Which strikes come in which turn, and what is said of them."""

from collections import Counter

import pytest

from flink_abnormal.drill.kinds import KINDS, plan
from flink_abnormal.drill.report import Report, Struck
from flink_abnormal.drill.story import Line
from flink_abnormal.errors import UsageError


def test_named_strikes_come_in_turn():
    wanted = ["kill taskmanager", "fill disk"]

    assert plan(wanted, 2, 1, mixed=False, impossible={}) == wanted * 2


def test_a_mix_is_the_same_for_the_same_seed_and_leaves_out_what_is_impossible():
    possible = [kind for kind in KINDS if kind != "cut network"]

    mixes = [plan([], 10, seed, mixed=True, impossible={"cut network": "no"}) for seed in (1, 1, 2)]

    assert mixes[0] == mixes[1]
    assert mixes[0] != mixes[2]
    assert Counter(mixes[0]) == dict.fromkeys(possible, 2)


def test_a_mix_of_named_strikes_holds_no_others():
    mix = plan(["kill taskmanager", "fill disk"], 4, 1, mixed=True, impossible={})

    assert Counter(mix) == {"kill taskmanager": 2, "fill disk": 2}


def test_a_strike_that_can_not_be_had_is_refused_with_the_reason():
    with pytest.raises(UsageError) as refused:
        plan(["cut network"], 1, 1, mixed=False, impossible={"cut network": "Give --on compose."})

    assert str(refused.value) == "--cut network can't be done here: Give --on compose."


def test_a_drill_without_a_strike_is_refused():
    with pytest.raises(UsageError) as refused:
        plan([], 1, 1, mixed=False, impossible={})

    assert str(refused.value) == ("A drill needs a strike: name one, such as --kill taskmanager, or give --random.")


def struck(kind, noticed, recovered, failure=None):
    return Struck(kind, "taskmanager-1", 4, 3, 9, 9, noticed, 17, 12, recovered, failure, [Line(0.0, "it is dead")])


def test_the_report_has_the_median_of_each_kind():
    report = Report("strikes", "local", 93, "isolated")
    report.strikes = [
        struck("kill taskmanager", 1.0, 6.0),
        struck("fill disk", 0.5, 4.0),
        struck("kill taskmanager", 3.0, 9.0),
        struck("kill taskmanager", 2.0, 7.0),
    ]

    assert report.medians() == {
        "kill taskmanager": {"noticed_s": 2.0, "recovered_s": 7.0},
        "fill disk": {"noticed_s": 0.5, "recovered_s": 4.0},
    }


def test_a_strike_that_was_not_recovered_from_fails_the_drill():
    report = Report("strikes", "local", 93, "isolated")
    report.strikes = [struck("kill taskmanager", 1.0, None, "not recovered within 60 s")]

    assert report.to_json()["verdict"] == "failed"
    assert report.to_json()["problems"] == [
        "kill taskmanager: not recovered within 60 s",
        "The alerts were not compared.",
    ]
    assert report.to_json()["strikes"][0]["story"] == [{"seconds": 0.0, "text": "it is dead"}]
