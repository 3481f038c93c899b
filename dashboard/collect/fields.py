"""Takes values out of a JSON answer, and says where something else stood than what was expected."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, TypeVar

import orjson

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

T = TypeVar("T")
_SHOWN_CHARS = 60


class Unreadable(Exception):  # noqa: N818 - it is no error of this program
    """An answer is not of the form that Flink gives: which, what was expected, what stood there."""


class Field:
    """A value of an answer, and the way to it."""

    __slots__ = ("_path", "_value")

    def __init__(self, value: Any, path: str) -> None:
        self._value, self._path = value, path

    @classmethod
    def parse(cls, content: bytes, name: str) -> Field:
        """Return the answer `name`; raise Unreadable where it is no JSON."""
        try:
            return cls(orjson.loads(content), name)
        except orjson.JSONDecodeError:
            raise Unreadable(f"{name}: expected JSON, got {content[:_SHOWN_CHARS]!r}") from None

    def __getitem__(self, key: str) -> Field:
        """Return a member that must be there."""
        member = self.get(key)
        if member is None:
            raise Unreadable(f"{self._path}.{key} is missing")
        return member

    def get(self, key: str) -> Field | None:
        """Return a member, None where it is missing or null."""
        if not isinstance(self._value, dict):
            raise self._not("an object")
        value = self._value.get(key)
        return None if value is None else Field(value, f"{self._path}.{key}")

    def optional(self, key: str, read: Callable[[Field], T]) -> T | None:
        """Return what `read` finds in a member, None where that is missing or null."""
        member = self.get(key)
        return None if member is None else read(member)

    def items(self) -> list[Field]:
        """Return the elements of a list."""
        if not isinstance(self._value, list):
            raise self._not("a list")
        return [Field(value, f"{self._path}[{place}]") for place, value in enumerate(self._value)]

    def members(self) -> Iterator[tuple[str, Field]]:
        """Yield the members of an object."""
        if not isinstance(self._value, dict):
            raise self._not("an object")
        for key, value in self._value.items():
            yield key, Field(value, f"{self._path}.{key}")

    @property
    def null(self) -> bool:
        """Whether there is null."""
        return self._value is None

    def text(self) -> str:
        """Return a string."""
        if not isinstance(self._value, str):
            raise self._not("a string")
        return self._value

    def flag(self) -> bool:
        """Return true or false."""
        if not isinstance(self._value, bool):
            raise self._not("true or false")
        return self._value

    def number(self) -> float:
        """Return a finite number."""
        value = self._value
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
            raise self._not("a number")
        return float(value)

    def count(self) -> int:
        """Return a whole number from 0."""
        value = self.number()
        if value < 0 or value != int(value):
            raise self._not("a whole number from 0")
        return int(self._value)

    def known(self) -> float | None:
        """Return a number from 0, None for what Flink writes where it doesn't know: -1, "NaN"."""
        if self._value == "NaN":
            return None
        value = self.number()
        return value if value >= 0 else None

    def seconds(self) -> float:
        """Return epoch seconds or a duration, of milliseconds."""
        return self.number() / 1000

    def since_epoch(self) -> float | None:
        """Return epoch seconds, None for Flink's "not yet" (-1 or 0)."""
        value = self.number()
        return value / 1000 if value > 0 else None

    def _not(self, expected: str) -> Unreadable:
        shown = repr(self._value)
        shown = shown if len(shown) <= _SHOWN_CHARS else f"{shown[:_SHOWN_CHARS]}…"
        return Unreadable(f"{self._path}: expected {expected}, got {shown}")
