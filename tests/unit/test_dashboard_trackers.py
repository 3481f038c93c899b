from dataclasses import replace

import pytest
from flink_answers import DETECTOR, HEARTBEAT, JOB, SINK, SOURCE, VERTICES, answer, field

from dashboard.collect import read
from dashboard.collect.checkpoint_tracker import CheckpointTracker
from dashboard.collect.fields import Field
from dashboard.collect.job_tracker import JobTracker
from dashboard.collect.links import Links
from dashboard.collect.live import AlertTracker, LiveAlert, LiveTracker, LiveUsers
from dashboard.collect.workers import Named, Workers
from dashboard.model import Input, JobManager, Live, LiveUser, Partition, TaskManager
from flink_abnormal.core.recovery import RestoredCheckpoint
from flink_abnormal.runtime.bounded import Address
from flink_abnormal.runtime.names import resource_id

T = 1_000_000.0


def checkpoints(ids, *, total=None, shift=0.0, **more):
    """Return an answer with these checkpoints, the newest first, a second apart."""
    recorded = read.checkpoints(field("checkpoints"), JOB)
    history = tuple(
        replace(recorded.history[0], id=n, triggered=T + n + shift, path=f"file:/chk-{n}")
        for n in sorted(ids, reverse=True)
    )
    count = len(ids) if total is None else total
    return replace(recorded, history=history, total=count, completed=count, failed=0, **more)


def tracker(known=()):
    kept = {}
    return CheckpointTracker(known, lambda each: kept.__setitem__((each.term, each.id), each)), kept


def view(checkpoint_tracker):
    return [(each.term, each.id, each.restored) for each in checkpoint_tracker.view().history]


def test_checkpoints_stay_when_flink_forgets_them():
    seen, kept = tracker()
    seen.update(checkpoints([1, 2]), T)
    seen.update(checkpoints([2, 3], total=3), T)

    assert view(seen) == [(0, 3, False), (0, 2, False), (0, 1, False)]
    assert sorted(kept) == [(0, 1), (0, 2), (0, 3)]


def test_whether_a_checkpoint_is_still_there_is_not_known_once_flink_tells_of_it_no_more():
    seen, kept = tracker()
    answer = checkpoints([1, 2, 3])
    told = {1: False, 2: True, 3: True}
    seen.update(replace(answer, history=tuple(replace(each, kept=told[each.id]) for each in answer.history)), T)
    seen.update(checkpoints([3, 4], total=4), T)

    assert {each.id: each.kept for each in seen.view().history} == {1: False, 2: None, 3: True, 4: True}
    assert kept[0, 2].kept is None


def test_counters_that_go_back_begin_another_term():
    seen, _ = tracker()
    seen.update(checkpoints([1, 2, 3]), T)
    seen.update(checkpoints([4], latest_restored=RestoredCheckpoint(3, T + 3.5, path="file:/chk-3")), T)
    seen.update(checkpoints([4, 5]), T)

    assert view(seen) == [(1, 5, False), (1, 4, False), (0, 3, True), (0, 2, False), (0, 1, False)]


def test_what_was_in_progress_when_its_jobmanager_was_lost_is_given_up_unless_it_was_restored():
    seen, kept = tracker()
    first = checkpoints([1, 2, 3])
    pending = tuple(replace(each, status="IN_PROGRESS") for each in first.history[:2])
    seen.update(replace(first, history=(*pending, first.history[2])), T)
    seen.update(checkpoints([4], total=1, latest_restored=RestoredCheckpoint(2, T + 3.5, path="file:/chk-2")), T + 4)

    assert [(each.id, each.status, each.restored, each.failure) for each in seen.view().history] == [
        (4, "COMPLETED", False, None),
        (3, "FAILED", False, "Its JobManager was lost."),
        (2, "COMPLETED", True, None),
        (1, "COMPLETED", False, None),
    ]
    assert {each.id: each.status for each in kept.values()} == {
        1: "COMPLETED",
        2: "COMPLETED",
        3: "FAILED",
        4: "COMPLETED",
    }


def test_an_id_that_comes_again_with_another_time_begins_another_term():
    before, kept = tracker()
    before.update(checkpoints([1, 2]), T)
    seen, _ = tracker(kept.values())
    seen.update(checkpoints([1, 2], total=9), T)
    seen.update(checkpoints([1, 2, 3], shift=50, total=9), T)

    assert view(seen) == [(1, n, False) for n in (3, 2, 1)] + [(0, 2, False), (0, 1, False)]


def test_a_checkpoint_is_written_again_only_when_it_changes():
    seen, kept = tracker()
    seen.update(checkpoints([1]), T)
    kept.clear()
    seen.update(checkpoints([1]), T + 1)
    assert kept == {}
    seen.update(checkpoints([1], latest_restored=RestoredCheckpoint(1, T + 5, path="file:/chk-1")), T + 2)

    assert [each.restored for each in kept.values()] == [True]


