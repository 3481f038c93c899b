"""Event time through files: the events of a user count in the order of their times."""

import gzip
import json
import os
import random
import signal
from collections import deque
from datetime import datetime, timezone

import pytest
from conftest import alerts, lines, records, wait_until

from flink_abnormal.core.model import Alert, Rule
from flink_abnormal.core.rule import detect
from flink_abnormal.pipeline.formats.jsonl import JsonLines
from flink_abnormal.pipeline.formats.sshd import Sshd

BEGIN_MS = 1_700_000_000_000


def event(user, abnormal, time):
    """Return a line of JSON; `time` is in milliseconds from the beginning, or a text."""
    time = BEGIN_MS + time if isinstance(time, int) else time
    return json.dumps({"userId": user, "isAbnormal": abnormal, "timestamp": time}).encode()


def expected(in_order, within_ms=None, parse=None):
    """Return the alerts of lines in the order of their times, as `alerts` gives those of an output."""
    parse = parse or JsonLines("userId", "isAbnormal").parse
    events = [parse(line) for line in in_order]
    if within_ms is None:
        found = detect(events, Rule())
    else:
        found, rows = [], {}
        for each in events:
            row = rows.setdefault(each.user_id, deque())
            if each.is_abnormal:
                row.append(each.timestamp)
                while row[0] < each.timestamp - within_ms:
                    row.popleft()
                found += [Alert.of(each, len(row), Rule())] if len(row) >= Rule().threshold else []
            else:
                row.clear()
    return sorted((alert.user_id, alert.count, alert.alert_id) for alert in found)


@pytest.mark.parametrize(
    ("seed", "files", "within"), [(1, 1, None), (2, 5, 900), (3, 3, None)], ids=["a-file", "a-span", "some-files"]
)
def test_a_shuffled_input_gives_the_alerts_of_the_sorted_one_at_any_parallelism(cli, tmp_path, seed, files, within):
    draw = random.Random(seed)  # noqa: S311 - not for secrets
    in_order = [event(f"user{draw.randrange(6)}", draw.random() < 0.6, 100 * number) for number in range(2_000)]
    shuffled = draw.sample(in_order, len(in_order))
    folder = tmp_path / "in"
    folder.mkdir()
    for number in range(files):
        content = b"\n".join(shuffled[number::files]) + b"\n"
        (folder / f"{number}.jsonl").write_bytes(gzip.compress(content) if number % 2 else content)

    done = cli.run(
        "run",
        *cli.job(
            "--source", "files", "--input", folder, "--time", "event", "--sink", "files", "--output", tmp_path / "out"
        ),
        *("--source-parallelism", draw.randint(1, 4), "--process-parallelism", draw.randint(1, 4)),
        *(["--within", f"{within}ms"] if within else []),
    )

    assert done.returncode == 0, done.stderr
    found = alerts(tmp_path / "out")
    assert found == expected(in_order, within)
    assert lines(done.stdout, "read ")[0].startswith("read 2000 = valid 2000 + skipped 0 + dead-lettered 0;")
    assert lines(done.stdout, "read ")[0].endswith(f"alerts {len(found)}")


