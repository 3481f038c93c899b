import copy
import json

import pytest
from flink_answers import DETECTOR, HEARTBEAT, JOB, SINK, SOURCE, answer, field
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.collect import live, read
from dashboard.collect.fields import Field, Unreadable
from dashboard.model import (
    Checkpoint,
    CheckpointTask,
    Edge,
    Failure,
    JobSummary,
    LiveUser,
    Overview,
    Subtask,
    TaskManager,
    Vertex,
)
from flink_abnormal.core.recovery import RestoredCheckpoint
from flink_abnormal.runtime import partitions

NAME = "Internal Keyed State Abnormal Count Example"


def test_the_overview_is_read():
    found = read.overview(field("overview"), 5.0, 1.0)

    assert found == Overview(5.0, "2.3.0", 3, 9, 0, 1, 0, 0, 0, 1.0)
    assert found.used_share == 1.0


def test_taskmanagers_are_read_by_id_with_their_last_heartbeat():
    found = read.taskmanagers(field("taskmanagers"), 7.0)

    assert [each.id for each in found] == [
        "localhost:40657-09b87a",
        "localhost:43371-1c9d18",
        "localhost:43431-b07bc1",
    ]
    assert found[0] == TaskManager("localhost:40657-09b87a", "", "localhost:40657", 3, 0, 7.0, 1795293070.875)


def test_jobs_are_read_those_that_run_first_and_the_newest_first():
    raw = answer("jobs-overview")
    for jid, state, start in (("a", "FINISHED", 9e12), ("b", "RUNNING", 8e12)):
        raw["jobs"].append({**raw["jobs"][0], "jid": jid, "state": state, "start-time": int(start)})
    found = read.jobs(Field(raw, "/jobs/overview"))

    assert [(each.id, each.state) for each in found] == [("b", "RUNNING"), (JOB, "RUNNING"), ("a", "FINISHED")]
    assert found[1] == JobSummary(JOB, NAME, "RUNNING", 1795293045.919, 25.381, 10, 10, None, 0, 1795293054.146)


def test_a_job_is_read_with_its_flow():
    found = read.job(field("job"))

    assert (found.id, found.name, found.state, found.started, found.ended) == (
        JOB,
        NAME,
        "RUNNING",
        1795293045.919,
        None,
    )
    assert [(each.name, each.parallelism) for each in found.vertices] == [
        ("Source: Heartbeat -> Start users, Key by user group", 1),
        ("Source: Random user events, Key by userId", 3),
        ("Process: Abnormal count", 3),
        ("Sink: Print alerts", 3),
    ]
    assert found.vertices[2] == Vertex(
        DETECTOR, "Process: Abnormal count", "900ebc6f00a05b363ddcc84a85c86beb", 3, {"RUNNING": 3}
    )
    assert set(found.edges) == {
        Edge(HEARTBEAT, SOURCE, "HASH"),
        Edge(SOURCE, DETECTOR, "HASH"),
        Edge(DETECTOR, SINK, "FORWARD"),
    }


def test_subtasks_are_read_with_their_counters():
    found = read.vertex(field("vertex-1"))

    assert found.now == 1795293073.639
    assert found.subtasks[1] == (
        Subtask(1, "RUNNING", 0, "localhost:43431-b07bc1", 21, 20),
        read.Counters(21, 20, 342.0, 0.0, 19107.0),
    )


def test_what_flink_does_not_know_of_a_subtask_is_not_known_here():
    raw = answer("vertex-1")
    raw["subtasks"] = raw["subtasks"][:1]
    raw["subtasks"][0]["taskmanager-id"] = "(unassigned)"
    raw["subtasks"][0]["metrics"] |= {
        "read-records-complete": False,
        "write-records": -1,
        "accumulated-busy-time": "NaN",
        "accumulated-idle-time": -1,
    }

    ((subtask, counters),) = read.vertex(Field(raw, "/vertex")).subtasks

    assert subtask == Subtask(0, "RUNNING", 0, None)
    assert counters == read.Counters(None, None, None, 0.0, None)


