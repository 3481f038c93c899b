"""What can go wrong by a user's hand.

AbnormalError            one sentence and what to do; its exit code; never shown as a traceback
├── UsageError       2   an option, a file or a combination that makes no sense
├── MachineError     3   the machine lacks something: Java, a free port, a folder that can be written
├── ClusterError     4   no cluster, too few slots, a cluster that does not come up
└── JobError         5   the job was refused or failed
"""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

MEANINGS: Final = {
    # What pemja comes to if it can't load the library: it hides its own reason behind a field that new JVMs lack.
    "loadedLibraryNames": "a TaskManager can't load Python's shared library, which thread mode needs: install it there "
    f"(Debian: apt-get install libpython{sys.version_info.major}.{sys.version_info.minor}), or give "
    "--execution-mode process",
}
"""Reasons that tell nobody anything, and what they mean."""


_RANDOM_ID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class AbnormalError(Exception):
    """Base of every error that is a user's to mend; `str()` is the sentence to show."""

    exit_code = 1


class UsageError(AbnormalError):
    """An option or an input is wrong: mend the command and run it again."""

    exit_code = 2


class MachineError(AbnormalError):
    """The machine lacks something: install it, free it, or point elsewhere."""

    exit_code = 3


class ClusterError(AbnormalError):
    """The cluster is missing, too small or broken: start it, or make room."""

    exit_code = 4


class JobError(AbnormalError):
    """The job was refused or failed: read the reason, mend it, submit again."""

    exit_code = 5


def cause(error: BaseException) -> str:
    """Return the innermost reason of a Java or Python error in one line."""
    text = str(error)
    # Py4J puts a line of its own before Java's first, which starts with a colon.
    causes = re.findall(r"^Caused by: (.+)$", text, re.MULTILINE) or re.findall(r"^: (.+)$", text, re.MULTILINE)
    found = causes[-1] if causes else next((line for line in text.splitlines() if line.strip()), repr(error))
    reason = re.sub(r"^(?:[a-z][\w$]*\.)+(?:[A-Z][\w$]*): ", "", found.strip())
    return MEANINGS.get(reason, reason)


def root(failures: Sequence[str]) -> str:
    """Return the reason of failures that followed one another, the newest first: the first one's comes first.

    What fails later is often only what the first failure left behind. Each try has file names of its own: two reasons
    that differ by a random id alone are one.
    """
    last, first = cause(Exception(failures[0])), cause(Exception(failures[-1]))
    return last if _RANDOM_ID.sub("", first) == _RANDOM_ID.sub("", last) else f"{first}; in the end: {last}"
