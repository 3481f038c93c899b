"""Three JobManagers, ZooKeeper, and RocksDB's checkpoints in MinIO."""

import re

import docker
import pytest
from composition import built
from conftest import wait_until
from minio import Minio

from flink_abnormal.drill.compose_environment import ComposeEnvironment

pytestmark = pytest.mark.timeout(1200)  # the first test may have to build MinIO

JOBMANAGERS = {"jobmanager", "jobmanager-2", "jobmanager-3"}
KEYS = "local-demo-only"


@pytest.fixture(scope="module")
def composition():
    settings = {
        "COMPOSE_PROFILES": "s3,ha",
        "TASKMANAGERS": "2",
        "STATE_BACKEND": "rocksdb",
        "CHECKPOINT_DIR": "s3://flink/checkpoints",
        "CHECKPOINT_INTERVAL": "1s",
        "JOB_OPTIONS": "--interval 100ms --slots shared",
    }
    with built("s3-and-ha", **settings) as up:
        up.up()
        yield up


@pytest.fixture
def job(composition):
    found = composition.await_job()
    composition.await_checkpoint(found, composition.checkpoints(found)["completed"])
    return found


def keys(composition, prefix):
    """Return the names of the bucket's objects below a prefix."""
    client = Minio(f"127.0.0.1:{composition.ports['MINIO_PORT']}", KEYS, KEYS, secure=False)
    return [each.object_name for each in client.list_objects("flink", prefix, recursive=True)]


def test_checkpoints_and_the_leaders_metadata_lie_in_the_store(composition, job):
    whole = rf"checkpoints/{job.id}/chk-\d+/_metadata"
    wait_until(lambda: any(re.fullmatch(whole, key) for key in keys(composition, "checkpoints")), "a checkpoint")
    assert list(keys(composition, f"checkpoints/{job.id}/shared")) != []
    assert list(keys(composition, "ha/")) != []


def test_a_killed_taskmanager_is_restored_from_the_store(composition, job):
    composition.kill_java(composition.containers("taskmanager")[0])
    wait_until(lambda: composition.checkpoints(job)["restored"] > 0, "a restore")
    restored = composition.cluster.get(f"/jobs/{job.id}/checkpoints")["latest"]["restored"]
    assert restored["external_path"].startswith(f"s3://flink/checkpoints/{job.id}/chk-")
    assert composition.await_job().id == job.id


def test_a_killed_leader_costs_no_alert_and_the_guards_job_goes_on(composition, job, tmp_path):
    done, report = composition.drill(tmp_path / "report", "--free-slots", "--kill", "jobmanager")

    assert done.returncode == 0, done.stdout + done.stderr
    killed = report["strikes"][0]["victim"]
    leader = re.search(r"(\S+) leads now, and knows the job", done.stdout)[1]
    assert killed in JOBMANAGERS
    assert leader in JOBMANAGERS - {killed}
    assert composition.await_job().id == job.id
    # Whoever is asked answers for the one that leads.
    wait_until(lambda: len(composition.containers(killed)) == 1, "the killed one")
    listed = composition.run("exec", "-T", leader, "flink-abnormal", "list", "--jobmanager", "localhost:8081").stdout
    assert job.id in listed


def test_what_a_cluster_lacks_is_named_until_it_answers_again(composition, job):
    environment = ComposeEnvironment(docker.from_env(), composition.name)
    assert environment.missing() is None
    standby = min(JOBMANAGERS - {environment.leader()})
    assert composition.run("stop", "--timeout", 0, standby).returncode == 0
    assert environment.missing() == f"{standby} is exited"
    assert composition.run("start", standby).returncode == 0
    assert environment.missing() == f"{standby} fails its health check: curl ended with 7 in {standby}"
    wait_until(lambda: environment.missing() is None, "the whole cluster")


def test_a_store_that_is_down_fails_checkpoints_and_not_the_job(composition, job):
    before = composition.checkpoints(job)
    assert composition.run("stop", "--timeout", 0, "minio").returncode == 0
    wait_until(lambda: composition.checkpoints(job)["failed"] > before["failed"], "a failed checkpoint")
    assert composition.running_job() is not None
    assert composition.run("start", "minio").returncode == 0
    composition.await_checkpoint(job, composition.checkpoints(job)["completed"])
    assert composition.checkpoints(job)["restored"] == before["restored"]


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        (
            {"S3_SECRET_KEY": "wrong-secret"},
            "s3://flink/checkpoints: the S3 store at http://minio:9000 rejects the keys. Correct S3_ACCESS_KEY and "
            "S3_SECRET_KEY.",
        ),
        (
            {"CHECKPOINT_DIR": "s3://elsewhere/checkpoints"},
            "s3://elsewhere/checkpoints: the S3 store at http://minio:9000 has no bucket 'elsewhere'. Create it, or "
            "name another.",
        ),
    ],
)
def test_wrong_keys_and_a_missing_bucket_are_named(composition, settings, sentence):
    # A job of the same options as the guard's, beside the one that runs.
    environment = [f"--env={name}={value}" for name, value in settings.items()]
    folder = settings.get("CHECKPOINT_DIR", "s3://flink/checkpoints")
    command = ["flink-abnormal", "submit", "--detached", "--slots", "shared", "--checkpoint-dir", folder]
    refused = composition.run("run", "--rm", "--no-deps", "-T", *environment, "job", *command)
    assert (refused.returncode, refused.stderr.splitlines()[-1]) == (2, f"Error: {sentence}")
