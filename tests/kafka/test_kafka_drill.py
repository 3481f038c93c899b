"""Alerts through Kafka, exactly once, while workers and brokers are killed."""

import json
import re

import pytest
import requests
from conftest import PROJECT, wait_until
from listening import open_to_others

from flink_abnormal.runtime import partitions

BOARD = PROJECT / "conf" / "monitoring" / "grafana" / "boards" / "kafka.json"
METRIC = re.compile(r"flink_taskmanager_\w+")
SAMPLE = re.compile(r"(\w+)\{(.*)\} (\S+) *")
LABEL = re.compile(r'(\w+)="([^"]*)"')

pytestmark = pytest.mark.timeout(480)


def drill(cluster, kafka, *arguments):
    """Run a drill on the cluster, with the brokers that all tests share."""
    home = cluster.folder / ".flink" / "kafka"
    if not home.exists():
        home.symlink_to(kafka.line.folder / ".flink" / "kafka")
    return cluster.run("drill", "--source", "kafka", "--sink", "kafka", *arguments, seconds=450)


def test_killed_workers_and_brokers_and_a_full_disk_cost_no_alert_and_one_that_is_committed_twice_is_found_out(
    cluster, kafka, tmp_path
):
    strikes = ("--kill", "taskmanager", "--fill", "broker", "--kill", "brokers", "--time", "event")
    done = drill(cluster, kafka, *strikes, "--tamper", "double", "--json", tmp_path / "report")

    assert done.returncode == 1, done.stdout + done.stderr
    assert done.stderr.startswith("Error: The drill failed. 1 alert is committed more than once: user")
    report = json.loads((tmp_path / "report").read_text())
    assert [strike["kind"] for strike in report["strikes"]] == ["kill taskmanager", "kill brokers", "fill broker"]
    assert report["strikes"][1]["victim"] == "kafka-1, kafka-2, kafka-3"
    assert f"{report['strikes'][2]['victim']} had ended; it has room again, and is started" in done.stdout
    alerts = report["alerts"]
    assert (alerts["missing"], alerts["unexpected"], len(alerts["doubled"])) == ([], [], 1)
    assert alerts["committed"] == alerts["expected"] + 1 > 1
    assert kafka.line.run("kafka", "status").returncode == 0


def test_a_job_moves_twice_to_another_shape_and_backend_with_transactions_open(cluster, kafka, tmp_path):
    done = drill(cluster, kafka, "--json", tmp_path / "report", "rescale")

    assert done.returncode == 0, done.stdout + done.stderr
    assert "Resuming it: parallelism 2/4/2, state in rocksdb" in done.stdout
    assert "Resuming it: parallelism 3/2/3, state in rocksdb" in done.stdout
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


def test_what_the_kafka_board_asks_for_is_served_by_a_job_by_topic_and_partition(cluster, kafka):
    source, sink, dead_letters = kafka.topics("events", "alerts", "dead-letters", partitions=1)
    job = ["--source", "kafka", "--bootstrap", kafka.bootstrap, "--topic", source, "--slots", "shared"]
    job += ["--sink", "kafka", "--alerts-topic", sink, "--dead-letters-topic", dead_letters]
    submitted = cluster.run("submit", "--detached", *cluster.job(*job))
    assert submitted.returncode == 0, submitted.stderr
    kafka.produce(source, [(b"kim", b'{"userId": "kim", "isAbnormal": true}')] * 4)
    panels = json.loads(BOARD.read_text(encoding="utf-8"))["panels"]
    asked = {name for panel in panels for each in panel["targets"] for name in METRIC.findall(each["expr"])}

    def served():
        """Return the metrics with their labels, of all processes, and their values."""
        ports = {port for _, _, port in open_to_others(cluster.pids())}
        texts = [requests.get(f"http://127.0.0.1:{port}/metrics", timeout=10).text for port in ports]
        return [SAMPLE.fullmatch(line) for text in texts for line in text.splitlines() if METRIC.match(line)]

    def read_to():
        """Return the offset of the last record that was read, of each partition."""
        found = [(dict(LABEL.findall(each[2])), each[3]) for each in served() if each[1].endswith("currentOffset")]
        return [(labels["topic"], labels["partition"], offset) for labels, offset in found]

    wait_until(lambda: read_to() == [(re.sub(r"\W", "_", source), "0", "3.0")], "the offset of the last message")
    assert asked - {each[1] for each in served()} == set()
    assert len(asked) == 6
    assert cluster.run("cancel", submitted.stdout.split()[-1]).returncode == 0


