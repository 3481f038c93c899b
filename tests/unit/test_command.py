import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import BIN, wait_until

SAYS = """
import os, sys, time
from flink_abnormal.cli import command
from flink_abnormal.submission import terminal
from flink_abnormal.core.errors import ClusterError

def verb():
    print("a line", flush=True)
    {then}

command.run(verb)
"""
READS_ON = "sys.stdin.readline(); print('another', flush=True)"


def started(then):
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen([sys.executable, "-c", SAYS.format(then=then)], text=True, **pipes)


def ended(process, *, reader):
    """Return the exit code and what was said; without a reader, it goes after the first line."""
    assert process.stdout.readline() == "a line\n"
    if not reader:
        process.stdout.close()
    said = process.stderr
    process.stdin.write("\n")
    process.stdin.close()
    code = process.wait(30)
    return code, said.read()


@pytest.mark.parametrize(
    ("then", "code", "said"),
    [
        (READS_ON, 0, ""),
        ("sys.stdin.readline(); sys.stdout.write('never flushed')", 0, ""),
        ("sys.stdin.readline(); sys.exit(1)", 0, ""),  # as click and Rich end
        ("sys.stdin.readline(); sys.exit(2)", 2, ""),
        ("sys.stdin.readline(); open('/nowhere/at/all')", 3, "Error: /nowhere/at/all: No such file or directory.\n"),
        ("sys.stdin.readline(); raise ClusterError('None is up.')", 4, "Error: None is up.\n"),
    ],
)
def test_the_end_of_the_reader_is_the_quiet_end_of_a_command_and_hides_no_other_error(then, code, said):
    with started(then) as process:
        assert ended(process, reader=False) == (code, said)


def test_with_a_reader_the_exit_code_is_the_commands_own():
    with started("sys.stdin.readline(); sys.exit(1)") as process:
        assert ended(process, reader=True) == (1, "")


def test_a_stream_that_the_shell_has_closed_is_no_error():
    closed = subprocess.run(
        ["sh", "-c", f"exec '{sys.executable}' -c \"$0\" >&- 2>&-", SAYS.format(then="terminal.say('this')")],
        check=False,
        capture_output=True,
    )

    assert (closed.returncode, closed.stdout, closed.stderr) == (0, b"", b"")


def test_whoever_waits_for_the_end_of_the_reader_learns_it_at_once():
    with started("terminal.when_reader_left(lambda: os._exit(7)); sys.stdin.readline()") as process:
        assert process.stdout.readline() == "a line\n"
        process.stdout.close()
        assert process.wait(30) == 7


@pytest.mark.parametrize("library", ["_json", "_decimal", "_psutil"])
def test_ctrl_c_while_a_command_is_still_being_imported_ends_it_quietly(tmp_path, library):
    env = {**os.environ, "FLINK_ABNORMAL_HOME": str(tmp_path)}
    arguments = ["keep", "--jobmanager", "127.0.0.1:1"]
    with subprocess.Popen(
        [BIN / "flink-abnormal", *arguments], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        wait_until(lambda: library in Path(f"/proc/{process.pid}/maps").read_text(), "its imports")
        process.send_signal(signal.SIGINT)
        assert (process.wait(30), process.stdout.read(), process.stderr.read()) == (0, "", "")


def test_ctrl_c_ends_a_command_after_it_has_cleared_up():
    clears = "try: print('ready', flush=True); time.sleep(60)\n    finally: print('cleared', flush=True)"
    with started(clears) as process:
        wait_until(lambda: process.stdout.readline() == "ready\n", "its work")
        process.send_signal(signal.SIGINT)
        assert (process.wait(30), process.stdout.read(), process.stderr.read()) == (0, "cleared\n", "")
