"""What a record says: bytes of a line -> a UserEvent, nothing (skipped), or why not (rejected). Pure, no Flink."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from flink_abnormal.pipeline.formats import jsonl, sshd
from flink_abnormal.pipeline.formats.record import Note, Rejected, no_note

if TYPE_CHECKING:
    from collections.abc import Callable

    from flink_abnormal.core.model import UserEvent
    from flink_abnormal.core.settings import FileSettings

__all__ = ["FORMATS", "Parse", "Rejected", "parser"]


class Parse(Protocol):
    """Takes a line without its line break; returns its event, why it can't be used, or None where it is skipped.

    `before` and `first` are other lines of the same file, if the format needs them: see `Record`.
    """

    def __call__(self, line: bytes, before: bytes = b"", first: bytes = b"") -> UserEvent | Rejected | None:
        """Parse."""


class _Format(NamedTuple):
    describes: str
    build: Callable[[FileSettings, Note], Parse]


def _jsonl(files: FileSettings, note: Note) -> Parse:
    return jsonl.JsonLines(
        files.user_field or jsonl.USER_FIELD,
        files.abnormal_field,
        files.abnormal_values,
        files.normal_values,
        files.timestamp_field,
        note,
    ).parse


FORMATS: dict[str, _Format] = {
    "jsonl": _Format("one JSON object a line", _jsonl),
    "sshd": _Format(
        "sshd's lines of a log", lambda files, note: sshd.Sshd(files.year, files.user_field or "name", note).parse
    ),
}


def parser(settings: FileSettings, note: Note = no_note) -> Parse:
    """Return the parser of the format that the settings name; `note` is called as formats/record.py says."""
    return FORMATS[settings.format].build(settings, note)