def test_what_a_snapshot_counts_as_written_is_committed_or_a_warning_tells_how_to_have_it_written_again(cluster, kafka):
    source, sink, dead_letters = kafka.topics("events", "alerts", "dead-letters", partitions=1)
    job = ["--source", "kafka", "--bootstrap", kafka.bootstrap, "--topic", source, "--slots", "shared"]
    job += ["--sink", "kafka", "--alerts-topic", sink, "--dead-letters-topic", dead_letters]
    prefix = f"flink-abnormal-{sink}"

    def started(*more):
        """Submit the job; returns its id, and its warnings."""
        done = cluster.run("submit", "--detached", *cluster.job(*job, "--checkpoint-interval", "5min"), *more)
        assert done.returncode == 0, done.stderr
        return done.stdout.split()[-1], [line for line in done.stderr.splitlines() if line.startswith("Warning")]

    def left(job_id, written):
        """Take a savepoint once so many alerts are written, and cancel the job before any checkpoint commits them."""
        wait_until(lambda: len(kafka.messages(sink, committed=False)) == written, "alerts")
        jobs = f"http://127.0.0.1:{cluster.port}/jobs/{job_id}/savepoints"
        order = {"target-directory": f"{cluster.folder}/savepoints", "cancel-job": False}
        request = requests.post(jobs, json=order, timeout=30).json()["request-id"]
        answer = lambda: requests.get(f"{jobs}/{request}", timeout=30).json()["operation"]  # noqa: E731
        taken = wait_until(answer, "the savepoint", 60)
        assert cluster.run("cancel", job_id).returncode == 0
        return taken["location"].removeprefix("file:")

    def failed(job_id):
        """Return how many transactions Flink says that it could not commit, read as the dashboard does."""
        job = f"http://127.0.0.1:{cluster.port}/jobs/{job_id}"
        found = 0
        for vertex in requests.get(job, timeout=30).json()["vertices"]:
            if partitions.is_read(vertex["name"]):
                metrics = f"{job}/vertices/{vertex['id']}/metrics"
                names = partitions.wanted(each["id"] for each in requests.get(metrics, timeout=30).json())
                for query in partitions.queries(names):
                    told = requests.get(f"{metrics}?get={query}", timeout=30).json()
                    found += partitions.lost_transactions({each["id"]: each["value"] for each in told})
        return found

    kafka.produce(source, [(b"kim", b'{"userId": "kim", "isAbnormal": true}')] * 4)
    first, _ = started()
    before = left(first, 2)
    assert kafka.messages(sink) == []
    second, warnings = started("--from", before)
    wait_until(lambda: len(kafka.messages(sink)) == 2, "what the savepoint counts as written")
    assert warnings == []
    kafka.produce(source, [(b"lee", b'{"userId": "lee", "isAbnormal": true}')] * 4)
    after = left(second, 4)
    aborted = kafka.line.run("kafka", "transactions", "--prefix", prefix, "--abort", "--yes")
    assert aborted.stdout.splitlines()[-1] == "Aborted 1."

    third, (warning,) = started("--from", after)

    assert re.sub(r"-\d-\d+\)", "-N-N)", warning) == (
        f"Warning: transactions that {after} counts as written: 1; aborted by the brokers: 1 "
        f"({prefix}-alert-topic-N-N). Their time, transaction.timeout.ms, was up, or they were aborted by hand. "
        "Consumers with read_committed miss what is in them; `flink-abnormal consume --uncommitted` shows it. To write "
        "it again, stop this job and start from the snapshot before, which `flink-abnormal checkpoints` lists. What "
        "other transactions wrote since then comes twice, with the same alertId."
    )
    wait_until(lambda: failed(third) == 1, "the metric", 60)
    assert cluster.run("stop", third).returncode == 0
    assert [user for user, _, _ in kafka.alerts(sink)] == ["kim"] * 2
    fourth, _ = started("--from", before)
    wait_until(lambda: len(kafka.messages(sink, committed=False)) == 6, "the lost alerts again")
    assert cluster.run("stop", fourth).returncode == 0
    assert [user for user, _, _ in kafka.alerts(sink)] == ["kim"] * 2 + ["lee"] * 2
