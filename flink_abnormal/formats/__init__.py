"""What a record says: bytes of a line -> a UserEvent, nothing (skipped), or why not (rejected). Pure, no Flink."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from flink_abnormal.formats import jsonl, sshd
from flink_abnormal.formats.record import Rejected
from flink_abnormal.model import UserEvent

if TYPE_CHECKING:
    from flink_abnormal.settings import FileSettings

__all__ = ["FORMATS", "Parse", "Rejected", "parser"]

Parse = Callable[[bytes], UserEvent | Rejected | None]
"""Takes a line without its line break; returns its event, why it can't be used, or None where it is skipped."""


class _Format(NamedTuple):
    describes: str
    build: Callable[[FileSettings], Parse]


FORMATS: dict[str, _Format] = {
    "jsonl": _Format(
        "one JSON object a line",
        lambda s: jsonl.JsonLines(s.user_field, s.abnormal_field, s.abnormal_values).parse,
    ),
    "sshd": _Format("sshd's lines of an auth.log", lambda s: sshd.Sshd(s.year).parse),
}


def parser(settings: FileSettings) -> Parse:
    """Return the parser of the format that the settings name."""
    return FORMATS[settings.format].build(settings)
