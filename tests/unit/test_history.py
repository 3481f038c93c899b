"""What Flink's REST API tells of a job's checkpoints, as rows."""

from flink_abnormal.runtime.snapshots import Retained
from flink_abnormal.state.history import Checkpoint, of_job
from flink_abnormal.state.locate import _latest


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


def row(number, status="COMPLETED", kind="checkpoint", restored_ms=None):
    path = f"file:/checkpoints/job/chk-{number}"
    return Checkpoint(number, "job", kind, status, 1000 * number, 60, 700, restored_ms, path)


def test_the_size_is_what_the_checkpoint_itself_wrote_and_one_that_was_dropped_says_so():
    history = [told(3, is_savepoint=True), told(2), told(1, discarded=True)]

    assert of_job("job", {"latest": {"restored": None}, "history": history}) == [
        row(3, kind="savepoint"),
        row(2),
        row(1, status="DISCARDED"),
    ]


def test_a_checkpoint_that_failed_has_no_path():
    failed = told(2, status="FAILED")
    del failed["external_path"], failed["discarded"]

    assert of_job("job", {"latest": {"restored": restored("file:/other")}, "history": [failed]})[0] == (
        Checkpoint(2, "job", "checkpoint", "FAILED", 2000, 60, 700, None, None)
    )


def test_the_one_that_was_restored_is_marked():
    latest = {"restored": restored("file:/checkpoints/job/chk-1", 1)}

    assert of_job("job", {"latest": latest, "history": [told(2), told(1)]}) == [row(2), row(1, restored_ms=9000)]


def test_one_restored_from_an_earlier_run_has_a_row_of_its_own():
    latest = {"restored": restored("file:/checkpoints/earlier/chk-7")}

    assert of_job("job", {"latest": latest, "history": [told(1)]}) == [
        row(1),
        Checkpoint(7, None, "checkpoint", "COMPLETED", None, None, None, 9000, "file:/checkpoints/earlier/chk-7"),
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

    assert Checkpoint.of_retained(kept) == (
        Checkpoint(9, "job", "checkpoint", "RETAINED", 2.0, None, 5, None, "/checkpoints/job/chk-9")
    )