def test_the_history_and_the_details_are_bounded():
    seen, _ = tracker()
    for n in range(0, 900, 50):
        seen.update(checkpoints(range(n, n + 50), total=n + 50), T)
    task = read.task(field("checkpoint-subtasks-2"), DETECTOR, "x")
    for n in range(850, 900):
        seen.put_details(n, (task,))

    assert [each.id for each in seen.view().history] == list(range(899, 399, -1))
    assert sorted(seen.view().details) == list(range(880, 900))
    assert seen.view().history[0].alignment_s == task.alignment_s == 0.033


def test_a_job_is_put_together_of_its_parts():
    job = JobTracker(JOB, tracker()[0])
    job.update(read.job(field("job")), T)
    for place, vertex in enumerate(VERTICES):
        job.update_vertex(vertex, read.vertex(field(f"vertex-{place}")), T + 1)
    job.checkpoints.update(read.checkpoints(field("checkpoints"), JOB), T)
    job.checkpoints.put_details(
        4,
        tuple(
            read.task(field(f"checkpoint-subtasks-{n}"), v, v)
            for n, v in enumerate((HEARTBEAT, SOURCE, DETECTOR, SINK))
        ),
    )

    detail = job.view(T + 2)

    assert (detail.total, detail.running, detail.state) == (10, 10, "RUNNING")
    assert [vertex.checkpoint_bytes for vertex in detail.vertices] == [289, 7155, 6774, 0]
    assert [each.checkpoint_bytes for each in detail.vertices[2].subtasks] == [2258, 2258, 2258]
    assert [each.taskmanager for each in detail.vertices[2].subtasks] == [
        "localhost:40657-09b87a",
        "localhost:43371-1c9d18",
        "localhost:43371-1c9d18",
    ]
    assert detail.vertices[2].at == T + 1
    assert detail.vertices[2].in_rate is None  # one report tells no rate
    assert detail.live == Live(T + 2, 0, (), 0, "not-read-yet")


@pytest.mark.parametrize(
    ("parameters", "missing"),
    [
        ({"execution-mode": "process"}, "not-published"),
        ({"execution-mode": "thread", "live": "off"}, "off"),
        ({"execution-mode": "thread", "live": "on"}, "not-published"),
        ({}, "not-published"),
        (None, "not-read-yet"),
    ],
)
def test_why_there_are_no_live_figures_is_told_by_the_job_s_options(parameters, missing):
    job = JobTracker(JOB, tracker()[0])
    job.update(read.job(field("job")), T)
    job.parameters = parameters
    assert job.missing() == "not-read-yet"
    job.metrics = dict.fromkeys(VERTICES, ())

    assert job.missing() == missing
    job.metrics[DETECTOR] = ("0.P.liveUsers",)
    assert job.missing() is None


def test_a_job_that_runs_again_under_its_id_is_asked_for_its_options_again():
    job = JobTracker(JOB, tracker()[0])
    first = read.job(field("job"))
    job.update(first, T)
    job.parameters, job.metrics = {"live": "true"}, {DETECTOR: ("0.P.liveUsers",)}
    job.update(first, T + 1)
    assert job.parameters == {"live": "true"}
    job.update(replace(first, started=T + 5), T + 6)

    assert (job.parameters, job.metrics) == (None, {})


def user(name, count, at, subtask=0):
    return LiveUser(name, count, "A" * count, at, subtask)


def test_users_are_merged_over_subtasks_and_sorted_by_their_counts():
    live = LiveTracker()
    live.update(LiveUsers(3, 32, (user("a", 2, T), user("b", 5, T))), T)
    live.update(LiveUsers(3, 32, (user("c", 5, T + 1, 1), user("a", 9, T - 1, 1))), T + 1)

    assert live.view(None, T + 9) == Live(T + 1, 3, (user("c", 5, T + 1, 1), user("b", 5, T), user("a", 2, T)), 32)


def test_users_from_before_a_recovery_stay_until_something_newer_comes():
    live = LiveTracker()
    live.update(LiveUsers(3, 32, (user("a", 2, T), user("b", 1, T))), T)
    live.update(LiveUsers(3, 32, ()), T + 5)
    live.update(LiveUsers(3, 32, (user("b", 4, T + 6),)), T + 6)

    assert [(each.user_id, each.count) for each in live.view(None, T).users] == [("b", 4), ("a", 2)]


