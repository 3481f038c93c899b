import asyncio
import json
import time

import pytest
from cluster_tools import free_port
from collector_tools import SECONDS, complete, until
from conftest import wait_until
from fake_flink import FakeFlink
from flink_answers import DETECTOR, JOB, SOURCE, VERTICES, answer

from dashboard import webhook_url
from dashboard.collect import cluster_reader
from dashboard.collect.ask import ALLOWED, Asker, AskError, Pace, connections
from dashboard.collect.collector import Collector
from dashboard.collect.history import History
from dashboard.model import Snapshot
from flink_abnormal.core.errors import UsageError
from flink_abnormal.runtime.bounded import Address


def test_everything_that_a_cluster_tells_is_in_the_snapshot(flink, collect):
    snapshot = until(collect(flink.address), complete, "everything")
    detail = snapshot.details[JOB]

    assert (snapshot.link, snapshot.error, snapshot.history_error, snapshot.recoveries) == ("up", None, None, ())
    assert [(each.address, each.answers, each.leads) for each in snapshot.jobmanagers] == [(flink.address, True, True)]
    assert (snapshot.overview.slots, snapshot.overview.free, snapshot.overview.refresh_s) == (9, 0, 3.0)
    assert [each.name for each in snapshot.taskmanagers] == ["TaskManager 1", "TaskManager 2", "TaskManager 3"]
    assert [(each.id, each.running, each.total) for each in snapshot.jobs] == [(JOB, 10, 10)]
    assert [len(vertex.subtasks) for vertex in detail.vertices] == [1, 3, 3, 3]
    assert detail.parameters["source"] == "random"
    assert [each.id for each in detail.checkpoints.history] == [4, 3, 2, 1]
    assert [task.name for task in detail.checkpoints.details[4]] == [vertex.name for vertex in detail.vertices]
    assert (snapshot.log.sources, snapshot.log.missing) == (("TaskManager 1", "TaskManager 2", "TaskManager 3"), None)
    assert abs(snapshot.at - time.time()) < 2


def test_the_tasks_of_a_checkpoint_have_their_names_even_where_flink_is_slow_to_tell_of_the_job(flink, collect):
    flink.faults[f"/jobs/{JOB}"] = 500
    collector = collect(flink.address)
    slow, quick = f"/jobs/{JOB}", f"/jobs/{JOB}/checkpoints"
    wait_until(lambda: min(flink.since(0).count(path) for path in (slow, quick)) >= 3, "three looks at each")
    flink.faults.clear()

    detail = until(collector, complete, "everything").details[JOB]
    assert [task.name for task in detail.checkpoints.details[4]] == [vertex.name for vertex in detail.vertices]


def test_a_cluster_is_only_ever_asked_for_what_stands_on_the_list(flink, collect):
    flink.publish([{"threshold": 3}], [])
    collector = collect(flink.address)
    collector.watch(JOB)
    collector.watch("../../jars/upload")
    collector.want_checkpoint(JOB, 3)
    until(collector, lambda seen: seen.details.get(JOB) and seen.details[JOB].live.limit == 0, "live figures")
    wait_until(lambda: f"/jobs/{JOB}/checkpoints/details/3" in flink.since(0), "what was wanted")

    assert {method for _, method, _ in flink.asked} == {"GET"}
    assert [path for _, _, path in flink.asked if not any(allowed.fullmatch(path) for allowed in ALLOWED)] == []


@pytest.mark.parametrize(
    "path",
    [
        f"/jobs/{JOB}/stop",
        "/jars/upload",
        f"/jobs/{JOB}/savepoints",
        "/taskmanagers/x/../../jars",
        "/overview?x=1",
        "/",
    ],
)
def test_what_does_not_stand_on_the_list_is_never_sent(flink, path):
    async def send():
        async with connections() as session:
            await Asker(session, Pace(100), lambda: [Address("127.0.0.1", flink.port)]).json(path)

    with pytest.raises(AskError) as refused:
        asyncio.run(send())

    assert str(refused.value) == f"GET {path!r} is not an allowed request."
    assert flink.asked == []


