"""Lines on a worker's standard output: UTF-8 whatever the locale, one write per line, no prefix."""

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
    """Write one line to the worker's visible output, in one call so that threads' lines don't mix.

    Ignore a closed pipe (`| head`): it is about to end the run, and the task must not fail first.
    """
    with contextlib.suppress(BrokenPipeError):
        os.write(_descriptor(), f"{text}\n".encode())


def append_only() -> None:
    """Make this process's standard output and error append to their files.

    A worker of process mode reopens the file with its own position; it and this process (or its shell) would otherwise
    overwrite each other's lines.
    """
    for descriptor in (STANDARD_OUTPUT, STANDARD_ERROR):
        with contextlib.suppress(OSError):  # closed descriptor
            if stat.S_ISREG(os.fstat(descriptor).st_mode):
                fcntl.fcntl(descriptor, fcntl.F_SETFL, fcntl.fcntl(descriptor, fcntl.F_GETFL) | os.O_APPEND)


def open_to_workers() -> None:
    """Let workers of process mode reopen this process's standard output, through `cat` if necessary.

    Reopening fails for a socket, as under systemd, and for another user's pipe or terminal, as behind `su` or `sudo
    -u`.
    """
    if not Path("/proc/self/fd").is_dir():
        return
    try:
        os.close(os.open(f"/proc/self/fd/{STANDARD_OUTPUT}", os.O_WRONLY | os.O_APPEND))
    except OSError:
        # A session of its own lets it outlive Ctrl-C and end with the last writer.
        relay = subprocess.Popen(["cat"], stdin=subprocess.PIPE, start_new_session=True)
        if relay.stdin is not None:
            os.dup2(relay.stdin.fileno(), STANDARD_OUTPUT)
            relay.stdin.close()
        _relays.append(relay)


_relays: Final[list[subprocess.Popen[bytes]]] = []
"""Keeps the relays referenced: collecting a Popen would wait for it."""


@functools.cache
def _descriptor() -> int:
    """Return the file descriptor of the TaskManager's standard output.

    In thread mode and in an embedded run it is this process's own. In process mode a Python worker's is a pipe into the
    TaskManager's log, behind a prefix: open the parent JVM's standard output instead, if the system exposes it (Linux).
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
