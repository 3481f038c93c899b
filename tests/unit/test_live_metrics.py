import functools

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flink_abnormal.core.model import ABNORMAL, NO_TIMESTAMP, NORMAL, Alert, Rule, UserEvent
from flink_abnormal.core.rule import decide
from flink_abnormal.pipeline.live_metrics import SHOWN_ALERTS, SHOWN_EVENTS, SHOWN_USERS, LiveView

UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
FLINKS_LIMIT_BYTES = 65_535
LARGEST = 2**63 - 1


class Slots:
    """What the JVM's list of texts is to the view; shown as Java shows it."""

    def __init__(self, size):
        self.texts = [None] * size
        self.puts = [functools.partial(self.texts.__setitem__, slot) for slot in range(size)]

    def shown(self):
        return f"[{', '.join('null' if text is None else text for text in self.texts)}]"

    def documents(self):
        return [document for document in orjson.loads(self.shown()) if document is not None]


class Watched:
    """A view, what it shows, and the rule's counts of what it saw. Its clock counts events."""

    def __init__(self, threshold=3):
        self.users, self.alerts = Slots(1 + SHOWN_USERS), Slots(SHOWN_ALERTS)
        self.now = 0
        self.rule = Rule(threshold)
        self.view = LiveView(self.rule, self.users.puts, self.alerts.puts, lambda: self.now * 1_000_000)
        self.counts = {}
        self.letters = {}

    def see(self, user, *, abnormal=True, times=1):
        event = UserEvent(user, ABNORMAL if abnormal else NORMAL, times, 0, "seq:0")
        self.now += 1
        self.counts[user], _ = decide(self.counts.get(user, 0), event, self.rule)
        self.letters[user] = (self.letters.get(user, "") + min(times, SHOWN_EVENTS) * ("A" if abnormal else "N"))[
            -SHOWN_EVENTS:
        ]
        self.view.saw(event, self.counts[user])

    def shown(self):
        """Return the users' documents, each at its slot's number."""
        return {slot: each for slot, each in enumerate(orjson.loads(self.users.shown())) if slot and each}

    def shown_counts(self):
        return {each["userId"]: each["count"] for each in self.shown().values()}


def crowd(users, least, most):
    """Return lists of (user, abnormal, times)."""
    user = st.integers(1, users).map(lambda number: f"user{number}")
    each = st.tuples(user, st.sampled_from([True, True, False]), st.sampled_from([1, 1, 1, 2, 25]))
    return st.lists(each, min_size=least, max_size=most)


@UNHURRIED
@given(events=crowd(SHOWN_USERS, 0, 120))
def test_every_user_of_a_few_is_shown_with_the_rules_count_and_the_last_events(events):
    watched = Watched()
    last = {}
    for user, abnormal, times in events:
        watched.see(user, abnormal=abnormal, times=times)
        last[user] = watched.now

    assert [*watched.shown().values()] == [
        {"userId": user, "count": watched.counts[user], "events": watched.letters[user], "at": last[user]}
        for user in watched.counts
    ]


@UNHURRIED
@given(events=crowd(2 * SHOWN_USERS, 200, 300))
def test_of_many_users_those_are_shown_whom_a_plain_loop_would_choose(events):
    watched = Watched()
    chosen = {}  # user -> (count, when seen)
    for user, abnormal, times in events:
        watched.see(user, abnormal=abnormal, times=times)
        if user not in chosen and len(chosen) == SHOWN_USERS:
            last = min(chosen, key=chosen.get)
            if watched.counts[user] <= chosen[last][0]:
                continue
            del chosen[last]
        chosen[user] = watched.counts[user], watched.now

    assert watched.shown_counts() == {user: count for user, (count, _) in chosen.items()}
    assert set(watched.shown()) == set(range(1, len(chosen) + 1))