def test_parameters_and_failures_are_read():
    assert read.parameters(field("job-config"))["execution-mode"] == "thread"
    assert read.failures(field("exceptions")) == ()
    raw = {
        "exceptionHistory": {
            "entries": [
                {
                    "exceptionName": "x.Lost",
                    "stacktrace": "x.Lost: gone\n\tat y",
                    "timestamp": 1500,
                    "taskName": "Sink (1/3)",
                    "taskManagerId": "tm-1",
                },
                {"exceptionName": "y", "stacktrace": "y", "timestamp": 1000, "taskName": None},
            ]
        }
    }
    assert read.failures(Field(raw, "/exceptions")) == (
        Failure(1.5, "x.Lost: gone", "Sink (1/3)", "tm-1"),
        Failure(1.0, "y", None, None),
    )


def test_how_old_figures_are_is_read_from_the_settings():
    assert read.refresh_s(read.settings(field("jobmanager-config"))) == 3.0  # web.refresh-interval's default
    assert read.refresh_s({}) == 10.0
    assert (
        read.refresh_s(
            {
                "metrics.fetcher.update-interval": "1000",
                "web.refresh-interval": "250 ms",
                "rest.cache.checkpoint-statistics.timeout": "2 s",
            }
        )
        == 2.0
    )
    assert read.refresh_s({"metrics.fetcher.update-interval": "soon"}) == 10.0


def test_checkpoints_are_read():
    found = read.checkpoints(field("checkpoints"), JOB)

    assert (found.total, found.completed, found.failed, found.in_progress, found.restored) == (5, 4, 1, 0, 0)
    assert (found.average_duration_s, found.average_bytes, found.latest_restored) == (0.162, 14254.0, None)
    assert [each.id for each in found.history] == [4, 3, 2, 1]
    assert found.history[0] == Checkpoint(
        JOB,
        4,
        0,
        "COMPLETED",
        False,
        1795293069.148,
        0.067,
        14218,
        10,
        10,
        unaligned=True,
        path=f"file:/data/cp/{JOB}/chk-4",
        kept=True,
    )


def test_a_job_that_was_restored_tells_from_which_checkpoint():
    raw = answer("checkpoints")
    raw["latest"]["restored"] = {
        "id": 3,
        "restore_timestamp": 1795293070000,
        "is_savepoint": False,
        "external_path": "file:/data/chk-3",
    }

    found = read.checkpoints(Field(raw, "/checkpoints"), JOB)

    assert found.latest_restored == RestoredCheckpoint(3, 1795293070.0, False, "file:/data/chk-3")


def test_before_the_first_checkpoint_there_are_no_averages():
    raw = answer("checkpoints")
    raw["counts"]["completed"] = 0

    found = read.checkpoints(Field(raw, "/checkpoints"), JOB)

    assert (found.average_duration_s, found.average_bytes) == (None, None)


def test_the_settings_of_checkpoints_are_read():
    found = read.configuration(field("checkpoints-config"))

    assert found == read.Configuration(5.0, True, True, "HashMapStateBackend", "FileSystemCheckpointStorage")


def test_what_a_checkpoint_cost_a_vertex_is_read():
    vertices = read.detail_vertices(field("checkpoint-details"))
    found = read.task(field("checkpoint-subtasks-2"), DETECTOR, "Process: Abnormal count")

    assert vertices == (HEARTBEAT, SOURCE, SINK, DETECTOR)
    assert found == CheckpointTask(
        DETECTOR,
        "Process: Abnormal count",
        3,
        3,
        0.067,
        6774,
        0.005,
        0.028,
        0.033,
        0.029,
        tuple(each["end_to_end_duration"] / 1000 for each in answer("checkpoint-subtasks-2")["subtasks"]),
        (2258, 2258, 2258),
    )


def test_names_of_live_metrics_are_found_among_the_others():
    raw = [
        *answer("vertex-2-metrics"),
        {"id": "0.Process__Abnormal_count.liveUsers"},
        {"id": "10.Process:_Abnormal_count.liveAlerts"},
        {"id": "liveUsers"},
    ]
    names = live.names(Field(raw, "/metrics"))

    assert names == ("0.Process__Abnormal_count.liveUsers", "10.Process:_Abnormal_count.liveAlerts")
    assert [live.subtask(each) for each in names] == [0, 10]
    assert list(partitions.queries(names)) == [
        "0.Process__Abnormal_count.liveUsers,10.Process%3A_Abnormal_count.liveAlerts"
    ]


def test_a_query_for_many_metrics_comes_in_parts():
    names = [f"{n}.Process__Abnormal_count.liveUsers" for n in range(1000)]
    parts = list(partitions.queries(names))

    assert ",".join(parts).split(",") == names
    assert max(map(len, parts)) <= 2800


