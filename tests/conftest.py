"""What all tests share: how the command line is run, how long is waited, and that nothing is skipped in CI."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from xdist.scheduler import LoadFileScheduling

from flink_abnormal.runtime import python_library

PROJECT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
DEADLINE_SECONDS = 90
# A JVM that lives for seconds spends a third of its processor time on compiling for a long life; one of many needs no
# threads of its own to collect garbage.
os.environ.setdefault("JVM_ARGS", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC")
REBOUND_HOST = "rebound.example"
"""A name that the tests' browser takes for 127.0.0.1."""


SHARED = {
    "cluster": tuple(f"tests/cluster/test_{name}" for name in ("dashboard", "drill", "jobs", "live")),
    "kafka": ("tests/kafka/",),
}
"""Files that share a cluster, by how they begin."""

SINGLE = ("tests/unit/test_dashboard_collector.py", "tests/unit/test_dashboard_faults.py")
"""Files whose tests mostly wait for servers that are slow on purpose: each test may run in another worker."""

_shared_in_folder = contextlib.ExitStack()


@pytest.fixture(scope="session")
def share():
    """Enters a context that lasts until a worker has run the folder's tests (a folder's tests come in a row)."""
    return _shared_in_folder.enter_context


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Where FLINK_ABNORMAL_NO_SKIP is set, a skipped test has failed: what CI can run, it must run."""
    report = yield
    if report.skipped and os.environ.get("FLINK_ABNORMAL_NO_SKIP"):
        report.outcome = "failed"
        report.longrepr = f"skipped where nothing may be: {report.longrepr}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item, nextitem):
    """End what the tests of a folder share with the last of them: an idle cluster takes time from those of the next."""
    result = yield
    if nextitem is None or nextitem.path.parent != item.path.parent:
        _shared_in_folder.close()
    return result


class ByCluster(LoadFileScheduling):
    """One worker runs the tests that share a cluster: those of a file, or of several; a few files are dealt out singly.

    xdist's own groups (3.8) write into an attribute that pytest 9.2 no longer reads.
    """

    def _split_scope(self, nodeid):
        file = nodeid.partition("::")[0]
        if file in SINGLE:
            return nodeid
        return next((name for name, files in SHARED.items() if file.startswith(files)), file)


def pytest_xdist_make_scheduler(config, log):
    """Deal the tests out to the workers of `make test`."""
    return ByCluster(config, log)


def pytest_runtest_setup(item):
    """Skip what needs thread mode where Python lacks its shared library."""
    if item.get_closest_marker("thread_mode") and (install := python_library.missing()):
        pytest.skip(f"Python's shared library is missing, which thread mode needs: {install}")


def wait_until(condition, what, seconds=DEADLINE_SECONDS):
    """Return the first true value of `condition()`; fail when it does not come in time.

    Between two questions it rests for three times as long as a question takes: a command that is run without a pause
    would take a core from what is waited for.
    """
    began = time.monotonic()
    while (asked := time.monotonic()) < began + seconds:
        value = condition()
        if value:
            return value
        time.sleep(max(0.1, 3 * (time.monotonic() - asked)))
    pytest.fail(f"waited {seconds} s in vain for {what}")


def _share_parts(work):
    """Let a home use what all others have: compiled Java parts, Flink's jars, and the archive of their classes."""
    work.mkdir(parents=True, exist_ok=True)
    for name in ("parts", "lib", "classes"):
        shared = PROJECT / ".flink" / name
        shared.mkdir(parents=True, exist_ok=True)
        if not (work / name).exists():
            (work / name).symlink_to(shared)


class CommandLine:
    """Runs the project's commands in a home of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.checkpoints = folder / "checkpoints"
        self.env = {**os.environ, "FLINK_ABNORMAL_HOME": str(folder), "NO_COLOR": "1", "COLUMNS": "120"}
        self.env.pop("PYTEST_CURRENT_TEST", None)
        _share_parts(folder / ".flink")
        self._started: list[subprocess.Popen[str]] = []

    def run(self, *arguments, command="flink-abnormal", seconds=DEADLINE_SECONDS, env=None):
        """Run a command to its end; returns its exit code and what it said."""
        return subprocess.run(
            [BIN / command, *map(str, arguments)],
            env=self.env | (env or {}),
            cwd=PROJECT,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=seconds,
            check=False,
        )

    def start(self, *arguments, command="flink-abnormal"):
        """Start a command; it is ended with the test."""
        output = (self.folder / f"output-{len(self._started)}.txt").open("w+", encoding="utf-8")
        process = subprocess.Popen(
            [BIN / command, *map(str, arguments)],
            env=self.env,
            cwd=PROJECT,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        process.output = Path(output.name)
        self._started.append(process)
        output.close()
        return process

    def job(self, *arguments, folder=None):
        """Return the options of a job whose checkpoints stay in this home."""
        return [*map(str, arguments), "--checkpoint-dir", str(folder or self.checkpoints)]

    def end(self):
        """Kill what still runs of the started commands, with their JVMs."""
        for process in self._started:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@pytest.fixture(scope="session")
def connectors(tmp_path_factory):
    """The folder of Flink's jars that PyPI lacks; `make connectors` fills it where Maven is there."""
    folder = Path(os.environ.get("FLINK_ABNORMAL_CONNECTORS") or PROJECT / ".flink" / "connectors").absolute()
    if shutil.which("mvn") is None:
        if not all(list(folder.glob(name)) for name in ("flink-state-*.jar", "flink-s3-*.jar", "kafka/kafka_*.jar")):
            pytest.skip("Maven (mvn) is missing, which `make connectors` fetches Flink's jars with")
        return folder
    with (tmp_path_factory.getbasetemp().parent / "connectors.lock").open("w") as lock:  # several workers, one folder
        fcntl.flock(lock, fcntl.LOCK_EX)
        env = {**os.environ, "FLINK_ABNORMAL_CONNECTORS": str(folder)}
        done = subprocess.run(["make", "connectors"], cwd=PROJECT, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def chromium():
    """Headless Chromium, as the machine has it: its shell, which is no more than that, takes 40 % less processor time.

    Playwright keeps an event loop running in the thread while it is open: the next module may want one of its own.
    """
    names = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        pytest.skip("Chromium is missing (Debian: apt-get install chromium fonts-noto-cjk)")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        # A website's own name server can say so of any name.
        arguments = [f"--host-resolver-rules=MAP {REBOUND_HOST} 127.0.0.1"]
        arguments += ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=found, args=arguments)
        yield browser
        browser.close()


@pytest.fixture
def cli(tmp_path):
    """The command line, with a home and checkpoints of its own."""
    line = CommandLine(tmp_path)
    yield line
    line.end()


def alerts(output):
    """Return the committed alerts below an output folder, as (userId, count, alertId), sorted."""
    found = [(a["userId"], a["count"], a["alertId"]) for a in records(output, "alerts")]
    return sorted(found)


def records(output, folder):
    """Return the JSON records of all finished files of a folder below an output."""
    files = sorted((Path(output) / folder).glob("*.jsonl"))
    return [
        json.loads(line)
        for file in files
        if not file.name.startswith(".")
        for line in file.read_bytes().splitlines()  # of bytes: text has more line breaks than these
    ]


def lines(text, prefix):
    """Return the lines that start with `prefix`."""
    return [line for line in text.splitlines() if line.startswith(prefix)]
