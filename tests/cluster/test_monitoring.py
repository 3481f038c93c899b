"""One file, so that one worker runs it: its tests share a cluster and the Prometheus that scrapes it.

The last test takes a TaskManager away for good; the cluster is whole again at its end.
"""

import json
import os
import re
import shutil
import signal

import pytest
import requests
from cluster_tools import LocalCluster, free_port
from conftest import PROJECT, wait_until
from listening import open_to_others

from flink_abnormal.core.published import LIVE_ALERTS, LIVE_USERS

START = PROJECT / "conf" / "monitoring" / "prometheus.sh"
BOARD = PROJECT / "conf" / "monitoring" / "grafana" / "boards" / "flink-abnormal.json"
INTERVAL = "5s"

pytestmark = pytest.mark.skipif(
    shutil.which("prometheus") is None, reason="Prometheus isn't on the PATH (Debian: apt install prometheus)"
)


class Prometheus:
    """A real Prometheus, by its API."""

    def __init__(self, address):
        self.url = f"http://{address}/api/v1"

    def ask(self, what, **parameters):
        """Return the data of an answer, or None while it does not answer."""
        try:
            answer = requests.get(f"{self.url}/{what}", params=parameters, timeout=10)
        except requests.ConnectionError:
            return None
        if answer.status_code == requests.codes.unavailable:  # it answers before it is ready
            return None
        assert answer.status_code == requests.codes.ok, answer.text
        return answer.json()["data"]

    def values(self, query):
        """Return the samples that a query gives now; one that is no number counts for none."""
        samples = [float(sample["value"][1]) for sample in self.ask("query", query=query)["result"]]
        return [value for value in samples if value == value]  # noqa: PLR0124 - NaN is unlike itself

    def rules(self):
        """Return the rules of all groups, as Prometheus understood them."""
        return [rule for group in (self.ask("rules") or {"groups": []})["groups"] for rule in group["rules"]]

    def firing(self):
        """Return the names of the alerts that fire, each as often as it does."""
        return sorted(a["labels"]["alertname"] for a in self.ask("alerts")["alerts"] if a["state"] == "firing")


@pytest.fixture(scope="module")
def monitored(tmp_path_factory):
    """A cluster that serves metrics, with a job that takes all of its slots."""
    local = LocalCluster(tmp_path_factory.mktemp("monitored"), free_port())
    local.metrics_port = free_port()
    started = local.run("cluster", "up", "--port", local.port, "--metrics", local.metrics_port)
    try:
        assert started.returncode == 0, started.stderr
        submitted = local.run(
            "submit",
            "--detached",
            *local.job("--interval", "100ms", "--no-emit-log", "--checkpoint-interval", INTERVAL),
            *("--sink", "print", "--sink", "files", "--output", local.folder / "out"),
        )
        assert submitted.returncode == 0, submitted.stderr
        wait_until(lambda: re.search(r"\b(\d+) of \1\b", local.run("list").stdout), "all tasks running")
        yield local
    finally:
        local.end()
        local.run("cluster", "down")


@pytest.fixture(scope="module")
def prometheus(monitored):
    """Prometheus with the project's rules, at work on that cluster."""
    address = f"127.0.0.1:{free_port()}"
    monitored.env |= {"PROMETHEUS_LISTEN": address, "CHECKPOINT_INTERVAL": INTERVAL}
    targets = [f"127.0.0.1:{port}" for port in served(monitored)]
    monitored.start(*targets, command=START)
    server = Prometheus(address)
    wait_until(lambda: server.ask("query", query="up"), "Prometheus")
    wait_until(lambda: server.values("sum(up)") == [4], "four targets that are up")
    return server


def served(cluster):
    """Return the ports on which the cluster's processes answer to other machines."""
    return sorted(port for _, _, port in open_to_others(cluster.pids()))


