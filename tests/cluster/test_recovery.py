import os
import re
import signal

import pytest
from conftest import alerts, wait_until
from expected import alerts_of, simulated, summary_of

pytestmark = pytest.mark.xdist_group("cluster")


def test_a_killed_taskmanager_costs_no_alert_and_doubles_none(cluster, tmp_path):
    events = simulated(events=250)
    client = cluster.start(
        *("run", "-py", "jobs/abnormal.py"),
        *cluster.job("--events", 250, "--interval", "100ms", "--checkpoint-interval", "1s", "--no-emit-log"),
        *("--sink", "files", "--sink", "print", "--output", tmp_path / "out", "--roll", "2s"),
        command="flink",
    )
    wait_until(lambda: list(cluster.checkpoints.glob("*/chk-[3-9]/_metadata")), "a third checkpoint")
    before = cluster.state()

    os.kill(cluster.pid("taskmanager-2"), signal.SIGKILL)

    assert client.wait(120) == 0
    said = client.output.read_text(encoding="utf-8")
    assert said.splitlines()[-1] == summary_of(events)
    assert alerts(tmp_path / "out") == alerts_of(events)
    restarts = {m["name"]: m["restarts"] for m in cluster.state()["members"]}
    assert restarts == {m["name"]: m["restarts"] + (m["name"] == "taskmanager-2") for m in before["members"]}
    assert set(re.findall(r"The job is (\w+)", said)) == {"RESTARTING"}


def test_a_savepoint_moves_the_job_to_the_other_backend_and_another_parallelism(cluster, tmp_path):
    events = simulated(events=120)
    job = cluster.job("--events", 120, "--interval", "100ms", "--checkpoint-interval", "1s", "--no-emit-log")
    job += ["--sink", "files", "--output", str(tmp_path / "out")]
    submitted = cluster.run("submit", "--detached", *job)
    assert submitted.returncode == 0, submitted.stderr
    job_id = submitted.stdout.split()[-1]
    wait_until(lambda: list(cluster.checkpoints.glob("*/chk-[2-9]/_metadata")), "a second checkpoint")

    stopped = cluster.run("stop", job_id)
    assert stopped.returncode == 0, stopped.stderr
    savepoint = re.fullmatch(rf"Stopped job {job_id}; savepoint file:(\S+)\n", stopped.stdout)[1]
    resumed = cluster.run(
        *("submit", *job, "--from", savepoint, "--state-backend", "rocksdb", "--slots", "shared"),
        *("--source-parallelism", 2, "--process-parallelism", 4, "--sink-parallelism", 1),
    )

    assert resumed.returncode == 0, resumed.stderr
    assert resumed.stdout.splitlines()[-1] == summary_of(events)
    assert alerts(tmp_path / "out") == alerts_of(events)


def test_a_failed_checkpoint_is_counted_and_the_job_goes_on(cluster):
    submitted = cluster.run(
        "submit", "--detached", *cluster.job("--interval", "100ms", "--checkpoint-interval", "500ms", "--no-emit-log")
    )
    job = submitted.stdout.split()[-1]
    folder = cluster.checkpoints / job
    aside = cluster.checkpoints / "aside"

    def counts():
        shown = cluster.run("status", job).stdout
        found = re.search(r"Checkpoints: (\d+) completed, (\d+) failed, 0 restored", shown)
        return (int(found[1]), int(found[2])) if found else (0, 0)

    wait_until(lambda: counts()[0] >= 2, "two checkpoints")
    before = counts()[1]
    folder.rename(aside)
    folder.touch()  # no checkpoint can be written below a file
    wait_until(lambda: counts()[1] >= before + 2, "two failed checkpoints")
    folder.unlink()
    aside.rename(folder)
    completed = counts()[0]
    wait_until(lambda: counts()[0] >= completed + 2, "checkpoints again")

    assert f"{job}  Internal Keyed State Abnormal Count Example: RUNNING" in cluster.run("status", job).stdout
    assert "Last failure" not in cluster.run("status", job).stdout
