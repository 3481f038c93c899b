"""Alerts through Kafka, exactly once, while workers and brokers are killed."""

import json

import pytest
from cluster_tools import running


@pytest.fixture(scope="module")
def cluster(tmp_path_factory, connectors):
    with running(tmp_path_factory.mktemp("cluster"), FLINK_ABNORMAL_CONNECTORS=str(connectors)) as local:
        yield local


def drill(cluster, kafka, *arguments):
    """Run a drill on the cluster, with the brokers that all tests share."""
    home = cluster.folder / ".flink" / "kafka"
    if not home.exists():
        home.symlink_to(kafka.line.folder / ".flink" / "kafka")
    return cluster.run("drill", "--source", "kafka", "--sink", "kafka", *arguments, seconds=220)


def test_killed_workers_and_brokers_cost_no_alert_and_double_none(cluster, kafka, tmp_path):
    done = drill(
        cluster, kafka, "--kill", "taskmanager", "--kill", "broker", "--kill", "brokers", "--json", tmp_path / "report"
    )

    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads((tmp_path / "report").read_text())
    assert [strike["kind"] for strike in report["strikes"]] == ["kill taskmanager", "kill broker", "kill brokers"]
    assert report["alerts"]["committed"] == report["alerts"]["expected"] > 0
    assert report["problems"] == []
    assert [strike["victim"] for strike in report["strikes"]][2] == "kafka-1, kafka-2, kafka-3"
    assert kafka.line.run("kafka", "status").returncode == 0


def test_an_alert_that_is_committed_twice_is_found_out(cluster, kafka):
    done = drill(cluster, kafka, "--kill", "broker", "--free-slots", "--tamper", "double")

    assert done.returncode == 1, done.stdout + done.stderr
    assert done.stderr.startswith("Error: The drill failed. 1 alert is committed more than once: user")
