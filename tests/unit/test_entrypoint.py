import re

import pytest
from conftest import PROJECT

from flink_abnormal.cli import entrypoint
from flink_abnormal.core.errors import UsageError
from flink_abnormal.runtime import distribution, limits, profiles
from flink_abnormal.runtime.limits import JOBMANAGER, TASKMANAGER


def sentence(call, *arguments):
    with pytest.raises(UsageError) as error:
        call(*arguments)
    return str(error.value)


def of(prefix, settings):
    return {key: value for key, value in settings.items() if key.startswith(prefix)}


def test_a_container_without_settings_leaves_memory_and_slots_to_flinks_configuration():
    settings = entrypoint.overrides({"SLOTS": "", "JOBMANAGER_MEMORY": "", "TASKMANAGER_MEMORY": ""}, "3f2a")
    assert settings["jobmanager.rpc.address"] == "jobmanager"
    assert of("jobmanager.memory", settings) == {}
    assert set(of("taskmanager", settings)) == {"taskmanager.host", "taskmanager.bind-host"}
    assert settings["taskmanager.host"] == "3f2a"
    assert of("high-availability", settings) == {}


def test_memory_and_slots_that_are_set_win_over_flinks_configuration():
    told = {"SLOTS": "2", "JOBMANAGER_MEMORY": "2g", "TASKMANAGER_MEMORY": "3g"}
    settings = entrypoint.overrides(told, "3f2a")
    assert {name: settings[key] for name, key in limits.FLINK_KEYS.items()} == told


def test_the_example_shows_the_defaults_of_memory_and_slots():
    text = (PROJECT / ".env.example").read_text(encoding="utf-8")
    example = dict(re.findall(r"^# (\w+)=(.*)$", text, re.MULTILINE))
    conf = distribution.settings()
    keys = limits.FLINK_KEYS
    assert {name: example[name] for name in keys} == {name: str(conf[key]) for name, key in keys.items()}


def test_flinks_configuration_that_lacks_what_nobody_set_is_named(monkeypatch):
    monkeypatch.setattr(distribution, "settings", dict)
    assert sentence(entrypoint.overrides, {}, "3f2a") == (
        "conf/config.yaml does not set taskmanager.numberOfTaskSlots: set SLOTS."
    )


def test_high_availability_keeps_its_metadata_beside_the_checkpoints():
    environ = {"COMPOSE_PROFILES": "s3, ha", "CHECKPOINT_DIR": "s3://flink/checkpoints/", "JOBMANAGER": "jobmanager-2"}
    settings = entrypoint.overrides(environ, "3f2a")
    assert settings["high-availability.type"] == "zookeeper"
    assert settings["high-availability.zookeeper.quorum"] == "zookeeper:2181"
    assert settings["high-availability.storageDir"] == "s3://flink/ha"
    assert settings["jobmanager.rpc.address"] == "jobmanager-2"


@pytest.mark.parametrize(
    ("role", "environ"),
    [("jobmanager", {"JOBMANAGER": "jobmanager-3"}), ("zookeeper", {}), ("zookeeper", {"COMPOSE_PROFILES": "s3"})],
)
def test_a_profile_that_the_other_containers_cannot_see_is_refused(role, environ):
    assert sentence(profiles.check_profile, role, environ) == (
        "Profile ha changes every container: give it as COMPOSE_PROFILES=ha docker compose up -d, or in .env, not with "
        "--profile."
    )
    profiles.check_profile(role, {**environ, "COMPOSE_PROFILES": "ha"})


@pytest.mark.parametrize(
    "told",
    [
        *("hdfs://name/checkpoints", "checkpoints", "/data/checkpoints", "file:/data/checkpoints"),
        # Nobody else sees these, or what lies beside them.
        *("file:///", "file:///data", "file:///data/", "file:///tmp/x", "file:///data/../tmp", "file:///database/x"),
        *("s3://", "s3://bucket", "s3://bucket/", "s3:///checkpoints", "s3://bucket//x"),
    ],
)
def test_a_checkpoint_dir_that_no_container_can_use_is_refused(told):
    assert sentence(entrypoint.checkpoint_dir, {"CHECKPOINT_DIR": told}) == (
        f"CHECKPOINT_DIR={told} can't be used: write file:///data/FOLDER (the volume that the containers share) or "
        "s3://BUCKET/FOLDER."
    )


@pytest.mark.parametrize(("told", "megabytes"), [("1280m", 1280), ("2g", 2048), ("2 GB", 2048), ("1073741824", 1024)])
def test_memory_is_written_as_flink_and_docker_write_it(told, megabytes):
    assert limits.megabytes({"TASKMANAGER_MEMORY": told}, "TASKMANAGER_MEMORY") == megabytes


def test_an_amount_of_memory_that_is_none_is_refused():
    environ = {"TASKMANAGER_MEMORY": "much"}
    assert sentence(limits.check_memory, TASKMANAGER, environ, None) == (
        "TASKMANAGER_MEMORY=much is not an amount of memory: write 1280m or 2g."
    )


def test_too_little_memory_for_flink_is_refused():
    assert sentence(limits.check_memory, JOBMANAGER, {"JOBMANAGER_MEMORY": "512m"}, None) == (
        "JOBMANAGER_MEMORY=512m is too little for Flink: at least 768m."
    )


def test_a_container_with_no_room_for_python_is_refused():
    assert sentence(limits.check_memory, TASKMANAGER, {}, 1400) == (
        "The container may use 1400 MiB, and Flink needs 1280 (TASKMANAGER_MEMORY) and Python beside it 256: set "
        "TASKMANAGER_LIMIT to 1536m or more, or lower TASKMANAGER_MEMORY."
    )
    limits.check_memory(TASKMANAGER, {}, 1536)
    limits.check_memory(TASKMANAGER, {}, None)


