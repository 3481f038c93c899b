import os
import signal

import pytest
from conftest import alerts, wait_until
from expected import alerts_of, simulated, summary_of


def stop(process):
    os.kill(process.pid, signal.SIGINT)
    process.wait(60)


@pytest.fixture
def stopped_run(cli, tmp_path):
    """A bounded run that Ctrl-C ended after its second checkpoint; returns its options."""
    options = cli.job("--events", 80, "--interval", "100ms", "--checkpoint-interval", "500ms", "--no-emit-log")
    options += ["--sink", "files", "--output", str(tmp_path / "out")]
    process = cli.start("run", *options)
    wait_until(lambda: list(cli.checkpoints.glob("*/chk-[2-9]/_metadata")), "a second checkpoint")
    stop(process)
    assert process.returncode == 0
    said = process.output.read_text()
    assert said.splitlines()[-1] == ("Stopped. The same command with --from latest continues from the last checkpoint.")
    assert "Traceback" not in said
    return options


def test_a_run_that_was_stopped_goes_on_without_a_gap_or_a_repetition(cli, tmp_path, stopped_run):
    events = simulated(events=80)

    done = cli.run("run", *stopped_run, "--from", "latest")

    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == summary_of(events)
    assert alerts(tmp_path / "out") == alerts_of(events)


@pytest.mark.thread_mode
def test_a_snapshot_that_the_job_cannot_start_from_is_refused_with_a_sentence(cli, tmp_path, stopped_run):
    taken = max(cli.checkpoints.glob("*/chk-*"), key=lambda folder: int(folder.name.removeprefix("chk-")))
    empty = tmp_path / "empty.jsonl"
    empty.touch()

    def refusal(*options):
        done = cli.run("run", *cli.job(*options), "--from", "latest")
        assert (done.returncode, done.stdout) == (2, "")
        return done.stderr

    bounded = ("--events", 80)
    assert refusal(*bounded, "--execution-mode", "process") == (
        f"Error: {taken} was taken in thread mode, and its state can't be read in process mode: "
        "give --execution-mode thread.\n"
    )
    assert refusal(*bounded, "--state-backend", "rocksdb") == (
        f"Error: {taken} contains the native state of hashmap, which rocksdb can't read: give --state-backend hashmap. "
        "Only a savepoint can move between the two.\n"
    )
    assert refusal("--interval", "1s") == (
        f"Error: {taken} was taken in a run with an end, and this one has no end, which a snapshot can't change: "
        "give --events or --follow as in that run.\n"
    )
    assert refusal("--source", "files", "--input", empty) == (
        f"Error: {taken} was taken with a --source other than files.\n"
    )


def test_from_latest_without_a_checkpoint_says_so(cli):
    done = cli.run("run", *cli.job("--from", "latest"))

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (f"Error: --from latest found no checkpoint below {cli.checkpoints}. Start without --from.\n")