def test_each_process_serves_metrics_on_a_port_of_its_own(monitored):
    ports = served(monitored)
    shown = [requests.get(f"http://127.0.0.1:{port}/metrics", timeout=10).text for port in ports]

    assert len(ports) == 4
    assert sum("\nflink_jobmanager_Status_JVM_CPU_Load{" in text for text in shown) == 1
    assert sum("\nflink_taskmanager_Status_JVM_CPU_Load{" in text for text in shown) == 3
    assert sum("operator_numRecordsIn{" in text for text in shown) == 3
    assert [text for text in shown if LIVE_USERS in text or LIVE_ALERTS in text] == []  # text, which is no number


def test_a_cluster_that_serves_metrics_says_where_and_is_not_taken_for_one_that_does_not(monitored):
    same = monitored.run("cluster", "up", "--port", monitored.port, "--metrics", monitored.metrics_port)
    other = monitored.up()

    assert same.returncode == 0
    assert same.stdout.splitlines()[1] == (
        f"Metrics: /metrics on ports {monitored.metrics_port}-{monitored.metrics_port + 13}, on all addresses of "
        "this machine"
    )
    assert (other.returncode, other.stderr) == (
        4,
        f"Error: Another cluster is up: port {monitored.port}, 3 TaskManagers, 9 slots, metrics from port "
        f"{monitored.metrics_port} on. "
        "Stop it first: flink-abnormal cluster down\n",
    )


def test_every_query_of_the_board_finds_data(prometheus):
    panels = json.loads(BOARD.read_text(encoding="utf-8"))["panels"]
    queries = [target["expr"] for panel in panels for target in panel["targets"]]

    for query in queries:
        wait_until(lambda query=query: prometheus.values(query), query)

    assert len(queries) == len(set(queries)) >= len(panels)


def test_every_rule_finds_data_and_no_alert_fires_while_all_is_well(prometheus):
    rules = wait_until(prometheus.rules, "the rules")
    alerts = {rule["name"]: rule["query"] for rule in rules if rule["type"] == "alerting"}
    records = [rule["name"] for rule in rules if rule["type"] == "recording"]

    for name in records:
        wait_until(lambda name=name: prometheus.values(name), name)
    for query in alerts.values():
        wait_until(lambda query=query: prometheus.values(query) == [], f"nothing to tell of {query}")
        for part in query.split(" and "):
            asked = re.sub(r" (<=|<|>) ", r" \1 bool ", part)  # 0 or 1, where the comparison alone drops the sample
            wait_until(lambda asked=asked: prometheus.values(asked) in ([0], [1]), asked)
    healthy = {rule["name"]: (rule["health"], rule.get("lastError")) for rule in prometheus.rules()}

    assert set(records) == {
        "expected:checkpoint_interval:seconds",
        "expected:taskmanagers",
        "job:checkpoint_age:seconds",
    }
    assert set(healthy.values()) == {("ok", None)}
    assert prometheus.values("expected:checkpoint_interval:seconds") == [5]
    assert prometheus.firing() == []


@pytest.mark.timeout(400)
def test_a_taskmanager_that_is_lost_raises_the_alerts_and_one_that_is_back_ends_them(monitored, prometheus):
    pid = monitored.pid("taskmanager-2")
    while pid is not None:  # the supervisor starts it again, until it gives it up
        os.kill(pid, signal.SIGKILL)
        pid = wait_until(lambda pid=pid: successor(monitored, pid), "the supervisor's answer")["pid"]

    wait_until(
        lambda: (
            prometheus.firing()
            == ["JobNotRunning", "JobRestarted", "NoCheckpoint", "NoFreeSlotAfterLoss", "TaskManagersMissing"]
        ),
        "the alerts of a loss",
    )

    os.kill(monitored.state()["supervisor"]["pid"], signal.SIGHUP)  # starts the TaskManagers anew
    wait_until(lambda: prometheus.firing() == ["JobRestarted"], "the end of the loss", 150)


def successor(cluster, pid):
    """Return what became of a TaskManager that was killed: another process, or no more."""
    member = next(member for member in cluster.state()["members"] if member["name"] == "taskmanager-2")
    if member["crash_loop"]:
        return {"pid": None}
    return {"pid": member["pid"]} if member["pid"] != pid else None
