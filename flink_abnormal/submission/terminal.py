"""Messages to the user, and detection of a closed output."""

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
    """Print a message that is not the job's output to standard error; ignore a closed one."""
    with contextlib.suppress(OSError):
        print(text, file=sys.stderr, flush=True)


def reader_left(descriptor: int, wait: bool = False) -> bool:  # noqa: FBT001, FBT002
    """Whether a pipe's reader has closed it; `wait` blocks until then, possibly for ever."""
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
    """Call `act`, in a thread, once the reader of the standard output has closed it."""

    def watch() -> None:
        if reader_left(STANDARD_OUTPUT, wait=True):
            act()

    threading.Thread(target=watch, daemon=True).start()
