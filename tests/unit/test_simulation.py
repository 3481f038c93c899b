import pytest

from flink_abnormal.core.model import ABNORMAL, Rule, UserEvent
from flink_abnormal.core.rule import detect
from flink_abnormal.core.settings import DetectionSettings
from flink_abnormal.core.simulation import Simulation
from flink_abnormal.core.source_settings import RandomSettings

DEFAULTS = RandomSettings()
DEFAULT = Simulation(DEFAULTS.seed, DEFAULTS.users, DEFAULTS.interval_ms, DEFAULTS.abnormal_rate)


def kinds(simulation, user=1, events=200):
    return [simulation.event(user, seq, 0).kind for seq in range(events)]


def test_an_event_names_its_user_its_time_and_its_number():
    assert DEFAULT.event(2, 7, 1_000) == UserEvent("user2", "normal", 1, 36_000, "seq:7")


def test_the_same_seed_user_and_number_give_the_same_event():
    again = Simulation(DEFAULTS.seed, DEFAULTS.users, DEFAULTS.interval_ms, DEFAULTS.abnormal_rate)
    assert [DEFAULT.event(user, seq, 5) for user in (1, 2) for seq in range(50)] == [
        again.event(user, seq, 5) for user in (1, 2) for seq in range(50)
    ]


def test_neither_the_start_nor_the_number_of_users_changes_the_kinds():
    other = Simulation(DEFAULTS.seed, 50, 1, DEFAULTS.abnormal_rate)
    assert [other.event(1, seq, 99).kind for seq in range(200)] == kinds(DEFAULT)


def test_another_seed_or_user_gives_other_events():
    other = Simulation(DEFAULTS.seed + 1, DEFAULTS.users, DEFAULTS.interval_ms, DEFAULTS.abnormal_rate)
    assert kinds(other) != kinds(DEFAULT)
    assert kinds(DEFAULT, user=2) != kinds(DEFAULT)


@pytest.mark.parametrize(("rate", "kind"), [(0.0, "normal"), (1.0, "abnormal")])
def test_a_rate_of_0_or_1_makes_events_of_one_kind(rate, kind):
    assert set(kinds(Simulation(93, 1, 1, rate), events=2_000)) == {kind}


def test_the_abnormal_share_is_about_the_rate():
    assert [kinds(DEFAULT, user, 10_000).count(ABNORMAL) for user in (1, 2, 3)] == [3_055, 3_009, 3_038]


def test_a_higher_rate_keeps_what_was_abnormal():
    low, high = kinds(Simulation(93, 1, 1, 0.3)), kinds(Simulation(93, 1, 1, 0.6))
    assert {seq for seq, kind in enumerate(low) if kind == ABNORMAL} < {
        seq for seq, kind in enumerate(high) if kind == ABNORMAL
    }


def test_the_default_seed_raises_its_first_alert_within_30_seconds():
    events = (DEFAULT.event(user, seq, 0) for seq in range(100) for user in range(1, DEFAULTS.users + 1))
    first = next(detect(events, Rule(DetectionSettings().threshold)))
    assert (first.user_id, first.count, first.timestamp) == ("user1", 3, 10_000)
    assert first.timestamp <= 30_000
