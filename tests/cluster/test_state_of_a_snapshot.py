"""What `state` and `checkpoints` tell of a running job, a savepoint, and the checkpoint of a killed cluster."""

import json
import os
import signal

import psutil
import pytest
from cluster_tools import ONE_TASKMANAGER, LocalCluster, free_port
from conftest import wait_until
from state_tools import counts_expected, counts_in

# Each reading of a snapshot starts a JVM.
pytestmark = [pytest.mark.timeout(600), pytest.mark.thread_mode]

PACE = ("--users", 20, "--interval", "50ms", "--no-emit-log", "--aligned")


@pytest.fixture(scope="module")
def running_cluster(tmp_path_factory, connectors):
    local = LocalCluster(tmp_path_factory.mktemp("cluster"), free_port(), *ONE_TASKMANAGER)
    local.env["FLINK_ABNORMAL_CONNECTORS"] = str(connectors)
    yield local
    pids = local.pids() if (local.folder / ".flink" / "cluster.json").exists() else []
    local.run("cluster", "down")
    assert [pid for pid in pids if psutil.pid_exists(pid)] == []


@pytest.fixture
def cluster(running_cluster, tmp_path):
    running_cluster.checkpoints = tmp_path / "checkpoints"
    started = running_cluster.up()
    assert started.returncode == 0, started.stderr
    yield running_cluster
    if "RUNNING" in running_cluster.run("list").stdout:
        running_cluster.run("cancel")


def submit(cluster, backend, *more, interval="500ms", first=3):
    """Submit a job and return its id once a checkpoint of the number `first` or a later one is complete."""
    # Aligned: no event is on its way between the simulated users and the detector when a checkpoint is taken.
    job = cluster.job(*PACE, "--state-backend", backend, "--checkpoint-interval", interval)
    done = cluster.run("submit", "--detached", *job, *more)
    assert done.returncode == 0, done.stderr
    job = done.stdout.split()[-1]

    def numbers():
        return [int(file.parent.name[4:]) for file in cluster.checkpoints.glob(f"{job}/chk-*/_metadata")]

    wait_until(lambda: max(numbers(), default=0) >= first, f"checkpoint {first}")
    return job


def kill_all(cluster):
    """Kill every process of the cluster at once, the supervisor first, which would start the others again."""
    pids = cluster.pids()
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not [pid for pid in pids if alive(pid)], "the end of every process")


def alive(pid):
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_a_job_is_asked_for_its_latest_snapshot_and_a_savepoint_is_read_alike(cluster):
    backend = "hashmap"  # a savepoint has the same form on both backends, a checkpoint has not
    job = submit(cluster, backend, interval="10s", first=1)  # rarely, so that none is deleted while it is read
    running, checkpoint = counts_in(cluster, job)
    assert checkpoint.startswith(f"{cluster.checkpoints}/{job}/chk-")
    assert set(running) <= {f"user{number}" for number in range(1, 21)}

    stopped = cluster.run("stop", job)

    assert stopped.returncode == 0, stopped.stderr
    savepoint = stopped.stdout.split()[-1].removeprefix("file:")
    counts, path = counts_in(cluster, job)
    assert path == savepoint
    assert counts == counts_expected(cluster, path)
    again = submit(cluster, backend, "--from", savepoint, interval="2s")
    rows = json.loads(cluster.run("checkpoints", again, "--json").stdout)
    (restored,) = [row for row in rows if row["restoredMs"] is not None]
    assert (restored["kind"], restored["path"]) == ("savepoint", f"file:{savepoint}")
    done = [row for row in rows if row["status"] == "COMPLETED" and row["kind"] == "checkpoint"]
    assert [row["id"] for row in done] == sorted((row["id"] for row in done), reverse=True)
    assert done[0]["path"].startswith(f"file:{cluster.checkpoints}/{again}/chk-")
    assert all(row["durationMs"] >= 0 and row["sizeBytes"] > 0 for row in done)
    before = json.loads(cluster.run("checkpoints", job, "--json").stdout)
    assert (before[0]["kind"], before[0]["status"], before[0]["path"]) == (
        "savepoint",
        "COMPLETED",
        f"file:{savepoint}",
    )


def test_the_last_checkpoint_of_a_killed_cluster_holds_what_the_rule_gives_up_to_it(cluster):
    job = submit(cluster, "rocksdb")

    kill_all(cluster)

    counts, path = counts_in(cluster, "--checkpoint-dir", cluster.checkpoints)
    whole = [metadata.parent for metadata in cluster.checkpoints.glob("*/chk-*/_metadata")]
    newest = max(whole, key=lambda folder: int(folder.name.removeprefix("chk-")))
    assert path == str(newest)
    assert counts == counts_expected(cluster, path)
    assert counts_in(cluster, job[:12], "--checkpoint-dir", cluster.checkpoints) == (counts, path)
    listed = cluster.run("checkpoints", job, "--json", "--checkpoint-dir", cluster.checkpoints)
    assert listed.stderr.endswith(f". What is retained below {cluster.checkpoints}:\n")
    first = json.loads(listed.stdout)[0]
    assert {key: first[key] for key in ("id", "job", "kind", "status", "path")} == {
        "id": int(newest.name.removeprefix("chk-")),
        "job": job,
        "kind": "checkpoint",
        "status": "COMPLETED",
        "path": path,
    }
