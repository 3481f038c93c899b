import pytest

from dashboard.collect.rates import Meter, Rates
from dashboard.collect.read import Counters

START = 1_000_000.0


def report(second, *, records=None, busy=0.0, back=0.0, out=None):
    """Return counters of a task that has run for `second` seconds, all its time told of."""
    total = second * 1000
    return Counters(
        int(second * 10) if records is None else records,
        out if out is not None else 0,
        busy,
        back,
        total - busy - back,
    )


def last(meter, reports, attempt=0):
    """Return what a meter says after reports that come in half a second after their own time."""
    said = None
    for second, counters in reports:
        said = meter.update(attempt, START + second + 0.5, counters)
    return said


def test_one_report_tells_no_rate():
    assert Meter().update(0, START, report(5)) == Rates()


def test_rates_are_differences_over_five_seconds_of_the_task_s_own_time():
    said = last(Meter(), [(s, report(s, records=s * 7, out=s * 2, back=s * 250.0)) for s in range(1, 20)])

    assert said == Rates(in_rate=7.0, out_rate=2.0, busy=0.0, backpressured=0.25)


def test_answers_between_two_reports_change_nothing():
    meter = Meter()
    first = last(meter, [(s, report(s)) for s in range(1, 8)])
    for late in (0.6, 1.5, 4.0):
        assert meter.update(0, START + 7 + late, report(7)) == first


def test_a_first_report_that_is_old_is_not_counted_for_long():
    """Flink answers the first question after a pause with what it knew before the pause."""
    stale = [(300, report(20, records=0))]
    said = last(Meter(), [*stale, *((s, report(s, records=s * 3)) for s in range(301, 310))])

    assert said.in_rate == 3.0


def test_a_new_attempt_begins_anew():
    meter = Meter()
    last(meter, [(s, report(s)) for s in range(1, 10)])

    assert meter.update(1, START + 11, report(1)) == Rates()
    assert meter.update(1, START + 12, report(2)).in_rate == 10.0


def test_counters_that_go_back_begin_anew_and_never_give_a_negative_rate():
    meter = Meter()
    last(meter, [(s, report(s, records=1000)) for s in range(1, 10)])

    assert meter.update(0, START + 10, report(10, records=3)) == Rates()
    assert meter.update(0, START + 11, report(11, records=5)).in_rate == 2.0


def test_a_wait_that_has_not_ended_is_not_busy_time():
    """A task that waits five seconds for each event tells of the wait when it is over."""
    reports = [(s, report(s, busy=(s % 5) * 1000.0)) for s in range(1, 30)]

    assert last(Meter(), reports).busy == 0.0


def test_a_task_that_never_rests_is_wholly_busy():
    assert last(Meter(), [(s, report(s, busy=s * 1000.0)) for s in range(1, 30)]).busy == pytest.approx(1.0)


def test_a_task_that_tells_no_times_is_held_against_the_clock_of_the_answers():
    counters = [Counters(s * 4, None, None, None, None) for s in range(20)]
    said = last(Meter(), list(enumerate(counters)))

    assert said == Rates(in_rate=4.0)
