"""How each command of the project ends: by a sentence and an exit code, by Ctrl-C, or with the reader of its output."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from typing import TYPE_CHECKING, NoReturn

from flink_abnormal.core.errors import AbnormalError, MachineError
from flink_abnormal.submission.terminal import STANDARD_ERROR, STANDARD_OUTPUT, reader_left, say

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType


def run(command: Callable[[], object]) -> None:
    """Run a command line; a user's mistake is one sentence and an exit code, never a traceback."""
    end_at_ctrl_c()
    _open_streams()
    code: str | int | None = 0
    output = os.dup(STANDARD_OUTPUT)  # Rich puts another in its place once nobody reads it
    try:
        command()
    except AbnormalError as error:
        say(f"Error: {error}")
        code = error.exit_code
    except BrokenPipeError:
        code = 1
    except OSError as error:  # a file or a folder that nobody looked at before
        say(f"Error: {f'{error.filename}: ' if error.filename else ''}{error.strerror or error}.")
        code = MachineError.exit_code
    except SystemExit as done:
        code = done.code
    sys.exit(_exit_code(code, output))


def _exit_code(code: str | int | None, output: int) -> str | int | None:
    """Return what the command ends with: what was cut off by the end of its reader (`| head`) is done."""
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.flush()
    if not reader_left(output):
        return code
    for descriptor in (STANDARD_OUTPUT, STANDARD_ERROR):
        if reader_left(descriptor):  # Python's own last flush would complain
            os.dup2(os.open(os.devnull, os.O_WRONLY), descriptor)
    return 0 if code == 1 else code  # 1 is what click and Rich end with then


def end_at_ctrl_c() -> None:
    """Let Ctrl-C end the command quietly: what it does is cleared up on the way out, and it is no failure."""

    def end(_signal: int, frame: FrameType | None) -> NoReturn:
        signal.signal(signal.SIGINT, lambda *_: os._exit(0))
        if _imports(frame):
            os._exit(0)
        sys.exit(0)

    signal.signal(signal.SIGINT, end)


def _imports(frame: FrameType | None) -> bool:
    """Whether a module is being imported: some catch whatever is raised in them, and fail for lack of it later."""
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False


def _open_streams() -> None:
    """Let what is written to a stream that the shell has closed (`>&-`) go nowhere, not into the next file opened."""
    for descriptor, name in ((STANDARD_OUTPUT, "stdout"), (STANDARD_ERROR, "stderr")):
        try:
            os.fstat(descriptor)
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), descriptor)
            setattr(sys, name, os.fdopen(descriptor, "w", closefd=False))
