import pytest

from flink_abnormal.core.parallelism import Parallelism
from flink_abnormal.core.settings import LayoutSettings


@pytest.mark.parametrize(
    ("layout", "default", "expected"),
    [
        (LayoutSettings(), 3, Parallelism(3, 3, 3)),
        (LayoutSettings(), 1, Parallelism(1, 1, 1)),
        (LayoutSettings(source_parallelism=1, sink_parallelism=2), 5, Parallelism(1, 5, 2)),
        (LayoutSettings(source_parallelism=4, process_parallelism=5, sink_parallelism=6), 3, Parallelism(4, 5, 6)),
    ],
)
def test_a_step_has_the_subtasks_it_was_given_and_else_the_default(layout, default, expected):
    assert Parallelism.of(layout, default) == expected


@pytest.mark.parametrize(
    ("parallelism", "isolated", "shared"),
    [(Parallelism(3, 3, 3), 9, 3), (Parallelism(1, 4, 2), 7, 4), (Parallelism(1, 1, 1), 3, 1)],
)
def test_isolated_steps_add_their_slots_and_shared_ones_need_those_of_the_widest(parallelism, isolated, shared):
    assert parallelism.slots("isolated") == isolated
    assert parallelism.slots("shared") == shared
