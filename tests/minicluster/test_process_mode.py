"""A machine without Python's shared library, which thread mode loads: nobody finds one here."""

import shlex
import socket
import subprocess
import sys

import pytest
from conftest import BIN, lines
from expected import alerts_of, simulated, summary_of

from flink_abnormal.runtime import python_library


@pytest.fixture
def no_library(tmp_path):
    """The environment in which pemja, and who looks for the library before it, is told that there is none."""
    folder = tmp_path / "first"
    folder.mkdir()
    (folder / "find_libpython.py").write_text("def find_libpython():\n    return None\n")
    return {"PYTHONPATH": str(folder)}


def test_without_pythons_shared_library_a_run_says_what_to_install_and_goes_on_in_process_mode(
    cli, tmp_path, no_library
):
    events = simulated(events=8)
    run = shlex.join([str(BIN / "flink-abnormal"), "run", *cli.job("--events", 8, "--interval", "50ms")])

    with (tmp_path / "output.txt").open("wb") as output:  # one file for both outputs, as in `make run > file 2>&1`
        subprocess.run(
            ["sh", "-c", f"{run}; echo ended $?"],
            env=cli.env | no_library,
            stdout=output,
            stderr=output,
            timeout=90,
            check=True,
        )

    shown = (tmp_path / "output.txt").read_text(encoding="utf-8")
    install = python_library.advice(sys.base_prefix, python_library._distributions())
    assert shown.splitlines()[:3] == [
        "Python's shared library is missing, so the job runs in process mode. Thread mode is faster; to use it, "
        "install: "
        f"{install}",
        "Job: Internal Keyed State Abnormal Count Example",
        "Source random, seed 93; parallelism 3/3/3 (source/process/sink), slots shared; Python in process mode; "
        "state hashmap",
    ]
    assert sorted(lines(shown, "[Source Emit]")) == sorted(event.log_line() for event in events)
    assert len(lines(shown, "[ALERT]")) == len(alerts_of(events))
    ending = [line for line in shown.splitlines() if not line.startswith("Made ")]  # progress, where the run takes long
    assert ending[-2:] == [summary_of(events), "ended 0"]


def test_without_pythons_shared_library_thread_mode_is_refused(cli, no_library):
    done = cli.run("run", *cli.job("--execution-mode", "thread"), env=no_library)

    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith("Error: --execution-mode thread needs Python's shared library, which ")


def test_process_mode_prints_to_a_socket_as_services_have_it(cli):
    events = simulated(events=5)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        run = [BIN / "flink-abnormal", "run", *cli.job("--events", 5, "--interval", "50ms", "--no-emit-log")]
        process = subprocess.Popen([*run, "--execution-mode", "process"], env=cli.env, stdout=theirs)
        theirs.close()
        ours.settimeout(90)
        shown = b"".join(iter(lambda: ours.recv(4096), b"")).decode()

    assert process.wait(60) == 0
    assert len(lines(shown, "[ALERT]")) == len(alerts_of(events))
    assert shown.splitlines()[-1] == summary_of(events)
