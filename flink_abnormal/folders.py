"""The folders that a job names: as Flink takes them, and whether this machine has them."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from flink_abnormal import inventory
from flink_abnormal.errors import MachineError, UsageError
from flink_abnormal.runtime import distribution, store

if TYPE_CHECKING:
    from flink_abnormal.settings import Settings


def folder_uri(folder: str) -> str:
    """Return a folder as the URI that Flink takes, which decodes nothing; a URI stays as it is."""
    if "://" in folder or folder.startswith("file:"):
        return folder.rstrip("/")
    return f"file://{Path(folder).absolute()}"


def local_path(folder: str) -> Path | None:
    """Return the path of a folder or file URI on this machine, or None where it is elsewhere (s3://…)."""
    if folder.startswith("file:"):
        return Path(folder.removeprefix("file:").removeprefix("//"))
    return None if "://" in folder else Path(folder).absolute()


def check_machine(settings: Settings) -> None:
    """Raise where a folder or an input that the job needs is not there: before Flink says it in its own way."""
    if settings.source == "files":
        _check_input(Path(str(settings.files.input)), follow=settings.files.follow)
    _check_checkpoints(settings.state.checkpoint_dir)
    if settings.sink.output is not None:
        output = Path(settings.sink.output)
        _check_writable(output, "--output")
        resumes = settings.sink.append or settings.state.restore_from is not None
        if not resumes and any(output.iterdir()):
            raise UsageError(
                f"--output {output} is not empty, and a second run would add to the first one's alerts. Name an empty "
                "folder, or give --append."
            )


def _check_input(path: Path, *, follow: bool) -> None:
    if not path.exists():
        raise UsageError(f"--input {path} isn't there. Name a file or a folder.")
    if inventory.hidden(path.name):
        raise UsageError(
            f"--input {path}: Flink passes over names that start with . or _, which stand for files on their way. "
            "Rename it."
        )
    if follow and not path.is_dir():
        raise UsageError(f"--follow watches a folder, and --input {path} is a file. Name the folder it lies in.")
    try:
        if path.is_dir():
            next(path.iterdir(), None)
        else:
            with path.open("rb"):
                pass
    except OSError as error:
        raise UsageError(f"--input {path} can't be read: {error.strerror}.") from None


def _check_checkpoints(folder: str) -> None:
    path = local_path(folder)
    if path is not None:
        _check_writable(path, "--checkpoint-dir")
    elif store.is_s3(folder):
        distribution.require(distribution.S3_PLUGIN, f"--checkpoint-dir {folder}", "S3 plugin")
        store.check_writable(folder)
    else:
        raise UsageError(
            f"--checkpoint-dir {folder}: Flink has no plugin here for {folder.partition('://')[0]}://. "
            "Name a folder, file:///FOLDER or s3://BUCKET/FOLDER."
        )


def _check_writable(folder: Path, flag: str) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise MachineError(f"{flag} {folder} can't be written: {error.strerror}. Name a folder that can.") from None
