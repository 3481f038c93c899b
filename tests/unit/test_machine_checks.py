import os
from itertools import pairwise
from pathlib import Path

import pytest

from flink_abnormal.core.errors import MachineError, UsageError
from flink_abnormal.core.settings import Settings, SinkSettings, StateSettings
from flink_abnormal.core.source_settings import FileSettings
from flink_abnormal.core.uris import folder_uri, local_path
from flink_abnormal.pipeline.abnormal import ABNORMAL
from flink_abnormal.runtime import distribution
from flink_abnormal.submission.machine_checks import check_machine


def job(folder, *, source="files", sink=None, checkpoints=None, restore_from=None, **files):
    return Settings(
        source=source,
        files=FileSettings(**files),
        sink=sink or SinkSettings(),
        state=StateSettings(checkpoint_dir=str(checkpoints or folder / "checkpoints"), restore_from=restore_from),
    )


def refusal(error, settings):
    with pytest.raises(error) as refused:
        check_machine(ABNORMAL, settings)
    return str(refused.value)


def output(folder, *, append=False):
    return SinkSettings(sinks=("files",), output=str(folder), append=append)


@pytest.mark.parametrize("follow", [False, True])
def test_a_missing_input_is_refused(tmp_path, follow):
    missing = tmp_path / "missing"
    assert refusal(UsageError, job(tmp_path, input=str(missing), follow=follow)) == (
        f"--input {missing} does not exist. Name a file or a folder."
    )


def test_following_a_file_is_refused(tmp_path):
    file = tmp_path / "a.jsonl"
    file.touch()
    assert refusal(UsageError, job(tmp_path, input=str(file), follow=True)) == (
        f"--follow watches a folder, and --input {file} is a file. Name the folder it is in."
    )


def test_a_file_can_be_read_and_a_folder_read_or_followed(tmp_path):
    file = tmp_path / "a.jsonl"
    file.touch()
    check_machine(ABNORMAL, job(tmp_path, input=str(file)))
    check_machine(ABNORMAL, job(tmp_path, input=str(tmp_path)))
    check_machine(ABNORMAL, job(tmp_path, input=str(tmp_path), follow=True))


def test_a_checkpoint_folder_is_made(tmp_path):
    check_machine(ABNORMAL, job(tmp_path, source="random", checkpoints=tmp_path / "a" / "b"))
    assert list((tmp_path / "a" / "b").iterdir()) == []


@pytest.mark.parametrize(("below", "why"), [("file/checkpoints", "Not a directory"), ("file", "File exists")])
@pytest.mark.parametrize("scheme", ["", "file://"])
def test_a_checkpoint_folder_that_cannot_be_written_is_refused(tmp_path, below, why, scheme):
    (tmp_path / "file").touch()
    folder = tmp_path / below
    assert refusal(MachineError, job(tmp_path, source="random", checkpoints=f"{scheme}{folder}")) == (
        f"--checkpoint-dir {folder} can't be written: {why}. Name a folder that can be."
    )


@pytest.mark.parametrize("scheme", ["hdfs", "gs", "s3a"])
def test_a_checkpoint_folder_of_a_scheme_without_a_plugin_is_refused(tmp_path, scheme):
    assert refusal(UsageError, job(tmp_path, source="random", checkpoints=f"{scheme}://host/checkpoints")) == (
        f"--checkpoint-dir {scheme}://host/checkpoints: Flink has no plugin here for {scheme}://. "
        "Name a folder, file:///FOLDER or s3://BUCKET/FOLDER."
    )


def test_a_checkpoint_folder_on_s3_without_the_plugin_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv(distribution.CONNECTORS_VARIABLE, str(tmp_path))
    assert refusal(MachineError, job(tmp_path, source="random", checkpoints="s3://bucket/checkpoints")) == (
        "--checkpoint-dir s3://bucket/checkpoints needs Flink's S3 plugin, which is neither on PyPI nor in "
        f"{tmp_path}. Run `make connectors`."
    )


