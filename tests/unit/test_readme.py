"""The README, docs/use.md and conf/abnormal.yaml say what the code does."""

import json
import re

import pytest
from conftest import PROJECT
from expected import simulated, summary_of

from flink_abnormal.cli.job import abnormal as job
from flink_abnormal.cli.options import default_text
from flink_abnormal.core import errors
from flink_abnormal.core.model import Alert, DeadLetter, Rule
from flink_abnormal.core.rule import detect
from flink_abnormal.core.settings import GROUPS, Settings, from_values, options
from flink_abnormal.pipeline.formats.jsonl import JsonLines

README = (PROJECT / "README.md").read_text(encoding="utf-8")
USE = (PROJECT / "docs" / "use.md").read_text(encoding="utf-8")
EXAMPLE = PROJECT / "conf" / "abnormal.yaml"


@pytest.fixture
def sample():
    """The page's input lines, and its lines of JSON that come out of them."""
    given, alert_and_dead_letter = re.findall(r"^```json\n(.*?)^```$", USE, re.MULTILINE | re.DOTALL)
    return given.splitlines(), alert_and_dead_letter.splitlines()


def fields_of(what):
    table = USE.split(f"| Field of {what} | Meaning |\n", 1)[1].split("\n\n", 1)[0]
    return re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)


def settings_of(config):
    with job.make_context("abnormal.py", ["--config", str(config)]) as context:
        return from_values(context.params)


def test_each_option_has_one_row_with_its_group_its_default_and_its_help():
    rows, group = [], None
    for line in USE.splitlines():
        if title := re.fullmatch(r"\| \*\*(.+)\*\* \| \| \|", line):
            group = title[1]
        elif line.startswith("| `--"):
            rows.append((group, line))

    assert rows == [
        (title, f"| `{option.flag}` | {default_text(option, default) or '-'} | {option.help} |")
        for title, _, option, default in options()
    ]
    assert list(dict.fromkeys(title for title, _ in rows)) == ["Source", *GROUPS]


def test_the_sample_lines_give_the_sample_alert_and_the_sample_dead_letter(sample):
    lines, (alert, dead_letter) = sample
    *good, bad = lines
    parse = JsonLines("login", "status", ("FAIL", "DENIED")).parse

    (raised,) = detect([parse(line.encode()) for line in good], Rule())

    assert alert == raised.to_json()
    letter = DeadLetter(parse(bad.encode()).reason, "/home/me/events.jsonl", bad.encode(), line=len(lines))
    assert dead_letter == letter.to_json()


def test_every_field_that_comes_out_is_described():
    assert fields_of("an alert") == list(json.loads(Alert("", "", 3, 3, 0).to_json()))
    assert fields_of("a dead letter") == list(json.loads(DeadLetter("", "", b"", lateness_ms=1).to_json()))


def test_the_simulated_run_is_as_the_readme_tells_it():
    first = [event.is_abnormal for event in simulated(events=3, users=1)]

    assert first == [True, True, True]
    assert summary_of(simulated(events=20)) in README


def test_every_exit_code_stands_in_the_table():
    kinds = [errors.UsageError, errors.MachineError, errors.ClusterError, errors.JobError]

    assert re.findall(r"^\| (\d) \|", USE, re.MULTILINE) == ["0", *(str(kind.exit_code) for kind in kinds)]


def test_the_example_of_a_config_file_holds_every_option_at_its_default():
    lines = EXAMPLE.read_text(encoding="utf-8").splitlines()
    keys = [found[1] for line in lines if (found := re.match(r"(?:# )?([a-z-]+): ", line))]

    assert keys == [option.flag.split("/")[0].removeprefix("--") for _, _, option, _ in options()]
    assert settings_of(EXAMPLE) == Settings()


OF_KAFKA = "topic topic-pattern bootstrap kafka-property kafka-properties alerts-topic dead-letters-topic"


@pytest.mark.parametrize(
    ("source", "sinks", "others"),
    [("files", "[print, files]", OF_KAFKA), ("kafka", "[files, kafka]", "input topic-pattern")],
)
def test_the_commented_lines_of_the_example_can_be_used(tmp_path, source, sinks, others):
    text = EXAMPLE.read_text(encoding="utf-8").replace("source: random", f"source: {source}").replace("[print]", sinks)
    text = text.replace("time: processing", "time: event")
    config = tmp_path / "abnormal.yaml"
    unused = "|".join(others.split())
    config.write_text(re.sub(rf"^# (?!(?:{unused}): )([a-z-]+: )", r"\1", text, flags=re.MULTILINE), encoding="utf-8")

    settings = settings_of(config)

    assert settings.records.abnormal_values == ("FAIL", "DENIED")
    assert settings.layout.slots == "isolated"
    assert settings.state.restore_from == "latest"
