"""What the rule gives for the simulated users, and where Java reads other times: the references of jobs and parts."""

from flink_abnormal.core.model import Rule
from flink_abnormal.core.rule import detect
from flink_abnormal.core.simulation import Simulation
from flink_abnormal.core.source_settings import RandomSettings
from flink_abnormal.pipeline.formats import times

SEED = RandomSettings().seed


def simulated(events, users=3, seed=SEED, rate=0.3):
    """Return every event of a bounded random run; times are reckoned from 0."""
    simulation = Simulation(seed, users, 1000, rate)
    return [simulation.event(user, seq, 0) for user in range(1, users + 1) for seq in range(events)]


def alerts_of(events, threshold=3):
    """Return the alerts as (userId, count, alertId), sorted."""
    return sorted((a.user_id, a.count, a.alert_id) for a in detect(events, Rule(threshold)))


def summary_of(events, threshold=3):
    """Return the line that ends a bounded random run."""
    abnormal = sum(event.is_abnormal for event in events)
    found = len(alerts_of(events, threshold))
    return (
        f"read {len(events)} = valid {len(events)} + skipped 0 + dead-lettered 0; "
        f"events: abnormal {abnormal}, normal {len(events) - abnormal}; alerts {found}"
    )


def set_apart(text):
    """Whether Python and Java may read another time: in blanks, in letters beyond 16 bits, in what dateutil reads."""
    odd = any("\ud800" <= letter <= "\udfff" or letter > "\uffff" for letter in text)
    return odd or text.strip() != text.strip(" \t\r\n") or times.PATTERNS["week"].fullmatch(text.strip()) is not None
