"""Checks for Python's shared library, which thread mode loads and many distributions ship apart from `python3`.

Without it, each attempt of a task fails with `loadedLibraryNames`, a useless message.
"""

from __future__ import annotations

import platform
import subprocess
import sys
from functools import lru_cache
from pathlib import Path
from typing import Final

LOOK: Final = "from find_libpython import find_libpython;print(find_libpython())"
"""The code by which pemja, which loads the library into the JVM, finds it."""
LOAD: Final = "import ctypes, sys; ctypes.CDLL(sys.argv[1])"
LOOK_SECONDS: Final = 60
INSTALL: Final = {
    "debian": "apt-get install libpython{version}",
    "fedora": "dnf install python3-libs",
    "suse": "zypper install libpython{version_}-1_0",
    "arch": "pacman -S python",
    "alpine": "apk add python3",
}
"""How to install the library for a distribution's own Python; others name one of these as similar."""


@lru_cache
def missing() -> str | None:
    """Return how to install this Python's shared library, or None if thread mode can load it."""
    found = _found()
    if found is not None and _python("-c", LOAD, found).returncode == 0:
        return None
    return advice(sys.base_prefix, _distributions())


def advice(prefix: str, distributions: list[str]) -> str:
    """Return how to get the shared library of the Python below `prefix`; `distributions`: this and similar ones."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    if "pyenv" in prefix:
        return f"PYTHON_CONFIGURE_OPTS=--enable-shared pyenv install --force {platform.python_version()}"
    known = next((INSTALL[each] for each in distributions if each in INSTALL), None)
    if prefix != "/usr" or known is None:
        return f"a Python {version} that was built with --enable-shared"
    return known.format(version=version, version_=version.replace(".", "_"))


def _found() -> str | None:
    """Return the library that pemja will load; pemja parses all output, warnings too, as paths."""
    done = _python("-c", LOOK)
    path = done.stdout.strip()
    return path if done.returncode == 0 and Path(path).is_file() else None


def _python(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        timeout=LOOK_SECONDS,
        check=False,
    )


def _distributions() -> list[str]:
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        return []
    return [release.get("ID", ""), *release.get("ID_LIKE", "").split()]
