"""Checks of --input before a job starts: whether it is readable, and its size. Imports no Flink."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import TYPE_CHECKING, Final

from flink_abnormal.core import fingerprints
from flink_abnormal.core.errors import UsageError
from flink_abnormal.core.job import Goal

if TYPE_CHECKING:
    from flink_abnormal.core.settings import Settings

COMPRESSED: Final = (".gz", ".gzip", ".bz2", ".xz", ".zst", ".zstd", ".deflate")
"""Compressed files, whose uncompressed size is unknown."""
_STREAMS: Final = ("/dev/stdin", "/dev/fd/", "/proc/self/fd/")
_WRITE_IT_DOWN: Final = (
    "A job that recovers reads its input again, on any of its workers: write it to a file first, and name that."
)


def check(settings: Settings) -> str:
    """Raise UsageError if the input is unreadable; return a warning if a bounded run has nothing to read."""
    files = settings.files
    _check_input(Path(str(files.input)), follow=files.follow)
    if files.follow or fingerprints.take(str(files.input)):
        return ""
    return f"Warning: --input {files.input} contains no file to read; names that start with . or _ don't count."


def goal(settings: Settings) -> Goal:
    """Return the number of bytes to read, if known."""
    found = fingerprints.take(str(settings.files.input))
    known = found and not any(name.endswith(COMPRESSED) for name in found)
    return Goal("lines", size=sum(each.size for each in found.values()) if known else None)


def _check_input(path: Path, *, follow: bool) -> None:
    if str(path) == "-" or str(path).startswith(_STREAMS):
        raise UsageError(f"--input {path} is a stream that only this command can read. {_WRITE_IT_DOWN}")
    _check_openable(path)
    if fingerprints.hidden(path.name):
        raise UsageError(
            f"--input {path}: Flink skips names that start with . or _, which mark unfinished files. Rename it."
        )
    if follow and not path.is_dir():
        raise UsageError(f"--follow watches a folder, and --input {path} is a file. Name the folder it is in.")


def _check_openable(path: Path) -> None:
    """Raise unless the input can be opened; the reader checks a folder's files."""
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            next(path.iterdir(), None)
        elif stat.S_ISREG(mode):
            with path.open("rb"):
                pass
        else:
            raise UsageError(f"--input {path} is a pipe, a socket or a device. {_WRITE_IT_DOWN}")
    except FileNotFoundError:
        what = "is a broken link" if path.is_symlink() else "does not exist"
        raise UsageError(f"--input {path} {what}. Name a file or a folder.") from None
    except OSError as error:
        raise UsageError(f"--input {path} can't be read: {error.strerror}.") from None
