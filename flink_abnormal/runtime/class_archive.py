"""Archives of the classes that Flink loads (Class Data Sharing): a JVM with one starts with a third less work.

There is one for clients, one for JobManagers and one for TaskManagers. The first JVM of its kind in an installation
writes it at its end. A JVM takes only one that the same Java wrote from the same jars, and does without if it is
missing or broken.
"""

from __future__ import annotations

import contextlib
import os
from hashlib import blake2b
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

QUIET: Final = ("-Xlog:cds=off", "-Xlog:cds+dynamic=off")
"""A JVM would print on its standard output why it takes no archive, and what it leaves out of one."""


def arguments(folder: Path, kind: str, java_home: str, lib: Path, *, write: bool = True) -> list[str]:
    """Return a JVM's arguments: to use its kind's archive for this Java and the jars in `lib`, or to write it.

    Each writer has a file of its own, since several may end at once. Archives of other jars are removed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    archive = folder / f"{kind}-{_digest(java_home, lib)}.jsa"
    for written in set(folder.glob(f"{kind}-*")) - {archive}:
        with contextlib.suppress(FileNotFoundError):  # another command does the same
            if written.stem != archive.stem or archive.exists():
                written.unlink()
            elif _is_complete(written):
                written.replace(archive)
    if archive.exists():
        return [f"-XX:SharedArchiveFile={archive}", *QUIET]
    return [f"-XX:ArchiveClassesAtExit={archive.with_suffix(f'.{os.getpid()}')}", *QUIET] if write else []


def _is_complete(archive: Path) -> bool:
    """Return whether a JVM has written all of it: the header comes last."""
    with archive.open("rb") as file:
        return any(file.read(4))


def _digest(java_home: str, lib: Path) -> str:
    hashed = blake2b(f"{java_home}\0{lib}".encode(), digest_size=12)
    for jar in sorted(lib.glob("*.jar")):
        with contextlib.suppress(FileNotFoundError):  # a link whose jar is gone, which a JVM skips too
            found = jar.stat()
            hashed.update(f"{jar.name}\0{found.st_size}\0{found.st_mtime_ns}\0".encode())
    return hashed.hexdigest()
