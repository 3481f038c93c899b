"""Servers that hang, drip, answer by half, elect or are gone: a collector goes on with the rest."""

import asyncio
import itertools
import socket
import time

import pytest
from cluster_tools import free_port
from collector_tools import complete, until
from conftest import wait_until
from fake_flink import FakeFlink
from flink_answers import JOB, VERTICES, field

from dashboard.collect import ask, read
from dashboard.collect.ask import Asker, Pace, connections
from dashboard.collect.history import History
from dashboard.collect.job_reader import JobReader
from dashboard.collect.state import CollectorState
from flink_abnormal.runtime.bounded import Address


def test_before_there_is_a_cluster_there_is_a_snapshot_and_it_connects_when_one_appears(collect):
    port = free_port()
    collector = collect(f"127.0.0.1:{port}")
    before = until(collector, lambda seen: seen.error, "an error")

    assert (before.link, before.overview, before.jobs, before.taskmanagers) == ("connecting", None, (), ())
    assert before.error == f"Nothing listens at 127.0.0.1:{port}: Connection refused."
    with FakeFlink(port):
        until(collector, lambda seen: seen.link == "up" and complete(seen), "the cluster")
    gone = until(collector, lambda seen: seen.link == "gone", "its end")
    assert [each.answers for each in gone.jobmanagers] == [False]
    assert gone.jobs[0].id == JOB  # the last figures stay, with their own time
    assert gone.jobs_at < gone.at


@pytest.mark.parametrize("fault", ["hang", "drip", "half", 500])
def test_a_request_that_gives_nothing_delays_no_other(flink, collect, monkeypatch, fault):
    monkeypatch.setattr(ask, "JSON_SECONDS", 1.0)
    flink.faults[f"/jobs/{JOB}/vertices/.*|/jobs/{JOB}/exceptions"] = fault
    collector = collect(flink.address)
    until(collector, lambda seen: seen.details.get(JOB) and seen.details[JOB].checkpoints, "the rest")
    began = time.time()
    snapshot = until(collector, lambda seen: seen.overview.at > began + 3, "newer figures")
    detail = snapshot.details[JOB]

    assert [vertex.subtasks for vertex in detail.vertices] == [()] * 4
    ages = [snapshot.at - at for at in (snapshot.jobs_at, snapshot.taskmanagers_at, detail.at, detail.checkpoints.at)]
    assert max(ages) < 2.5, ages
    assert snapshot.error is not None
    flink.faults.clear()
    until(collector, complete, "what was missing")


@pytest.mark.parametrize("fault", ["hang", "half", 500])
def test_a_task_that_gives_nothing_delays_no_other_task(flink, collect, fault):
    flink.publish([{"threshold": 3}], [])
    first, *others = VERTICES
    flink.faults[f"/jobs/{JOB}/vertices/{first}(/metrics)?"] = fault
    collector = collect(flink.address)
    read_at = {each: set() for each in (*VERTICES, "live")}

    def often_read(snapshot):
        detail = snapshot.details.get(JOB)
        for vertex in detail.vertices if detail else ():
            read_at[vertex.id].add(vertex.at)
        read_at["live"].add(detail.live.at if detail else None)
        return min(len(read_at[each]) for each in (*others, "live")) > 8

    until(collector, often_read, "eight readings of each")
    moments = {each: sorted(read_at[each] - {None}) for each in (*others, "live")}
    pauses = [later - sooner for each in moments.values() for sooner, later in itertools.pairwise(each)]
    assert (read_at[first], max(pauses) < ask.JSON_SECONDS) == ({None}, True), moments


def test_the_tasks_of_a_job_that_has_ended_are_read_once_more_and_then_no_more(flink, tmp_path):
    address = Address("127.0.0.1", flink.port)
    history = History(tmp_path / "history.db")
    state = CollectorState([address], history)
    state.jobs = read.jobs(field("jobs-overview"))

    def step(name):
        async def one():
            async with connections() as session:
                await JobReader(state, Asker(session, Pace(100), lambda: [address]), 2.0).read(name)

        asyncio.run(one())

    step("job")
    step("vertices")
    for path, found in flink.answers.items():
        if path == f"/jobs/{JOB}":
            found["state"] = "FINISHED"
        elif path.rpartition("/")[0] == f"/jobs/{JOB}/vertices":
            for subtask in found["subtasks"]:
                subtask["status"] = "FINISHED"
    step("job")

    def states():
        step("vertices")
        vertices = state.trackers[JOB].view(time.time()).vertices
        return {subtask.state for vertex in vertices for subtask in vertex.subtasks}

    assert states() == {"FINISHED"}
    began = time.monotonic()
    assert states() == {"FINISHED"}
    assert flink.since(began) == []
    history.close()


def test_half_an_overview_leaves_the_last_one_with_its_time(flink, collect):
    collector = collect(flink.address)
    before = until(collector, complete, "everything")
    flink.answers["/overview"] = b'{"taskmanagers": 3, "slots-total"'
    after = until(collector, lambda seen: seen.link == "electing", "the fault")

    assert after.overview.at < after.at
    assert (after.overview.slots, after.answered_at) == (9, after.overview.at)
    assert before.overview.at <= after.overview.at
    assert "expected JSON" in until(collector, lambda seen: seen.error, "the reason").error


def test_a_jobmanager_that_hangs_does_not_slow_the_other(flink, collect):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        quiet = f"127.0.0.1:{silent.getsockname()[1]}"
        collector = collect(f"{quiet},{flink.address}")
        snapshot = until(collector, complete, "everything")
        assert snapshot.link == "up"
        snapshot = until(collector, lambda seen: seen.at > snapshot.at + 3, "some time")

    assert [(each.address, each.answers) for each in snapshot.jobmanagers] == [(quiet, False), (flink.address, True)]
    assert snapshot.at - snapshot.jobs_at < 1.5


def test_a_new_leader_that_does_not_know_the_job_yet_is_asked_for_it_again(flink, collect):
    collector = collect(flink.address)
    until(collector, complete, "everything")
    flink.faults[f"/jobs/{JOB}.*"] = 404
    asked = len(flink.asked)
    wait_until(lambda: len([path for *_, path in flink.asked[asked:] if f"/{JOB}/vertices/" in path]) > 1, "questions")
    flink.faults.clear()
    since = time.time()

    until(collector, lambda seen: all(each.at > since for each in seen.details[JOB].vertices), "all tasks, read anew")


def test_a_cluster_that_elects_is_told_from_one_that_is_gone(flink, collect):
    flink.faults["/.*"] = 503
    collector = collect(flink.address)
    until(collector, lambda seen: seen.link == "electing", "the election")
    flink.faults.clear()

    until(collector, lambda seen: seen.link == "up", "its end")