@pytest.mark.parametrize("told", ["0", "101", "three", "-1"])
def test_a_number_of_slots_that_is_none_is_refused(told):
    assert sentence(entrypoint.overrides, {"SLOTS": told}, "3f2a") == f"SLOTS={told} is not a number from 1 to 100."


def test_the_guard_gets_the_settings_of_the_job():
    environ = {
        "CHECKPOINT_DIR": "s3://flink/checkpoints",
        "CHECKPOINT_INTERVAL": "2s",
        "STATE_BACKEND": "rocksdb",
        "JOB_OPTIONS": "--interval 1s --output '/data/my alerts'",
    }
    assert entrypoint.job_arguments(environ) == [
        *("--checkpoint-dir", "s3://flink/checkpoints"),
        *("--state-backend", "rocksdb"),
        *("--checkpoint-interval", "2s"),
        *("--interval", "1s", "--output", "/data/my alerts"),
    ]


@pytest.mark.parametrize("folder", ["ha", "zookeeper", "dashboard/x"])
def test_checkpoints_have_a_folder_of_their_own(folder):
    assert sentence(entrypoint.checkpoint_dir, {"CHECKPOINT_DIR": f"file:///data/{folder}"}) == (
        f"CHECKPOINT_DIR=file:///data/{folder} can't be used: {folder.split('/')[0]} is used for something else. Name "
        "another folder."
    )


def test_a_key_in_the_checkpoint_dir_is_not_shown():
    assert sentence(entrypoint.checkpoint_dir, {"CHECKPOINT_DIR": "s3://me:secret@bucket/checkpoints"}) == (
        "CHECKPOINT_DIR=s3://***@bucket/checkpoints can't be used: write file:///data/FOLDER (the volume that the "
        "containers share) or s3://BUCKET/FOLDER."
    )


@pytest.mark.parametrize("folder", ["file:///data/checkpoints/", "file:///data/a/b", "s3://bucket/a"])
def test_a_folder_of_the_volume_or_of_a_bucket_is_taken(folder):
    assert entrypoint.checkpoint_dir({"CHECKPOINT_DIR": folder}) == folder.rstrip("/")


def test_only_the_jobmanagers_of_the_profiles_are_asked():
    assert profiles.addresses({"COMPOSE_PROFILES": "s3"}) == "jobmanager:8081"
    assert profiles.addresses({"COMPOSE_PROFILES": "s3,ha"}) == "jobmanager:8081,jobmanager-2:8081,jobmanager-3:8081"
    assert entrypoint.guard({"JOB_OPTIONS": "--events 20"}) == [
        *("flink-abnormal", "keep", "--stay", "--jobmanager", "jobmanager:8081"),
        *("--checkpoint-dir", "file:///data/checkpoints", "--events", "20"),
    ]


@pytest.mark.parametrize(
    ("environ", "reason"),
    [
        ({"JOB_OPTIONS": "--interval soon"}, "Invalid value for '--interval': 'soon' is not a duration"),
        ({"JOB_OPTIONS": "--sink files"}, "Error: --sink files writes below --output, which is missing"),
        ({"CHECKPOINT_DIR": "s3://bucket"}, "Error: CHECKPOINT_DIR=s3://bucket can't be used"),
        ({"COMPOSE_PROFILES": "ha,application"}, "Error: Profiles ha and application can't be combined"),
    ],
)
def test_a_guard_that_can_never_submit_says_why_and_idles(environ, reason, capsys):
    assert entrypoint.guard(environ) == ["sleep", "infinity"]
    said = capsys.readouterr().err
    assert said.count(reason) == 1
    assert said.splitlines()[-1] == (
        "The job is not submitted: correct its settings (.env), then run docker compose up -d"
    )


def test_a_zookeeper_that_lives_keeps_its_data_and_forgets_when_it_starts_again(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(entrypoint, "ZOOKEEPER_DATA", tmp_path / "zookeeper")
    monkeypatch.setattr(entrypoint, "OUTDATED", tmp_path / "zookeeper.outdated")
    (tmp_path / "zookeeper").mkdir()
    (tmp_path / "zookeeper" / "log").touch()

    entrypoint.check_zookeeper(JOBMANAGER, {})
    assert (tmp_path / "zookeeper" / "log").exists()
    assert capsys.readouterr().out.splitlines() == [
        "What the three JobManagers stored about their job is outdated: the job continues from its newest snapshot."
    ]
    assert sentence(entrypoint.check_zookeeper, JOBMANAGER, {"COMPOSE_PROFILES": "ha"}) == (
        "A ZooKeeper from before the last start without profile ha is still running, and would restore the job as it "
        "was then. Remove it, and start again: docker compose --profile ha rm --stop --force jobmanager-2 jobmanager-3 "
        "zookeeper"
    )
    entrypoint.forget_outdated()
    assert list(tmp_path.iterdir()) == []
    entrypoint.check_zookeeper(JOBMANAGER, {"COMPOSE_PROFILES": "ha"})


def test_options_that_cannot_be_split_are_refused():
    assert sentence(entrypoint.job_arguments, {"JOB_OPTIONS": "--output 'a"}) == (
        "JOB_OPTIONS=--output 'a can't be split into words: No closing quotation."
    )


def test_three_jobmanagers_and_application_mode_exclude_each_other():
    assert sentence(profiles.check_profile, "jobmanager", {"COMPOSE_PROFILES": "ha,application"}) == (
        "Profiles ha and application can't be combined: choose one in COMPOSE_PROFILES."
    )
