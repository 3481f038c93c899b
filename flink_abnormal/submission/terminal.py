"""What a command says to its user, and whether anybody still reads it."""

from __future__ import annotations

import contextlib
import os
import select
import stat
import sys
import threading
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

STANDARD_OUTPUT: Final = 1
STANDARD_ERROR: Final = 2
_READER_LEFT: Final = select.POLLERR | select.POLLHUP


def say(text: str) -> None:
    """Tell the user something that is no output of the job; that nobody reads it is no reason to fail."""
    with contextlib.suppress(OSError):
        print(text, file=sys.stderr, flush=True)


def reader_left(descriptor: int, wait: bool = False) -> bool:  # noqa: FBT001, FBT002
    """Whether what is written to a pipe is read by nobody any more; `wait` until that is so, for ever if need be."""
    try:
        mode = os.fstat(descriptor).st_mode
    except OSError:
        return False
    if not (stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)):
        return False
    waiting = select.poll()
    waiting.register(descriptor, 0)
    return any(event & _READER_LEFT for _, event in waiting.poll(None if wait else 0))


def when_reader_left(act: Callable[[], None]) -> None:
    """Call `act`, in a thread, once nobody reads the standard output any more."""

    def watch() -> None:
        if reader_left(STANDARD_OUTPUT, wait=True):
            act()

    threading.Thread(target=watch, daemon=True).start()
