"""Sends a signal to a JVM or to one of its Python workers: `python inside.py SIGNAL jvm|worker`.

Prints the signalled pid and the time (epoch seconds). Its text also runs inside containers of any image, so it imports
nothing of this project.
"""

from __future__ import annotations

import sys
import time

import psutil

PYTHON_WORKER = "pyflink.fn_execution.beam"


def workers(jvm: psutil.Process) -> list[psutil.Process]:
    """Return a TaskManager's Python worker processes that run user code, without their launchers."""
    return [
        child
        for child in jvm.children(recursive=True)
        if PYTHON_WORKER in " ".join(child.cmdline()) and not child.children()
    ]


def busiest(found: list[psutil.Process]) -> psutil.Process:
    """Return the process that works most during a second.

    Flink notices a Python worker's death with its next record, which an idle one may never get.
    """
    before = [_spent(each) for each in found]
    time.sleep(1)
    worked = [_spent(each) - earlier for each, earlier in zip(found, before, strict=True)]
    return found[worked.index(max(worked))]


def _spent(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


def main(number: int, what: str) -> None:
    """Signal the one JVM, or its busiest worker; exit with 3 if there is none."""
    jvms = [each for each in psutil.process_iter() if each.name() == "java"]
    found = jvms if what == "jvm" else [worker for jvm in jvms for worker in workers(jvm)]
    if not found:
        sys.exit(3)
    victim = busiest(found) if len(found) > 1 else found[0]
    victim.send_signal(number)
    print(victim.pid, time.time())


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
