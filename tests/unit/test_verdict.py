import pytest

from flink_abnormal.core.errors import UsageError
from flink_abnormal.pipeline import verdict
from flink_abnormal.pipeline.formats.diagnosis import diagnose
from flink_abnormal.pipeline.summary import Summary
from flink_abnormal.pipeline.verdict import Ending, Sample
from flink_abnormal.submission import wait

ONE_LINE = "each object must be on one line: jq -c . FILE > FILE.jsonl"
OWN_LINE = "each object must be on a line of its own: jq -c '.[]' FILE > FILE.jsonl"
RECORDS = "the records are in the array 'Records': extract them with jq -c '.Records[]' FILE > FILE.jsonl"
NAMES = (
    "name the fields with --user-field and --abnormal-field, and the values with --abnormal-values or --normal-values"
)


@pytest.mark.parametrize(
    ("line", "fields", "hint"),
    [
        ("{", [], f"it looks like pretty-printed JSON, and {ONE_LINE}"),
        ('  "userId": "kim",', [], f"it looks like pretty-printed JSON, and {ONE_LINE}"),
        ("},", [], f"it looks like pretty-printed JSON, and {ONE_LINE}"),
        ('[{"userId": "kim"}, {"userId": "lee"}]', [], f"it is a JSON array, and {OWN_LINE}"),
        ("[", [], f"it looks like a JSON array, and {OWN_LINE}"),
        ('[{"userId": "kim"},', [], f"it looks like a JSON array, and {OWN_LINE}"),
        ('{"Records": [{"userIdentity": {"userName": "kim"}}]}', ["Records"], RECORDS),
        ('{"Records":[{"userIdentity":{"userName":"ki', [], RECORDS),
        ('{"actor": {"id": 7}, "outcome": "FAILURE"}', ["actor.id", "outcome"], NAMES),
        ("Mar  1 09:00:01 h sshd[1]: Connection closed", [], "it looks like sshd's log: add --format sshd"),
        ('2024-03-01 INFO {"userId": "kim"}', [], "something precedes its JSON object: remove that"),
        ("userId,isAbnormal", [], "--format jsonl reads one JSON object per line"),
    ],
)
def test_a_line_of_no_event_tells_what_it_looks_like(line, fields, hint):
    assert diagnose("jsonl", line.encode()) == (fields, hint)


@pytest.mark.parametrize(
    ("line", "fields", "hint"),
    [
        ('{"userId": "kim"}', ["userId"], "it looks like JSON: leave --format sshd out"),
        (
            '{"log": "Failed password for kim from 192.0.2.7 port 22 ssh2", "stream": "stderr"}',
            ["log", "stream"],
            "what sshd writes is in the field 'log': extract it with jq -r .log FILE > FILE.log",
        ),
        (
            "1.2.3.4 - - [01/Mar/2024:09:00:00 +0900]",
            [],
            "--format sshd reads what sshd writes, such as 'Mar  1 09:00:01 host sshd[1]: Failed password for kim from "
            "192.0.2.7 port 22 ssh2'",
        ),
    ],
)
def test_a_line_that_sshd_did_not_write_tells_what_it_looks_like(line, fields, hint):
    assert diagnose("sshd", line.encode()) == (fields, hint)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16_is_known_by_its_bytes(encoding):
    hint = "it looks like UTF-16: iconv -f UTF-16 -t UTF-8 FILE > FILE.jsonl"
    assert diagnose("jsonl", '{"userId": "kim"}'.encode(encoding)) == ([], hint)


def verdict_of(valid=0, skipped=0, dead_lettered=0, samples=(), *, understood=False):
    counts = {"abnormal": valid, "skipped": skipped, "dead-lettered": dead_lettered}
    counts |= {sample.key(): 1 for sample in samples} | ({"understood": 1} if understood else {})
    return verdict.of_run(Summary.of(counts), counts)


REFUSED = Sample("the field 'userId' is missing", "/in/b.jsonl", 2, ["actor.id", "outcome"], NAMES)
SKIPPED = Sample("", "/in/a.jsonl", 1, [], "do this")


def test_a_run_that_understood_nothing_tells_why():
    assert verdict_of(skipped=1, dead_lettered=4, samples=[SKIPPED, REFUSED]) == (
        "Error: 0 of 5 lines could be used: the first, /in/b.jsonl:2, is rejected (the field 'userId' is missing), and "
        f"has the fields actor.id, outcome; {NAMES}."
    )
    assert verdict_of(skipped=5, samples=[SKIPPED]) == (
        "Error: 0 of 5 lines could be used: the first, /in/a.jsonl:1, is not an event; do this."
    )


def test_more_dead_letters_than_half_are_told():
    assert verdict_of(valid=2, dead_lettered=3, samples=[REFUSED._replace(number=0, fields=[])]) == (
        "Warning: 3 of 5 lines are dead letters: the first, /in/b.jsonl, is rejected (the field 'userId' is missing); "
        f"{NAMES}."
    )
    assert verdict_of(valid=2, dead_lettered=2, samples=[REFUSED]) == ""


def test_an_empty_input_and_a_log_without_a_login_are_no_mistakes():
    assert verdict_of() == "Warning: The input contains no lines."
    assert verdict_of(skipped=7, samples=[SKIPPED], understood=True) == "Warning: None of the 7 lines reports a login."


def test_a_name_of_a_file_forges_no_second_line():
    assert "\n" not in verdict_of(dead_lettered=1, samples=[REFUSED._replace(file="/in/a\nError: b")])


def test_only_a_run_that_understood_nothing_is_an_error():
    verdict.raise_error("Warning: x")
    verdict.raise_error("")
    with pytest.raises(UsageError, match=r"^x$"):
        verdict.raise_error("Error: x")


def test_an_embedded_runs_last_lines_wait_in_a_file_for_all_its_alerts_to_be_printed(tmp_path, capfd):
    ending = Ending(file=str(tmp_path / "ending"))

    ending.leave(["read 4 = …", "Warning: x"])

    assert capfd.readouterr().out == ""
    assert (ending.take(), ending.take()) == (["read 4 = …", "Warning: x"], [])
    assert list(tmp_path.iterdir()) == []


def test_on_a_cluster_the_last_lines_are_printed_with_a_prefix_that_tells_runs_apart(capfd):
    Ending(prefix="run 7: ").leave(["read 4 = …", "Warning: x"])

    assert capfd.readouterr().out == "run 7: read 4 = …\nrun 7: Warning: x\n"


def test_an_embedded_run_that_left_no_figures_prints_none(tmp_path, capfd):
    wait._report(Ending(file=str(tmp_path / "ending")), None)

    assert capfd.readouterr().out == ""
