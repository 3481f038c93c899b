"""Errors that the user can fix: one sentence that says what to do, and an exit code; never a traceback."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

MEANINGS: Final = {
    # pemja's failure if it can't load the library: it hides the real reason behind a field that new JVMs lack.
    "loadedLibraryNames": "a TaskManager can't load Python's shared library, which thread mode needs: install it there "
    f"(Debian: apt-get install libpython{sys.version_info.major}.{sys.version_info.minor}), or give "
    "--execution-mode process",
}
"""Obscure reasons, and what they mean."""


_RANDOM_ID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class AbnormalError(Exception):
    """Base of all errors that the user can fix; `str()` is the sentence to show."""

    exit_code = 1


class UsageError(AbnormalError):
    """An invalid option, file or combination: correct the command and run it again."""

    exit_code = 2


class MachineError(AbnormalError):
    """The machine lacks something, such as Java, a free port or a writable folder: provide it or name another."""

    exit_code = 3


class ClusterError(AbnormalError):
    """The cluster is missing, too small, or does not start: start it, or free slots."""

    exit_code = 4


class JobError(AbnormalError):
    """The job was refused or failed: read the reason, fix it, submit again."""

    exit_code = 5


def cause(error: BaseException) -> str:
    """Return the innermost reason of a Java or Python error, in one line."""
    text = str(error)
    # Py4J prepends a line of its own to Java's first, which starts with a colon.
    causes = re.findall(r"^Caused by: (.+)$", text, re.MULTILINE) or re.findall(r"^: (.+)$", text, re.MULTILINE)
    found = causes[-1] if causes else next((line for line in text.splitlines() if line.strip()), repr(error))
    reason = re.sub(r"^(?:[a-z][\w$]*\.)+(?:[A-Z][\w$]*): ", "", found.strip())
    return MEANINGS.get(reason, reason)


def root(failures: Sequence[str]) -> str:
    """Return the reason for consecutive failures (newest first), starting with the oldest one's.

    Later failures often only follow from the first. Each attempt has its own file names, so two reasons that differ
    only by a random id count as one.
    """
    last, first = cause(Exception(failures[0])), cause(Exception(failures[-1]))
    return last if _RANDOM_ID.sub("", first) == _RANDOM_ID.sub("", last) else f"{first}; in the end: {last}"
