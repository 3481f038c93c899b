"""Event time: its options, the times it takes, and what is read of watermarks."""

from itertools import chain
from types import SimpleNamespace

import pytest
import rest_server

from flink_abnormal.core.errors import UsageError
from flink_abnormal.core.model import NO_TIMESTAMP, Rule
from flink_abnormal.core.settings import from_values, options
from flink_abnormal.core.time_settings import TimeSettings
from flink_abnormal.pipeline.plausible import refusal
from flink_abnormal.runtime import partitions
from flink_abnormal.runtime.partitions import NONE, Inputs, Partition
from flink_abnormal.runtime.rest import Cluster

NOW_MS = 1_795_000_000_000
HOUR_MS = 3_600_000


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"time": "event"}, "--time event reads times from records: add --source files or --source kafka."),
        (
            {"max_out_of_orderness_ms": 1},
            "--max-out-of-orderness belongs to --time event: add that, or leave it out.",
        ),
        ({"within_ms": 1}, "--within is a span of event time: add --time event, or leave it out."),
        (
            {"source": "files", "input": "x", "timestamp_field": "@message-time"},
            "--timestamp-field @message-time is the time of a Kafka message: add --source kafka.",
        ),
    ],
)
def test_options_that_do_not_fit_are_refused(given, sentence):
    with pytest.raises(UsageError) as refused:
        from_values({name: default for _, name, _, default in options()} | given)

    assert str(refused.value) == sentence


def test_a_run_with_an_end_sorts_its_whole_input_unless_a_bound_is_given():
    bounds = [
        TimeSettings(max_out_of_orderness_ms=given).out_of_order_ms(bounded=bounded)
        for given in (None, 7)
        for bounded in (False, True)
    ]

    assert bounds == [5_000, -1, 7, 7]


@pytest.mark.parametrize(
    ("timestamp", "reason"),
    [
        (NOW_MS, None),
        (NOW_MS + HOUR_MS, None),
        (NOW_MS + HOUR_MS + 1, "its time, 2026-11-18T12:06:40Z, is more than 1h ahead of the clock"),
        (31_536_000_000, None),
        (31_535_999_999, "its time, 1970-12-31T23:59:59Z, is before 1971: a clock that was not set"),
        (-1, "its time, 1969-12-31T23:59:59Z, is before 1971: a clock that was not set"),
        (10**18, "its time, 1000000000000000000 ms after 1970, is more than 1h ahead of the clock"),
        (NO_TIMESTAMP, "it has no readable time, which --time event needs"),
    ],
)
def test_a_time_that_cannot_be_right_is_refused_with_a_reason(timestamp, reason):
    assert refusal(timestamp, HOUR_MS, NOW_MS) == reason


def answers(*, ordered=True):
    """Return what Flink answers about a job of two source subtasks, one of them without a partition."""
    source = "Source__Kafka_messages"
    metrics = {
        f"0.{source}.split.user-events-0.watermark.currentWatermark": "1700000000000",
        f"0.{source}.split.user-events-0.watermark.idleTimeMsPerSecond": "250",
        f"0.{source}.KafkaSourceReader.topic.user-events.partition.0.currentOffset": "41",
        f"0.{source}.KafkaSourceReader.topic.user-events.partition.0.committedOffset": "30",
        f"0.{source}.pendingRecords": "7",
        f"1.{source}.pendingRecords": "0",
    }
    marks = {"0.currentInputWatermark": "1700000000000", "1.currentInputWatermark": "1700000000500"}
    name = "Events in order of time -> (Late events, Key by userId)" if ordered else "Key by userId"
    vertices = [{"id": "a", "name": "Source: Kafka messages -> Parse lines"}, {"id": "b", "name": name}]
    others = ["0.Parse_lines.currentInputWatermark", f"0.{source}.currentOutputWatermark"]

    def told(found):
        return [(200, [{"id": each} for each in [*found, *others]])], [
            (200, [{"id": each, "value": value} for each, value in found.items()])
        ]

    listed, values = told(metrics)
    return [(200, {"vertices": vertices}), *listed, *values, *chain.from_iterable(told(marks) if ordered else [])]