@UNHURRIED
@given(data=st.data(), counts=st.lists(st.integers(1, 60), min_size=40, max_size=120))
def test_the_highest_counts_are_shown_once_each_user_was_seen_by_a_full_view(data, counts):
    watched = Watched()
    for number in range(SHOWN_USERS):
        watched.see(f"early{number}", abnormal=False)
    for number, count in data.draw(st.permutations(list(enumerate(counts)))):
        watched.see(f"user{number}", times=count)

    highest = sorted([*counts, *[0] * SHOWN_USERS])[-SHOWN_USERS:]
    assert sorted(watched.shown_counts().values()) == highest


def test_the_lowest_count_gives_way_and_among_equals_the_one_seen_longest_ago():
    watched = Watched()
    for number in range(SHOWN_USERS):
        watched.see(f"user{number}", times=2 if number < 30 else 1)
    watched.see("user30", abnormal=False)
    watched.see("user30")  # as high as user31, but seen later
    before = watched.shown_counts()

    watched.see("no higher")
    assert watched.shown_counts() == before
    watched.see("higher", times=2)

    del before["user31"]
    assert watched.shown_counts() == before | {"higher": 2}
    assert watched.shown()[SHOWN_USERS]["userId"] == "higher"


def test_a_user_who_comes_back_begins_with_the_count_and_without_the_earlier_events():
    watched = Watched()
    watched.see("user1")
    for number in range(SHOWN_USERS):
        watched.see(f"other{number}", times=2)
    assert "user1" not in watched.shown_counts()

    watched.see("user1", times=2)

    (shown,) = [each for each in watched.shown().values() if each["userId"] == "user1"]
    assert (shown["count"], shown["events"]) == (3, "AA")


def test_the_rules_threshold_comes_first():
    assert Watched(threshold=7).users.documents() == [{"threshold": 7}]


@UNHURRIED
@given(user=st.text() | st.text(alphabet='"\\{}[],:\0\n\u2028\x7f\U0001f600이', max_size=200))
def test_any_user_id_is_shown_as_it_is_or_cut_and_marked(user):
    watched = Watched()
    watched.see(user)
    watched.view.alerted(Alert("0" * 32, user, 3, 3, NO_TIMESTAMP))

    wanted = {"userId": user} if len(user) <= 120 else {"userId": user[:120] + "…", "cut": True}
    for shown in (watched.shown()[1], *watched.alerts.documents()):
        assert {name: shown[name] for name in ("userId", "cut") if name in shown} == wanted


def test_the_alerts_are_numbered_and_the_oldest_give_way():
    watched = Watched()
    for number in range(SHOWN_ALERTS + 2):
        watched.now = 1_000 + number
        watched.view.alerted(Alert(f"id{number}", "user1", 3 + number, 3, number))

    assert [each["seq"] for each in orjson.loads(watched.alerts.shown())] == [32, 33, *range(2, 32)]
    assert orjson.loads(watched.alerts.texts[1]) == {
        "seq": 33,
        "at": 1_033,
        "userId": "user1",
        "count": 36,
        "alertId": "id33",
        "timestamp": 33,
    }


def test_an_alert_without_a_timestamp_says_null():
    watched = Watched()
    watched.view.alerted(Alert("id", "user1", 3, 3, NO_TIMESTAMP))

    assert [each["timestamp"] for each in watched.alerts.documents()] == [None]


@pytest.mark.parametrize("character", ["\0", '"', "이", "\U0001f600", "\x7f"])
def test_the_longest_that_is_shown_stays_below_half_of_what_flink_carries(character):
    watched = Watched(threshold=LARGEST)
    watched.now = LARGEST
    for number in range(SHOWN_USERS):
        user = character * (200 + number)
        watched.see(user, times=LARGEST - 1)
        watched.view.alerted(Alert("f" * 32, user, LARGEST, LARGEST, LARGEST))

    for text in (watched.users.shown(), watched.alerts.shown()):
        # Java's modified UTF-8 writes a character beyond the first plane as two of three bytes.
        assert sum(6 if ord(each) > 0xFFFF else len(each.encode()) for each in text) < FLINKS_LIMIT_BYTES / 2
