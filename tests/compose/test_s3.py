"""Checkpoints in an S3 store: MinIO in a container. One file, so that one worker runs it: its tests share the store."""

import os
import re
import secrets
import shutil
import signal
import subprocess
import time

import pytest
import requests
from cluster_tools import ONE_TASKMANAGER, LocalCluster, free_port
from conftest import PROJECT, alerts, wait_until
from expected import alerts_of, simulated, summary_of
from state_tools import counts_expected, counts_in

from flink_abnormal.runtime import s3 as store
from flink_abnormal.snapshots import storage

# Each reading of a snapshot starts a JVM, and the first test may have to build MinIO.
pytestmark = pytest.mark.timeout(1200)

IMAGE = "flink-abnormal-minio:local"


def docker(*arguments, check=True):
    return subprocess.run(["docker", *arguments], check=check, capture_output=True, text=True).stdout.strip()


class Minio:
    """A MinIO server in a container, whose port stays when it is stopped and started again."""

    def __init__(self):
        self.port = free_port()
        self.keys = {"S3_ACCESS_KEY": secrets.token_hex(8), "S3_SECRET_KEY": secrets.token_hex(12)}
        self.name = docker(
            *("run", "--detach", "--rm", "--publish", f"127.0.0.1:{self.port}:9000"),
            *("--env", f"MINIO_ROOT_USER={self.keys['S3_ACCESS_KEY']}"),
            *("--env", f"MINIO_ROOT_PASSWORD={self.keys['S3_SECRET_KEY']}", IMAGE),
        )

    @property
    def env(self):
        return {"S3_ENDPOINT": f"http://127.0.0.1:{self.port}", **self.keys}

    def healthy(self):
        return docker("inspect", "--format", "{{.State.Health.Status}}", self.name) == "healthy"


@pytest.fixture(scope="module")
def minio():
    if (
        shutil.which("docker") is None
        or subprocess.run(["docker", "info"], capture_output=True, check=False).returncode
    ):
        pytest.skip("Docker is missing, which MinIO runs in")
    if not docker("image", "ls", "--quiet", IMAGE):
        docker("build", "--network", "host", "--tag", IMAGE, str(PROJECT / "conf" / "minio"))
    server = Minio()
    yield server
    docker("rm", "--force", "--volumes", server.name)


@pytest.fixture(scope="module")
def bucket(minio):
    """A bucket, made as docker-compose.yml makes it."""
    return make_bucket(minio, "flink")


def make_bucket(minio, name):
    with pytest.MonkeyPatch.context() as patch:
        for variable, value in minio.env.items():
            patch.setenv(variable, value)
        store.make_bucket(name)
    return f"s3://{name}"


@pytest.fixture
def s3(cli, connectors, minio, bucket, monkeypatch):
    """The command line, told of the store, with checkpoints in a folder of the bucket that no other test uses."""
    tell(cli, connectors, minio, bucket)
    for name, value in minio.env.items():
        monkeypatch.setenv(name, value)
    return cli


def tell(cli, connectors, minio, bucket):
    cli.env |= {"FLINK_ABNORMAL_CONNECTORS": str(connectors), **minio.env}
    cli.checkpoints = f"{bucket}/{secrets.token_hex(4)}/checkpoints"


def numbers(folder):
    """Return the numbers of the checkpoints that are kept, the newest first."""
    return [each.number for each in storage.retained(folder) if each.kind == "checkpoint"]


def test_a_job_with_rocksdb_on_s3_is_stopped_read_and_goes_on(s3, tmp_path):
    events = simulated(events=100)
    options = s3.job("--events", 100, "--interval", "100ms", "--checkpoint-interval", "500ms", "--no-emit-log")
    options += ["--state-backend", "rocksdb", "--aligned", "--sink", "files", "--output", str(tmp_path / "out")]
    process = s3.start("run", *options)
    wait_until(lambda: [number for number in numbers(s3.checkpoints) if number >= 3], "a third checkpoint")
    os.kill(process.pid, signal.SIGINT)
    process.wait(60)

    counts, path = counts_in(s3, "--checkpoint-dir", s3.checkpoints)
    newest = storage.retained(s3.checkpoints)[0]
    assert path == newest.path == f"{s3.checkpoints}/{newest.job}/chk-{newest.number}"
    assert counts == counts_expected(s3, path)
    done = s3.run("run", *options, "--from", "latest")

    assert done.returncode == 0, done.stderr
    assert f"Starts from {path}" in done.stderr.splitlines()
    assert done.stdout.splitlines()[-1] == summary_of(events)
    assert alerts(tmp_path / "out") == alerts_of(events)


