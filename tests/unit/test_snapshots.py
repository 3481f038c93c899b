import os
import time

import pytest

from flink_abnormal.core.errors import UsageError
from flink_abnormal.core.settings import Settings, StateSettings
from flink_abnormal.snapshots import finished
from flink_abnormal.snapshots.storage import Retained, newest, resolve, retained


def snapshot(folder, changed_ns=0):
    folder.mkdir(parents=True)
    metadata = folder / "_metadata"
    metadata.touch()
    os.utime(metadata, ns=(changed_ns, changed_ns))
    return folder


def test_the_newest_checkpoint_is_the_one_written_last_whatever_its_number_and_job(tmp_path):
    snapshot(tmp_path / "job-a" / "chk-9", 30)
    snapshot(tmp_path / "job-a" / "chk-10", 10)
    last = snapshot(tmp_path / "job-b" / "chk-2", 40)
    assert newest(tmp_path) == str(last)


def test_a_checkpoint_without_metadata_is_not_whole(tmp_path):
    whole = snapshot(tmp_path / "job" / "chk-1")
    (tmp_path / "job" / "chk-2").mkdir()
    assert newest(tmp_path) == str(whole)


def test_what_is_no_checkpoint_of_a_job_is_passed_over(tmp_path):
    snapshot(tmp_path / "chk-1")
    snapshot(tmp_path / "job" / "savepoint-1")
    snapshot(tmp_path / "folder" / "job" / "chk-1")
    (tmp_path / "job" / "shared").mkdir()
    assert newest(tmp_path) is None


def test_a_checkpoint_that_vanishes_during_the_look_is_passed_over(tmp_path):
    whole = snapshot(tmp_path / "job" / "chk-1")
    (tmp_path / "job" / "chk-2").mkdir()
    (tmp_path / "job" / "chk-2" / "_metadata").symlink_to(tmp_path / "missing")
    assert newest(tmp_path) == str(whole)


def test_a_missing_folder_has_no_newest_checkpoint(tmp_path):
    assert newest(tmp_path / "missing") is None


def test_nothing_wanted_is_nothing_to_start_from(tmp_path):
    assert resolve(None, tmp_path) is None


def test_latest_is_the_newest_checkpoint(tmp_path):
    folder = snapshot(tmp_path / "job" / "chk-12")
    assert resolve("latest", tmp_path) == str(folder)


def test_what_a_finished_job_has_left_is_not_gone_on_from(tmp_path):
    folder = snapshot(tmp_path / "job" / "chk-12", time.time_ns())
    assert resolve("auto", tmp_path) == str(folder)
    finished.record(Settings(state=StateSettings(checkpoint_dir=str(tmp_path))), "job")
    assert resolve("auto", tmp_path) is None
    assert resolve("latest", tmp_path) == str(folder)
    after = snapshot(tmp_path / "another" / "chk-1", time.time_ns() + 10**9)
    assert resolve("auto", tmp_path) == str(after)


def test_latest_without_a_checkpoint_is_refused(tmp_path):
    with pytest.raises(UsageError) as refused:
        resolve("latest", tmp_path)
    assert str(refused.value) == f"--from latest found no checkpoint below {tmp_path}. Start without --from."


def test_latest_is_not_looked_for_where_nobody_can_look():
    with pytest.raises(UsageError) as refused:
        resolve("latest", "hdfs://host/checkpoints")
    assert str(refused.value) == (
        "hdfs://host/checkpoints can't be listed: name a folder, a file URI, or s3://BUCKET/FOLDER."
    )


def test_a_path_is_made_absolute(tmp_path, monkeypatch):
    folder = snapshot(tmp_path / "savepoint-1")
    monkeypatch.chdir(tmp_path)
    assert resolve("savepoint-1", tmp_path) == str(folder)


def test_the_metadata_file_itself_may_be_named(tmp_path):
    metadata = snapshot(tmp_path / "savepoint-1") / "_metadata"
    assert resolve(str(metadata), tmp_path) == str(metadata)


def test_a_file_uri_is_read_as_its_path(tmp_path):
    path = snapshot(tmp_path / "savepoint-1")

    assert resolve(f"file://{path}", tmp_path) == str(path)
    assert resolve(f"file:{path}", tmp_path) == str(path)


def test_a_uri_elsewhere_is_left_to_flink(tmp_path):
    assert resolve("hdfs://host/savepoint-1", tmp_path) == "hdfs://host/savepoint-1"


def test_retained_snapshots_are_listed_with_kind_number_and_size_the_newest_first(tmp_path):
    chk = snapshot(tmp_path / "job-a" / "chk-9", 2_000_000)
    (chk / "state").write_bytes(b"12345")
    (tmp_path / "job-a" / "shared").mkdir()
    (tmp_path / "job-a" / "shared" / "sst").write_bytes(b"12345")
    stopped = snapshot(tmp_path / "savepoints" / "savepoint-1", 3_000_000)

    assert retained(f"file://{tmp_path}/") == [
        Retained(str(stopped), "savepoint", "", None, 3.0, 0),
        Retained(str(chk), "checkpoint", "job-a", 9, 2.0, 5),
    ]


def test_of_two_snapshots_of_one_moment_the_higher_number_is_newer_and_a_savepoint_newest(tmp_path):
    lower, higher = snapshot(tmp_path / "job" / "chk-9"), snapshot(tmp_path / "job" / "chk-10")
    last = snapshot(tmp_path / "savepoints" / "savepoint-1")

    assert [each.path for each in retained(tmp_path)] == [str(last), str(higher), str(lower)]


@pytest.mark.parametrize("prefix", ["", "file://"])
@pytest.mark.parametrize("name", ["missing", "job/chk-3"])
def test_a_folder_without_a_snapshot_is_refused(tmp_path, prefix, name):
    (tmp_path / "job" / "chk-3").mkdir(parents=True)
    wanted = f"{prefix}{tmp_path / name}"
    with pytest.raises(UsageError) as refused:
        resolve(wanted, tmp_path)
    assert str(refused.value) == (
        f"--from {wanted} is not a snapshot: expected a folder with a file _metadata, such as …/chk-12 or "
        "…/savepoint-…."
    )


def test_latest_may_be_the_savepoint_that_stop_left(tmp_path):
    snapshot(tmp_path / "job" / "chk-9", 1)
    stopped = snapshot(tmp_path / "savepoints" / "savepoint-1", 2)

    assert newest(tmp_path) == str(stopped)