def test_live_users_and_alerts_are_read():
    hostile = "<script>alert(1)</script>"
    users = [
        {"threshold": 3},
        None,
        {"userId": hostile, "count": 2, "events": "NANAA", "at": 1732200000000, "cut": True},
    ]
    ring = [
        {"seq": 33, "at": 2000, "userId": "b", "count": 4, "alertId": "y", "timestamp": None},
        None,
        {"seq": 32, "at": 1000, "userId": "a", "count": 3, "alertId": "x", "timestamp": 5},
    ]

    assert live.users(json.dumps(users), "2.P.liveUsers") == live.LiveUsers(
        3, 2, (LiveUser(hostile, 2, "NANAA", 1732200000.0, 2, cut=True),)
    )
    assert live.alerts(json.dumps(ring), "2.P.liveAlerts") == (
        live.LiveAlert(32, 1.0, "a", 3),
        live.LiveAlert(33, 2.0, "b", 4),
    )


def test_what_can_not_be_read_is_named_with_its_place():
    raw = answer("jobs-overview")
    raw["jobs"][0]["tasks"]["running"] = "ten"
    with pytest.raises(Unreadable) as wrong:
        read.jobs(Field(raw, "/jobs/overview"))
    del raw["jobs"][0]["tasks"]["running"]
    with pytest.raises(Unreadable) as missing:
        read.jobs(Field(raw, "/jobs/overview"))
    with pytest.raises(Unreadable) as half:
        Field.parse(b'{"jobs":[{"jid"', "/jobs/overview")

    assert str(wrong.value) == "/jobs/overview.jobs[0].tasks.running: expected a number, got 'ten'"
    assert str(missing.value) == "/jobs/overview.jobs[0].tasks.running is missing"
    assert str(half.value) == '/jobs/overview: expected JSON, got b\'{"jobs":[{"jid"\''


READERS = {
    "overview": lambda given: read.overview(given, 1.0),
    "taskmanagers": lambda given: read.taskmanagers(given, 1.0),
    "jobs-overview": read.jobs,
    "job": read.job,
    "job-config": read.parameters,
    "jobmanager-config": lambda given: read.refresh_s(read.settings(given)),
    "vertex-1": read.vertex,
    "exceptions": read.failures,
    "checkpoints": lambda given: read.checkpoints(given, JOB),
    "checkpoints-config": read.configuration,
    "checkpoint-details": read.detail_vertices,
    "checkpoint-subtasks-2": lambda given: read.task(given, DETECTOR, "x"),
    "vertex-2-metrics": live.names,
}
LIVE = [{"threshold": 3}, None, {"userId": "u", "count": 2, "events": "NA", "at": 1732200000000}]
RING = [None, {"seq": 1, "at": 1732200000000, "userId": "u", "count": 3, "alertId": "x", "timestamp": None}]
ANYTHING = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=5),
    st.just([]),
    st.just({}),
    st.just("NaN"),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
)


def places(value):
    """Return every container of a JSON value."""
    found = [value] if isinstance(value, (dict, list)) and value else []
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        found += places(each)
    return found


def break_it(data, given):
    """Replace or remove some parts of a value."""
    broken = [copy.deepcopy(given)]
    for _ in range(data.draw(st.integers(1, 3))):
        spot = data.draw(st.sampled_from(places(broken)))
        key = data.draw(st.sampled_from(sorted(spot) if isinstance(spot, dict) else range(len(spot))))
        if data.draw(st.booleans()) and spot is not broken:
            del spot[key]
        else:
            spot[key] = data.draw(ANYTHING)
    return broken[0]


@settings(max_examples=60, deadline=None)
@given(data=st.data())
@pytest.mark.parametrize("name", READERS)
def test_of_a_broken_answer_comes_a_value_or_unreadable_and_nothing_else(name, data):
    given = break_it(data, answer(name))
    try:
        READERS[name](Field(given, f"/{name}"))
    except Unreadable as error:
        assert str(error).startswith(f"/{name}")  # noqa: PT017


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_of_a_broken_metric_comes_a_value_or_unreadable_and_nothing_else(data):
    users, ring = (json.dumps(break_it(data, given)) for given in (LIVE, RING))
    for reader, text in ((live.users, users), (live.alerts, ring)):
        try:
            reader(text, "0.P.live")
        except Unreadable as error:
            assert str(error)  # noqa: PT017
