import json
import os
import signal
import socket

import psutil
import pytest
from cluster_tools import LocalCluster, free_port
from conftest import wait_until


@pytest.fixture
def small(tmp_path):
    """A home for a cluster of one TaskManager; whatever a test leaves is ended."""
    local = LocalCluster(tmp_path, free_port())
    yield local
    local.run("cluster", "down")


def set_the_clock(local, seconds):
    """Let the state say what it would if the clock had been set since: each process began at another time of day."""
    state = local.state()
    for member in [state["supervisor"], *state["members"]]:
        member["created"] -= seconds
    (local.folder / ".flink" / "cluster.json").write_text(json.dumps(state))


def up(local):
    return local.run("cluster", "up", "--port", local.port, "--taskmanagers", 1, "--slots", 1)


def test_a_taskmanager_that_dies_again_and_again_is_given_up_and_reported(small):
    assert up(small).returncode == 0
    for _ in range(5):
        pid = small.pid("taskmanager-1")
        os.kill(pid, signal.SIGKILL)
        wait_until(
            lambda pid=pid: small.pid("taskmanager-1") != pid or small.state()["members"][1]["crash_loop"],
            "the supervisor's answer",
        )

    status = small.run("cluster", "status")

    assert status.returncode == 4
    assert "gave up: it kept dying" in status.stdout
    assert small.run("cluster", "down").stdout == "The cluster is down.\n"


def test_a_killed_member_leaves_nothing_behind_and_is_started_again_though_that_cannot_be_written_down(small):
    assert up(small).returncode == 0
    blocked = small.folder / ".flink" / "cluster.new"
    blocked.mkdir()
    temporary = small.folder / ".flink" / "tmp"
    left = {name: set((temporary / name).iterdir()) for name in ("jobmanager", "taskmanager-1")}
    before = small.pids()
    for name in left:
        os.kill(small.pid(name), signal.SIGKILL)
    (said,) = (small.folder / ".flink" / "log").glob("flink-supervisor-*.out")
    wait_until(said.read_text, "the supervisor's report")
    blocked.rmdir()
    wait_until(lambda: len({*small.pids(), *before}) == len(before) + 2, "both again")
    assert up(small).returncode == 0

    assert {name: [each for each in files if each.exists()] for name, files in left.items()} == {
        "jobmanager": [],
        "taskmanager-1": [],
    }
    assert [len(list((temporary / "taskmanager-1").glob("tm_*"))), [*map(bool, left.values())]] == [1, [True, True]]
    assert small.run("cluster", "down").stdout == "The cluster is down.\n"
    assert temporary.exists() is False
    assert said.read_text() == (f"The state of the cluster can't be written: [Errno 21] Is a directory: '{blocked}'\n")


def test_what_a_killed_supervisor_left_is_ended_and_a_stale_state_is_forgotten(small):
    assert up(small).returncode == 0
    jobmanager = small.pid("jobmanager")
    os.kill(small.state()["supervisor"]["pid"], signal.SIGKILL)
    stale = small.state()

    status = small.run("cluster", "status")
    assert (status.returncode, status.stderr) == (4, "Error: No cluster is up. Start one: flink-abnormal cluster up\n")
    assert up(small).returncode == 0
    assert not psutil.pid_exists(jobmanager)
    pids = small.pids()
    set_the_clock(small, 3600)
    assert small.run("cluster", "down").stdout == "The cluster is down.\n"
    assert [pid for pid in pids if psutil.pid_exists(pid)] == []

    for member in stale["members"]:  # after a reboot the pids belong to others
        member["pid"] = os.getpid()
    (small.folder / ".flink" / "cluster.json").write_text(json.dumps(stale))
    assert small.run("cluster", "down").stdout == "No cluster was up.\n"


def test_a_port_that_is_taken_is_named(small):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", small.port))
        taken.listen()
        refused = up(small)

    assert (refused.returncode, refused.stdout) == (3, "")
    assert refused.stderr == (
        f"Error: Port {small.port} is in use by another program. Stop it, or choose another: flink-abnormal cluster up "
        "--port 8091\n"
    )


@pytest.mark.parametrize("verb", [("submit",), ("list",), ("status",), ("logs",), ("cancel",), ("stop",)])
def test_without_a_cluster_every_verb_says_how_to_start_one(small, verb):
    nowhere = f"127.0.0.1:{free_port()}"

    refused = small.run(*verb, "--jobmanager", nowhere)

    assert (refused.returncode, refused.stdout) == (4, "")
    assert refused.stderr == (
        f"Error: No Flink cluster answers at {nowhere}. Start one with `flink-abnormal cluster up`, "
        "or name another with --jobmanager HOST:PORT.\n"
    )