def test_what_a_job_reads_and_its_watermark_come_from_flinks_metrics():
    with rest_server.server(*answers()) as (port, asked):
        found = partitions.read(Cluster("127.0.0.1", port), "j")

    assert found == Inputs(
        (Partition(0, "user-events-0", 1_700_000_000_000, 0.25, 41, 30),), {0: 7, 1: 0}, 1_700_000_000_000
    )
    assert [each.partition("?")[0] for each in asked] == [
        "GET /jobs/j",
        *["GET /jobs/j/vertices/a/metrics"] * 2,
        *["GET /jobs/j/vertices/b/metrics"] * 2,
    ]


def test_a_job_that_counts_events_as_they_arrive_has_no_watermark():
    with rest_server.server(*answers(ordered=False)) as (port, _):
        assert partitions.read(Cluster("127.0.0.1", port), "j").watermark is None


def test_a_job_that_has_just_begun_has_no_watermark_yet():
    vertices, *_ = answers()
    with rest_server.server(vertices, (200, [])) as (port, _):
        assert partitions.read(Cluster("127.0.0.1", port), "j") == Inputs((), {}, NONE)


@pytest.mark.parametrize(
    ("splits", "job", "holding"),
    [
        ([("a", 50, 0.0), ("b", 40, 0.0), ("c", 10, 1.0)], 40, "b"),
        ([("a", 50, 0.0), ("b", NONE, 0.0)], NONE, "b"),
        ([("a", 50, 1.0), ("b", 40, 1.0)], 60, None),
        ([("a", 50, 0.0)], None, None),
        ([], NONE, None),
    ],
)
def test_the_partition_that_holds_the_job_back_is_the_one_whose_watermark_it_has(splits, job, holding):
    found = Inputs(tuple(Partition(0, *each) for each in splits), {}, job).holding

    assert (found and found.name) == holding


class Memory(dict):
    """Flink's state of one user, in memory: a map, and under the key None a value."""

    def value(self):
        return self.get(None)

    def update(self, value):
        self[None] = value

    def put(self, key, value):
        self[key] = value

    def remove(self, key):
        del self[key]


class Runtime:
    """What a function sees of Flink; `timers` are those that it has set."""

    def __init__(self):
        self.states, self.timers = {}, []

    def state(self, descriptor):
        return self.states.setdefault(descriptor.name, Memory())

    get_state = get_map_state = state

    def timer_service(self):
        return self

    def register_event_time_timer(self, timestamp):
        self.timers.append(timestamp)


def test_a_row_is_kept_as_long_as_its_span_and_a_timer_frees_that_of_a_silent_user(monkeypatch):
    from flink_abnormal.pipeline import detector

    for name in ("ValueStateDescriptor", "MapStateDescriptor"):
        monkeypatch.setattr(detector, name, lambda name, *_: SimpleNamespace(name=name))
    monkeypatch.setattr(detector, "Types", SimpleNamespace(LONG=lambda: None, TUPLE=lambda _: None))
    runtime = Runtime()
    function = detector.WithinProcessFunction(Rule(3, 100))
    function.open(runtime)

    def process(time, kind="abnormal", times=1):
        return [alert[2] for alert in function.process_element(("kim", kind, times, time, f"{time}"), runtime)]

    assert [process(time) for time in (0, 50, 100, 101, 300)] == [[], [], [3], [3], []]
    assert process(310, times=2) == [3]
    assert runtime.timers == [101]
    function.on_timer(101, runtime)
    assert runtime.timers == [101, 411]
    assert [len(state) for state in runtime.states.values()] == [1, 2]
    function.on_timer(411, runtime)
    assert [len(state) for state in runtime.states.values()] == [0, 0]
    assert (process(500), process(501, "normal")) == ([], [])
    assert [len(state) for state in runtime.states.values()] == [0, 0]
