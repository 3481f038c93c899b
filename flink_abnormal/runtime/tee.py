"""Copies this process's standard output to a file as well, for whatever program it becomes next."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from flink_abnormal.runtime import stdout_files

if TYPE_CHECKING:
    from collections.abc import Callable

STANDARD_INPUT: Final = 0
STANDARD_OUTPUT: Final = 1
CHUNK: Final = 65_536
APPEND: Final = os.O_WRONLY | os.O_APPEND | os.O_CREAT


def lead(file: Path) -> None:
    """Insert a process that copies between this one's standard output and its reader; it ends when this one does."""
    copier = subprocess.Popen([sys.executable, "-m", __name__, str(file)], stdin=subprocess.PIPE)
    assert copier.stdin is not None  # noqa: S101 - stdin is a pipe
    os.dup2(copier.stdin.fileno(), STANDARD_OUTPUT)


def copy(file: Path) -> None:
    """Copy standard input to standard output and to a size-limited file until it ends, even if either fails.

    The printing process must not notice a full disk: a broken pipe would end all its output.
    """
    container, kept = Sink(lambda: STANDARD_OUTPUT), Sink(lambda: os.open(file, APPEND, 0o644))
    while chunk := os.read(STANDARD_INPUT, CHUNK):
        container.write(chunk)
        kept.write(chunk)
        with contextlib.suppress(OSError):
            stdout_files.shorten(file)


class Sink:
    """A file descriptor that counts the bytes it could not write, and reports them once it can write again."""

    def __init__(self, opened: Callable[[], int]) -> None:
        self._open = opened
        self._descriptor: int | None = None
        self._lost = 0

    def write(self, chunk: bytes) -> None:
        """Write a chunk, after a note about any bytes lost before."""
        note = f"\n[{self._lost} bytes of this output were lost]\n".encode() if self._lost else b""
        left = note + chunk
        try:
            if self._descriptor is None:
                self._descriptor = self._open()
            while left:
                left = left[os.write(self._descriptor, left) :]
        except OSError:
            self._lost += min(len(left), len(chunk))
        else:
            self._lost = 0


if __name__ == "__main__":
    copy(Path(sys.argv[1]))
