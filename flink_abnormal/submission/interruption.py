"""Ctrl-C, and SIGTERM, while a job is being submitted."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from typing import TYPE_CHECKING, NoReturn

import psutil

from flink_abnormal.submission.terminal import say

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType


def on_ctrl_c(handler: Callable[[int, FrameType | None], None]) -> None:
    """Handle Ctrl-C and SIGTERM with `handler`."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, handler)


def stop_early(_signal: int, _frame: FrameType | None) -> None:
    """Exit at once on Ctrl-C: an exception would tear a JVM call, which Py4J logs with a traceback."""
    say("Stopped before the job had started.")
    leave()


def leave() -> NoReturn:
    """End this process and kill its JVM, which would notice the end only after its own start."""
    for child in psutil.Process().children():
        with contextlib.suppress(psutil.Error):
            child.kill()
    os._exit(0)


def remember_ctrl_c() -> threading.Event:
    """Defer Ctrl-C until the job is submitted: before that, nobody knows whether it runs.

    A second Ctrl-C ends the command at once.
    """
    interrupted = threading.Event()

    def remember(_signal: int, _frame: FrameType | None) -> None:
        if interrupted.is_set():
            say(
                "Stopped while the job was being submitted. If a cluster accepted it, this lists it: "
                "flink-abnormal list"
            )
            leave()
        interrupted.set()

    on_ctrl_c(remember)
    return interrupted
