"""Leads this process's standard output to where it went before and to a file, for whatever program it becomes next."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

from flink_abnormal.runtime import outputs

STANDARD_INPUT: Final = 0
STANDARD_OUTPUT: Final = 1
CHUNK: Final = 65_536


def lead(file: Path) -> None:
    """Put a process that copies between this one's standard output and its reader; it ends when this one does."""
    copier = subprocess.Popen([sys.executable, "-m", __name__, str(file)], stdin=subprocess.PIPE)
    assert copier.stdin is not None  # noqa: S101 - it was asked for
    os.dup2(copier.stdin.fileno(), STANDARD_OUTPUT)


def copy(file: Path) -> None:
    """Copy standard input until its end; the file is kept below a size."""
    with file.open("ab", buffering=0) as out:
        while chunk := os.read(STANDARD_INPUT, CHUNK):
            _write_all(STANDARD_OUTPUT, chunk)
            out.write(chunk)
            outputs.shorten(file)


def _write_all(descriptor: int, chunk: bytes) -> None:
    while chunk:
        chunk = chunk[os.write(descriptor, chunk) :]


if __name__ == "__main__":
    copy(Path(sys.argv[1]))
