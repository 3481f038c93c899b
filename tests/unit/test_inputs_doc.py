"""docs/inputs.md says what comes of its examples: each command, on its input, prints what stands below it."""

import re
import shlex

import pytest
from conftest import PROJECT
from reader_model import read

from flink_abnormal.cli.job import abnormal as job
from flink_abnormal.core.model import NO_TIMESTAMP, Rule
from flink_abnormal.core.rule import detect
from flink_abnormal.core.settings import from_values
from flink_abnormal.pipeline import formats
from flink_abnormal.pipeline.formats import Rejected
from flink_abnormal.pipeline.summary import Summary

DOC = (PROJECT / "docs" / "inputs.md").read_text(encoding="utf-8")
EXAMPLE = re.compile(
    r"^    flink-abnormal run (?P<options>.*?)\n\n```(?:json|log)\n(?P<lines>.*?)```\n```text\n(?P<printed>.*?)```$",
    re.MULTILINE | re.DOTALL,
)
EXAMPLES = [match.groupdict() for match in EXAMPLE.finditer(DOC)]


def ran(options, lines):
    """Return the events of a run, and the lines that it prints."""
    with job.make_context("abnormal.py", shlex.split(options.replace("\\\n", ""))) as context:
        settings = from_values(context.params)
    notes = []
    parse = formats.parser(settings.records, notes.append)
    records = [parse(*each) for each in read([line.encode() for line in lines.splitlines()])]
    assert not any(isinstance(record, Rejected) for record in records)
    events = [record for record in records if record is not None]
    alerts = list(detect(events, Rule()))
    counts = dict.fromkeys(notes, 1) | {"skipped": records.count(None), "alerts": len(alerts)}
    for kind in ("abnormal", "normal"):
        counts[kind] = sum(event.times for event in events if event.kind == kind)
    counts["repeated"] = sum(event.times - 1 for event in events)
    return events, [*(alert.log_line() for alert in alerts), Summary.of(counts, settings.values).text()]


def test_no_command_is_without_its_input_and_what_it_prints():
    assert len(EXAMPLES) == DOC.count("    flink-abnormal run ")


@pytest.mark.parametrize("example", EXAMPLES, ids=[example["options"].split()[3] for example in EXAMPLES])
def test_each_example_prints_what_stands_below_it(example):
    events, printed = ran(example["options"], example["lines"])
    assert printed == example["printed"].splitlines()
    assert [event for event in events if event.timestamp == NO_TIMESTAMP] == []


@pytest.mark.parametrize(
    "time", re.findall(r"`([^`\n]*(?:2024|GMT)[^`\n]*)`", DOC.split("**Times.**")[1].split("## ")[0])
)
def test_each_time_that_it_shows_can_be_read(time):
    assert formats.jsonl.times.milliseconds(time) is not None


def test_each_link_within_it_leads_to_a_heading():
    headings = [
        re.sub(r"[^\w -]", "", line.lower()).strip().replace(" ", "-")
        for line in re.findall(r"^## (.*)$", DOC, re.MULTILINE)
    ]
    assert set(re.findall(r"\]\(#(.*?)\)", DOC)) <= set(headings)
