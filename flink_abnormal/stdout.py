"""Lines on a worker's standard output: UTF-8 whatever the locale, one write a line, with no prefix."""

from __future__ import annotations

import functools
import os
import sys
from typing import Final

import psutil

STANDARD_OUTPUT: Final = 1


def write_line(text: str) -> None:
    """Write one line where the people who watch this worker read: in one call, so that lines of threads don't mix."""
    os.write(_descriptor(), f"{text}\n".encode())


@functools.cache
def _descriptor() -> int:
    """Return the file descriptor of the TaskManager's standard output.

    In thread mode and in an embedded run it is this process's own. A Python worker of process mode has a pipe there
    that ends in the TaskManager's log, behind a prefix: where the system shows it (Linux), the standard output of the
    JVM above is opened in its stead.
    """
    spec = getattr(sys.modules.get("__main__"), "__spec__", None)
    if spec is None or not spec.name.startswith("pyflink.fn_execution.beam"):
        return STANDARD_OUTPUT
    for parent in psutil.Process().parents():
        if parent.name() == "java":
            try:
                return os.open(f"/proc/{parent.pid}/fd/{STANDARD_OUTPUT}", os.O_WRONLY | os.O_APPEND)
            except OSError:
                break
    return STANDARD_OUTPUT
