"""The given cases, parsed: what a run of them ends with is tested with the job."""

from given_cases import NOTHING_UNDERSTOOD, cases
from reader_model import read

from flink_abnormal.cli.job import abnormal as job
from flink_abnormal.core.model import NO_TIMESTAMP, Rule
from flink_abnormal.core.rule import detect
from flink_abnormal.core.settings import from_values
from flink_abnormal.pipeline import formats
from flink_abnormal.pipeline.formats import Rejected


def parsed(case):
    with job.make_context("abnormal.py", list(case.options)) as context:
        parse = formats.parser(from_values(context.params).records)
    return [parse(*each) for each in read([line.encode() for line in case.lines])]


def outcome(case):
    """Return (alerts, times of events, lines skipped) as the parser and the rule make them."""
    records = parsed(case)
    events = [each for each in records if each is not None and not isinstance(each, Rejected)]
    alerts = [(alert.user_id, alert.count) for alert in detect(events, Rule())]
    times = [None if event.timestamp == NO_TIMESTAMP else event.timestamp for event in events]
    return alerts, times, records.count(None)


def test_each_given_case_comes_out_right():
    given = cases()
    assert {case.id: outcome(case) for case in given} == {
        case.id: (case.right.alerts, case.right.times, case.right.skipped) for case in given
    }


def test_no_line_is_refused_but_in_a_case_that_nothing_is_understood_of():
    refused = {case.id for case in cases() if any(isinstance(each, Rejected) for each in parsed(case))}
    assert refused == {case.id for case in cases() if case.right.code == NOTHING_UNDERSTOOD}
