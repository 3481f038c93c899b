import re

import pytest
from conftest import PROJECT

from flink_abnormal.errors import UsageError
from flink_abnormal.runtime import container, distribution
from flink_abnormal.runtime.container import JOBMANAGER, TASKMANAGER


def sentence(call, *arguments):
    with pytest.raises(UsageError) as error:
        call(*arguments)
    return str(error.value)


def of(prefix, settings):
    return {key: value for key, value in settings.items() if key.startswith(prefix)}


def test_a_container_without_settings_leaves_memory_and_slots_to_flinks_configuration():
    settings = container.overrides({"SLOTS": "", "JOBMANAGER_MEMORY": "", "TASKMANAGER_MEMORY": ""}, "3f2a")
    assert settings["jobmanager.rpc.address"] == "jobmanager"
    assert of("jobmanager.memory", settings) == {}
    assert set(of("taskmanager", settings)) == {"taskmanager.host", "taskmanager.bind-host"}
    assert settings["taskmanager.host"] == "3f2a"
    assert of("high-availability", settings) == {}


def test_memory_and_slots_that_are_set_win_over_flinks_configuration():
    told = {"SLOTS": "2", "JOBMANAGER_MEMORY": "2g", "TASKMANAGER_MEMORY": "3g"}
    settings = container.overrides(told, "3f2a")
    assert {name: settings[key] for name, key in container.FLINK_KEYS.items()} == told


def test_the_example_shows_the_defaults_of_memory_and_slots():
    text = (PROJECT / ".env.example").read_text(encoding="utf-8")
    example = dict(re.findall(r"^# (\w+)=(.*)$", text, re.MULTILINE))
    conf = distribution.settings()
    keys = container.FLINK_KEYS
    assert {name: example[name] for name in keys} == {name: str(conf[key]) for name, key in keys.items()}


def test_flinks_configuration_that_lacks_what_nobody_set_is_named(monkeypatch):
    monkeypatch.setattr(distribution, "settings", dict)
    assert sentence(container.overrides, {}, "3f2a") == (
        "conf/config.yaml holds no taskmanager.numberOfTaskSlots: set SLOTS."
    )


def test_high_availability_keeps_its_metadata_beside_the_checkpoints():
    environ = {"COMPOSE_PROFILES": "s3, ha", "CHECKPOINT_DIR": "s3://flink/checkpoints/", "JOBMANAGER": "jobmanager-2"}
    settings = container.overrides(environ, "3f2a")
    assert settings["high-availability.type"] == "zookeeper"
    assert settings["high-availability.zookeeper.quorum"] == "zookeeper:2181"
    assert settings["high-availability.storageDir"] == "s3://flink/ha"
    assert settings["jobmanager.rpc.address"] == "jobmanager-2"


@pytest.mark.parametrize(
    ("role", "environ"),
    [("jobmanager", {"JOBMANAGER": "jobmanager-3"}), ("zookeeper", {}), ("zookeeper", {"COMPOSE_PROFILES": "s3"})],
)
def test_a_profile_that_the_other_containers_cannot_see_is_refused(role, environ):
    assert sentence(container.check_profile, role, environ) == (
        "Profile ha changes every container: give it as COMPOSE_PROFILES=ha docker compose up -d, or in .env, and not "
        "by --profile."
    )
    container.check_profile(role, {**environ, "COMPOSE_PROFILES": "ha"})


@pytest.mark.parametrize("told", ["hdfs://name/checkpoints", "checkpoints", "/data/checkpoints", "file:///", "s3://"])
def test_a_checkpoint_dir_that_no_container_can_use_is_refused(told):
    assert sentence(container.checkpoint_dir, {"CHECKPOINT_DIR": told}) == (
        f"CHECKPOINT_DIR={told} can't be used: write file:///data/FOLDER (the volume that the containers share) or "
        "s3://BUCKET/FOLDER."
    )


@pytest.mark.parametrize(("told", "megabytes"), [("1280m", 1280), ("2g", 2048), ("2 GB", 2048), ("1073741824", 1024)])
def test_memory_is_written_as_flink_and_docker_write_it(told, megabytes):
    assert container.megabytes({"TASKMANAGER_MEMORY": told}, "TASKMANAGER_MEMORY") == megabytes


def test_an_amount_of_memory_that_is_none_is_refused():
    environ = {"TASKMANAGER_MEMORY": "much"}
    assert sentence(container.check_memory, TASKMANAGER, environ, None) == (
        "TASKMANAGER_MEMORY=much is no amount of memory: write 1280m or 2g."
    )


def test_too_little_memory_for_flink_is_refused():
    assert sentence(container.check_memory, JOBMANAGER, {"JOBMANAGER_MEMORY": "512m"}, None) == (
        "JOBMANAGER_MEMORY=512m is too little for Flink: at least 768m."
    )


def test_a_container_with_no_room_for_python_is_refused():
    assert sentence(container.check_memory, TASKMANAGER, {}, 1400) == (
        "The container may use 1400 MiB, and Flink needs 1280 (TASKMANAGER_MEMORY) and Python beside it 256: set "
        "TASKMANAGER_LIMIT to 1536m or more, or TASKMANAGER_MEMORY lower."
    )
    container.check_memory(TASKMANAGER, {}, 1536)
    container.check_memory(TASKMANAGER, {}, None)


@pytest.mark.parametrize("told", ["0", "101", "three", "-1"])
def test_a_number_of_slots_that_is_none_is_refused(told):
    assert sentence(container.overrides, {"SLOTS": told}, "3f2a") == f"SLOTS={told} is no number from 1 to 100."


def test_the_guard_gets_the_settings_of_the_job():
    environ = {
        "CHECKPOINT_DIR": "s3://flink/checkpoints",
        "CHECKPOINT_INTERVAL": "2s",
        "STATE_BACKEND": "rocksdb",
        "JOB_OPTIONS": "--interval 1s --output '/data/my alerts'",
    }
    assert container.job_arguments(environ) == [
        *("--checkpoint-dir", "s3://flink/checkpoints"),
        *("--state-backend", "rocksdb"),
        *("--checkpoint-interval", "2s"),
        *("--interval", "1s", "--output", "/data/my alerts"),
    ]


def test_options_that_cannot_be_split_are_refused():
    assert sentence(container.job_arguments, {"JOB_OPTIONS": "--output 'a"}) == (
        "JOB_OPTIONS=--output 'a can't be split into words: No closing quotation."
    )


def test_three_jobmanagers_and_application_mode_exclude_each_other():
    assert sentence(container.check_profile, "jobmanager", {"COMPOSE_PROFILES": "ha,application"}) == (
        "Profiles ha and application can't be had together: choose one in COMPOSE_PROFILES."
    )
