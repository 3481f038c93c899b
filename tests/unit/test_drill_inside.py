"""Which Python worker a drill strikes."""

import subprocess
import sys

import psutil
import pytest
from conftest import wait_until

from flink_abnormal.drill import inside

IDLE = "input()"
BUSY = "while True: pass"


@pytest.fixture
def jvm():
    """A process with two workers: the first, with the lower pid, has nothing to do."""
    start = "subprocess.Popen([sys.executable, '-c', {!r}, {!r}], stdin=subprocess.PIPE)"
    begin = "; ".join(["import subprocess, sys", *(start.format(code, inside.PYTHON_WORKER) for code in (IDLE, BUSY))])
    parent = subprocess.Popen([sys.executable, "-c", f"{begin}; input()"], stdin=subprocess.PIPE)
    process = psutil.Process(parent.pid)
    yield process
    for each in [*process.children(recursive=True), process]:
        each.kill()
    parent.communicate()


def test_the_busiest_worker_is_struck_whose_death_flink_notices_at_once(jvm):
    workers = wait_until(lambda: len(found := inside.workers(jvm)) == 2 and found, "both workers")

    assert BUSY in inside.busiest(workers).cmdline()
