"""The Java parts of a job, in `java/`: their jar (`jar.py`) and their objects. They use only Flink's public API."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pyflink.java_gateway import get_gateway

from flink_abnormal.jvm import jar

if TYPE_CHECKING:
    from pyflink.datastream import StreamExecutionEnvironment

PACKAGE: Final = "flinkabnormal"
TEXTS: Final = Path(__file__).parent / "java"


class Parts:
    """The Java parts, as a jar shipped with a job and as classes of this process's JVM."""

    def __init__(self, file: Path) -> None:
        jvm = get_gateway().jvm
        urls = get_gateway().new_array(jvm.java.net.URL, 1)
        urls[0] = jvm.java.net.URL(file.as_uri())
        self._jar = file
        self._loader = jvm.java.net.URLClassLoader(urls, jvm.Thread.currentThread().getContextClassLoader())

    def add_to(self, env: StreamExecutionEnvironment) -> None:
        """Ship the jar with jobs of `env`."""
        env.add_jars(self._jar.as_uri())

    def new(self, name: str, *arguments: Any) -> Any:
        """Return a new object of the part `name`; `arguments` of its constructor are Java objects."""
        gateway = get_gateway()
        (constructor,) = self._loader.loadClass(f"{PACKAGE}.{name}").getConstructors()
        array = gateway.new_array(gateway.jvm.Object, len(arguments))
        for place, argument in enumerate(arguments):
            array[place] = argument
        return constructor.newInstance(array)


def build(cache: Path) -> Parts:
    """Return the parts; their jar is read from the folder `cache`, or compiled into it."""
    return Parts(jar.build(TEXTS, cache, os.environ))
