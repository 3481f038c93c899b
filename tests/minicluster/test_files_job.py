import base64
import gzip
import json
import os
import re
import signal
import time
from collections import Counter
from pathlib import Path

import bad_files
import pytest
from conftest import alerts, lines, records, wait_until

from flink_abnormal.core.model import one_line
from flink_abnormal.core.published import alert_line
from flink_abnormal.pipeline.sources.files import FORGET_LATER_SECONDS

ABNORMAL_KIM = b'{"userId": "kim", "isAbnormal": true}'
BAD = {
    b"? no json": "not JSON: unexpected character, expected a JSON value: line 1 column 1 (char 0)",
    b'{"isAbnormal": true}': "the field 'userId' is missing",
    b'{"userId": "kim"}': "the field 'isAbnormal' is missing",
    b'{"userId": 7.5, "isAbnormal": true}': "the field 'userId' must be a string or a whole number, not a fraction",
    b'{"userId": "kim", "isAbnormal": "yes"}': "the field 'isAbnormal' must be true or false, not a string",
    b'{"userId": "", "isAbnormal": true}': "the userId is empty",
    b'{"userId": "%s", "isAbnormal": true}' % (b"x" * 1025): ("a userId of 1025 characters; at most 1024 are allowed"),
    b'{"userId": "k\xffm", "isAbnormal": true}': (
        "not JSON: str is not valid UTF-8: surrogates not allowed: line 1 column 1 (char 0)"
    ),
    b'{"userId": "\\ud800", "isAbnormal": true}': "not JSON: no low surrogate in string: line 1 column 13 (char 12)",
    b'{"userId": "kim", "isAbnormal": true, "pad": "%s"}' % (b"x" * 10_000_000): (
        "a line of 10000048 bytes; at most 1048576 are read"
    ),
}
ODD_USERS = ["a\0b", "😀", "한글", "two\nlines", "\u2028", "x" * 1024, "<script>", "'\"\\"]


@pytest.mark.parametrize(
    ("mode", "engine"),
    [
        pytest.param("thread", "python", marks=pytest.mark.thread_mode),
        ("process", "python"),
        pytest.param("thread", "jvm", marks=pytest.mark.thread_mode),
    ],
)
def test_bad_lines_go_to_the_dead_letters_and_the_job_goes_on(cli, tmp_path, mode, engine):
    source = tmp_path / "events.jsonl"
    odd = [json.dumps({"userId": user, "isAbnormal": True}).encode() for user in ODD_USERS for _ in range(3)]
    source.write_bytes(b"\n".join([ABNORMAL_KIM, *BAD, b"", ABNORMAL_KIM, *odd, b"  \r", ABNORMAL_KIM]) + b"\n")

    done = cli.run(
        "run",
        *cli.job("--source", "files", "--input", source, "--execution-mode", mode, "--engine", engine),
        *("--sink", "print", "--sink", "files", "--output", tmp_path / "out"),
    )

    assert done.returncode == 0, done.stderr
    detectors = 1 if (mode, engine) == ("thread", "python") else 3
    assert re.findall(r"parallelism \S+", done.stdout + done.stderr) == [f"parallelism 3/{detectors}/3"]
    dead = sorted(records(tmp_path / "out", "dead-letters"), key=lambda record: record["reason"])
    assert dead == sorted(
        (
            {
                "reason": reason,
                "source": str(source),
                "line": number,
                "bytes": len(line),
                "truncated": len(line) > 4096,
                "raw": base64.b64encode(line[:4096]).decode(),
            }
            for number, (line, reason) in enumerate(BAD.items(), 2)
        ),
        key=lambda record: record["reason"],
    )
    assert sorted((user, count) for user, count, _ in alerts(tmp_path / "out")) == sorted(
        (user, 3) for user in ["kim", *ODD_USERS]
    )
    assert sorted(lines(done.stdout, "[ALERT]")) == sorted(
        one_line(alert_line(user, 3)) for user in ["kim", *ODD_USERS]
    )
    assert len(lines(done.stdout, "[DEAD LETTER]")) == len(BAD)
    assert done.stdout.splitlines()[-1] == (
        f"read {len(BAD) + 29} = valid 27 + skipped 2 + dead-lettered {len(BAD)}; "
        "events: abnormal 27, normal 0; alerts 9"
    )


