"""Which strikes come in which turn, and what is said of them."""

from collections import Counter

import pytest

from flink_abnormal.core.errors import UsageError
from flink_abnormal.drill.faults import KINDS, draw, plan
from flink_abnormal.drill.job import DRAIN_RATE, INTERVAL_MS, USERS
from flink_abnormal.drill.report import DrillReport, StrikeResult
from flink_abnormal.drill.runner import QUIET_SECONDS, Orders
from flink_abnormal.drill.timeline import Line
from flink_abnormal.drill.verification import Comparison


def test_named_strikes_come_in_turn():
    wanted = ["kill taskmanager", "fill disk"]

    assert plan(wanted, 2, 1, mixed=False, impossible={}) == wanted * 2


def test_a_mix_is_the_same_for_the_same_seed_and_leaves_out_what_is_impossible():
    possible = [kind for kind in KINDS if kind != "cut network"]

    mixes = [plan([], 2 * len(possible), seed, mixed=True, impossible={"cut network": "no"}) for seed in (1, 1, 2)]

    assert mixes[0] == mixes[1]
    assert mixes[0] != mixes[2]
    assert Counter(mixes[0]) == dict.fromkeys(possible, 2)


def test_a_mix_of_named_strikes_holds_no_others():
    mix = plan(["kill taskmanager", "fill disk"], 4, 1, mixed=True, impossible={})

    assert Counter(mix) == {"kill taskmanager": 2, "fill disk": 2}


def test_a_strike_that_can_not_be_had_is_refused_with_the_reason():
    with pytest.raises(UsageError) as refused:
        plan(["cut network"], 1, 1, mixed=False, impossible={"cut network": "Give --on compose."})

    assert str(refused.value) == "--cut network is impossible here: Give --on compose."


def test_a_drill_without_a_strike_is_refused():
    with pytest.raises(UsageError) as refused:
        plan([], 1, 1, mixed=False, impossible={})

    assert str(refused.value) == ("A drill needs a strike: name one, such as --kill taskmanager, or give --random.")


def struck(kind, noticed, recovered, failure=None):
    return StrikeResult(
        kind, "taskmanager-1", 4, 3, 9, 9, noticed, 17, 12, recovered, failure, [Line(0.0, "it is dead")]
    )


def test_the_report_has_the_median_of_each_kind():
    report = DrillReport("strikes", "local", 93, "isolated")
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


def test_the_report_is_a_page_of_markdown_too_with_what_sums_up_first():
    report = DrillReport("strikes", "local", 93, "isolated")
    report.strikes = [struck("kill taskmanager", 1.0, 6.0), struck("kill taskmanager", 3.0, 9.0)]
    report.alerts = Comparison(4, 4, [], [], [], [])

    assert (
        report.to_markdown()
        == """# Drill: strikes

On: local; seed 93; slots isolated.

4 alerts committed, 4 expected, after 2 strikes: none missing, none twice, each user's counts in order.

| Strike           | Times | Noticed, median | All well after, median | Longest |
|------------------|-------|-----------------|------------------------|---------|
| kill taskmanager | 2     | 2.0 s           | 7.5 s                  | 9.0 s   |


|   | Strike           | Victim        | Slots used | Noticed | Not running | Restored from | All well after |
|---|------------------|---------------|------------|---------|-------------|---------------|----------------|
| 1 | kill taskmanager | taskmanager-1 | 9 of 9     | 1.0 s   | 17          | checkpoint 12 | 6.0 s          |
| 2 | kill taskmanager | taskmanager-1 | 9 of 9     | 3.0 s   | 17          | checkpoint 12 | 9.0 s          |

"""
    )


def test_two_hundred_strikes_leave_no_more_events_than_a_drain_makes_before_its_savepoint_expires():
    orders = Orders(draw(KINDS, 200, 93), 93, "isolated", "thread", 60)
    usual = 200 * 20 + 20 * QUIET_SECONDS  # seconds that a machine takes which has nothing else to do

    assert orders.seconds > 1.5 * usual
    assert (orders.seconds + 2 * 60 - usual) * 1000 / INTERVAL_MS * USERS / 600 < DRAIN_RATE


def test_a_strike_that_was_not_recovered_from_fails_the_drill():
    report = DrillReport("strikes", "local", 93, "isolated")
    report.strikes = [struck("kill taskmanager", 1.0, None, "not recovered within 60 s")]

    assert report.to_json()["verdict"] == "failed"
    assert report.to_json()["problems"] == [
        "kill taskmanager: not recovered within 60 s",
        "The alerts were not compared.",
    ]
    assert report.to_json()["strikes"][0]["timeline"] == [{"seconds": 0.0, "text": "it is dead"}]
