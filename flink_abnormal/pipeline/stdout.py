"""Lines on a worker's standard output: UTF-8 whatever the locale, one write a line, with no prefix."""

from __future__ import annotations

import contextlib
import fcntl
import functools
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Final

import psutil

STANDARD_OUTPUT: Final = 1
STANDARD_ERROR: Final = 2


def write_line(text: str) -> None:
    """Write one line where the people who watch this worker read: in one call, so that lines of threads don't mix.

    Where nobody reads any more (`| head`), the run is about to end by that, and the task must not fail before.
    """
    with contextlib.suppress(BrokenPipeError):
        os.write(_descriptor(), f"{text}\n".encode())


def append_only() -> None:
    """Let all who write to this process's output append to it.

    A worker of process mode opens the file anew, with a position of its own; what this process and its shell write to
    it would else overwrite the worker's lines, and they theirs.
    """
    for descriptor in (STANDARD_OUTPUT, STANDARD_ERROR):
        with contextlib.suppress(OSError):  # it was closed
            if stat.S_ISREG(os.fstat(descriptor).st_mode):
                fcntl.fcntl(descriptor, fcntl.F_SETFL, fcntl.fcntl(descriptor, fcntl.F_GETFL) | os.O_APPEND)


def open_to_workers() -> None:
    """Let workers of process mode open this process's standard output, by way of `cat` if they couldn't.

    It may be a socket, as under systemd, or a pipe or terminal of another user's, as behind `su` or `sudo -u`.
    """
    if not Path("/proc/self/fd").is_dir():
        return
    try:
        os.close(os.open(f"/proc/self/fd/{STANDARD_OUTPUT}", os.O_WRONLY | os.O_APPEND))
    except OSError:
        # In a session of its own: it ends with the last writer, not by Ctrl-C.
        relay = subprocess.Popen(["cat"], stdin=subprocess.PIPE, start_new_session=True)
        if relay.stdin is not None:
            os.dup2(relay.stdin.fileno(), STANDARD_OUTPUT)
            relay.stdin.close()
        _relays.append(relay)


_relays: Final[list[subprocess.Popen[bytes]]] = []
"""What is collected would be waited for."""


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
