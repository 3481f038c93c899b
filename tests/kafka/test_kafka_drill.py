"""Alerts through Kafka, exactly once, while workers and brokers are killed."""

import json

import pytest
import requests
from cluster_tools import running
from conftest import wait_until


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


def test_killed_workers_and_brokers_cost_no_alert_and_one_that_is_committed_twice_is_found_out(
    cluster, kafka, tmp_path
):
    strikes = ("--kill", "taskmanager", "--kill", "broker", "--kill", "brokers")
    done = drill(cluster, kafka, *strikes, "--tamper", "double", "--json", tmp_path / "report")

    assert done.returncode == 1, done.stdout + done.stderr
    assert done.stderr.startswith("Error: The drill failed. 1 alert is committed more than once: user")
    report = json.loads((tmp_path / "report").read_text())
    assert [strike["kind"] for strike in report["strikes"]] == ["kill taskmanager", "kill broker", "kill brokers"]
    assert report["strikes"][2]["victim"] == "kafka-1, kafka-2, kafka-3"
    alerts = report["alerts"]
    assert (alerts["missing"], alerts["unexpected"], len(alerts["doubled"])) == ([], [], 1)
    assert alerts["committed"] == alerts["expected"] + 1 > 1
    assert kafka.line.run("kafka", "status").returncode == 0


def test_a_job_moves_to_another_parallelism_and_the_other_backend_with_its_transactions(cluster, kafka, tmp_path):
    done = drill(cluster, kafka, "--json", tmp_path / "report", "rescale")

    assert done.returncode == 0, done.stdout + done.stderr
    assert "Resuming it: parallelism 2/4/1, state in rocksdb" in done.stdout
    alerts = json.loads((tmp_path / "report").read_text())["alerts"]
    assert alerts["expected"] == alerts["committed"] > 0


def test_a_second_job_with_the_same_transactions_is_refused_and_no_secret_is_shown(cluster, kafka, tmp_path):
    properties = tmp_path / "client.properties"
    properties.write_text("ssl.truststore.password=not-to-be-seen\n")
    source, sink, dead_letters = kafka.topics("events", "alerts", "dead-letters")
    job = ["--source", "kafka", "--bootstrap", kafka.bootstrap, "--topic", source, "--slots", "shared"]
    job += ["--sink", "kafka", "--alerts-topic", sink, "--dead-letters-topic", dead_letters]
    first = cluster.run("submit", "--detached", *cluster.job(*job))
    assert first.returncode == 0, first.stderr
    job_id = first.stdout.split()[-1]

    second = cluster.run("submit", "--detached", *cluster.job(*job))

    assert (second.returncode, second.stderr.splitlines()[-1]) == (
        2,
        f"Error: Job {job_id} writes its transactions under the same names (flink-abnormal-{sink}), and each job would "
        "abort the other's. Stop it, or give another --transactional-id-prefix.",
    )
    other = ("--transactional-id-prefix", "other", "--kafka-properties", properties)
    third = cluster.run("submit", "--detached", *cluster.job(*job, *other))
    assert third.returncode == 0, third.stderr
    other_id = third.stdout.split()[-1]
    rest = f"http://127.0.0.1:{cluster.port}/jobs/{other_id}"
    wait_until(lambda: requests.get(rest, timeout=5).json()["state"] == "RUNNING", "the job")
    shown = [requests.get(rest + path, timeout=5).text for path in ("", "/config", "/plan")]
    shown += [file.read_text(errors="replace") for file in (cluster.folder / ".flink").glob("*/*.log")]
    assert "sasl.jaas.config = null" in "".join(shown)  # where Kafka's client logs its settings
    assert "not-to-be-seen" not in "".join(shown) + third.stdout + third.stderr
    for found in (job_id, other_id):
        assert cluster.run("cancel", found).returncode == 0