def test_a_user_who_lost_the_place_to_others_is_not_shown_with_an_old_count():
    live = LiveTracker()
    live.update(LiveUsers(3, 2, (user("a", 2, T), user("b", 1, T))), T)
    live.update(LiveUsers(3, 2, (user("c", 1, T, 1),)), T)
    live.update(LiveUsers(3, 2, (user("a", 2, T), user("d", 3, T + 6))), T + 6)

    assert [each.user_id for each in live.view(None, T).users] == ["d", "a", "c"]


def test_at_most_two_hundred_users_are_kept():
    live = LiveTracker()
    for n in range(50):
        live.update(LiveUsers(3, 32, tuple(user(f"u{n}-{k}", k, T, n) for k in range(32))), T)

    users = live.view(None, T).users
    assert len(users) == 200
    assert [each.count for each in users] == sorted((each.count for each in users), reverse=True)
    assert users[49].count == 31


def ring(*seqs, at=T):
    return [LiveAlert(seq, at + seq, f"u{seq}", 3) for seq in seqs]


def numbers(found):
    return [each.seq for each in found]


def test_new_alerts_of_a_ring_are_found_and_those_that_fell_out_are_counted():
    alerts = AlertTracker()
    one = ("v", 0)

    assert numbers(alerts.new(one, ring(5, 6))) == [5, 6]  # what was before the first look is not missed
    assert numbers(alerts.new(one, ring(5, 6, 7))) == [7]
    assert numbers(alerts.new(one, ring(5, 6, 7))) == []
    assert numbers(alerts.new(one, ring(10, 11))) == [10, 11]
    assert numbers(alerts.new(("v", 1), [])) == []
    assert numbers(alerts.new(("v", 1), ring(2, 3))) == [2, 3]
    assert alerts.view(T).missed == 2 + 2


def test_a_new_attempt_counts_from_zero_and_is_known_by_its_numbers():
    alerts = AlertTracker()
    one = ("v", 0)
    alerts.new(one, ring(7, 8, 9))

    assert numbers(alerts.new(one, ring(0, 1, at=T + 50))) == [0, 1]
    assert numbers(alerts.new(one, ring(0, 1, 2, at=T + 50))) == [2]
    assert numbers(alerts.new(one, ring(1, 2, 3, 4, at=T + 90))) == [
        1,
        2,
        3,
        4,
    ]  # a third one, and its first was missed
    assert alerts.view(T).missed == 1


def test_figures_of_alerts_are_bounded():
    alerts = AlertTracker()
    for n in range(5000):
        alerts.count(f"user{n}", T)
    for n in range(7200):
        alerts.count("noisy", T + n)

    found = alerts.view(T + 7200)
    assert (found.seen, found.rate_per_minute, found.noisiest[0]) == (12200, 60.0, ("noisy", 7200))
    assert len(found.noisiest) == 10
    assert len(found.per_minute) == 60
    assert found.per_minute[-2][1] == 60
    assert alerts.view(T + 9000).rate_per_minute == 0


def worker(name, at=T):
    return TaskManager(name, "", "h:1", 3, 0, at)


def test_taskmanagers_get_numbers_that_are_never_given_twice():
    kept = {}
    workers = Workers([Named("old", 7, T - 500)], lambda each: kept.__setitem__(each.id, each))
    workers.update([worker("a"), worker("b")], T)
    workers.update([worker("b"), worker("c")], T + 1)

    assert [(each.name, each.lost_at) for each in workers.view()] == [
        ("TaskManager 8", T + 1),
        ("TaskManager 9", None),
        ("TaskManager 10", None),
    ]
    assert {each.id: each.number for each in kept.values()} == {"a": 8, "b": 9, "c": 10}
    assert (workers.name("old"), workers.name("never seen")) == ("TaskManager 7", "never seen")


def test_a_taskmanager_of_this_project_keeps_its_name_when_its_process_is_another():
    kept = []
    workers = Workers([], kept.append)
    one, two, again, ten = map(resource_id, ("taskmanager-1", "taskmanager-2", "taskmanager-2", "taskmanager-10"))
    workers.pids = {"taskmanager-1": 11, "taskmanager-2": 22}
    workers.update([worker(ten), worker(two), worker(one)], T)
    workers.update([worker(ten), worker(again), worker(one)], T + 1)

    assert [(each.name, each.id, each.lost_at, each.pid) for each in workers.view()] == [
        ("taskmanager-1", one, None, 11),
        ("taskmanager-2", again, None, 22),
        ("taskmanager-2", two, T + 1, None),
        ("taskmanager-10", ten, None, None),
    ]
    assert (workers.name(two), workers.name(again), kept) == ("taskmanager-2", "taskmanager-2", [])


