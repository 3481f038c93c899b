"""Event time: its options, the times it takes, and what is read of watermarks."""

import pytest
import rest_server

from flink_abnormal.core.errors import UsageError
from flink_abnormal.core.model import NO_TIMESTAMP
from flink_abnormal.core.settings import from_values, options
from flink_abnormal.core.time_settings import TimeSettings
from flink_abnormal.pipeline.plausible import refusal
from flink_abnormal.runtime import watermarks
from flink_abnormal.runtime.rest import Cluster
from flink_abnormal.runtime.watermarks import NONE, Split, Watermarks

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


def answers(*, ordered=True, watermark="1700000000000"):
    """Return what Flink answers about a job of two source subtasks, one of them without a partition."""
    source = "Source__Kafka_messages"
    split = f"{source}.split.user-events-0.watermark"
    found = {f"{split}.currentWatermark": watermark, f"{split}.idleTimeMsPerSecond": "250"}
    metrics = {
        **found,
        f"{split}.activeTimeMsPerSecond": "750.0",
        f"{source}.currentOutputWatermark": watermark,
        "Parse_lines.currentOutputWatermark": watermark,
    }
    other = {f"{source}.currentOutputWatermark": str(NONE)}
    name = "Events in order of time -> (Late events, Key by userId)" if ordered else "Key by userId"
    vertices = [
        {"id": "a", "name": "Source: Kafka messages -> Parse lines", "parallelism": 2},
        {"id": "b", "name": name, "parallelism": 2},
    ]
    listed = [[{"id": each} for each in task] for task in (metrics, other)]
    values = [[{"id": each, "value": value} for each, value in task.items()] for task in (metrics, other)]
    return [
        (200, {"vertices": vertices}),
        *((200, body) for task in zip(listed, values, strict=True) for body in task),
        (200, [{"id": "currentInputWatermark", "min": float(watermark)}]),
    ]


def test_the_watermark_of_each_partition_is_read_and_that_of_the_job():
    with rest_server.server(*answers()) as (port, asked):
        found = watermarks.read(Cluster("127.0.0.1", port), "j")

    assert found == Watermarks(
        [Split(0, "user-events-0", 1_700_000_000_000, 0.25), Split(1, "", NONE, 1.0)], 1_700_000_000_000
    )
    assert [each.partition("?")[0] for each in asked] == [
        "GET /jobs/j",
        *["GET /jobs/j/vertices/a/subtasks/0/metrics"] * 2,
        *["GET /jobs/j/vertices/a/subtasks/1/metrics"] * 2,
        "GET /jobs/j/vertices/b/subtasks/metrics",
    ]


def test_a_job_that_counts_events_as_they_arrive_has_no_watermarks():
    with rest_server.server(*answers(ordered=False)) as (port, _):
        assert watermarks.read(Cluster("127.0.0.1", port), "j") is None


@pytest.mark.parametrize(
    ("splits", "job", "holding"),
    [
        ([("a", 50, 0.0), ("b", 40, 0.0), ("c", 10, 1.0)], 40, "b"),
        ([("a", 50, 0.0), ("b", NONE, 0.0)], NONE, "b"),
        ([("a", 50, 1.0), ("b", 40, 1.0)], 60, None),
        ([], NONE, None),
    ],
)
def test_the_partition_that_holds_the_job_back_is_the_one_whose_watermark_it_has(splits, job, holding):
    found = Watermarks([Split(0, *each) for each in splits], job).holding

    assert (found and found.name) == holding
