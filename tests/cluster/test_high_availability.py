"""One file, so that one worker runs it: its tests share a cluster of three JobManagers."""

import os
import signal
import socket

import psutil
import pytest
from cluster_tools import ONE_TASKMANAGER, LocalCluster, free_ports
from conftest import alerts, lines, wait_until
from expected import alerts_of, simulated, summary_of
from listening import open_to_others

JOBMANAGERS = ["jobmanager-1", "jobmanager-2", "jobmanager-3"]
pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def whole_module(tmp_path_factory):
    local = LocalCluster(tmp_path_factory.mktemp("ha"), free_ports(3), "--ha", *ONE_TASKMANAGER)
    try:
        started = local.up()
        assert started.returncode == 0, started.stderr
        yield local
    finally:
        local.end()
        pids = local.pids() if (local.folder / ".flink" / "cluster.json").exists() else []
        local.run("cluster", "down")
        assert [pid for pid in pids if psutil.pid_exists(pid)] == []


@pytest.fixture
def cluster(whole_module, tmp_path):
    """The cluster with all its members, no job, and folders of this test."""
    wait_until(lambda: whole_module.run("cluster", "status").returncode == 0, "a whole cluster")
    whole_module.checkpoints = tmp_path / "checkpoints"
    yield whole_module
    whole_module.end()
    if "RUNNING" in whole_module.run("list").stdout:
        whole_module.run("cancel")


def job(cluster, events, output):
    options = ("--events", events, "--interval", "100ms", "--checkpoint-interval", "1s", "--no-emit-log")
    return cluster.job(*options, "--sink", "files", "--output", output)


def kill(cluster, name):
    """Kill a member with SIGKILL and return its pid."""
    pid = cluster.pid(name)
    os.kill(pid, signal.SIGKILL)
    return pid


def restarts(cluster):
    return {member["name"]: member["restarts"] for member in cluster.state()["members"]}


def checkpoints(cluster, beyond):
    """Return the completed checkpoints with a number above `beyond`."""
    numbers = [int(file.parent.name[4:]) for file in cluster.checkpoints.glob("*/chk-*/_metadata")]
    return [number for number in numbers if number > beyond]


def test_three_jobmanagers_and_a_zookeeper_are_up_and_listen_on_this_machine_only(cluster):
    status = cluster.run("cluster", "status")

    assert status.returncode == 0, status.stderr
    names = [line.split()[1] for line in lines(status.stdout, "│ ")]
    assert names == ["zookeeper", *JOBMANAGERS, "taskmanager-1"]
    assert len([line for line in lines(status.stdout, "│ jobmanager") if "runs, leads" in line]) == 1
    ports = f"web UI http://127.0.0.1:{cluster.port} (also {cluster.port + 1}, {cluster.port + 2})"
    assert f"Slots: 9 free of 9; {ports}" in status.stdout.splitlines()
    assert open_to_others(cluster.pids()) == set()
    again = cluster.up()
    assert again.stdout == f"The cluster was already up: 3 JobManagers, 1 TaskManager, 9 slots; {ports}\n"


def test_leaders_that_are_killed_one_after_the_other_cost_no_alert(cluster, tmp_path):
    events = simulated(events=300)
    options = job(cluster, 300, tmp_path / "out")
    client = cluster.start("run", "-py", "jobs/abnormal.py", *options, command="flink")
    expected = restarts(cluster)
    reached = 0
    for _ in range(2):
        reached = max(wait_until(lambda reached=reached: checkpoints(cluster, beyond=reached), "a later checkpoint"))
        killed = wait_until(cluster.leader, "a leader")
        expected[killed] += 1
        pid = kill(cluster, killed)
        wait_until(lambda pid=pid, killed=killed: cluster.pid(killed) != pid, "the killed JobManager's return")

    assert client.wait(240) == 0, client.output.read_text(encoding="utf-8")
    assert client.output.read_text(encoding="utf-8").splitlines()[-1] == summary_of(events)
    assert alerts(tmp_path / "out") == alerts_of(events)
    assert restarts(cluster) == expected


