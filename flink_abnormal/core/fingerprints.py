"""Fingerprints of input files, to report a file that grew or changed after it was read.

Flink's file source reads each file once: it misses data appended or overwritten later.
"""

from __future__ import annotations

import contextlib
import os
from stat import S_ISREG
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable


class Fingerprint(NamedTuple):
    """Size in bytes and modification time in nanoseconds."""

    size: int
    changed_ns: int

    def text(self) -> str:
        """Return the form stored in state."""
        return f"{self.size}:{self.changed_ns}"

    @classmethod
    def parse(cls, text: str) -> Fingerprint:
        """Parse the form that `text` returns."""
        size, changed_ns = text.split(":")
        return cls(int(size), int(changed_ns))


def take(path: str) -> dict[str, Fingerprint]:
    """Return the fingerprint of each file that the file source reads, by path.

    Skips names that start with . or _, and unreadable files: their reader reports those.
    """
    found: dict[str, Fingerprint] = {}
    if os.path.isdir(path):  # noqa: PTH112 - thousands of files are checked each second: no Path objects
        _add_folder(path, frozenset(), found)
    else:
        _add(found, path, lambda: os.stat(path))  # noqa: PTH116
    return found


def _add_folder(folder: str, above: frozenset[str], found: dict[str, Fingerprint]) -> None:
    real = os.path.realpath(folder)
    if real in above:
        return
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if hidden(entry.name):
                    continue
                if _is_folder(entry):
                    _add_folder(entry.path, above | {real}, found)
                else:
                    _add(found, entry.path, entry.stat)
    except OSError:
        return


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _add(found: dict[str, Fingerprint], path: str, stat: Callable[[], os.stat_result]) -> None:
    with contextlib.suppress(OSError, UnicodeEncodeError):
        path.encode()  # state stores text as UTF-8; the reader reports other names
        seen = stat()
        if S_ISREG(seen.st_mode):
            found[path] = _fingerprint(seen)


def hidden(name: str) -> bool:
    """Whether Flink's file source skips files and folders of this name."""
    return name.startswith((".", "_"))


def change(before: Fingerprint, after: Fingerprint) -> str | None:
    """Describe a file's change in a sentence; return None if it has not changed."""
    if before == after:
        return None
    return (
        f"the file changed after it was read ({before.size} bytes, now {after.size}) and is not read again: "
        "move files in whole"
    )


def _fingerprint(stat: os.stat_result) -> Fingerprint:
    return Fingerprint(stat.st_size, stat.st_mtime_ns)
