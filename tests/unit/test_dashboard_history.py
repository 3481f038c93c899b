import sqlite3
from pathlib import Path

import pytest

from dashboard.collect.failed_jobs import FailedJob
from dashboard.collect.history import History
from dashboard.collect.workers import Named
from dashboard.model import Checkpoint, SeenAlert
from flink_abnormal.core.errors import AbnormalError
from flink_abnormal.core.recovery import Recovery, Step

T = 1_000_000.0
CHECKPOINT = Checkpoint("job", 4, 1, "COMPLETED", False, T, 0.05, 6000, 10, 10, restored=True, path="file:/x")
STEPS = (Step(T, "lost", "TaskManager 1"), Step(T + 1, "running", "", 10, 10))
RECOVERY = Recovery(3, "job", "Example", "taskmanager", T, STEPS, ("TaskManager 1",), 4, 10, T, 4, T, T + 1)
FAILED = FailedJob("Example", T - 9, {"job": T})
ALERT = SeenAlert(7, "job", T, "<b>'; DROP TABLE alerts", 3, 2)


@pytest.fixture
def opened(tmp_path):
    """Open histories that are closed with the test."""
    found = []

    def open_(path=tmp_path / "deep" / "history.db", **more):
        found.append(History(path, clock=more.pop("clock", lambda: T), **more))
        return found[-1]

    yield open_
    for each in found:
        each.close()


def everything(history):
    return (
        history.checkpoints("job", 10),
        history.recoveries(10),
        history.alerts(10),
        history.names(),
        history.failed_jobs(),
    )


def fill(history):
    history.put_checkpoint(CHECKPOINT)
    history.put_recovery(RECOVERY)
    history.put_alert(ALERT)
    history.put_name(Named("tm-1", 4, T))
    history.put_failed_job(FAILED)


def test_what_was_put_is_there_after_a_restart(opened):
    first = opened()
    fill(first)
    first.close()

    assert everything(opened()) == ([CHECKPOINT], [RECOVERY], [ALERT], [Named("tm-1", 4, T)], [FAILED])


def test_the_file_of_an_earlier_dashboard_goes_on_with_the_tables_that_came_later(opened):
    first = opened()
    fill(first)
    first.close()
    with sqlite3.connect(first.path) as connection:
        connection.execute("DROP TABLE failed_jobs")
    connection.close()

    again = opened()
    assert everything(again) == ([CHECKPOINT], [RECOVERY], [ALERT], [Named("tm-1", 4, T)], [])
    again.put_failed_job(FAILED)
    again.flush()
    assert again.failed_jobs() == [FAILED]


def test_a_failed_job_that_nobody_has_taken_note_of_is_never_too_old(opened):
    history = opened()
    history.put_failed_job(FAILED)
    history.put_failed_job(FailedJob("Another", T))
    history.flush()

    later = opened(clock=lambda: T + 365 * 86_400)
    later.flush()

    assert later.failed_jobs() == [FAILED]


def test_the_newest_are_returned_oldest_first_and_the_last_word_counts(opened):
    history = opened()
    for number in range(5):
        history.put_alert(SeenAlert(number, "job", T + number, "u", 3))
    history.put_alert(SeenAlert(4, "job", T + 4, "u", 9))
    history.flush()

    assert [(each.seq, each.count) for each in history.alerts(2)] == [(3, 3), (4, 9)]


def test_what_is_too_old_is_deleted(opened):
    now = [T]
    history = opened(max_age_s=100, clock=lambda: now[0])
    fill(history)
    history.flush()
    now[0] = T + 101
    history.close()

    assert everything(opened(clock=lambda: now[0], max_age_s=100))[0] == [CHECKPOINT]  # pruned with the next write
    again = opened(clock=lambda: now[0], max_age_s=100)
    again.flush()
    assert everything(again) == ([], [], [], [Named("tm-1", 4, T)], [FAILED])  # so that its number is not given again


