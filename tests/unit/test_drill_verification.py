"""The drill's judgement of the alerts that were committed."""

import json

import pytest
from expected import alerts_of, simulated

from flink_abnormal.core.simulation import Simulation
from flink_abnormal.drill.verification import Comparison, Seen, compare, expected_alerts, tamper

SIMULATION = Simulation(seed=93, users=3, interval_ms=100, abnormal_rate=0.3)
EXPECTED = expected_alerts(SIMULATION, 300, threshold=3)


def line(alert):
    return json.dumps({"userId": alert.user_id, "count": alert.count, "alertId": alert.alert_id}).encode() + b"\n"


def content(alerts):
    return b"".join(map(line, alerts))


def test_what_is_expected_is_what_the_rule_gives():
    assert sorted((a.user_id, a.count, a.alert_id) for a in EXPECTED) == alerts_of(simulated(events=300))


def test_users_may_have_made_different_numbers_of_events():
    some = expected_alerts(SIMULATION, {"user1": 300, "user2": 0, "user3": 300}, threshold=3)

    assert some == [alert for alert in EXPECTED if alert.user_id != "user2"]


def test_the_same_alerts_in_any_split_over_files_are_the_same():
    half = len(EXPECTED) // 2

    found = compare(EXPECTED, {"b.jsonl": content(EXPECTED[:half]), "a.jsonl": content(EXPECTED[half:])})

    assert found == Comparison(len(EXPECTED), len(EXPECTED), [], [], [], [])
    assert found.same
    assert found.sentences() == []


def test_a_missing_alert_is_named():
    gone = EXPECTED[5]

    found = compare(EXPECTED, {"a.jsonl": content([alert for alert in EXPECTED if alert != gone])})

    assert not found.same
    assert found == Comparison(len(EXPECTED), len(EXPECTED) - 1, [gone], [], [], [])
    assert found.sentences() == [f"1 alert is missing: {gone.user_id} count {gone.count} (alertId {gone.alert_id})"]


def test_an_alert_in_two_files_is_doubled_and_nothing_else():
    twice = EXPECTED[5]

    found = compare(EXPECTED, {"a.jsonl": content(EXPECTED), "b.jsonl": line(twice)})

    assert found == Comparison(len(EXPECTED), len(EXPECTED) + 1, [], [twice], [], [])
    assert found.sentences() == [
        f"1 alert is committed more than once: {twice.user_id} count {twice.count} (alertId {twice.alert_id})"
    ]


def test_an_alert_that_the_rule_does_not_give_and_a_torn_line_are_told():
    strange = Seen("user1", 99, "0" * 32)

    found = compare(EXPECTED, {"a.jsonl": content([*EXPECTED, strange]) + b'{"userId": "us'})

    assert found == Comparison(
        len(EXPECTED), len(EXPECTED) + 2, [], [], [str(strange), "a line of a.jsonl that is not an alert"], []
    )


def test_two_alerts_of_a_user_in_the_wrong_order_are_told():
    first, second = [alert for alert in EXPECTED if alert.user_id == "user1"][:2]
    swapped = {first: second, second: first}

    found = compare(EXPECTED, {"a.jsonl": content([swapped.get(alert, alert) for alert in EXPECTED])})

    assert found == Comparison(len(EXPECTED), len(EXPECTED), [], [], [], ["user1"])
    assert found.sentences() == ["1 user's alerts are out of order: user1"]


def test_a_stretch_that_reaches_into_another_is_out_of_order():
    mine = [alert for alert in EXPECTED if alert.user_id == "user1"]
    others = [alert for alert in EXPECTED if alert.user_id != "user1"]

    found = compare(EXPECTED, {"a.jsonl": content(others + mine[::2]), "b.jsonl": content(mine[1::2])})

    assert found.out_of_order == ["user1"]


def test_more_than_a_few_are_not_all_named():
    found = compare(EXPECTED, {})

    assert found.missing == EXPECTED
    assert found.sentences()[0].startswith(f"{len(EXPECTED)} alerts are missing: ")
    assert found.sentences()[0].endswith(", …")
    assert found.sentences()[0].count("alertId") == 5


@pytest.mark.parametrize(("how", "lists"), [("drop", "missing"), ("double", "doubled")])
def test_tampering_is_found_out(how, lists):
    files = {"small.jsonl": content(EXPECTED[:2]), "large.jsonl": content(EXPECTED[2:])}

    name, changed, alert = tamper(files, how)

    assert name == "large.jsonl"
    found = compare(EXPECTED, {**files, name: changed})
    assert getattr(found, lists) == [alert]
    assert len(found.sentences()) == 1


def test_there_is_nothing_to_tamper_with_where_nothing_was_committed():
    with pytest.raises(ValueError, match="no alert was committed"):
        tamper({"a.jsonl": b""}, "drop")
