"""Leads this process's standard output to where it went before and to a file, for whatever program it becomes next."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

STANDARD_INPUT: Final = 0
STANDARD_OUTPUT: Final = 1
CHUNK: Final = 65_536
LARGEST: Final = 32 * 1024 * 1024
KEPT: Final = 1024 * 1024


def lead(file: Path) -> None:
    """Put a process that copies between this one's standard output and its reader; it ends when this one does."""
    copier = subprocess.Popen([sys.executable, "-m", __name__, str(file)], stdin=subprocess.PIPE)
    assert copier.stdin is not None  # noqa: S101 - it was asked for
    os.dup2(copier.stdin.fileno(), STANDARD_OUTPUT)


def copy(file: Path) -> None:
    """Copy standard input until the end of input; a file that grows beyond LARGEST bytes keeps its last KEPT."""
    with file.open("ab", buffering=0) as out:
        size = file.stat().st_size
        while chunk := os.read(STANDARD_INPUT, CHUNK):
            _write_all(STANDARD_OUTPUT, chunk)
            out.write(chunk)
            size += len(chunk)
            if size > LARGEST:
                size = shorten(file)


def shorten(file: Path) -> int:
    """Cut a file of lines to its last KEPT bytes, from the beginning of a line; return its new size."""
    with file.open("r+b") as content:
        content.seek(-KEPT, os.SEEK_END)
        content.readline()
        kept = b"[...] earlier lines were dropped\n" + content.read()
        content.seek(0)
        content.write(kept)
        content.truncate()
    return len(kept)


def _write_all(descriptor: int, chunk: bytes) -> None:
    while chunk:
        chunk = chunk[os.write(descriptor, chunk) :]


if __name__ == "__main__":
    copy(Path(sys.argv[1]))
