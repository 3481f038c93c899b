"""Formats: a line's bytes -> a UserEvent, None (skipped) or Rejected with a reason. Pure, no Flink."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from flink_abnormal.pipeline.formats import jsonl, sshd
from flink_abnormal.pipeline.formats.record import Note, Rejected, no_note

if TYPE_CHECKING:
    from collections.abc import Callable

    from flink_abnormal.core.model import Message, UserEvent
    from flink_abnormal.core.source_settings import FormatSettings

__all__ = ["FORMATS", "Parse", "Rejected", "needs_first_line", "parser", "refers_back"]


class Parse(Protocol):
    """Parses a line without its line break into an event, Rejected, or None if the line is skipped.

    `before` and `first` are other lines of the same file, if the format needs them; `message` is set if the line is the
    value of a message: see `Record`.
    """

    def __call__(
        self, line: bytes, before: bytes = b"", first: bytes = b"", message: Message | None = None
    ) -> UserEvent | Rejected | None:
        """Parse one line."""


class _Format(NamedTuple):
    """A row of FORMATS; `refers_back` means that a line may refer to an earlier one of its file."""

    describes: str
    build: Callable[[FormatSettings, Note], Parse]
    refers_back: bool = False


def _jsonl(settings: FormatSettings, note: Note) -> Parse:
    return jsonl.JsonLines(
        settings.user_field or jsonl.USER_FIELD,
        settings.abnormal_field,
        settings.abnormal_values,
        settings.normal_values,
        settings.timestamp_field,
        note,
    ).parse


def _sshd(settings: FormatSettings, note: Note) -> Parse:
    return sshd.Sshd(settings.year, settings.user_field or sshd.USER_FIELD, note).parse


FORMATS: dict[str, _Format] = {
    "jsonl": _Format("one JSON object per line", _jsonl),
    "sshd": _Format("sshd's lines in a log", _sshd, refers_back=True),
}


def refers_back(settings: FormatSettings) -> bool:
    """Whether a line may refer to an earlier one, which its record then carries as `before`."""
    return FORMATS[settings.format].refers_back


def needs_first_line(settings: FormatSettings) -> bool:
    """Whether records carry the file's first line as `first`: it sets the year of headers without one."""
    return refers_back(settings) and settings.year is not None


def parser(settings: FormatSettings, note: Note = no_note) -> Parse:
    """Return the parser of the configured format; `note` is called as described in formats/record.py."""
    return FORMATS[settings.format].build(settings, note)