def test_a_store_that_cannot_be_used_is_said_before_the_job_starts(s3, minio):
    def refusal(folder=s3.checkpoints, **env):
        began = time.monotonic()
        done = s3.run("run", "--events", 3, "--checkpoint-dir", folder, env=env)
        assert done.stdout == ""
        assert time.monotonic() - began < 30
        return done.returncode, done.stderr

    where = f"the S3 store at http://127.0.0.1:{minio.port}"
    refused = f"Error: {s3.checkpoints}: {where} rejects the keys. Correct S3_ACCESS_KEY and S3_SECRET_KEY.\n"
    assert refusal(S3_SECRET_KEY="wrong-secret") == (2, refused)
    assert refusal(S3_ACCESS_KEY="nobody") == (2, refused)
    assert refusal("s3://missing/checkpoints") == (
        2,
        f"Error: s3://missing/checkpoints: {where} has no bucket 'missing'. Create it, or name another.\n",
    )
    assert refusal(S3_ENDPOINT="") == (
        2,
        f"Error: {s3.checkpoints} is in an S3 store, which needs S3_ENDPOINT in the environment.\n",
    )
    docker("pause", minio.name)
    try:
        nobody = f"http://127.0.0.1:{free_port()}"
        assert refusal(S3_ENDPOINT=nobody) == (
            3,
            f"Error: {s3.checkpoints}: no S3 store answers at {nobody}. Start it, or correct S3_ENDPOINT.\n",
        )
        assert refusal() == (
            3,
            f"Error: {s3.checkpoints}: no S3 store answers at http://127.0.0.1:{minio.port}. Start it, or correct "
            "S3_ENDPOINT.\n",
        )
    finally:
        docker("unpause", minio.name)


def test_a_bucket_is_made_once_and_kept(minio, connectors, cli):
    cli.env |= minio.env
    name = f"made-{secrets.token_hex(4)}"

    told = {"CHECKPOINT_DIR": f"s3://{name}/checkpoints"}
    first = cli.run("-m", "flink_abnormal.cli.entrypoint", "bucket", command="python", env=told)
    second = cli.run("-m", "flink_abnormal.cli.entrypoint", "bucket", command="python", env=told)

    assert (first.returncode, first.stdout, first.stderr) == (0, f"Created the bucket {name}.\n", "")
    assert (second.returncode, second.stdout, second.stderr) == (0, f"The bucket {name} already exists.\n", "")


@pytest.fixture
def cluster(tmp_path_factory):
    """A local cluster that is not up yet."""
    local = LocalCluster(tmp_path_factory.mktemp("cluster"), free_port(), *ONE_TASKMANAGER)
    yield local
    local.run("cluster", "down")


def test_a_cluster_keeps_its_checkpoints_on_s3_and_its_keys_to_itself(cluster, connectors, minio, bucket, monkeypatch):
    for name, value in minio.env.items():
        monkeypatch.setenv(name, value)
    for name in minio.env:
        cluster.env.pop(name, None)
    assert cluster.up().returncode == 0
    tell(cluster, connectors, minio, bucket)
    job = cluster.job("--state-backend", "rocksdb", "--interval", "50ms", "--checkpoint-interval", "500ms", "--aligned")
    unaware = cluster.run("submit", "--detached", *job)
    assert (unaware.returncode, unaware.stderr) == (
        4,
        f"Error: The cluster at 127.0.0.1:{cluster.port} was started without the S3 store. Restart it with "
        "S3_ENDPOINT, S3_ACCESS_KEY and S3_SECRET_KEY in the environment.\n",
    )
    cluster.run("cluster", "down")
    assert cluster.up().returncode == 0

    submitted = cluster.run("submit", "--detached", *job)

    assert submitted.returncode == 0, submitted.stderr
    job_id = submitted.stdout.split()[-1]
    wait_until(lambda: [number for number in numbers(cluster.checkpoints) if number >= 3], "a third checkpoint")
    stopped = cluster.run("stop", job_id)
    assert stopped.returncode == 0, stopped.stderr
    savepoint = re.fullmatch(rf"Stopped job {job_id}; savepoint (\S+)\n", stopped.stdout)[1]
    assert savepoint.startswith(f"{cluster.checkpoints}/savepoints/savepoint-")
    counts, path = counts_in(cluster, job_id)
    assert path == savepoint
    assert counts == counts_expected(cluster, path)
    told = {
        each["key"]: each["value"]
        for each in requests.get(f"http://127.0.0.1:{cluster.port}/jobmanager/config", timeout=10).json()
    }
    assert told["s3.endpoint"] == minio.env["S3_ENDPOINT"]
    assert {"s3.access-key", "s3.secret-key"} & set(told) == set()
    left = [file for file in (cluster.folder / ".flink").rglob("*") if file.is_file() and not file.is_symlink()]
    keys = [key.encode() for key in minio.keys.values()]
    assert [file for file in left if any(key in file.read_bytes() for key in keys)] == []
