"""Drills on a real local cluster."""

import json
import os
import re
import signal

import psutil
import pytest
from cluster_tools import free_ports
from conftest import wait_until

pytestmark = pytest.mark.timeout(600)
SECONDS = 500
DEADLINE = ("--deadline", "2min")


@pytest.fixture
def report(tmp_path):
    """The file of the JSON report, and how to read it."""
    file = tmp_path / "report.json"
    return type("Report", (), {"option": ("--json", str(file)), "read": lambda: json.loads(file.read_text())})


def nothing_is_left(cluster):
    """No job of the drill runs, and nothing lies in its folder."""
    assert "Slots: 9 free of 9" in cluster.run("cluster", "status").stdout
    return list((cluster.folder / ".flink" / "drill").iterdir()) == []


def test_a_killed_taskmanager_and_a_full_disk_cost_no_alert_and_one_that_is_taken_away_is_found_out(cluster, report):
    strikes = ("--kill", "taskmanager", "--fill", "disk")
    done = cluster.run("drill", *strikes, "--tamper", "drop", *DEADLINE, *report.option, seconds=SECONDS)

    assert done.returncode == 1, done.stdout + done.stderr
    told = report.read()
    assert (told["verdict"], told["on"], told["slots"]) == ("failed", "local", "isolated")
    alerts = told["alerts"]
    (taken,) = alerts["missing"]
    assert (alerts["doubled"], alerts["unexpected"], alerts["outOfOrder"]) == ([], [], [])
    assert alerts["committed"] == alerts["expected"] - 1 > 0
    what = f"{taken['user_id']} count {taken['count']} (alertId {taken['alert_id']})"
    assert done.stderr == f"Error: The drill failed. 1 alert is missing: {what}\n"
    kill, fill = told["strikes"]
    assert (kill["kind"], kill["slots_used"], kill["slots_total"]) == ("kill taskmanager", 9, 9)
    assert 0 < kill["noticed_s"] < kill["recovered_s"]
    story = done.stdout[done.stdout.index("Strike 1 of 2") : done.stdout.index("Strike 2 of 2")]
    assert re.findall(
        r"taskmanager-\d is dead|JobManager noticed|restoring from checkpoint \d+|tasks run again", story
    ) == [
        f"{kill['victim']} is dead",
        "JobManager noticed",
        f"restoring from checkpoint {kill['restored_checkpoint']}",
        "tasks run again",
    ]
    assert (fill["not_running"], fill["restored_checkpoint"], fill["failure"]) == (0, None, None)
    assert re.search(r"3 checkpoints have failed; all \d+ tasks keep running", done.stdout)
    assert nothing_is_left(cluster)


def test_a_frozen_taskmanager_is_replaced_by_free_slots_and_wakes_up_without_harm(cluster, report):
    strike = ("--pause", "taskmanager", "--free-slots", "--engine", "jvm")
    done = cluster.run("drill", *strike, *DEADLINE, *report.option, seconds=SECONDS)

    assert done.returncode == 0, done.stdout + done.stderr
    (strike,) = report.read()["strikes"]
    assert (strike["slots_used"], strike["slots_total"]) == (3, 9)
    texts = [line["text"].partition(" (")[0] for line in strike["timeline"]]
    assert texts.index(f"{strike['victim']} is frozen") < texts.index(f"{strike['victim']} wakes up")


def test_a_killed_python_worker_of_process_mode_costs_no_alert(cluster, report):
    done = cluster.run("drill", "--kill", "worker-python", *DEADLINE, *report.option, seconds=SECONDS)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "Python in process mode" in done.stdout
    (strike,) = report.read()["strikes"]
    assert strike["timeline"][0]["text"].startswith(f"a Python worker of {strike['victim']} is dead")


@pytest.mark.thread_mode
def test_a_job_moves_to_the_other_engine_and_back(cluster, report):
    done = cluster.run("drill", *DEADLINE, *report.option, "swap", seconds=SECONDS)

    assert done.returncode == 0, done.stdout + done.stderr
    assert re.findall(r"Resuming it: in the (\w+) engine", done.stdout) == ["jvm", "python"]
    alerts = report.read()["alerts"]
    assert alerts["expected"] == alerts["committed"] > 0
    assert nothing_is_left(cluster)


