"""The README's two commands on machines that have nothing else: bare containers of Debian 12 and 13.

Two of them, at the same time: with and without Java, as root and as a user, and with and without Python's shared
library, which is installed in between. `make test` runs a part: what looks for Java and for the library, and two whole
jobs, one of them in thread mode only; all of its levels need what CI installs.
"""

import os
import subprocess
import uuid

import pytest
from conftest import PROJECT, lines
from expected import alerts_of, simulated, summary_of

pytestmark = pytest.mark.timeout(1800)
SECONDS = 1500
EVENTS = 5
RUN = f"make run ARGS='--interval 100ms --events {EVENTS} --checkpoint-dir ~/checkpoints'"
PART = (
    "tests/unit/test_java.py",
    "tests/unit/test_python_library.py",
    "tests/minicluster/test_random_job.py::test_threshold_seed_and_rate_reach_the_job",
    "tests/minicluster/test_state_layout.py",  # in thread mode only
)
TEST = f"make test ARGS='{' '.join(PART)}'"
LEFT_OUT = " ".join(f"--exclude=./{name}" for name in (".venv", ".flink", ".git", "*.egg-info"))

PRELUDE = f"""
export DEBIAN_FRONTEND=noninteractive
install() {{ apt-get update -qq && apt-get install -y -qq --no-install-recommends "$@" >/dev/null 2>&1; }}
part() {{ echo "@@ $1"; shift; su "$1" -c "cd /home/app && $2 2>&1; echo exit \\$?"; }}
useradd --create-home me && mkdir /home/app && tar c -C /project {LEFT_OUT} . | tar x -C /home/app
"""
BOOKWORM, TRIXIE = "debian:bookworm-slim, a user, no Java", "debian:trixie-slim, root, Java"
STORIES = {
    BOOKWORM: f"""
chown -R me /home/app
install python3 python3-venv make
part run-without-library me "{RUN}"
part test-without-library me "{TEST}"
part thread-without-library me "make run ARGS='--execution-mode thread'"
install libpython3.11
part run-with-library me "{RUN}"
""",
    TRIXIE: f"""
install python3 python3-venv make openjdk-21-jre-headless
part run-with-3.13 root "make run"
# Python 3.11 of Debian 12 beside 3.13; to apt, its venv would be there instead of the other's.
sed s/trixie/bookworm/ /etc/apt/sources.list > /etc/apt/sources.list.d/bookworm.list
install python3.11 python3-setuptools-whl
cd /tmp && apt-get download -qq python3.11-venv && dpkg-deb -x python3.11-venv_*.deb /
part run-without-library root "{RUN}"
install libpython3.11
part run-with-library root "{RUN}"
""",
}
PASSED_ON = (
    "PIP_INDEX_URL",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "JVM_ARGS",
)


@pytest.fixture(scope="module")
def machines():
    """What each container said; all of them run at the same time."""
    run = ["docker", "run", "--rm", "--init", "--network", "host", "--volume", f"{PROJECT}:/project:ro"]
    run += [part for name in PASSED_ON if name in os.environ for part in ("--env", name)]
    started = {story: f"flink-abnormal-bare-{uuid.uuid4().hex[:8]}" for story in STORIES}
    said = {
        story: subprocess.Popen(
            [*run, "--name", name, story.partition(",")[0], "bash", "-c", PRELUDE + STORIES[story]],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
        )
        for story, name in started.items()
    }
    try:
        yield {story: parts(process.communicate(timeout=SECONDS)[0]) for story, process in said.items()}
    finally:
        for name in started.values():
            subprocess.run(["docker", "rm", "--force", name], capture_output=True, timeout=60, check=False)


def parts(text):
    """Return the parts of what a container said, by their names."""
    found = (part.partition("\n") for part in text.split("@@ ")[1:])
    return {name: said for name, _, said in found}


def check_run(said, mode):
    """A run printed the alerts of the rule and its figures, and says what is missing."""
    events = simulated(events=EVENTS)
    assert said.splitlines()[-1] == "exit 0", said
    assert len(lines(said, "[ALERT]")) == len(alerts_of(events)), said
    assert lines(said, "read ") == [summary_of(events)]
    assert f"Python in {mode} mode" in said
    missing = "Python's shared library is missing, so the job runs in process mode. Thread mode is faster; to use it, "
    assert lines(said, "Python's shared") == (
        [] if mode == "thread" else [f"{missing}install: apt-get install libpython3.11"]
    )


@pytest.mark.parametrize("story", STORIES)
def test_make_run_raises_alerts_with_and_without_the_shared_library(machines, story):
    check_run(machines[story]["run-without-library"], "process")
    check_run(machines[story]["run-with-library"], "thread")


def test_make_test_passes_and_skips_without_the_library_what_needs_it_alone(machines):
    said = machines[BOOKWORM]["test-without-library"]
    reason = "Python's shared library is missing, which thread mode needs: apt-get install libpython3.11"

    assert said.splitlines()[-1] == "exit 0", said
    assert " passed" in said
    assert {line.endswith(reason) for line in lines(said, "SKIPPED")} == {True}


def test_without_the_library_thread_mode_is_refused(machines):
    said = machines[BOOKWORM]["thread-without-library"]

    assert lines(said, "Error:") == [
        "Error: --execution-mode thread needs Python's shared library, which /home/app/.venv/bin/python lacks. Install "
        "it (apt-get install libpython3.11), or give --execution-mode process."
    ]
    assert said.splitlines()[-1] == "exit 2"  # of make, whose command ended with 3
    assert "Error 3" in said


def test_a_python_that_pyflink_does_not_run_on_is_refused_with_what_to_do(machines):
    said = machines[TRIXIE]["run-with-3.13"]

    assert said.splitlines()[0].startswith("PyFlink runs on Python 3.10, 3.11 or 3.12, and python3 is Python 3.13.")
    assert said.splitlines()[0].endswith("then run: make PYTHON=/path/to/python3.12 run")
    assert said.splitlines()[-1] == "exit 2"