def test_an_output_folder_that_cannot_be_written_is_refused(tmp_path):
    (tmp_path / "file").touch()
    folder = tmp_path / "file" / "out"
    assert refusal(MachineError, job(tmp_path, source="random", sink=output(folder))) == (
        f"--output {folder} can't be written: Not a directory. Name a folder that can be."
    )


def test_an_output_folder_is_made(tmp_path):
    check_machine(ABNORMAL, job(tmp_path, source="random", sink=output(tmp_path / "out" / "today")))
    assert list((tmp_path / "out" / "today").iterdir()) == []


def test_an_output_folder_that_is_not_empty_is_refused(tmp_path):
    folder = tmp_path / "out"
    (folder / "alerts").mkdir(parents=True)
    with pytest.raises(UsageError) as refused:
        ABNORMAL.check_start(job(tmp_path, source="random", sink=output(folder)), None)
    assert str(refused.value) == (
        f"--output {folder} is not empty, and a second run would add to the first one's alerts. Name an empty "
        "folder, or give --append."
    )


def test_an_output_folder_that_is_not_empty_is_taken_by_append_or_a_resumed_job(tmp_path):
    folder = tmp_path / "out"
    (folder / "alerts").mkdir(parents=True)
    (folder / "alerts" / "part-0.jsonl").touch()
    ABNORMAL.check_start(job(tmp_path, source="random", sink=output(folder, append=True)), None)
    ABNORMAL.check_start(
        job(tmp_path, source="random", sink=output(folder), restore_from="latest"), "/checkpoints/job/chk-1"
    )


def test_a_job_that_may_resume_and_finds_no_snapshot_adds_to_nobodys_alerts(tmp_path):
    folder = tmp_path / "out"
    (folder / "alerts").mkdir(parents=True)
    settings = job(tmp_path, source="random", sink=output(folder), restore_from="auto")
    # What an attempt that was lost before its first checkpoint has left.
    (folder / "alerts" / ".part-0.jsonl.inprogress").touch()
    ABNORMAL.check_start(settings, None)
    (folder / "alerts" / "part-0.jsonl").touch()
    with pytest.raises(UsageError) as refused:
        ABNORMAL.check_start(settings, None)
    assert str(refused.value) == (
        f"--output {folder} is not empty, there is no snapshot below {tmp_path / 'checkpoints'} to continue from, and "
        "a second "
        "run would add to the first one's alerts. Name an empty folder, or give --append."
    )


@pytest.mark.parametrize("folder", ["/", "file:///", "s3://bucket", "s3://bucket/"])
def test_a_checkpoint_folder_that_is_none_is_refused(tmp_path, folder):
    assert refusal(UsageError, job(tmp_path, source="random", checkpoints=folder)) == (
        f"--checkpoint-dir {folder} names no folder, which Flink needs: add /FOLDER."
    )


def test_keys_in_the_address_of_a_checkpoint_folder_are_not_shown(tmp_path):
    assert refusal(UsageError, job(tmp_path, source="random", checkpoints="s3://me:secret@bucket/checkpoints")) == (
        "s3://***@bucket/checkpoints names a user: give the keys as S3_ACCESS_KEY and S3_SECRET_KEY instead."
    )


@pytest.mark.parametrize(
    ("folder", "uri"),
    [
        ("/data/checkpoints", "file:///data/checkpoints"),
        ("/data/checkpoints/", "file:///data/checkpoints"),
        ("file:///data/checkpoints/", "file:///data/checkpoints"),
        ("file:/data/checkpoints", "file:/data/checkpoints"),
        ("s3://bucket/checkpoints/", "s3://bucket/checkpoints"),
    ],
)
def test_a_folder_is_given_to_flink_as_a_uri(folder, uri):
    assert folder_uri(folder) == uri


@pytest.mark.parametrize(
    ("folder", "path"),
    [
        ("/data/checkpoints/", Path("/data/checkpoints")),
        ("file:///data/checkpoints", Path("/data/checkpoints")),
        ("file:/data/checkpoints", Path("/data/checkpoints")),
        ("s3://bucket/checkpoints", None),
        ("hdfs://host:8020/checkpoints", None),
    ],
)
def test_a_folder_has_a_path_where_it_is_on_this_machine(folder, path):
    assert local_path(folder) == path