def test_a_killed_zookeeper_comes_back_and_the_job_goes_on(cluster, tmp_path):
    events = simulated(events=160)
    client = cluster.start("submit", *job(cluster, 160, tmp_path / "out"))
    wait_until(lambda: checkpoints(cluster, beyond=2), "a third checkpoint")
    before = restarts(cluster)

    kill(cluster, "zookeeper")

    assert client.wait(180) == 0, client.output.read_text(encoding="utf-8")
    assert client.output.read_text(encoding="utf-8").splitlines()[-1] == summary_of(events)
    assert alerts(tmp_path / "out") == alerts_of(events)
    assert restarts(cluster) == {**before, "zookeeper": before["zookeeper"] + 1}


def test_who_leads_can_be_asked_for_by_a_program(cluster):
    leader = wait_until(cluster.leader, "a leader")

    def told(*arguments):
        done = cluster.run("-m", "flink_abnormal.runtime.leader_lookup", *arguments, command="python")
        return (done.returncode, done.stdout, done.stderr)

    rest = f"127.0.0.1:{cluster.port + JOBMANAGERS.index(leader)}"
    assert told() == (0, "127.0.0.1\n", "")
    assert told("rest") == (0, f"{rest}\n", "")
    code, rpc, _ = told("rpc")
    assert (code, rpc.rpartition(":")[0]) == (0, "localhost")


def test_any_live_jobmanager_answers_for_the_leader(cluster):
    leader = wait_until(cluster.leader, "a leader")
    ports = {name: cluster.port + number for number, name in enumerate(JOBMANAGERS)}
    others = [port for name, port in ports.items() if name != leader]

    wide = {"COLUMNS": "160"}
    shown = [
        cluster.run("list", "--jobmanager", f"127.0.0.1:{port}", env=wide).stdout for port in (ports[leader], *others)
    ]

    assert shown[0].splitlines()[1].split("┃")[1].strip() == "Job"
    assert shown == [shown[0]] * 3


def test_a_port_of_the_three_that_is_taken_is_named(tmp_path):
    port = free_ports(3)
    for number in range(3):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", port + number))
            taken.listen()
            refused = LocalCluster(tmp_path, port, "--ha").up()

        assert (refused.returncode, refused.stdout) == (3, "")
        assert refused.stderr == (
            f"Error: Port {port + number} is in use by another program (--ha takes {port} to {port + 2}). Stop it, or "
            "choose another: flink-abnormal cluster up --ha --port 8091\n"
        )


def test_three_ports_have_to_fit(tmp_path):
    refused = LocalCluster(tmp_path, 65534, "--ha").up()

    assert (refused.returncode, refused.stdout, refused.stderr) == (
        2,
        "",
        "Error: --ha takes three ports, 65534 to 65536: choose a --port below 65534.\n",
    )


def test_a_jobmanager_that_dies_again_and_again_is_given_up_and_named_and_the_others_go_on(cluster):
    leader = wait_until(cluster.leader, "a leader")
    follower = next(name for name in JOBMANAGERS if name != leader)

    def given_up():
        return {member["name"]: member["crash_loop"] for member in cluster.state()["members"]}[follower]

    for _ in range(5):
        pid = kill(cluster, follower)
        wait_until(lambda pid=pid: cluster.pid(follower) != pid or given_up(), "the supervisor's answer")

    status = cluster.run("cluster", "status")
    shown = next(line for line in lines(status.stdout, "│ ") if line.split()[1] == follower)
    assert (status.returncode, "gave up: it kept dying" in shown) == (4, True)
    assert cluster.leader() == leader
    assert cluster.run("list").returncode == 0
    assert cluster.run("cluster", "down").stdout == "The cluster is down.\n"
