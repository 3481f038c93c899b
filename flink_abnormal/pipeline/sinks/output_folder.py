"""The folder of `--sink files`, checked before a JVM runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from flink_abnormal.core.errors import UsageError

if TYPE_CHECKING:
    from flink_abnormal.core.settings import Settings


def folders(settings: Settings) -> dict[str, Path]:
    """Return the folder, by its option."""
    return {"--output": Path(str(settings.sink.output))}


def check_start(settings: Settings, restore_path: str | None) -> None:
    """Raise UsageError if a job without a snapshot would add its alerts to those of another run."""
    sink, may_resume = settings.sink, settings.state.restore_from is not None
    folder = Path(str(sink.output))
    if sink.append or restore_path is not None:
        return
    # A job lost before its first checkpoint has left only unnamed files, which don't count.
    found = (file for file in folder.rglob("*") if file.is_file() and not file.name.startswith("."))
    if any(found if may_resume else folder.iterdir()):
        without = f", there is no snapshot below {settings.state.checkpoint_dir} to continue from" if may_resume else ""
        raise UsageError(
            f"--output {folder} is not empty{without}, and a second run would add to the first one's alerts. Name "
            "an empty folder, or give --append."
        )