@pytest.mark.thread_mode
def test_the_jvm_engine_counts_right_of_more_and_longer_users_than_it_remembers(cli, tmp_path):
    users = [f"{'x' * (number % 2 * 64)}{number}" for number in range(3_000)]
    rounds = [{}, {}, {"normal": 3}, {}, {"normal": 5}, {}, {}]  # of each third or fifth user the event is normal
    abnormal = [[number % each.get("normal", 3_001) != 0 for number in range(len(users))] for each in rounds]
    source = tmp_path / "events.jsonl"
    source.write_text(
        "".join(
            json.dumps({"userId": user, "isAbnormal": is_abnormal}) + "\n"
            for row in abnormal
            for user, is_abnormal in zip(users, row, strict=True)
        )
    )

    done = cli.run(
        "run",
        *cli.job("--source", "files", "--input", source, "--engine", "jvm"),
        *("--sink", "files", "--output", tmp_path / "out"),
    )

    assert done.returncode == 0, done.stderr
    expected = []
    for number, user in enumerate(users):
        count = 0
        for row in abnormal:
            count = count + 1 if row[number] else 0
            expected += [(user, count)] if count >= 3 else []
    assert sorted((user, count) for user, count, _ in alerts(tmp_path / "out")) == sorted(expected)


def test_the_order_of_each_file_is_kept_at_any_parallelism(cli, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    expected = Counter()
    for number in range(6):
        # Each file's user has runs of 3 abnormal events between normal ones: any other order gives other counts.
        events = [step % 4 != 3 for step in range(4000)]
        text = "".join(
            json.dumps({"login": f"kim{number}", "status": "FAIL" if bad else "OK"}) + "\n" for bad in events
        )
        (folder / f"{number}.jsonl.gz").write_bytes(gzip.compress(text.encode()))
        expected[f"kim{number}", 3] = 1000

    done = cli.run(
        "run",
        *cli.job("--source", "files", "--input", folder, "--sink", "files", "--output", tmp_path / "out"),
        *("--user-field", "login", "--abnormal-field", "status", "--abnormal-values", "FAIL"),
        *("--source-parallelism", 3, "--process-parallelism", 2, "--sink-parallelism", 1),
    )

    assert done.returncode == 0, done.stderr
    assert Counter((user, count) for user, count, _ in alerts(tmp_path / "out")) == expected
    assert done.stdout.splitlines()[-1] == (
        "read 24000 = valid 24000 + skipped 0 + dead-lettered 0; events: abnormal 18000, normal 6000; alerts 6000"
    )


def test_the_same_file_gives_the_same_alert_ids_and_an_output_in_use_is_refused(cli, tmp_path):
    source = tmp_path / "events.jsonl"
    source.write_bytes(b"\n".join([ABNORMAL_KIM] * 4))
    job = cli.job("--source", "files", "--input", source, "--sink", "files")
    job += ["--output"]

    cli.run("run", *job, tmp_path / "first")
    cli.run("run", *job, tmp_path / "second")
    refused = cli.run("run", *job, tmp_path / "first")
    appended = cli.run("run", *job, tmp_path / "first", "--append")

    assert alerts(tmp_path / "second") == [
        ("kim", 3, "19a46095c9df3b1e3e467dc3e7b36012"),
        ("kim", 4, "0ce106608ec4f9836ce5339b0c767d27"),
    ]
    assert alerts(tmp_path / "first") == sorted(alerts(tmp_path / "second") * 2)
    assert (refused.returncode, refused.stderr) == (
        2,
        f"Error: --output {tmp_path / 'first'} is not empty, and a second run would add to the first one's alerts. "
        "Name an empty folder, or give --append.\n",
    )
    assert appended.returncode == 0


def test_a_file_that_cannot_be_read_is_one_dead_letter_and_all_others_are_processed(cli, tmp_path):
    users, letters = bad_files.write(tmp_path / "in")

    done = cli.run(
        "run",
        *cli.job("--source", "files", "--input", tmp_path / "in", "--sink", "files", "--output", tmp_path / "out"),
    )

    assert done.returncode == 0, done.stderr
    dead = records(tmp_path / "out", "dead-letters")
    assert sorted((each["source"], each["line"] or 0, each["bytes"], each["reason"]) for each in dead) == [
        (source, line or 0, size, reason) for source, line, size, reason in letters
    ]
    assert [(user, count) for user, count, _ in alerts(tmp_path / "out")] == [(user, 3) for user in users]
    total = 3 * len(users)
    assert done.stdout.splitlines()[-1] == (
        f"read {total + len(letters)} = valid {total} + skipped 0 + dead-lettered {len(letters)}; "
        f"events: abnormal {total}, normal 0; alerts {len(users)}"
    )


@pytest.fixture
def real_log():
    folder = os.environ.get("FLINK_ABNORMAL_SSHD_LOG")
    if not folder:
        pytest.skip("FLINK_ABNORMAL_SSHD_LOG names no folder that holds OpenSSH_2k.log")
    return Path(folder, "OpenSSH_2k.log")


IN_PYTHON = """
import sys
from flink_abnormal.pipeline import parse_step
del parse_step.JAVA_PARSERS["sshd"]
from flink_abnormal.cli.main import main
sys.argv[0] = "flink-abnormal"
main()
"""


@pytest.mark.parametrize("parser", ["in-java", "in-python"])
def test_a_real_auth_log_gives_exactly_the_failed_logins_in_a_row(cli, tmp_path, real_log, parser):
    counts, expected, failed = Counter(), [], 0
    for line in real_log.read_text().splitlines():  # reckoned with nothing of the project
        message = line.split("]: ", 1)[1]
        repeated = re.match(r"message repeated (\d+) times: \[ (.*)\]$", message)
        times, message = (int(repeated[1]), repeated[2]) if repeated else (1, message)
        words = message.split()
        if message.startswith("Failed password for "):
            name = message.removeprefix("Failed password for ").removeprefix("invalid user ").rsplit(" from ", 1)[0]
            failed += times
            for _ in range(times):
                counts[name] += 1
                if counts[name] >= 3:
                    expected.append((name, counts[name]))
        elif message.startswith("Accepted "):
            counts[words[3]] = 0

    done = cli.run(
        *(["run"] if parser == "in-java" else ["-c", IN_PYTHON, "run"]),
        *cli.job("--source", "files", "--input", real_log, "--format", "sshd"),
        *("--sink", "files", "--output", tmp_path / "out"),
        command="flink-abnormal" if parser == "in-java" else "python",
    )

    assert done.returncode == 0, done.stderr
    written = records(tmp_path / "out", "alerts")
    assert sorted((a["userId"], a["count"]) for a in written) == sorted(expected)
    assert {a["timestamp"] for a in written} == {None}
    assert records(tmp_path / "out", "dead-letters") == []
    assert (failed, len(expected)) == (528, 440)
    assert done.stdout.splitlines()[-1] == (
        "read 2000 = valid 521 + skipped 1479 + dead-lettered 0; events: abnormal 528, normal 1; alerts 440"
    )


def test_follow_takes_files_that_are_moved_in_reports_one_that_grew_and_forgets_one_that_went(cli, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    process = cli.start("run", *cli.job("--source", "files", "--input", folder, "--follow", "--forget", "1s"))

    def move_in(name, times):
        (tmp_path / name).write_bytes(b"\n".join([ABNORMAL_KIM] * times) + b"\n")
        (tmp_path / name).rename(folder / name)

    def printed(prefix):
        return lines(process.output.read_text(encoding="utf-8"), prefix)

    move_in("first.jsonl", 2)
    move_in("second.jsonl", 1)
    assert wait_until(lambda: printed("[ALERT]"), "the alert") == ["[ALERT] userId=kim 이상행동 3회 감지!"]
    move_in("third.jsonl", 1)
    wait_until(lambda: len(printed("[ALERT]")) == 2, "the alert of the third file")
    with (folder / "first.jsonl").open("ab") as first:
        first.write(ABNORMAL_KIM + b"\n")
    size = 2 * len(ABNORMAL_KIM + b"\n")
    assert wait_until(lambda: printed("[DEAD LETTER]"), "the report of the change") == [
        f"[DEAD LETTER] {folder / 'first.jsonl'}: the file changed after it was read ({size} bytes, now "
        f"{size // 2 * 3}) and is not read again: move files in whole"
    ]
    (folder / "third.jsonl").unlink()
    gone = time.monotonic()
    wait_until(lambda: time.monotonic() > gone + 1 + FORGET_LATER_SECONDS + 4, "the file to be forgotten", 60)
    move_in("third.jsonl", 1)
    wait_until(lambda: len(printed("[ALERT]")) == 3, "the alert of another third file")
    os.kill(process.pid, signal.SIGTERM)
    assert process.wait(60) == 0
    assert printed("[ALERT]") == [f"[ALERT] userId=kim 이상행동 {count}회 감지!" for count in (3, 4, 5)]
    assert len(printed("[DEAD LETTER]")) == 1


def test_a_file_that_grew_while_a_bounded_run_read_it_is_told_of_at_the_end(cli, tmp_path):
    source = tmp_path / "events.jsonl"
    source.write_bytes((ABNORMAL_KIM + b"\n") * 60_000)
    process = cli.start("run", *cli.job("--source", "files", "--input", source))
    said = lambda: process.output.read_text(encoding="utf-8")  # noqa: E731
    wait_until(lambda: lines(said(), "[ALERT]"), "the first alert")

    with source.open("ab") as file:
        file.write(ABNORMAL_KIM + b"\n")

    assert process.wait(90) == 0
    grown = 60_000 * len(ABNORMAL_KIM + b"\n")
    assert lines(said(), "[DEAD LETTER]") == [
        f"[DEAD LETTER] {source}: the file changed after it was read ({grown} bytes, now {source.stat().st_size}) "
        "and is not read again: move files in whole"
    ]
    assert len(lines(said(), "read ")) == 1
    assert said().splitlines()[-1].endswith("; files changed after they were read: 1")


def test_alerts_of_an_endless_run_show_up_in_one_file_a_roll_whatever_the_parallelism(cli, tmp_path):
    folder = tmp_path / "out" / "alerts"
    process = cli.start(
        *("run", *cli.job("--interval", "20ms", "--checkpoint-interval", "500ms", "--no-emit-log")),
        *("--sink", "files", "--output", tmp_path / "out", "--roll", "2s"),
    )
    wait_until(lambda: len(list(folder.glob("[!.]*.jsonl"))) >= 3, "three finished files")

    os.kill(process.pid, signal.SIGINT)
    assert process.wait(60) == 0
    assert [file.name for file in folder.glob("[!.]*") if not file.name.startswith("compacted-part-")] == []
    found = Counter((user, count, alert_id) for user, count, alert_id in alerts(tmp_path / "out"))
    assert set(found.values()) == {1}


def test_no_file_of_a_bounded_run_goes_on_after_a_checkpoint(cli, tmp_path):
    # What a worker that was given up still writes goes into its own file: that must not be its successor's too.
    options = cli.job("--events", 60, "--interval", "50ms", "--abnormal-rate", 1, "--checkpoint-interval", "500ms")
    process = cli.start("run", *options, "--no-emit-log", "--sink", "files", "--output", tmp_path / "out")
    folder = tmp_path / "out" / "alerts"
    seen = {}
    while process.poll() is None:
        for file in folder.glob("[!.]*.jsonl"):
            seen.setdefault(file.name, file.read_bytes())

    assert process.returncode == 0
    assert {name: (folder / name).read_bytes() for name in seen} == seen
    finished = [name for name in seen if seen[name]]
    assert len(finished) > 3 == len({name.rpartition("-")[0] for name in finished})
