import pytest
from cluster_tools import running


@pytest.fixture(scope="session")
def running_cluster(tmp_path_factory, share):
    return share(running(tmp_path_factory.mktemp("cluster")))


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
