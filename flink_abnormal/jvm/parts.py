"""Compiles the Java parts with Janino, which lies in Flink's own `lib`, and makes objects of them: no JDK, no build.

Each part in `java/` is small, uses Flink's public API alone, and knows no generics (Janino compiles them away only in
part). The jar is the same, byte for byte, for the same texts, and is kept under a name made of them.
"""

from __future__ import annotations

import os
import zipfile
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pyflink.java_gateway import get_gateway

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyflink.datastream import StreamExecutionEnvironment

PACKAGE: Final = "flinkabnormal"
TEXTS: Final = Path(__file__).parent / "java"
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
"""The earliest time a zip archive can hold: a jar's bytes depend on its content only."""


class Parts:
    """The Java parts, as a jar that a job brings along and as classes of this process's JVM."""

    def __init__(self, jar: Path) -> None:
        jvm = get_gateway().jvm
        urls = get_gateway().new_array(jvm.java.net.URL, 1)
        urls[0] = jvm.java.net.URL(jar.as_uri())
        self._jar = jar
        self._loader = jvm.java.net.URLClassLoader(urls, jvm.Thread.currentThread().getContextClassLoader())

    def add_to(self, env: StreamExecutionEnvironment) -> None:
        """Have jobs of `env` bring the jar to the cluster."""
        env.add_jars(self._jar.as_uri())

    def new(self, name: str, *arguments: Any) -> Any:
        """Return a new object of the part called `name`, whose constructor takes `arguments` (Java objects)."""
        gateway = get_gateway()
        (constructor,) = self._loader.loadClass(f"{PACKAGE}.{name}").getConstructors()
        array = gateway.new_array(gateway.jvm.Object, len(arguments))
        for place, argument in enumerate(arguments):
            array[place] = argument
        return constructor.newInstance(array)


def build(cache: Path) -> Parts:
    """Return the parts; their jar is taken from the folder `cache`, or compiled into it."""
    texts = {file.name: file.read_text(encoding="utf-8") for file in sorted(TEXTS.glob("*.java"))}
    jar = cache / f"parts-{_digest(texts)}.jar"
    if not jar.exists():
        cache.mkdir(parents=True, exist_ok=True)
        fresh = cache / f".{jar.name}.{os.getpid()}"
        _write(fresh, _compile(texts))
        fresh.replace(jar)
    return Parts(jar)


def _digest(texts: Mapping[str, str]) -> str:
    hashed = blake2b(digest_size=12)
    for name, text in texts.items():
        hashed.update(f"{name}\0{text}\0".encode())
    return hashed.hexdigest()


def _compile(texts: Mapping[str, str]) -> dict[str, bytes]:
    """Return the class files of Java texts, which may refer to each other, by their names in a jar."""
    gateway = get_gateway()
    jvm = gateway.jvm
    resources = jvm.org.codehaus.commons.compiler.util.resource
    sources = gateway.new_array(resources.Resource, len(texts))
    for place, (name, text) in enumerate(texts.items()):
        sources[place] = resources.StringResource(name, text)
    classes = jvm.java.util.TreeMap()
    compiler = jvm.org.codehaus.janino.Compiler()
    compiler.setIClassLoader(
        jvm.org.codehaus.janino.ClassLoaderIClassLoader(jvm.Thread.currentThread().getContextClassLoader())
    )
    compiler.setClassFileCreator(resources.MapResourceCreator(classes))
    # Line numbers in stack traces.
    compiler.setDebugLines(True)
    compiler.setDebugSource(True)
    compiler.compile(sources)
    return {str(name): bytes(classes[name]) for name in classes}


def _write(jar: Path, classes: Mapping[str, bytes]) -> None:
    with zipfile.ZipFile(jar, "w") as archive:
        archive.writestr(zipfile.ZipInfo("META-INF/MANIFEST.MF", _EPOCH), "Manifest-Version: 1.0\r\n\r\n")
        for name, code in classes.items():
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), code)