def test_the_file_stays_below_its_size_and_the_newest_stay(opened):
    history = opened(max_bytes=400_000)
    history.put_recovery(RECOVERY)
    history.put_checkpoint(CHECKPOINT)
    for number in range(4000):
        history.put_alert(SeenAlert(number, "job", T + number, "u" * 500, 3))
        if number % 200 == 199:
            history.flush()
            assert history.size() <= 400_000
    kept = history.alerts(4000)

    assert [each.seq for each in kept] == list(range(4000 - len(kept), 4000))
    assert 300 < len(kept) < 1000
    assert history.error is None
    assert (history.recoveries(9), history.checkpoints("job", 9)) == ([RECOVERY], [CHECKPOINT])


def test_while_another_program_reads_the_file_nothing_more_is_deleted_than_has_to_be(opened):
    history = opened(max_bytes=200_000)
    history.put_alert(SeenAlert(0, "job", T, "first", 3))
    history.flush()
    reader = sqlite3.connect(history.path, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM alerts").fetchall()
    for number in range(1, 600):
        history.put_alert(SeenAlert(number, "job", T + number, "u" * 500, 3))
    for _ in range(5):
        history.flush()
    kept = len(history.alerts(1000))
    reader.close()
    history.put_alert(SeenAlert(600, "job", T + 600, "last", 3))
    history.flush()

    assert kept == 600
    assert 100_000 < history.size() <= 200_000
    assert history.alerts(1)[0].user_id == "last"


def test_a_file_that_is_no_database_is_named_with_what_to_do(opened, tmp_path):
    file = tmp_path / "notes.txt"
    file.write_text("not a database, only a text that is long enough to be looked at " * 20)

    with pytest.raises(AbnormalError) as refused:
        opened(file)

    assert str(refused.value) == (
        f"{file} is not an SQLite file. Move or delete it, or name another file for the dashboard's history."
    )
    assert file.read_text().startswith("not a database")


def test_a_file_of_another_program_or_version_is_named(opened, tmp_path):
    file = tmp_path / "other.db"
    with sqlite3.connect(file) as other:
        other.execute("CREATE TABLE x (y)")
    other.close()
    with pytest.raises(AbnormalError) as refused:
        opened(file)
    assert str(refused.value).startswith(f"{file} belongs to another program. Move or delete it")

    mine = opened(tmp_path / "mine.db")
    mine.close()
    with sqlite3.connect(mine.path) as changed:
        changed.execute("PRAGMA user_version = 9")
    changed.close()
    with pytest.raises(AbnormalError) as refused:
        opened(mine.path)
    assert "was written by another version of the dashboard (9, not 1)" in str(refused.value)


def test_a_place_that_can_not_be_made_is_named(opened, tmp_path):
    (tmp_path / "file").touch()

    with pytest.raises(AbnormalError) as refused:
        opened(tmp_path / "file" / "history.db")

    assert str(refused.value).startswith(f"The dashboard's history can't be kept in {tmp_path}/file/history.db: ")


def test_a_locked_file_is_said_and_written_when_it_is_free(opened):
    history = opened()
    history.flush()
    locker = sqlite3.connect(history.path, isolation_level=None)
    locker.execute("BEGIN IMMEDIATE")
    fill(history)
    history.flush()

    assert history.error == (
        f"The dashboard's history is kept in memory only: {history.path} can't be written (database is locked). "
        "Free disk space, or stop the program that locks the file."
    )
    locker.execute("COMMIT")
    locker.close()
    history.flush()
    assert history.error is None
    assert everything(history) == ([CHECKPOINT], [RECOVERY], [ALERT], [Named("tm-1", 4, T)], [FAILED])


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a full disk is made of memory here")
def test_a_full_disk_is_said_and_what_waits_is_bounded(opened, monkeypatch):
    monkeypatch.setattr("dashboard.collect.history.WAITING_KEPT", 50)
    history = opened()
    history.flush()
    with history._file_lock:
        pages = history._connection.execute("PRAGMA page_count").fetchone()[0]
        history._connection.execute(f"PRAGMA max_page_count = {pages}")
    for number in range(200):
        history.put_alert(SeenAlert(number, "job", T, "u" * 1000, 3))
    history.flush()

    assert "(database or disk is full)" in history.error
    assert len(history._waiting) == 50
    with history._file_lock:
        history._connection.execute("PRAGMA max_page_count = 100000")
    history.flush()
    assert (history.error, len(history._waiting)) == (None, 0)
    assert [each.seq for each in history.alerts(100)] == list(range(150, 200))
