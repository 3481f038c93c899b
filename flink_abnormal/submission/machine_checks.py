"""Checks that this machine has what a job names: input, folders, and the snapshot to start from."""

from __future__ import annotations

import os
import stat
import tempfile
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from flink_abnormal.core.errors import MachineError, UsageError
from flink_abnormal.core.uris import local_path
from flink_abnormal.runtime import distribution, s3
from flink_abnormal.snapshots import storage

if TYPE_CHECKING:
    from flink_abnormal.core.job import Job, JobSettings


def check_machine(job: Job, settings: JobSettings) -> str:
    """Raise if a folder or an input of the job is missing, before Flink reports it in its own way.

    Returns a warning, or "".
    """
    warning = job.check_machine(settings)
    for option, artifact in job.connectors(settings).items():
        distribution.require(artifact, option, "connector")
    for option, folder in job.folders(settings).items():
        _check_writable(folder, option)
    _check_checkpoints(settings.state.checkpoint_dir)
    return warning


def to_start_from(job: Job, settings: JobSettings) -> str | None:
    """Return the path of the snapshot to start from, or None; raise UsageError if snapshot or output forbids it."""
    found = storage.resolve(settings.state.restore_from, settings.state.checkpoint_dir)
    job.check_start(settings, found)
    return found


def _check_checkpoints(folder: str) -> None:
    path = local_path(folder)
    if path == Path("/") or (s3.is_s3(folder) and not s3.split(folder)[1]):
        raise UsageError(f"--checkpoint-dir {folder} names no folder, which Flink needs: add /FOLDER.")
    if path is not None:
        _check_writable(path, "--checkpoint-dir")
        check_owner(path)
    elif s3.is_s3(folder):
        distribution.require(distribution.S3_PLUGIN, f"--checkpoint-dir {folder}", "S3 plugin")
        s3.check_writable(folder)
    else:
        raise UsageError(
            f"--checkpoint-dir {folder}: Flink has no plugin here for {folder.partition('://')[0]}://. "
            "Name a folder, file:///FOLDER or s3://BUCKET/FOLDER."
        )


def check_owner(folder: Path) -> None:
    """Raise MachineError if another user of this machine may write into a folder of checkpoints.

    State is pickled Python: a writer can execute code as the user who restores it. Only folders below a shared one such
    as /tmp are checked, where any user can create a folder of any name first.
    """
    for path in (folder, folder.resolve()):
        shared = False
        for above, own in pairwise([*reversed(path.parents), path]):
            if _is_for_all_users(above):
                shared = True
                _refuse_if(folder, own, "belongs to another user", own.lstat().st_uid not in (0, os.geteuid()))
            elif shared:
                _refuse_if(folder, above, "can be written by every user", _is_open(above))
        _refuse_if(folder, path, "can be written by every user", shared and _is_open(path))


def _refuse_if(folder: Path, part: Path, why: str, found: bool) -> None:  # noqa: FBT001
    if found:
        raise MachineError(
            f"--checkpoint-dir {folder}: {part} {why} of this machine, and restoring state can run code from it. Name "
            "a folder of your own."
        )


def _check_writable(folder: Path, flag: str) -> None:
    """Create the folder if it is missing; raise MachineError, naming the flag, if it can't be written."""
    try:
        private = folder.parent.is_dir() and _is_for_all_users(folder.parent)
        folder.mkdir(0o700 if private else 0o777, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise MachineError(f"{flag} {folder} can't be written: {error.strerror}. Name a folder that can be.") from None


def _is_open(folder: Path) -> bool:
    """Whether every user may write into a folder."""
    return bool(folder.stat().st_mode & stat.S_IWOTH)


def _is_for_all_users(folder: Path) -> bool:
    """Whether every user may create entries in a folder and remove only their own, as in /tmp."""
    return _is_open(folder) and bool(folder.stat().st_mode & stat.S_ISVTX)
