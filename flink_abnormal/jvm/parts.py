"""The Java parts of a job, in `java/`, which use Flink's public API alone: a jar (`jar.py`), and objects made of it."""

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
    """The Java parts, as a jar that a job brings along and as classes of this process's JVM."""

    def __init__(self, file: Path) -> None:
        jvm = get_gateway().jvm
        urls = get_gateway().new_array(jvm.java.net.URL, 1)
        urls[0] = jvm.java.net.URL(file.as_uri())
        self._jar = file
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
    return Parts(jar.build(TEXTS, cache, os.environ))
