import os
import re
import signal
import subprocess

import psutil
import pytest
from conftest import BIN, CommandLine, lines, wait_until


@pytest.fixture(scope="module", autouse=True)
def failing(tmp_path_factory):
    """A job whose output can't be made. It is given up after a minute of pauses, in which the other tests run."""
    line = CommandLine(tmp_path_factory.mktemp("failing"))
    (line.folder / "out").mkdir()
    (line.folder / "out" / "alerts").write_bytes(b"a file in the way of the folder")
    options = line.job("--sink", "files", "--output", line.folder / "out", "--append")
    pipes = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
    with subprocess.Popen([BIN / "flink-abnormal", "run", *options], env=line.env, text=True, **pipes) as process:
        yield line, process
        process.terminate()


def test_the_end_of_whoever_reads_is_the_quiet_end_of_a_run(cli):
    options = cli.job("--interval", "100ms")
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen([BIN / "flink-abnormal", "run", *options], env=cli.env, text=True, **pipes) as process:
        assert process.stdout.readline().startswith("[Source Emit] UserEvent{userId='user")
        process.stdout.close()

        assert process.wait(60) == 0
        assert [line.partition(" ")[0] for line in process.stderr] == ["Job:", "Source", "Checkpoints:"]


def java_children(pid):
    # A JVM that has threads of its own is past its start: Python is in calls to it.
    try:
        return [
            child for child in psutil.Process(pid).children() if child.name() == "java" and child.num_threads() > 10
        ]
    except psutil.NoSuchProcess:  # the one that only told its version
        return []


def test_ctrl_c_while_the_jvm_starts_ends_it_without_a_traceback(cli):
    process = cli.start("run", *cli.job("--execution-mode", "process"))
    jvms = wait_until(lambda: java_children(process.pid), "the JVM")

    os.kill(process.pid, signal.SIGINT)

    assert process.wait(60) == 0
    assert process.output.read_text() == "Stopped before the job had started.\n"
    assert psutil.wait_procs(jvms, timeout=60)[1] == []


def test_a_job_that_fails_at_once_again_and_again_is_given_up_with_its_reason(failing):
    line, process = failing

    _, said = process.communicate(timeout=150)

    assert process.returncode == 5
    assert set(lines(said, "The job is RESTARTING")) == {
        f"The job is RESTARTING: a task failed. The reason is in {line.folder / '.flink' / 'log'}."
    }
    (reason,) = lines(said, "Error:")
    assert re.sub(r"\.\.part-\S+:", "PART:", reason) == (
        f"Error: The job failed: {line.folder / 'out' / 'alerts'}/PART: Not a directory "
        f"(more in {line.folder / '.flink' / 'log'})"
    )
    assert "Traceback" not in said