def test_a_relative_folder_is_below_the_current_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert local_path("checkpoints") == tmp_path / "checkpoints"
    assert folder_uri("checkpoints") == f"file://{tmp_path}/checkpoints"


@pytest.fixture
def everybodys(tmp_path):
    """A folder such as /tmp: all users may make files in it, and remove their own alone."""
    folder = tmp_path / "everybodys"
    folder.mkdir()
    folder.chmod(0o1777)
    return folder


def checkpoints_refusal(tmp_path, folder):
    return refusal(MachineError, job(tmp_path, source="random", checkpoints=folder))


NOT_SAFE = "and restoring state can run code from it. Name a folder of your own."


def of_another_user(folder, monkeypatch):
    """Let a folder belong to somebody else; returns what of its path does."""
    if os.geteuid() == 0:
        os.chown(folder, 4711, -1)
        return folder
    somebody = os.geteuid() + 1
    monkeypatch.setattr("os.geteuid", lambda: somebody)
    return next(own for above, own in pairwise(reversed([folder, *folder.parents])) if above.stat().st_mode & 0o1000)


def test_a_checkpoint_folder_that_another_user_made_where_all_may_is_refused(tmp_path, everybodys, monkeypatch):
    folder = everybodys / "flink-checkpoints"
    folder.mkdir()
    link = everybodys / "link"
    link.symlink_to(folder)
    check_machine(ABNORMAL, job(tmp_path, source="random", checkpoints=folder))
    theirs = of_another_user(folder, monkeypatch)

    for named in (folder, folder / "job", link):
        assert checkpoints_refusal(tmp_path, named) == (
            f"--checkpoint-dir {named}: {theirs} belongs to another user of this machine, {NOT_SAFE}"
        )


def test_a_checkpoint_folder_that_every_user_can_write_is_refused_where_all_may_make_folders(tmp_path, everybodys):
    open_to_all = everybodys / "a" / "b"
    open_to_all.mkdir(parents=True)
    open_to_all.chmod(0o777)

    for named in (open_to_all, open_to_all / "c"):
        assert checkpoints_refusal(tmp_path, named) == (
            f"--checkpoint-dir {named}: {open_to_all} can be written by every user of this machine, {NOT_SAFE}"
        )


def test_a_checkpoint_folder_that_is_made_where_all_may_is_its_owners_alone(tmp_path, everybodys):
    check_machine(ABNORMAL, job(tmp_path, source="random", checkpoints=everybodys / "mine"))
    check_machine(ABNORMAL, job(tmp_path, source="random", checkpoints=tmp_path / "usual"))

    assert (everybodys / "mine").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "usual").stat().st_mode & 0o777 == 0o777 & ~_umask()


def _umask():
    os.umask(mask := os.umask(0))
    return mask


@pytest.mark.parametrize("name", ["-", "/dev/stdin", "/dev/fd/63", "/proc/self/fd/0"])
def test_a_stream_as_input_is_refused(tmp_path, name):
    assert refusal(UsageError, job(tmp_path, input=name)) == (
        f"--input {name} is a stream that only this command can read. A job that recovers reads its input again, on "
        "any of its "
        "workers: write it to a file first, and name that."
    )


def test_an_input_that_is_neither_a_file_nor_a_folder_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("pipe")

    for name in (tmp_path / "pipe", tmp_path / "link", "/dev/null"):
        assert refusal(UsageError, job(tmp_path, input=str(name))) == (
            f"--input {name} is a pipe, a socket or a device. A job that recovers reads its input again, on any of its "
            "workers: write it to a file first, and name that."
        )


def test_an_input_that_cannot_be_opened_is_refused(tmp_path):
    (tmp_path / "nowhere").symlink_to("gone")
    (tmp_path / "circle").symlink_to("circle")

    for name, why in {
        "nowhere": "is a broken link. Name a file or a folder.",
        "circle": "can't be read: Too many levels of symbolic links.",
        "x" * 300: "can't be read: File name too long.",
    }.items():
        assert refusal(UsageError, job(tmp_path, input=str(tmp_path / name))) == f"--input {tmp_path / name} {why}"