@pytest.mark.thread_mode
def test_a_savepoint_of_the_previous_release_still_restores(cluster, report):
    done = cluster.run("drill", "upgrade", *DEADLINE, *report.option, seconds=SECONDS)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "of release 0.1.0; abnormalCount was 2 for user2, 3 for user3" in done.stdout
    assert (report.read()["alerts"]["expected"], report.read()["alerts"]["committed"]) == (123, 123)


def test_an_interrupted_drill_takes_back_what_it_did(cluster):
    drill = cluster.start("drill", "--pause", "taskmanager", *DEADLINE)
    frozen = wait_until(lambda: re.search(r"is frozen \(pid (\d+)\)", drill.output.read_text()), "the strike", SECONDS)

    os.kill(drill.pid, signal.SIGINT)

    assert drill.wait(120) == 130
    assert psutil.Process(int(frozen[1])).status() != psutil.STATUS_STOPPED
    assert "Traceback" not in drill.output.read_text()
    wait_until(lambda: "Slots: 9 free of 9" in cluster.run("cluster", "status").stdout, "free slots")
    assert nothing_is_left(cluster)


def test_what_can_not_be_had_is_refused_with_a_sentence(cluster):
    def refusal(*arguments):
        done = cluster.run("drill", *arguments)
        assert done.stdout == ""
        return done.returncode, done.stderr

    assert refusal("--kill", "jobmanager") == (
        2,
        "Error: --kill jobmanager is impossible here: the cluster has one JobManager, and its job dies with it. "
        "Restart it with high availability: flink-abnormal cluster down, then flink-abnormal cluster up --ha\n",
    )
    assert refusal("--cut", "network") == (
        2,
        "Error: --cut network is impossible here: processes of one machine share its network. Give --on compose.\n",
    )
    assert refusal() == (
        2,
        "Error: A drill needs a strike: name one, such as --kill taskmanager, or give --random.\n",
    )
    assert refusal("--kill", "taskmanager", "rescale") == (
        2,
        "Error: drill rescale has no strikes: leave --kill out.\n",
    )
    assert refusal("--kill", "taskmanager", "--time", "event") == (
        2,
        "Error: A drill in event time reads its events from Kafka: give --source kafka --sink kafka.\n",
    )
    assert refusal("--source", "kafka", "--sink", "kafka", "upgrade") == (
        2,
        "Error: The previous release had no Kafka: drill rescale moves a job with its transactions.\n",
    )
    assert refusal("--fill", "disk", "--json", "/nowhere/report.json") == (
        3,
        "Error: --json /nowhere/report.json can't be written: No such file or directory.\n",
    )


def test_a_cluster_without_room_is_left_alone(cluster):
    submitted = cluster.run("submit", "--detached", *cluster.job("--interval", "1s"))
    assert submitted.returncode == 0, submitted.stderr
    job = submitted.stdout.split()[-1]

    refused = cluster.run("drill", "--kill", "taskmanager")

    assert (refused.returncode, refused.stderr) == (
        4,
        "Error: The drill's job needs 9 slots and the cluster has 0 free of 9. Cancel the job that uses them "
        "(flink-abnormal cancel), or give --free-slots, which needs 3.\n",
    )
    assert f"{job}  Internal Keyed State Abnormal Count Example: RUNNING" in cluster.run("status", job).stdout


def test_a_killed_leader_costs_no_alert_on_a_cluster_that_lives_as_long_as_the_drill(cli, report):
    done = cli.run("drill", "--kill", "jobmanager", "--port", free_ports(3), *DEADLINE, *report.option, seconds=SECONDS)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "No local cluster is up: starting one for the drill with three JobManagers" in done.stdout
    (strike,) = report.read()["strikes"]
    assert strike["victim"].startswith("jobmanager-")
    assert re.search(r"jobmanager-\d leads now, and knows the job", done.stdout)[0].startswith("jobmanager-")
    assert "No cluster is up." in cli.run("cluster", "status").stderr
