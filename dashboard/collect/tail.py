"""The last items of a stream, for readers that come back for what is new."""

from __future__ import annotations

import threading
from collections import deque
from itertools import islice
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
    """Keeps the newest `most` items. Any thread may read and add."""

    def __init__(self, most: int, items: Iterable[T] = (), begin: int = 0) -> None:
        """`items` are those from before, and `begin` is the number of the next one."""
        self._items: deque[T] = deque(items, maxlen=most)
        self._lock = threading.Lock()
        self._next = begin

    def add(self, build: Callable[[int], T]) -> T:
        """Append what `build(seq)` returns, and return it."""
        with self._lock:
            item = build(self._next)
            self._items.append(item)
            self._next += 1
            return item

    def since(self, seq: int) -> list[T]:
        """Return the items after the one numbered `seq`, as far as they are kept, oldest first."""
        with self._lock:
            new = 0
            for item in reversed(self._items):
                if item.seq <= seq:
                    break
                new += 1
            return list(islice(self._items, len(self._items) - new, None))

    def newest(self, count: int) -> list[T]:
        """Return the last items, oldest first."""
        with self._lock:
            return list(islice(self._items, max(len(self._items) - max(count, 0), 0), None))
