"""The given cases in whole jobs: what the reader of files hands over, and what a run ends with."""

from collections import Counter

import pytest
from conftest import alerts
from given_cases import cases

HINT = "it looks like pretty-printed JSON, and each object must be on one line: jq -c . FILE > FILE.jsonl"


def write(folder, given):
    folder.mkdir()
    for case in given:
        (folder / f"{case.id}.log").write_text("\n".join(case.lines) + "\n", encoding="utf-8")


@pytest.mark.parametrize("engine", ["python", "jvm"])
def test_the_given_logs_of_sshd_give_exactly_their_alerts(cli, tmp_path, engine):
    given = [case for case in cases() if case.options[:2] == ["--format", "sshd"]]
    write(tmp_path / "in", given)

    done = cli.run(
        *("run", *cli.job("--source", "files", "--input", tmp_path / "in", "--format", "sshd", "--year", 2024)),
        *("--sink", "files", "--output", tmp_path / "out", "--engine", engine),
    )

    said = [line for line in done.stderr.splitlines()[3:] if not line.startswith("Read ")]  # a slow run's progress
    assert (done.returncode, said) == (0, [])
    found = Counter((user, count) for user, count, _ in alerts(tmp_path / "out"))
    assert found == Counter(alert for case in given for alert in case.right.alerts)
    abnormal, skipped = 3 * sum(bool(case.right.alerts) for case in given), sum(case.right.skipped for case in given)
    read = sum(len(case.lines) for case in given)
    assert done.stdout.splitlines()[-1] == (
        f"read {read} = valid {read - skipped} + skipped {skipped} + dead-lettered 0; "
        f"events: abnormal {abnormal}, normal 0; alerts {sum(found.values())}"
    )


def test_a_run_that_understood_nothing_says_why_and_exits_2(cli, tmp_path):
    given = [case for case in cases() if case.id == "J30"]
    write(tmp_path / "in", given)

    done = cli.run("run", *cli.job("--source", "files", "--input", tmp_path / "in"))

    assert done.stdout.splitlines()[-1] == (
        "read 12 = valid 0 + skipped 0 + dead-lettered 12; events: abnormal 0, normal 0; alerts 0"
    )
    assert (done.returncode, done.stderr.splitlines()[-1]) == (
        given[0].right.code,
        f"Error: 0 of 12 lines could be used: the first, {tmp_path / 'in' / 'J30.log'}:1, is rejected (not JSON: "
        f"unexpected end of data: line 1 column 2 (char 1)); {HINT}.",
    )
