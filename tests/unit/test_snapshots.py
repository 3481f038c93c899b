import os

import pytest

from flink_abnormal.errors import UsageError
from flink_abnormal.runtime.snapshots import newest, resolve


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
    assert newest(tmp_path) == last


def test_a_checkpoint_without_metadata_is_not_whole(tmp_path):
    whole = snapshot(tmp_path / "job" / "chk-1")
    (tmp_path / "job" / "chk-2").mkdir()
    assert newest(tmp_path) == whole


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
    assert newest(tmp_path) == whole


def test_a_missing_folder_has_no_newest_checkpoint(tmp_path):
    assert newest(tmp_path / "missing") is None


def test_nothing_wanted_is_nothing_to_start_from(tmp_path):
    assert resolve(None, tmp_path) is None


def test_latest_is_the_newest_checkpoint(tmp_path):
    folder = snapshot(tmp_path / "job" / "chk-12")
    assert resolve("latest", tmp_path) == str(folder)


def test_latest_without_a_checkpoint_is_refused(tmp_path):
    with pytest.raises(UsageError) as refused:
        resolve("latest", tmp_path)
    assert str(refused.value) == f"--from latest found no checkpoint below {tmp_path}. Start without --from."


def test_latest_elsewhere_is_refused():
    with pytest.raises(UsageError) as refused:
        resolve("latest", None)
    assert str(refused.value) == "--from latest looks on this machine only: name the checkpoint's own path."


def test_a_path_is_made_absolute(tmp_path, monkeypatch):
    folder = snapshot(tmp_path / "savepoint-1")
    monkeypatch.chdir(tmp_path)
    assert resolve("savepoint-1", None) == str(folder)


def test_the_metadata_file_itself_may_be_named(tmp_path):
    metadata = snapshot(tmp_path / "savepoint-1") / "_metadata"
    assert resolve(str(metadata), None) == str(metadata)


def test_a_file_uri_is_read_as_its_path(tmp_path):
    path = snapshot(tmp_path / "savepoint-1")

    assert resolve(f"file://{path}", None) == str(path)
    assert resolve(f"file:{path}", None) == str(path)


def test_a_uri_elsewhere_is_left_to_flink():
    assert resolve("s3://bucket/savepoint-1", None) == "s3://bucket/savepoint-1"


@pytest.mark.parametrize("prefix", ["", "file://"])
@pytest.mark.parametrize("name", ["missing", "job/chk-3"])
def test_a_folder_without_a_snapshot_is_refused(tmp_path, prefix, name):
    (tmp_path / "job" / "chk-3").mkdir(parents=True)
    wanted = f"{prefix}{tmp_path / name}"
    with pytest.raises(UsageError) as refused:
        resolve(wanted, tmp_path)
    assert str(refused.value) == (
        f"--from {wanted} holds no snapshot: a folder with a file _metadata was expected, "
        "such as …/chk-12 or …/savepoint-…."
    )


def test_latest_may_be_the_savepoint_that_stop_left(tmp_path):
    snapshot(tmp_path / "job" / "chk-9", 1)
    stopped = snapshot(tmp_path / "savepoints" / "savepoint-1", 2)

    assert newest(tmp_path) == stopped
