"""Folders as users write them and Flink expects them: a path, a file URI, or an address such as s3://BUCKET/FOLDER."""

from __future__ import annotations

from pathlib import Path


def folder_uri(folder: str) -> str:
    """Return a folder as Flink's URI, unescaped because Flink decodes nothing; a URI stays as it is."""
    if "://" in folder or folder.startswith("file:"):
        return folder.rstrip("/")
    return f"file://{Path(folder).absolute()}"


def local_path(folder: str) -> Path | None:
    """Return the local path of a folder or file URI, or None if it is elsewhere (s3://…)."""
    if folder.startswith("file:"):
        return Path(folder.removeprefix("file:").removeprefix("//"))
    return None if "://" in folder else Path(folder).absolute()
