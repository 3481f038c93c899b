"""Folders of this machine that a job writes to."""

from __future__ import annotations

import stat
import tempfile
from typing import TYPE_CHECKING

from flink_abnormal.core.errors import MachineError

if TYPE_CHECKING:
    from pathlib import Path


def check_writable(folder: Path, flag: str) -> None:
    """Create the folder if it is missing; raise MachineError, naming the flag, if it can't be written."""
    try:
        private = folder.parent.is_dir() and is_for_all_users(folder.parent)
        folder.mkdir(0o700 if private else 0o777, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise MachineError(f"{flag} {folder} can't be written: {error.strerror}. Name a folder that can be.") from None


def is_open(folder: Path) -> bool:
    """Whether every user may write into a folder."""
    return bool(folder.stat().st_mode & stat.S_IWOTH)


def is_for_all_users(folder: Path) -> bool:
    """Whether every user may create entries in a folder and remove only their own, as in /tmp."""
    return is_open(folder) and bool(folder.stat().st_mode & stat.S_ISVTX)
