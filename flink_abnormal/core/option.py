"""A field of the settings that is an option of the command line and a key of the YAML file."""

from __future__ import annotations

from dataclasses import field, fields
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


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


def tree(owner: type, title: str, groups: Mapping[str, type]) -> Iterator[tuple[str, str, Option, Any]]:
    """Yield (group, name, option, default) of each option of `owner` and of its groups; names are unique."""
    for kind, heading in [(owner, title), *((kind, heading) for heading, kind in groups.items())]:
        for each in fields(kind):
            if "option" in each.metadata:
                yield heading, each.name, each.metadata["option"], each.default


def build(owner: type, values: Mapping[str, Any]) -> Any:
    """Return an object of `owner` from the values of all options, by name."""
    branches: dict[str, Any] = {}
    for each in fields(owner):
        if "option" in each.metadata:
            branches[each.name] = values[each.name]
        else:
            kind: Any = each.default_factory
            branches[each.name] = kind(**{leaf.name: values[leaf.name] for leaf in fields(kind)})
    return owner(**branches)
