"""The last items of a stream, for readers that come back for what is new."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

LOG_LINES: Final = 2_000
ALERTS: Final = 1_000


class Numbered(Protocol):
    """What counts up by 1."""

    @property
    def seq(self) -> int:
        """Its number."""
        ...


T = TypeVar("T", bound=Numbered)


class Tail(Generic[T]):
    """Keeps the newest `most` items. One thread adds, and any thread may read: CPython copies a deque in one step."""

    def __init__(self, most: int, items: Iterable[T] = (), begin: int = 0) -> None:
        """`items` are those from before, and `begin` is the number of the next one."""
        self._items: deque[T] = deque(items, maxlen=most)
        self._next = begin

    def add(self, build: Callable[[int], T]) -> T:
        """Append what `build(seq)` returns, and return it."""
        item = build(self._next)
        self._items.append(item)
        self._next += 1
        return item

    def since(self, seq: int) -> list[T]:
        """Return the items after the one numbered `seq`, as far as they are kept, oldest first."""
        items = list(self._items)
        new = 0
        for item in reversed(items):
            if item.seq <= seq:
                break
            new += 1
        return items[len(items) - new :]

    def newest(self, count: int) -> list[T]:
        """Return the last items, oldest first."""
        items = list(self._items)
        return items[max(len(items) - max(count, 0), 0) :]