def big(flink, workers=100, subtasks=1000):
    """Make the recorded cluster a big one."""
    one = answer("taskmanagers")["taskmanagers"][0]
    found = [{**one, "id": f"10.0.0.{n}:1-abc", "path": f"x@10.0.0.{n}:1/user"} for n in range(workers)]
    flink.answers["/taskmanagers"] = {"taskmanagers": found}
    for each in found:
        flink.answers[f"/taskmanagers/{each['id']}/stdout"] = b"[Source Emit] x\n" * 1000
    part = answer("vertex-1")["subtasks"][0]
    for vertex in VERTICES:
        path = f"/jobs/{JOB}/vertices/{vertex}"
        flink.answers[path]["subtasks"] = [{**part, "subtask": n} for n in range(subtasks // len(VERTICES))]
    for n in range(subtasks // len(VERTICES)):
        flink.publish([{"threshold": 3}, user(f"u{n}", n)], [alert(0, f"u{n}")], n)


def user(name, count):
    return {"userId": name, "count": count, "events": "NA", "at": 1732200000000}


def alert(seq, name, at=1732200000000, count=3):
    return {"seq": seq, "at": at + seq, "userId": name, "count": count, "alertId": "x", "timestamp": None}


def test_a_hundred_taskmanagers_and_a_thousand_subtasks_are_read_with_bounded_requests(flink, collect):
    big(flink)
    collector = collect(flink.address)
    detail = until(
        collector,
        lambda seen: (
            seen.details.get(JOB)
            and all(vertex.subtasks for vertex in seen.details[JOB].vertices)
            and len(seen.details[JOB].live.users) == 200
        ),
        "all subtasks",
    ).details[JOB]
    began = time.monotonic()
    time.sleep(5)  # a rate is measured over time
    asked = flink.since(began)

    assert sum(len(vertex.subtasks) for vertex in detail.vertices) == 1000
    assert [each.count for each in detail.live.users[:2]] == [249, 248]
    assert len(asked) <= 5 * 20 + 10, len(asked)
    assert sum(path == "/jobs/overview" for path in asked) >= 5
    snapshot = collector.snapshot()
    assert snapshot.at - snapshot.overview.at < 2
    assert snapshot.requests_per_second <= 21
    assert len(snapshot.taskmanagers) == 100


def test_live_users_and_alerts_are_read_and_missed_ones_are_counted(flink, collect):
    flink.publish([{"threshold": 3}, None, user("<b>", 2)], [alert(0, "a"), alert(1, "b")], 2)
    collector = collect(flink.address)
    detail = until(collector, lambda seen: seen.details.get(JOB) and seen.details[JOB].alerts.seen, "alerts").details[
        JOB
    ]

    assert (detail.live.threshold, detail.live.limit, detail.live.missing) == (3, 2, None)
    assert [(each.user_id, each.count, each.events, each.subtask) for each in detail.live.users] == [
        ("<b>", 2, "NA", 2)
    ]
    flink.publish([{"threshold": 3}], [alert(4, "a", count=7)], 2)
    figures = until(collector, lambda seen: seen.details[JOB].alerts.seen == 3, "another").details[JOB].alerts
    assert (figures.missed, figures.noisiest) == (2, (("a", 2), ("b", 1)))
    assert [(each.user_id, each.count, each.subtask, each.job_id) for each in collector.alerts.since(-1)] == [
        ("a", 3, 2, JOB),
        ("b", 3, 2, JOB),
        ("a", 7, 2, JOB),
    ]


def test_subtasks_whose_metrics_come_later_are_found_too(flink, collect):
    """Flink hears of the subtasks one by one."""
    flink.publish([{"threshold": 3}, user("a", 2)], [], 0)
    collector = collect(flink.address)
    until(collector, lambda seen: seen.details.get(JOB) and seen.details[JOB].live.users, "the first user")
    flink.publish([{"threshold": 3}, user("b", 1)], [], 1)
    flink.publish([{"threshold": 3}, user("c", 4)], [], 2)
    seen = until(collector, lambda seen: len(seen.details[JOB].live.users) == 3, "all users")

    assert [each.user_id for each in seen.details[JOB].live.users] == ["c", "a", "b"]


def test_alerts_that_were_seen_before_a_restart_are_not_counted_twice(flink, collect):
    flink.publish([{"threshold": 3}], [alert(0, "a"), alert(1, "b")])
    first = collect(flink.address)
    wait_until(lambda: len(first.alerts.newest(9)) == 2, "alerts", SECONDS)
    first.stop()
    flink.publish([{"threshold": 3}], [alert(0, "a"), alert(1, "b"), alert(2, "c")])
    second = collect(flink.address)
    wait_until(lambda: len(second.alerts.newest(9)) == 3, "the new one", SECONDS)

    assert [(each.seq, each.user_id) for each in second.alerts.newest(9)] == [(0, "a"), (1, "b"), (2, "c")]


def test_the_log_is_read_by_its_tail_and_tells_alerts_where_no_metric_does(flink, collect):
    name = answer("taskmanagers")["taskmanagers"][0]["id"]
    path = f"/taskmanagers/{name}/stdout"
    flink.answers[path] = "[ALERT] userId=old 이상행동 3회 감지!\n".encode()
    collector = collect(flink.address)
    wait_until(lambda: collector.log.newest(9), "the first line", SECONDS)
    until(collector, complete, "everything")
    flink.answers[path] += "[Source Emit] x\n[ALERT] userId=<u> 이상행동 4회 감지!\nhalf".encode()
    wait_until(lambda: collector.alerts.newest(9), "the alert", SECONDS)

    assert [(each.seq, each.kind, each.text) for each in collector.log.since(-1)] == [
        (0, "alert", "[ALERT] userId=old 이상행동 3회 감지!"),
        (1, "emit", "[Source Emit] x"),
        (2, "alert", "[ALERT] userId=<u> 이상행동 4회 감지!"),
    ]
    assert [(each.user_id, each.count, each.job_id) for each in collector.alerts.newest(9)] == [("<u>", 4, JOB)]


def test_a_taskmanager_that_does_not_hand_out_its_log_does_not_delay_the_others(flink, collect):
    frozen, *others = [each["id"] for each in answer("taskmanagers")["taskmanagers"]]
    flink.faults[f"/taskmanagers/{frozen}/stdout"] = "hang"
    collector = collect(flink.address)
    wait_until(lambda: f"/taskmanagers/{frozen}/stdout" in flink.since(0), "the first question", SECONDS)
    began = time.monotonic()
    for n in range(3):
        for each in others:
            flink.answers[f"/taskmanagers/{each}/stdout"] += b"line %d\n" % n
        wait_until(lambda n=n: len(collector.log.newest(99)) == 2 * (n + 1), "the lines", SECONDS)

    assert time.monotonic() - began < 9  # the hanging request is given ten seconds


def test_an_alert_of_a_worker_that_came_later_is_counted_with_its_first_line(flink, collect):
    collector = collect(flink.address)
    until(collector, complete, "everything")
    new = {**answer("taskmanagers")["taskmanagers"][0], "id": "later:1-abc"}
    flink.answers["/taskmanagers/later:1-abc/stdout"] = "[ALERT] userId=u 이상행동 3회 감지!\n".encode()
    flink.answers["/taskmanagers"]["taskmanagers"].append(new)

    assert wait_until(lambda: collector.alerts.newest(9), "the alert", SECONDS)[0].user_id == "u"


def test_why_there_is_no_log_is_told(flink, collect):
    for path in [each for each in flink.answers if each.endswith("/stdout")]:
        del flink.answers[path]
    assert until(collect(flink.address), lambda seen: seen.log.missing == "no-stdout", "why").log.sources == ()


def test_details_of_a_checkpoint_are_read_when_a_page_wants_them(flink, collect):
    job = f"/jobs/{JOB}/checkpoints/details"
    flink.answers[f"{job}/2"] = {**answer("checkpoint-details"), "id": 2}
    for place, vertex in enumerate(VERTICES):
        flink.answers[f"{job}/2/subtasks/{vertex}"] = answer(f"checkpoint-subtasks-{place}")
    collector = collect(flink.address)
    assert sorted(until(collector, complete, "everything").details[JOB].checkpoints.details) == [4]
    collector.want_checkpoint(JOB, 2)
    collector.want_checkpoint(JOB, 99)  # Flink knows nothing of it

    until(collector, lambda seen: sorted(seen.details[JOB].checkpoints.details) == [2, 4], "the details")


def test_a_taskmanager_that_dies_is_told_as_a_recovery_and_remembered_after_a_restart(flink, collect, monkeypatch):
    monkeypatch.setattr(cluster_reader, "SETTLE_SECONDS", 0.0)
    collector = collect(flink.address)
    until(collector, complete, "everything")
    lost = flink.answers["/taskmanagers"]["taskmanagers"].pop()
    (job,) = flink.answers["/jobs/overview"]["jobs"]
    job["state"], job["tasks"]["running"] = "RESTARTING", 7
    broken = until(collector, lambda seen: seen.recoveries and seen.recoveries[0].lost, "the loss")
    assert [each.kind for each in broken.alarms] == ["taskmanager-lost", "job-restarting"]
    assert [each.lost_at is not None for each in broken.taskmanagers if each.id == lost["id"]] == [True]
    restored = {"id": 4, "restore_timestamp": int(time.time() * 1000), "is_savepoint": False, "external_path": None}
    flink.answers[f"/jobs/{JOB}/checkpoints"]["latest"]["restored"] = restored
    job["state"], job["tasks"]["running"] = "RUNNING", 10
    (told,) = until(collector, lambda seen: not seen.recoveries[0].open, "its end").recoveries

    assert (told.cause, told.not_running, told.total, told.restored_checkpoint) == ("taskmanager", 3, 10, 4)
    assert [step.kind for step in told.steps if step.kind != "lost"] == ["noticed", "restored", "running"]
    collector.stop()
    again = collect(flink.address).snapshot()
    assert again.recoveries == (told,)


@pytest.fixture
def hook():
    """A server that takes alarms, and what it was posted."""

    class Hook(FakeFlink):
        def serve(self, request):
            self.posted.append(json.loads(request.rfile.read(int(request.headers["Content-Length"]))))
            request.send_response(204)
            request.end_headers()

    with Hook() as server:
        server.posted = []
        yield server


def test_the_webhook_is_told_once_of_each_change_and_who_ended_it(flink, collect, hook):
    collector = collect(flink.address, webhook=f"http://{hook.address}/x")
    until(collector, complete, "everything")
    (job,) = flink.answers["/jobs/overview"]["jobs"]
    job |= {"state": "FAILED", "end-time": job["start-time"] + 5000}
    until(collector, lambda seen: seen.alarms, "an alarm")
    flink.answers["/jobs/overview"]["jobs"].clear()
    until(collector, lambda seen: not seen.jobs, "the cluster to forget the job")
    flink.answers["/jobs/overview"]["jobs"].append(job | {"jid": "b" * 32, "state": "RUNNING", "start-time": 2**42})
    wait_until(lambda: len(hook.posted) == 2, "the second message", SECONDS)
    job |= {"start-time": 2**42 + 1000, "end-time": 2**42 + 2000}
    flink.answers["/jobs/overview"]["jobs"].append(job)
    wait_until(lambda: len(hook.posted) == 3, "the third message", SECONDS)
    collector.dismiss(job["name"])
    wait_until(lambda: len(hook.posted) == 4, "the fourth message", SECONDS)

    name = "Internal Keyed State Abnormal Count Example"
    said = f"a job has failed, and no other job of its name is running ({name})"
    assert [(each["alarm"], each["state"], each["severity"], each["text"]) for each in hook.posted] == [
        ("job-failed", "raised", "critical", said),
        ("job-failed", "cleared", "critical", f"over: {said}"),
        ("job-failed", "raised", "critical", said),
        ("job-failed", "dismissed", "critical", f"dismissed by a person: {said}"),
    ]
    assert collector.snapshot().alarms == ()


def test_a_webhook_that_hangs_or_is_gone_stops_nothing(flink, collect, caplog):
    collector = collect(flink.address, webhook=f"http://127.0.0.1:{free_port()}/secret")
    until(collector, complete, "everything")
    (job,) = flink.answers["/jobs/overview"]["jobs"]
    job["state"] = "FAILED"
    until(collector, lambda seen: seen.alarms, "an alarm")
    wait_until(lambda: caplog.messages, "the sentence", SECONDS)

    assert caplog.messages == [
        "The webhook does not accept alarms (no connection). Further failures are counted, but not logged."
    ]
    began = time.time()
    until(collector, lambda seen: seen.overview.at > began, "newer figures")


BAD_URLS = [
    "",
    " ",
    "ftp://x",
    "hook",
    "http://",
    "http:///path",
    "http://:80",
    "http://[bad",
    "http://[bad]/",
    "http://[::1",
    "http://host:99999/",
    "http://host:port/",
    "http://host:0/",
    "http://ho st/",
    "http://host/\r\nX: y",
    "http://a..b/",
    f"http://{'a' * 64}.org/",
    "http://*.example.org/",
    "//host/path",
    "https//host",
]


@pytest.mark.parametrize("url", BAD_URLS)
def test_a_webhook_that_is_no_address_is_refused_with_a_sentence_that_does_not_show_it(url):
    with pytest.raises(UsageError) as refused:
        webhook_url.check(url)

    assert str(refused.value) == (
        "The webhook's address is not an HTTP URL: write http:// or https:// and a host, such as "
        "https://example.org/hook, in --webhook or FLINK_ABNORMAL_WEBHOOK. It is not shown here because it may contain "
        "a secret."
    )


@pytest.mark.parametrize(
    "url",
    [
        "http://host",
        "https://user:secret@host:8443/a?b=c#d",
        "http://[::1]:80/",
        "http://bücher.example/",
        "http://host/ü",
    ],
)
def test_a_webhook_that_can_be_posted_to_is_taken_as_it_is(url):
    assert webhook_url.check(url) == url


def test_the_command_refuses_a_bad_webhook_before_it_looks_for_a_cluster(cli):
    done = cli.run("dashboard", "--webhook", "http://[bad", "--port", free_port())

    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert done.stderr.startswith("Error: The webhook's address is not an HTTP URL: ")


def test_a_snapshot_is_there_before_the_start_and_stop_needs_no_start(tmp_path):
    history = History(tmp_path / "history.db")
    collector = Collector("127.0.0.1:1", history)

    assert isinstance(collector.snapshot(), Snapshot)
    assert collector.snapshot().link == "connecting"
    collector.stop()
    history.close()


def test_source_figures_follow_the_counters(flink, collect):
    path = f"/jobs/{JOB}/vertices/{SOURCE}"
    collector = collect(flink.address)
    until(collector, complete, "everything")
    for _ in range(2):
        for each in flink.answers[path]["subtasks"]:
            each["metrics"]["write-records"] += 50
            each["metrics"]["accumulated-idle-time"] += 5000
        time.sleep(1.5)  # longer than between two looks
    detail = until(collector, lambda seen: seen.details[JOB].vertices[1].out_rate is not None, "a rate").details[JOB]

    assert [each.out_rate for each in detail.vertices[1].subtasks] == [10.0] * 3
    assert (detail.vertices[1].out_rate, detail.vertices[1].busy) == (30.0, 0.0)
    assert detail.vertices[2].id == DETECTOR
