"""Which files there are and what they looked like, so that one that grew or changed after it was read is told of.

Flink's file source reads a file once. What is appended later, or written over it, it does not see.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple


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
    """Return the fingerprint of each file that Flink's file source reads: names that start with . or _ are left out."""
    root = Path(path)
    if root.is_file():
        return {path: _fingerprint(root.stat())}
    found = {}
    for folder, folders, names in os.walk(root, followlinks=True):  # as Flink does
        folders[:] = [name for name in folders if not hidden(name)]
        for name in names:
            if not hidden(name):
                file = Path(folder, name)
                try:
                    found[str(file)] = _fingerprint(file.stat())
                except FileNotFoundError:
                    continue  # moved away between the listing and the look
    return found


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