def test_wrong_times_and_late_events_are_dead_letters_and_move_nobodys_time(cli, tmp_path):
    source = tmp_path / "events.jsonl"
    source.write_bytes(
        b"\n".join(
            [
                event("kim", True, 0),
                event("kim", True, 100_000),
                event("kim", True, 1_000),  # behind the watermark, at 98 s
                event("lee", True, "2100-01-01T00:00:00Z"),
                event("lee", True, "1970-06-01"),
                event("lee", True, "yesterday"),
                b'{"userId": "lee", "isAbnormal": true}',
                event("kim", True, 101_000),
                event("kim", True, 99_000),  # out of order, but not late
            ]
        )
    )

    done = cli.run(
        "run",
        *cli.job("--source", "files", "--input", source, "--source-parallelism", "1", "--sink", "files"),
        *("--output", tmp_path / "out", "--time", "event", "--max-out-of-orderness", "2s"),
    )

    assert done.returncode == 0, done.stderr
    assert lines(done.stdout, "read ") == [
        "read 9 = valid 5 + skipped 0 + dead-lettered 4; events: abnormal 5, normal 0; alerts 2; "
        "times that could not be read: 1; late events: 1"
    ]
    assert [(user, count) for user, count, _ in alerts(tmp_path / "out")] == [("kim", 3), ("kim", 4)]
    dead = sorted(records(tmp_path / "out", "dead-letters"), key=lambda record: record["line"])
    assert [(each["line"], each["reason"], each.get("latenessMs")) for each in dead] == [
        (3, "it is late: event time had passed it by 97s", 97_000),
        (4, "its time, 2100-01-01T00:00:00Z, is more than 1h ahead of the clock", None),
        (5, "its time, 1970-06-01T00:00:00Z, is before 1971: a clock that was not set", None),
        (6, "it has no readable time, which --time event needs", None),
        (7, "it has no readable time, which --time event needs", None),
    ]


def log(second, pid, user, *, failed=True):
    """Return a line of sshd's, so many seconds after the beginning."""
    time = datetime.fromtimestamp(BEGIN_MS // 1000 + second, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    what = "Failed password" if failed else "Accepted password"
    return f"{time} web1 sshd[{pid}]: {what} for {user} from 192.0.2.7 port 4 ssh2".encode()


def test_rotated_logs_in_a_followed_folder_come_out_right_and_once_through_a_savepoint(cli, tmp_path):
    draw = random.Random(4)  # noqa: S311
    users = [f"user{number}" for number in range(4)]
    # Several lines a second, as in a real log: those of one second keep the order of their file.
    log_lines = [log(number // 3, number, draw.choice(users), failed=draw.random() < 0.7) for number in range(900)]
    folder = tmp_path / "logs"
    folder.mkdir()
    (folder / "auth.log").write_bytes(b"\n".join(log_lines[600:]) + b"\n")
    (folder / "auth.log.1").write_bytes(b"\n".join(log_lines[300:600]) + b"\n")
    (folder / "auth.log.2.gz").write_bytes(gzip.compress(b"\n".join(log_lines[:300]) + b"\n"))
    out = tmp_path / "out"
    job = cli.job("--source", "files", "--input", folder, "--follow", "--format", "sshd", "--time", "event")
    job += ["--idleness", "1s", "--checkpoint-interval", "500ms", "--sink", "files", "--output", out, "--roll", "1s"]
    job += ["--source-parallelism", "2"]
    whole = expected(log_lines, parse=Sshd().parse)

    first = cli.start("run", *job)
    wait_until(lambda: alerts(out) == whole, "the alerts of the rotated logs", 90)
    os.kill(first.pid, signal.SIGINT)
    assert first.wait(60) == 0

    later = [log(400 + number, number, "kim") for number in range(3)]
    (tmp_path / "new").write_bytes(b"\n".join(later) + b"\n")
    (tmp_path / "new").rename(folder / "auth.log.new")
    cli.start("run", *job, "--from", "latest", "--append")
    more = expected(later, parse=Sshd().parse)
    wait_until(lambda: alerts(out) == sorted(whole + more), "the alerts of the new log too", 90)
    assert records(out, "dead-letters") == []


def test_a_snapshot_keeps_its_kind_of_time(cli, tmp_path):
    source = tmp_path / "in"
    source.mkdir()
    (source / "events.jsonl").write_bytes(event("kim", True, 0) + b"\n")
    job = cli.job("--source", "files", "--input", source, "--follow", "--checkpoint-interval", "200ms")
    cli.start("run", *job, "--time", "event")
    wait_until(lambda: list(cli.checkpoints.glob("*/chk-*/_metadata")), "a checkpoint")
    cli.end()

    done = cli.run("run", *job, "--from", "latest")

    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].endswith(
        "was taken with --time event, which a snapshot can't change: give that."
    )
