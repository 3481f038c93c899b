from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flink_abnormal.core.model import ABNORMAL, NORMAL, Rule, UserEvent
from flink_abnormal.core.rule import decide, detect

UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
EVENTS = st.lists(
    st.builds(
        UserEvent,
        user_id=st.sampled_from(["user1", "user2"]) | st.text(max_size=2),
        kind=st.sampled_from([ABNORMAL, ABNORMAL, NORMAL]),
        times=st.integers(1, 6),
        timestamp=st.integers(0, 10**13),
        event_id=st.just("seq:0"),
    ),
    max_size=40,
)


def event(user="user1", *, abnormal=True, times=1, event_id="seq:0"):
    return UserEvent(user, ABNORMAL if abnormal else NORMAL, times, 1_700_000_000_000, event_id)


def counts(events, threshold=3):
    return [(alert.user_id, alert.count) for alert in detect(events, Rule(threshold))]


def naive(events, threshold):
    singles = [each for each in events for _ in range(each.times)]
    found = []
    for position, last in enumerate(singles):
        streak = 0
        for earlier in reversed(singles[: position + 1]):
            if earlier.user_id != last.user_id:
                continue
            if earlier.kind == NORMAL:
                break
            streak += 1
        if streak >= threshold:
            found.append((last.user_id, streak, threshold, last.timestamp))
    return found


@UNHURRIED
@given(events=EVENTS, threshold=st.integers(1, 12))
def test_any_events_of_any_users_raise_what_a_naive_model_says(events, threshold):
    raised = list(detect(events, Rule(threshold)))
    assert [(a.user_id, a.count, a.threshold, a.timestamp) for a in raised] == naive(events, threshold)


@UNHURRIED
@given(events=EVENTS)
def test_users_do_not_touch_one_another(events):
    raised = list(detect(events, Rule()))
    for user in {each.user_id for each in events}:
        alone = list(detect([each for each in events if each.user_id == user], Rule()))
        assert [alert for alert in raised if alert.user_id == user] == alone


def test_the_third_abnormal_event_in_a_row_raises_an_alert():
    assert counts([event()] * 2) == []
    assert counts([event()] * 3) == [("user1", 3)]


def test_the_fourth_in_a_row_raises_another_one():
    assert counts([event()] * 4) == [("user1", 3), ("user1", 4)]


def test_a_normal_event_resets_the_count():
    assert decide(7, event(abnormal=False), Rule()) == (0, [])
    assert counts([event(), event(), event(abnormal=False), event(), event()]) == []


def test_a_normal_event_of_another_user_resets_nothing():
    assert counts([event(), event(), event("user2", abnormal=False), event()]) == [("user1", 3)]


def test_an_event_of_several_times_raises_an_alert_for_each_count_from_the_threshold_on():
    assert counts([event(), event(times=4)]) == [("user1", 3), ("user1", 4), ("user1", 5)]


def test_several_times_below_the_threshold_raise_nothing_but_count():
    assert decide(0, event(times=2), Rule()) == (2, [])


def test_a_threshold_of_one_raises_an_alert_at_each_abnormal_event():
    assert counts([event(), event(abnormal=False), event()], threshold=1) == [("user1", 1), ("user1", 1)]


def test_an_alert_and_an_event_print_the_lines_of_the_seed():
    (alert,) = detect([event()] * 3, Rule())
    assert alert.log_line() == "[ALERT] userId=user1 이상행동 3회 감지!"
    assert event().log_line() == "[Source Emit] UserEvent{userId='user1', isAbnormal=true}"
    assert event(abnormal=False).log_line() == "[Source Emit] UserEvent{userId='user1', isAbnormal=false}"


def test_the_alert_id_is_the_same_on_any_run():
    (alert,) = detect([event(event_id=f"seq:{n}") for n in range(3)], Rule())
    assert alert.alert_id == "25ede4bef1f8fb3cc3e382b4f5b5910d"


def test_the_alert_id_tells_counts_users_and_events_apart():
    ids = {
        alert.alert_id
        for count in (2, 3)
        for user in ("user1", "user2")
        for event_id in ("seq:2", "seq:3")
        for alert in decide(count, event(user, event_id=event_id), Rule())[1]
    }
    assert len(ids) == 8


def test_the_alert_ids_of_one_event_of_several_times_differ():
    assert len({alert.alert_id for alert in detect([event(times=10)], Rule())}) == 8


def test_the_alert_id_depends_on_neither_the_threshold_nor_the_time():
    later = event()._replace(timestamp=0)
    assert decide(4, event(), Rule(3))[1][0].alert_id == decide(4, later, Rule(5))[1][0].alert_id
