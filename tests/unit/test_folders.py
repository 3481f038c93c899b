from pathlib import Path

import pytest

from flink_abnormal.errors import MachineError, UsageError
from flink_abnormal.folders import check_machine, folder_uri, local_path
from flink_abnormal.runtime import distribution
from flink_abnormal.settings import FileSettings, Settings, SinkSettings, StateSettings


def job(folder, *, source="files", sink=None, checkpoints=None, restore_from=None, **files):
    return Settings(
        source=source,
        files=FileSettings(**files),
        sink=sink or SinkSettings(),
        state=StateSettings(checkpoint_dir=str(checkpoints or folder / "checkpoints"), restore_from=restore_from),
    )


def refusal(error, settings):
    with pytest.raises(error) as refused:
        check_machine(settings)
    return str(refused.value)


def output(folder, *, append=False):
    return SinkSettings(sinks=("files",), output=str(folder), append=append)


@pytest.mark.parametrize("follow", [False, True])
def test_a_missing_input_is_refused(tmp_path, follow):
    missing = tmp_path / "missing"
    assert refusal(UsageError, job(tmp_path, input=str(missing), follow=follow)) == (
        f"--input {missing} isn't there. Name a file or a folder."
    )


def test_following_a_file_is_refused(tmp_path):
    file = tmp_path / "a.jsonl"
    file.touch()
    assert refusal(UsageError, job(tmp_path, input=str(file), follow=True)) == (
        f"--follow watches a folder, and --input {file} is a file. Name the folder it lies in."
    )


def test_a_file_can_be_read_and_a_folder_read_or_followed(tmp_path):
    file = tmp_path / "a.jsonl"
    file.touch()
    check_machine(job(tmp_path, input=str(file)))
    check_machine(job(tmp_path, input=str(tmp_path)))
    check_machine(job(tmp_path, input=str(tmp_path), follow=True))


def test_a_checkpoint_folder_is_made(tmp_path):
    check_machine(job(tmp_path, source="random", checkpoints=tmp_path / "a" / "b"))
    assert list((tmp_path / "a" / "b").iterdir()) == []


@pytest.mark.parametrize(("below", "why"), [("file/checkpoints", "Not a directory"), ("file", "File exists")])
@pytest.mark.parametrize("scheme", ["", "file://"])
def test_a_checkpoint_folder_that_cannot_be_written_is_refused(tmp_path, below, why, scheme):
    (tmp_path / "file").touch()
    folder = tmp_path / below
    assert refusal(MachineError, job(tmp_path, source="random", checkpoints=f"{scheme}{folder}")) == (
        f"--checkpoint-dir {folder} can't be written: {why}. Name a folder that can."
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
        "--checkpoint-dir s3://bucket/checkpoints needs Flink's S3 plugin, which PyPI lacks and "
        f"{tmp_path} does not hold. Run `make connectors`."
    )


def test_an_output_folder_that_cannot_be_written_is_refused(tmp_path):
    (tmp_path / "file").touch()
    folder = tmp_path / "file" / "out"
    assert refusal(MachineError, job(tmp_path, source="random", sink=output(folder))) == (
        f"--output {folder} can't be written: Not a directory. Name a folder that can."
    )


def test_an_output_folder_is_made(tmp_path):
    check_machine(job(tmp_path, source="random", sink=output(tmp_path / "out" / "today")))
    assert list((tmp_path / "out" / "today").iterdir()) == []


def test_an_output_folder_that_is_not_empty_is_refused(tmp_path):
    folder = tmp_path / "out"
    (folder / "alerts").mkdir(parents=True)
    assert refusal(UsageError, job(tmp_path, source="random", sink=output(folder))) == (
        f"--output {folder} is not empty, and a second run would add to the first one's alerts. Name an empty "
        "folder, or give --append."
    )


def test_an_output_folder_that_is_not_empty_is_taken_by_append_or_a_resumed_job(tmp_path):
    folder = tmp_path / "out"
    (folder / "alerts").mkdir(parents=True)
    check_machine(job(tmp_path, source="random", sink=output(folder, append=True)))
    check_machine(job(tmp_path, source="random", sink=output(folder), restore_from="latest"))


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
