"""A whole file of lines of every kind through both engines."""

import json

import pytest
from conftest import records
from hypothesis import HealthCheck, given, settings
from json_lines import MAPPED, OPTIONS, lines_of, readable_in_both, settings_of


@pytest.fixture(scope="module")
def generated_lines():
    """More than a thousand lines of every kind, under the options `mapped`; a few users have most of the events."""
    found = []

    @settings(max_examples=1500, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(line=lines_of(settings_of(**OPTIONS["mapped"]).records))
    def collect(line):
        if readable_in_both(line):
            found.append(line)

    collect()
    return b"\n".join(found)


# One source subtask: others, without a file, would hold event time back until they end, so that lateness would vary.
EVENT_TIME = ("--time", "event", "--max-out-of-orderness", "8784h", "--within", "1h", "--source-parallelism", "1")


@pytest.mark.parametrize("time", [(), EVENT_TIME])
def test_a_generated_input_gives_the_same_alerts_dead_letters_and_figures(cli, tmp_path, generated_lines, time):
    (tmp_path / "in.jsonl").write_bytes(generated_lines)
    options = [f"--{key.replace('_', '-')}={value}" for key, value in MAPPED.items()]
    options += ["--abnormal-values=FAILURE,1,-0.5,1e+16", "--normal-values=SUCCESS,0", *time]

    def run(engine):
        output = tmp_path / engine
        job = cli.job("--source", "files", "--input", tmp_path / "in.jsonl", *options, "--engine", engine)
        done = cli.run("run", *job, "--sink", "files", "--output", output)
        assert done.returncode == 0, done.stderr
        written = [sorted(records(output, each), key=json.dumps) for each in ("alerts", "dead-letters")]
        return [*written, done.stdout.splitlines()[-1]]

    in_python = run("python")
    assert run("jvm") == in_python
    assert [bool(each) for each in in_python] == [True, True, True]
