import psutil
import pytest
from cluster_tools import LocalCluster, free_port


@pytest.fixture(scope="session")
def running_cluster(tmp_path_factory):
    local = LocalCluster(tmp_path_factory.mktemp("cluster"), free_port())
    started = local.up()
    assert started.returncode == 0, started.stderr
    pids = local.pids()
    yield local
    local.end()
    local.run("cluster", "down")
    assert [pid for pid in pids if psutil.pid_exists(pid)] == []


@pytest.fixture
def cluster(running_cluster, tmp_path):
    """The cluster, with no job and with folders of this test."""
    running_cluster.checkpoints = tmp_path / "checkpoints"
    assert running_cluster.up().returncode == 0
    yield running_cluster
    running_cluster.end()
    listed = running_cluster.run("list").stdout
    if "RUNNING" in listed or "RESTARTING" in listed:
        running_cluster.run("cancel")
