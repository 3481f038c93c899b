"""How every command ends: with a sentence and an exit code, on Ctrl-C, or when its output's reader is gone."""

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
    """Run a command line; report a user's mistake as one sentence and an exit code, never as a traceback."""
    end_at_ctrl_c()
    _open_streams()
    code: str | int | None = 0
    output = os.dup(STANDARD_OUTPUT)  # Rich replaces it once its reader is gone
    try:
        command()
    except AbnormalError as error:
        say(f"Error: {error}")
        code = error.exit_code
    except BrokenPipeError:
        code = 1
    except OSError as error:  # a file or folder that was not checked before
        say(f"Error: {f'{error.filename}: ' if error.filename else ''}{error.strerror or error}.")
        code = MachineError.exit_code
    except SystemExit as done:
        code = done.code
    sys.exit(_exit_code(code, output))


def _exit_code(code: str | int | None, output: int) -> str | int | None:
    """Return the exit code; output that its reader cut off (`| head`) counts as complete."""
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.flush()
    if not reader_left(output):
        return code
    for descriptor in (STANDARD_OUTPUT, STANDARD_ERROR):
        if reader_left(descriptor):  # Python's own last flush would complain
            os.dup2(os.open(os.devnull, os.O_WRONLY), descriptor)
    return 0 if code == 1 else code  # click and Rich then end with 1


def end_at_ctrl_c() -> None:
    """Let Ctrl-C end the command quietly: it cleans up on the way out, and does not count as a failure."""

    def end(_signal: int, frame: FrameType | None) -> NoReturn:
        signal.signal(signal.SIGINT, lambda *_: os._exit(0))
        if _imports(frame):
            os._exit(0)
        sys.exit(0)

    signal.signal(signal.SIGINT, end)


def _imports(frame: FrameType | None) -> bool:
    """Whether a module is being imported: some catch any exception meanwhile, and fail later for lack of it."""
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False


def _open_streams() -> None:
    """Discard output to streams that the shell has closed (`>&-`), which would go to the next opened file."""
    for descriptor, name in ((STANDARD_OUTPUT, "stdout"), (STANDARD_ERROR, "stderr")):
        try:
            os.fstat(descriptor)
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), descriptor)
            setattr(sys, name, os.fdopen(descriptor, "w", closefd=False))
