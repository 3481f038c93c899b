import contextlib

import pytest
from cluster_tools import free_ports, running
from conftest import CommandLine
from kafka_tools import Kafka


@pytest.fixture(scope="session")
def kafka(tmp_path_factory, connectors, share):
    """Three brokers, for all tests of a worker; each test makes topics of its own."""
    line = CommandLine(tmp_path_factory.mktemp("kafka"))
    line.env["FLINK_ABNORMAL_CONNECTORS"] = str(connectors)
    return share(brokers(line))


@contextlib.contextmanager
def brokers(line):
    """Give three brokers; they are down, and their data gone, behind it."""
    up = line.run("kafka", "up", "--port", free_ports(6), seconds=180)
    try:
        assert up.returncode == 0, up.stderr
        yield Kafka(line)
    finally:
        down = line.run("kafka", "down", "--delete")
    assert (down.returncode, down.stdout) == (0, "Kafka is down.\n")


@pytest.fixture(scope="session")
def cluster(tmp_path_factory, connectors, share):
    """A cluster that knows the connector's jar and serves metrics, for all tests of a worker; each ends its jobs."""
    metrics = ("--metrics", free_ports(14))
    return share(running(tmp_path_factory.mktemp("cluster"), *metrics, FLINK_ABNORMAL_CONNECTORS=str(connectors)))


@pytest.fixture
def cli(tmp_path, connectors):
    """The command line, which knows the connector's jar."""
    line = CommandLine(tmp_path)
    line.env["FLINK_ABNORMAL_CONNECTORS"] = str(connectors)
    yield line
    line.end()