def test_a_lost_taskmanager_is_shown_for_two_minutes_or_until_it_is_back():
    workers = Workers([], lambda _: None)
    workers.update([worker("a"), worker("b")], T)
    workers.update([worker("a")], T + 1)
    workers.update([worker("a")], T + 121)
    assert [each.lost_at for each in workers.view()] == [None, T + 1]
    workers.update([worker("a")], T + 122)
    assert [each.lost_at for each in workers.view()] == [None]
    workers.update([worker("a"), worker("b", T + 130)], T + 130)

    assert [(each.name, each.lost_at) for each in workers.view()] == [("TaskManager 1", None), ("TaskManager 2", None)]


def test_a_new_jobmanager_is_given_time_to_hear_of_the_taskmanagers():
    workers = Workers([], lambda _: None)
    workers.update([worker("a"), worker("b")], T)
    workers.update([], T + 1, settled=False)
    assert [each.lost_at for each in workers.view()] == [None, None]
    workers.update([worker("b")], T + 11, settled=True)

    assert [each.lost_at for each in workers.view()] == [T + 11, None]


A, B = Address("a", 1), Address("b", 2)


def test_the_link_tells_whether_anybody_answers_or_only_listens():
    links = Links((A, B), T)
    assert links.state() == ("connecting", T)
    links.hear(A, "nothing", T + 1)
    links.hear(B, "nothing", T + 1)
    assert links.state() == ("connecting", T)
    links.hear(A, "elects", T + 2)
    assert links.state() == ("electing", T + 2)
    links.hear(A, "serves", T + 3)
    assert (links.state(), links.answered_at) == (("up", T + 3), T + 3)
    links.hear(A, "nothing", T + 4)
    assert links.state() == ("gone", T + 4)
    links.hear(B, "slow", T + 5)

    assert (links.state(), links.answered_at, links.serving()) == (("electing", T + 5), T + 3, [])


def test_the_leader_is_asked_first_and_none_is_named_that_is_not_known():
    links = Links((A, B), T)
    links.hear(A, "serves", T)
    links.hear(B, "serves", T + 1)
    assert (links.serving(), links.leader) == ([B, A], None)
    assert links.jobmanagers() == (JobManager("a:1", True, None, T), JobManager("b:2", True, None, T + 1))
    links.lead(A)
    assert (links.serving(), links.leader) == ([A, B], A)
    assert links.jobmanagers() == (JobManager("a:1", True, True, T), JobManager("b:2", True, False, T + 1))
    links.hear(A, "nothing", T + 5)

    assert links.leader is None
    assert links.jobmanagers() == (JobManager("a:1", False, False, T + 5), JobManager("b:2", True, None, T + 1))


def test_the_only_jobmanager_leads_when_it_answers():
    links = Links((A,), T)
    links.hear(A, "serves", T)

    assert links.jobmanagers() == (JobManager("a:1", True, True, T),)


def test_a_vertex_of_an_answer_without_records_is_shown_without_figures():
    raw = answer("vertex-0")
    raw["subtasks"][0]["metrics"] = {}
    job = JobTracker(JOB, tracker()[0])
    job.update(read.job(field("job")), T)
    job.update_vertex(HEARTBEAT, read.vertex(Field(raw, "/vertex")), T)

    (subtask,) = job.view(T).vertices[0].subtasks
    assert (subtask.records_out, subtask.out_rate, subtask.busy) == (None, None, None)


def test_what_a_job_reads_is_put_together_from_its_sources_and_from_where_events_are_put_in_order():
    tracked = JobTracker(JOB, tracker()[0])
    assert tracked.input() is None
    answer = read.job(field("job"))
    source, ordering = (vertex.id for vertex in answer.vertices[:2])
    names = {source: "Source: Kafka messages", ordering: "Events in order of time"}
    vertices = tuple(replace(each, name=names.get(each.id, each.name)) for each in answer.vertices)
    tracked.update(replace(answer, vertices=vertices), T)
    tracked.inputs = {
        source: {
            "0.Source__K.split.events-0.watermark.currentWatermark": "1700000000000",
            "0.Source__K.split.events-0.watermark.idleTimeMsPerSecond": "0",
            "1.Source__K.split.events-1.watermark.currentWatermark": str(-(2**63)),
            "1.Source__K.KafkaSourceReader.topic.events.partition.1.currentOffset": "-1",
            "0.Source__K.pendingRecords": "3",
            "1.Source__K.pendingRecords": "4",
        },
        ordering: {"0.currentInputWatermark": "1700000000000"},
    }
    tracked.input_at = T

    assert tracked.input() == Input(
        T,
        (Partition("events-0", 0, 1_700_000_000.0, 0.0, holds=True), Partition("events-1", 1)),
        7,
        True,
        1_700_000_000.0,
    )

    tracked.inputs = {source: {}}
    tracked.update(answer, T)
    assert tracked.input() is None
