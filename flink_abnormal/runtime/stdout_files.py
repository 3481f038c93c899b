"""Standard output of the cluster's processes: files that REST serves, limited in size.

A job that prints each event would fill the disk. The processes append, so their file can be shortened while they write:
its last lines remain, after a first line with the number of dropped bytes. Positions count from the very beginning,
those bytes included, so that a reader can continue where it was.
"""

from __future__ import annotations

import contextlib
import re
import socket
from typing import IO, TYPE_CHECKING, Final, NamedTuple

from flink_abnormal.runtime import distribution

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MAX_BYTES: Final = 64 * 2**20
KEPT_BYTES: Final = 16 * 2**20
_NOTE: Final = "[The first %d bytes of this output were dropped, to keep it below %d MiB]\n"
_NOTED: Final = re.compile(rb"\[The first (\d+) bytes of this output were dropped, [^\n]*\n")
NOTE_MAX_BYTES: Final = 200
_SERVICES: Final = {"jobmanager": "standalonesession", "taskmanager": "taskexecutor"}


class Part(NamedTuple):
    """Bytes of an output, and their position in everything ever written to it."""

    begin: int
    content: bytes


@contextlib.contextmanager
def output(name: str) -> Iterator[IO[bytes]]:
    """Open the file that REST serves as a process's standard output; a predecessor's output remains."""
    with output_file(name).open("ab") as out:
        yield out


def output_file(name: str) -> Path:
    """Return a member's file for standard output: beside its log, under the name that Flink expects."""
    kind = name.split("-", maxsplit=1)[0]
    service = _SERVICES.get(kind, kind)
    return distribution.work_folder() / "log" / f"flink-{name}-{service}-0-{socket.gethostname()}.out"


def read(file: Path, begin: int) -> Part:
    """Return an output's content from position `begin`, or from later if that was dropped."""
    with file.open("rb") as opened:
        begin, place = locate(opened.read(NOTE_MAX_BYTES), begin)
        opened.seek(place)
        return Part(begin, opened.read())


def locate(beginning: bytes, begin: int) -> tuple[int, int]:
    """Return the position to continue from (`begin`, or later if that was dropped), and its place in the file.

    `beginning` is the first NOTE_MAX_BYTES of the output.
    """
    dropped, note = _head(beginning[:NOTE_MAX_BYTES])
    begin = max(begin, dropped)
    return begin, begin - dropped + note


def shorten(file: Path, limit: int = MAX_BYTES, kept: int = KEPT_BYTES) -> None:
    """Drop the earliest lines of an output larger than `limit` bytes; about `kept` bytes remain."""
    if not file.exists() or file.stat().st_size <= limit:
        return
    with file.open("r+b") as opened:
        dropped, note = _head(opened.read(NOTE_MAX_BYTES))
        opened.seek(-kept, 2)
        opened.readline()  # skip the rest of a cut line
        source = opened.tell()
        head = (_NOTE % (dropped + source - note, limit // 2**20)).encode()
        opened.seek(0)
        opened.write(head)
        target = len(head)
        # Include what a process appends meanwhile.
        while content := _from(opened, source):
            source += len(content)
            opened.seek(target)
            target += opened.write(content)
        opened.truncate(target)


def _from(opened: IO[bytes], place: int) -> bytes:
    opened.seek(place)
    return opened.read()


def _head(beginning: bytes) -> tuple[int, int]:
    """Return the number of bytes dropped from an output, and the length of the line that states it."""
    noted = _NOTED.match(beginning)
    return (int(noted[1]), noted.end()) if noted else (0, 0)
