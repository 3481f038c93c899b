"""Jars of Java parts, compiled with Janino from Flink's `lib`: no JDK, no build step.

Each part is small and avoids generics, which Janino supports only in part. The same texts give the same jar, byte for
byte, cached under a name derived from them.
"""

from __future__ import annotations

import os
import subprocess
import zipfile
from hashlib import blake2b
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final, NamedTuple

from flink_abnormal.core.errors import MachineError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

COMPILER: Final = "org.codehaus.commons.compiler.samples.CompilerDemo"
"""Janino's command line, with javac's options."""
COMPILER_JAR: Final = "flink-table-runtime-*.jar"
COMPILE_SECONDS: Final = 120
KAFKA_CONNECTOR: Final = "flink-sql-connector-kafka"
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
"""The earliest time in a zip archive: a jar's bytes depend only on its content."""


class Jars(NamedTuple):
    """Folders of jars: those compiled from Java parts, and those that `make connectors` fetches."""

    parts: Path
    connectors: Path

    def connector(self, artifact: str) -> Path | None:
        """Return an artifact's jar from conf/connectors/pom.xml, or None if `make connectors` has not fetched it."""
        return max(self.connectors.glob(f"{artifact}-[0-9]*.jar"), default=None)


def build(texts: Path, cache: Path, environ: Mapping[str, str], *needed: Path) -> Path:
    """Return the jar of a folder: Java texts compiled, all other files unchanged.

    It is read from the folder `cache`, or created there. `environ` is the environment of Flink's JVMs, which locates
    Java and Flink's jars; `needed` are other jars that the texts use. Raises MachineError if Java fails, OSError if the
    cache is not writable.
    """
    files = {file.relative_to(texts).as_posix(): file.read_bytes() for file in sorted(texts.rglob("[!.]*.*"))}
    jar = cache / f"flink-abnormal-{texts.name}-{_digest(files | {each.name: b'' for each in needed})}.jar"
    if not jar.exists():
        cache.mkdir(parents=True, exist_ok=True)
        sources = [texts / name for name in files if name.endswith(".java")]
        others = {name: content for name, content in files.items() if not name.endswith(".java")}
        fresh = cache / f".{jar.name}.{os.getpid()}"
        _write(fresh, others | _compile(sources, environ, needed))
        fresh.replace(jar)
    return jar


def _digest(files: Mapping[str, bytes]) -> str:
    hashed = blake2b(digest_size=12)
    for name, content in files.items():
        hashed.update(f"{name}\0{len(content)}\0".encode() + content)
    return hashed.hexdigest()


def _compile(sources: list[Path], environ: Mapping[str, str], needed: Iterable[Path]) -> dict[str, bytes]:
    """Compile Java texts, which may refer to each other; return class files by their name in a jar."""
    lib = Path(environ["FLINK_LIB_DIR"])
    java = Path(environ["JAVA_HOME"], "bin", "java") if "JAVA_HOME" in environ else "java"
    # Only the first of the JVM's two compilers: the process ends before the second would pay off.
    command = [java, "-XX:TieredStopAtLevel=1", "-cp", *map(str, lib.glob(COMPILER_JAR)), COMPILER]
    with TemporaryDirectory() as folder:
        classpath = os.pathsep.join(map(str, [*sorted(lib.glob("*.jar")), *needed]))
        options = ["-d", folder, "-g", "-encoding", "UTF-8", "-classpath", classpath]
        done = subprocess.run(
            [*command, *options, *sources], capture_output=True, text=True, timeout=COMPILE_SECONDS, check=False
        )
        if done.returncode != 0:
            said = (done.stderr or done.stdout).strip().splitlines() or ["it printed nothing"]
            raise MachineError(f"{java} can't compile the project's Java parts: {said[0]}")
        compiled = Path(folder)
        return {file.relative_to(compiled).as_posix(): file.read_bytes() for file in sorted(compiled.rglob("*.class"))}


def _write(jar: Path, files: Mapping[str, bytes]) -> None:
    with zipfile.ZipFile(jar, "w") as archive:
        archive.writestr(zipfile.ZipInfo("META-INF/MANIFEST.MF", _EPOCH), "Manifest-Version: 1.0\r\n\r\n")
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), content)
