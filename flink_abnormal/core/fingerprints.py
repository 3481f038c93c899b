"""Which files there are and what they looked like, so that one that grew or changed after it was read is told of.

Flink's file source reads a file once. What is appended later, or written over it, it does not see.
"""

from __future__ import annotations

import contextlib
import os
from stat import S_ISREG
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable


class Fingerprint(NamedTuple):
    """Size in bytes and time of the last change in nanoseconds."""

    size: int
    changed_ns: int

    def text(self) -> str:
        """Return it as state keeps it."""
        return f"{self.size}:{self.changed_ns}"

    @classmethod
    def parse(cls, text: str) -> Fingerprint:
        """Read what `text` wrote."""
        size, changed_ns = text.split(":")
        return cls(int(size), int(changed_ns))


def take(path: str) -> dict[str, Fingerprint]:
    """Return the fingerprint of each file that the file source reads, by its path.

    Names that start with . or _ are left out, and so is what can't be looked at: its reader reports that.
    """
    found: dict[str, Fingerprint] = {}
    if os.path.isdir(path):  # noqa: PTH112 - thousands of files are looked at each second: no objects for their paths
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
        path.encode()  # state holds text in UTF-8; the reader reports other names
        seen = stat()
        if S_ISREG(seen.st_mode):
            found[path] = _fingerprint(seen)


def hidden(name: str) -> bool:
    """Whether Flink's file source passes over a file or folder of this name."""
    return name.startswith((".", "_"))


def change(before: Fingerprint, after: Fingerprint) -> str | None:
    """Return what happened to a file in a sentence, or None where nothing did."""
    if before == after:
        return None
    return (
        f"the file changed after it was read ({before.size} bytes, now {after.size}) and is not read again: "
        "move files in whole"
    )


def _fingerprint(stat: os.stat_result) -> Fingerprint:
    return Fingerprint(stat.st_size, stat.st_mtime_ns)
