"""What Flink's REST API tells of a job's checkpoints, as rows."""

import contextlib
import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import termios

import pytest
from conftest import BIN, wait_until
from fake_flink import FakeFlink
from flink_answers import JOB as FLINK_JOB

from dashboard.collect.collector import Collector
from dashboard.collect.history import History
from flink_abnormal.snapshots.listing import ListedCheckpoint, of_job
from flink_abnormal.snapshots.locate import _latest
from flink_abnormal.snapshots.storage import Retained


def told(number, **more):
    """A checkpoint of the history, with the fields that Flink 2.3 gives and the project reads."""
    return {
        "id": number,
        "status": "COMPLETED",
        "is_savepoint": False,
        "trigger_timestamp": 1000 * number,
        "end_to_end_duration": 60,
        "state_size": 5000,
        "checkpointed_size": 700,
        "external_path": f"file:/checkpoints/job/chk-{number}",
        "discarded": False,
    } | more


def restored(path, number=7):
    return {"id": number, "restore_timestamp": 9000, "is_savepoint": False, "external_path": path}


def row(number, kind="checkpoint", restored_ms=None, *, kept=True):
    path = f"file:/checkpoints/job/chk-{number}"
    return ListedCheckpoint(number, "job", kind, "COMPLETED", kept, 1000 * number, 60, 700, restored_ms, path)


def test_the_size_is_what_the_checkpoint_itself_wrote_and_one_that_was_dropped_has_completed_all_the_same():
    history = [told(3, is_savepoint=True), told(2), told(1, discarded=True)]

    assert of_job("job", {"latest": {"restored": None}, "history": history}) == [
        row(3, kind="savepoint"),
        row(2),
        row(1, kept=False),
    ]


def test_a_checkpoint_that_failed_has_no_path():
    failed = told(2, status="FAILED")
    del failed["external_path"], failed["discarded"]

    assert of_job("job", {"latest": {"restored": restored("file:/other")}, "history": [failed]})[0] == (
        ListedCheckpoint(2, "job", "checkpoint", "FAILED", None, 2000, 60, 700, None, None)
    )


def test_the_one_that_was_restored_is_marked():
    latest = {"restored": restored("file:/checkpoints/job/chk-1", 1)}

    assert of_job("job", {"latest": latest, "history": [told(2), told(1)]}) == [row(2), row(1, restored_ms=9000)]


def test_one_restored_from_an_earlier_run_has_a_row_of_its_own():
    latest = {"restored": restored("file:/checkpoints/earlier/chk-7")}

    assert of_job("job", {"latest": latest, "history": [told(1)]}) == [
        row(1),
        ListedCheckpoint(
            7, None, "checkpoint", "COMPLETED", None, None, None, None, 9000, "file:/checkpoints/earlier/chk-7"
        ),
    ]


def test_a_job_without_checkpoints_has_no_rows():
    assert of_job("job", {}) == []


def test_the_latest_snapshot_of_a_job_is_the_one_triggered_last_else_the_one_it_started_from():
    savepoint = told(2, is_savepoint=True, external_path="file:/savepoint")
    start = restored("file:/start")

    assert _latest({"latest": {"completed": told(1), "savepoint": savepoint, "restored": start}}) == "file:/savepoint"
    assert _latest({"latest": {"completed": told(3), "savepoint": savepoint}}) == "file:/checkpoints/job/chk-3"
    assert _latest({"latest": {"completed": None, "savepoint": None, "restored": start}}) == "file:/start"
    assert _latest({"latest": {"completed": None, "savepoint": None, "restored": None}}) is None
    assert _latest({}) is None


def test_a_retained_snapshot_is_a_row_with_what_its_folder_tells():
    kept = Retained("/checkpoints/job/chk-9", "checkpoint", "job", 9, 2.0, 5)

    assert ListedCheckpoint.of_retained(kept) == (
        ListedCheckpoint(9, "job", "checkpoint", "COMPLETED", True, 2.0, None, 5, None, "/checkpoints/job/chk-9")
    )


@pytest.fixture
def flink():
    """A cluster whose newest checkpoint failed, and of whose others one is still there."""
    with FakeFlink() as fake:
        history = fake.answers[f"/jobs/{FLINK_JOB}/checkpoints"]["history"]
        failed = {**history[0], "id": 5, "status": "FAILED", "trigger_timestamp": history[0]["trigger_timestamp"] + 1}
        del failed["discarded"], failed["external_path"]
        history.insert(0, failed)
        yield fake


def test_the_command_and_the_page_tell_the_same_of_each_checkpoint(cli, flink, tmp_path):
    printed = json.loads(cli.run("checkpoints", "--json", "--jobmanager", flink.address).stdout)
    history = History(tmp_path / "history.db")
    collector = Collector(flink.address, history)
    collector.start()
    try:
        details = wait_until(lambda: (d := collector.snapshot().details.get(FLINK_JOB)) and d.checkpoints and d, "them")
    finally:
        collector.stop()
        history.close()

    told = [(5, "FAILED", None), (4, "COMPLETED", True), *[(number, "COMPLETED", False) for number in (3, 2, 1)]]
    assert [(each["id"], each["status"], each["kept"]) for each in printed] == told
    assert [(each.id, each.status, each.kept) for each in details.checkpoints.history] == told


def test_on_sixty_columns_the_table_of_checkpoints_fits_and_names_the_path_of_what_is_still_there(cli, flink):
    told = on_terminal(cli, 60, "checkpoints", "--jobmanager", flink.address)

    assert told == [
        f"Job: {FLINK_JOB}, RUNNING",
        "┏━━━━┳━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━┳━━━━━━━━━━┳━━━━━━━━━┓",
        "┃ Id ┃ Status        ┃ Triggered      ┃ Duration ┃ Size    ┃",
        "┡━━━━╇━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━╇━━━━━━━━━━╇━━━━━━━━━┩",
        "│ 5  │ FAILED        │ 2026-11-21     │ 67 ms    │ 13.9 KB │",
        "│    │               │ 20:31:09       │          │         │",
        "│ 4  │ COMPLETED,    │ 2026-11-21     │ 67 ms    │ 13.9 KB │",
        "│    │ still there   │ 20:31:09       │          │         │",
        "│ 3  │ COMPLETED,    │ 2026-11-21     │ 74 ms    │ 13.9 KB │",
        "│    │ dropped       │ 20:31:04       │          │         │",
        "│ 2  │ COMPLETED,    │ 2026-11-21     │ 72 ms    │ 13.9 KB │",
        "│    │ dropped       │ 20:30:59       │          │         │",
        "│ 1  │ COMPLETED,    │ 2026-11-21     │ 437 ms   │ 14.0 KB │",
        "│    │ dropped       │ 20:30:54       │          │         │",
        "└────┴───────────────┴────────────────┴──────────┴─────────┘",
        f"4 file:/data/cp/{FLINK_JOB}/chk-4",
        "",
    ]


def on_terminal(cli, columns, *arguments):
    """Return the lines that a command prints on a terminal of this width."""
    ours, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    env = {**cli.env, "TZ": "UTC", "TERM": "xterm", "COLUMNS": ""}
    done = subprocess.run(
        [BIN / "flink-abnormal", *arguments], env=env, stdin=its, stdout=its, stderr=its, timeout=60, check=False
    )
    os.close(its)
    assert done.returncode == 0
    told = b""
    with contextlib.suppress(OSError):  # the end of a terminal that nobody has open any more
        while part := os.read(ours, 65536):
            told += part
    os.close(ours)
    return re.sub("\x1b\\[[0-9;]*m", "", told.decode()).split("\r\n")
