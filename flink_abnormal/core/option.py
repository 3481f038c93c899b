"""A field of the settings that is an option of the command line and a key of the YAML file."""

from __future__ import annotations

from dataclasses import field
from typing import Any, Literal, NamedTuple


class Option(NamedTuple):
    """A field's flag, kind of value and one-line help."""

    flag: str
    kind: Literal[
        "choice", "choices", "duration", "flag", "integer", "path", "rate", "repeated", "seed", "text", "texts"
    ]
    help: str
    choices: tuple[str, ...] = ()
    minimum: int | None = None
    maximum: int | None = None


def option(default: Any, flag: str, kind: Any, help: str, **more: Any) -> Any:  # noqa: A002
    """Return a dataclass field that is also a command-line option."""
    return field(default=default, metadata={"option": Option(flag, kind, help, **more)})
