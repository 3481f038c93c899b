"""What users do with jobs on a cluster."""

import json
import os
import re
import signal

import bad_files
import psutil
import pytest
from conftest import alerts, lines, records, wait_until
from expected import alerts_of, simulated, summary_of
from listening import open_to_others


def test_a_killed_taskmanager_costs_no_alert_and_doubles_none(cluster, tmp_path):
    events = simulated(events=160)
    client = cluster.start(
        *("run", "-py", "jobs/abnormal.py"),
        *cluster.job("--events", 160, "--interval", "100ms", "--checkpoint-interval", "1s", "--no-emit-log"),
        *("--sink", "files", "--sink", "print", "--output", tmp_path / "결과", "--roll", "2s"),
        command="flink",
    )
    wait_until(lambda: list(cluster.checkpoints.glob("*/chk-[3-9]/_metadata")), "a third checkpoint")
    before = cluster.state()

    os.kill(cluster.pid("taskmanager-2"), signal.SIGKILL)

    assert client.wait(120) == 0
    said = client.output.read_text(encoding="utf-8")
    assert said.splitlines()[-1] == summary_of(events)
    assert alerts(tmp_path / "결과") == alerts_of(events)
    restarts = {m["name"]: m["restarts"] for m in cluster.state()["members"]}
    assert restarts == {m["name"]: m["restarts"] + (m["name"] == "taskmanager-2") for m in before["members"]}
    assert set(re.findall(r"The job is (\w+)", said)) == {"RESTARTING"}


def test_a_savepoint_moves_the_job_to_the_other_engine_and_backend_and_another_parallelism_and_back(cluster, tmp_path):
    events = simulated(events=160)
    job = cluster.job("--events", 160, "--interval", "100ms", "--checkpoint-interval", "1s", "--no-emit-log")
    job += ["--sink", "files", "--output", str(tmp_path / "out")]
    moved = ("--engine", "jvm", "--state-backend", "rocksdb", "--slots", "shared")
    moved += ("--source-parallelism", 1, "--process-parallelism", 1, "--sink-parallelism", 1)  # without a shuffle

    def savepoint_of(*options):
        submitted = cluster.run("submit", "--detached", *job, *options)
        assert submitted.returncode == 0, submitted.stderr
        job_id = submitted.stdout.split()[-1]
        wait_until(lambda: list(cluster.checkpoints.glob(f"{job_id}/chk-*/_metadata")), "a checkpoint")
        stopped = cluster.run("stop", job_id)
        assert stopped.returncode == 0, stopped.stderr
        return re.fullmatch(rf"Stopped job {job_id}; savepoint file:(\S+)\n", stopped.stdout)[1]

    there = savepoint_of(*moved, "--from", savepoint_of())
    back = cluster.run("submit", *job, "--from", there)

    assert back.returncode == 0, back.stderr
    assert back.stdout.splitlines()[-1] == summary_of(events)
    assert alerts(tmp_path / "out") == alerts_of(events)


def test_a_run_that_ends_before_its_first_checkpoint_after_a_restore_loses_no_alert(cluster, tmp_path):
    # Alerts without a pause, and a file of them finished by each checkpoint: the snapshot holds some on their way.
    job = cluster.job("--events", 100, "--abnormal-rate", 1, "--interval", "50ms", "--no-emit-log", "--roll", "1s")
    job += ["--checkpoint-interval", "1s", "--sink", "files", "--output", str(tmp_path / "out")]
    submitted = cluster.run("submit", "--detached", *job)
    assert submitted.returncode == 0, submitted.stderr
    wait_until(lambda: list(cluster.checkpoints.glob("*/chk-[3-9]/_metadata")), "a third checkpoint")
    cluster.run("cancel", submitted.stdout.split()[-1])

    # The first checkpoint would come ten seconds after all tasks run.
    resumed = ("-py", "jobs/abnormal.py", *job, "--checkpoint-interval", "1h", "--from", "latest")
    done = cluster.run("run", *resumed, command="flink", seconds=150)

    assert done.returncode == 0, done.stderr
    assert alerts(tmp_path / "out") == alerts_of(simulated(events=100, rate=1))


def test_a_detached_job_is_listed_shown_followed_and_cancelled(cluster):
    submitted = cluster.run("submit", "--detached", *cluster.job("--interval", "50ms"))
    assert submitted.returncode == 0, submitted.stderr
    job = submitted.stdout.split()[-1]
    wait_until(lambda: "10 of 10" in cluster.run("list").stdout, "all tasks running")
    wait_until(lambda: lines(cluster.run("logs", "--no-follow", job).stdout, "[ALERT]"), "an alert in the logs")
    wait_until(lambda: "Latest: #" in cluster.run("status").stdout, "a completed checkpoint")
    # One that is triggered before all tasks run would fail.
    assert "Checkpoints: 1 completed, 0 failed, 0 restored" in cluster.run("status").stdout
    # The cluster has flink-python, and is not sent its 42 MB again.
    shipped = [file for file in (cluster.folder / ".flink").rglob(f"job_{job}/blob_*") if file.stat().st_size > 5 << 20]
    assert shipped == []

    assert open_to_others(cluster.pids()) == set()
    full = cluster.run("submit", *cluster.job())
    assert (full.returncode, full.stdout) == (4, "")
    assert full.stderr == (
        "Error: The job needs 9 slots (isolated) and the cluster has 0 free of 9. Cancel a job, start more "
        "TaskManagers, or give --slots shared or a smaller --source-parallelism, --process-parallelism, "
        "--sink-parallelism.\n"
    )
    assert "Slots: 0 free of 9" in cluster.run("cluster", "status").stdout
    assert f"{job}  Internal Keyed State Abnormal Count Example: RUNNING" in cluster.run("status").stdout
    assert cluster.run("cancel", job).stdout == f"Cancelled job {job}\n"
    assert "Slots: 9 free of 9" in cluster.run("cluster", "status").stdout


def test_process_mode_prints_the_same_lines_to_the_same_place(cluster):
    events = simulated(events=10)
    # Two processes of Python instead of six: each takes seconds to start.
    mode = ("--execution-mode", "process", "--source-parallelism", 1, "--process-parallelism", 1)

    done = cluster.run("submit", *cluster.job("--events", 10, "--interval", "100ms", *mode), seconds=150)

    assert done.returncode == 0, done.stderr
    assert "Python in process mode" in done.stderr
    assert done.stdout.splitlines()[-1] == summary_of(events)
    job = done.stdout.split()[2]
    printed = cluster.run("logs", "--no-follow", "--all", job).stdout
    for user, count, _ in alerts_of(events):
        assert f"[ALERT] userId={user} 이상행동 {count}회 감지!" in printed.splitlines()
    assert set(lines(printed, "[Source Emit]")) >= {event.log_line() for event in events}


def test_a_run_that_understood_nothing_says_why_to_whoever_submitted_it(cluster, tmp_path):
    source = tmp_path / "events.jsonl"
    source.write_text('{"actor": "kim"}\n', encoding="utf-8")

    done = cluster.run("submit", *cluster.job("--source", "files", "--input", source))

    assert done.stdout.splitlines()[-1] == (
        "read 1 = valid 0 + skipped 0 + dead-lettered 1; events: abnormal 0, normal 0; alerts 0"
    )
    assert (done.returncode, done.stderr.splitlines()[-1]) == (
        2,
        f"Error: 0 of 1 lines could be used: the first, {source}:1, is rejected (the field 'userId' is missing), and "
        "has the fields actor; name the fields with --user-field and --abnormal-field, and the values with "
        "--abnormal-values or --normal-values.",
    )


@pytest.mark.thread_mode
def test_code_that_changed_under_the_taskmanagers_is_not_run_in_its_old_form(cluster):
    before = {name: cluster.pid(name) for name in ("taskmanager-1", "taskmanager-2", "taskmanager-3")}
    file = cluster.folder / ".flink" / "cluster.json"
    state = cluster.state()
    for member in state["members"]:
        member["code"] = "of yesterday"
    file.write_text(json.dumps(state))

    done = cluster.run("submit", *cluster.job("--events", 3, "--interval", "10ms"), seconds=150)

    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines()[0] == "The code changed since the TaskManagers started: restarting them."
    assert done.stdout.splitlines()[-1] == summary_of(simulated(events=3))
    assert all(cluster.pid(name) != pid for name, pid in before.items())


def test_options_that_look_like_flinks_own_reach_the_job(cluster):
    refused = cluster.run("run", "-py", "jobs/abnormal.py", *("--from", "latest", *cluster.job()), command="flink")
    wrong = cluster.run("run", "-py", "jobs/abnormal.py", "--intervall", "1s", command="flink")
    missing = cluster.run("run", "-py", "jobs/normal.py", command="flink")
    told = cluster.run(
        *("run", "-p", "2", "-py", "jobs/abnormal.py", *cluster.job("--events", 2, "--interval", "10ms")),
        command="flink",
    )

    assert refused.returncode != 0
    assert f"Error: --from latest found no checkpoint below {cluster.checkpoints}. Start without --from." in (
        refused.stdout + refused.stderr
    )
    assert wrong.returncode == 2
    assert "No such option '--intervall'" in wrong.stderr
    assert (missing.returncode, missing.stderr) == (
        2,
        "Error: -py jobs/normal.py does not exist. From the project's folder it is jobs/abnormal.py.\n",
    )
    assert told.returncode == 0, told.stderr
    assert "parallelism 2/2/2" in told.stdout + told.stderr


def test_a_second_up_changes_nothing(cluster):
    before = cluster.pids()

    again = cluster.up()

    assert again.returncode == 0
    assert again.stdout == (
        f"The cluster was already up: 3 TaskManagers, 9 slots; web UI http://127.0.0.1:{cluster.port}\n"
    )
    assert cluster.pids() == before
    assert [pid for pid in before if not psutil.pid_exists(pid)] == []


def test_bad_files_of_a_followed_folder_are_reported_once_also_after_a_savepoint(cluster, tmp_path):
    folder, out = tmp_path / "in", tmp_path / "out"
    users, letters = bad_files.write(folder)
    job = cluster.job("--source", "files", "--input", folder, "--follow", "--checkpoint-interval", "1s", "--roll", "1s")
    job += ["--sink", "files", "--output", str(out)]

    def submit(*options):
        done = cluster.run("submit", "--detached", *job, *options)
        assert done.returncode == 0, done.stderr
        return done.stdout.split()[-1]

    def reported():
        return sorted(
            (each["source"], each["line"], each["bytes"], each["reason"]) for each in records(out, "dead-letters")
        )

    first = submit()
    wait_until(lambda: len(alerts(out)) == len(users) and len(reported()) == len(letters), "all that there is")
    stopped = cluster.run("stop", first)
    assert stopped.returncode == 0, stopped.stderr
    second = submit("--from", re.search(r"file:(\S+)", stopped.stdout)[1])
    (tmp_path / "later.jsonl").write_bytes(bad_files.events("later"))
    (tmp_path / "later.jsonl").rename(folder / "later.jsonl")
    wait_until(lambda: ("later", 3) in [(user, count) for user, count, _ in alerts(out)], "the alert of a later file")

    assert cluster.run("cancel", second).returncode == 0
    assert [(user, count) for user, count, _ in alerts(out)] == [(user, 3) for user in sorted([*users, "later"])]
    assert reported() == letters
