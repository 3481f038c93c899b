"""The Java parts of a job, in `java/` and `kafka/`: their jars (`jar.py`) and their objects.

They use only public API, of Flink and of its Kafka connector.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pyflink.java_gateway import get_gateway
from pyflink.util.java_utils import add_jars_to_context_class_loader

from flink_abnormal.jvm import jar
from flink_abnormal.jvm.jar import KAFKA_CONNECTOR

if TYPE_CHECKING:
    from pyflink.datastream import StreamExecutionEnvironment

    from flink_abnormal.jvm.jar import Jars

PACKAGE: Final = "flinkabnormal"
TEXTS: Final = Path(__file__).parent / "java"
KAFKA_TEXTS: Final = Path(__file__).parent / "kafka"


class Parts:
    """Java parts, as a jar shipped with a job and as classes of this process's JVM; `needed` are jars that they use."""

    def __init__(self, file: Path, *needed: Path) -> None:
        if needed:  # PyFlink's own calls find their classes there, too
            add_jars_to_context_class_loader([each.as_uri() for each in needed])
        jvm = get_gateway().jvm
        urls = get_gateway().new_array(jvm.java.net.URL, 1)
        urls[0] = jvm.java.net.URL(file.as_uri())
        self._jars = [each.as_uri() for each in (file, *needed)]
        self._loader = jvm.java.net.URLClassLoader(urls, jvm.Thread.currentThread().getContextClassLoader())

    def add_to(self, env: StreamExecutionEnvironment) -> None:
        """Ship the jars with jobs of `env`."""
        env.add_jars(*self._jars)

    def new(self, name: str, *arguments: Any) -> Any:
        """Return a new object of the part `name`; `arguments` of its constructor are Java objects."""
        gateway = get_gateway()
        (constructor,) = self._loader.loadClass(f"{PACKAGE}.{name}").getConstructors()
        array = gateway.new_array(gateway.jvm.Object, len(arguments))
        for place, argument in enumerate(arguments):
            array[place] = argument
        return constructor.newInstance(array)

    @staticmethod
    def field(part: Any, name: str) -> Any:
        """Return the value of a public field."""
        return part.getClass().getField(name).get(part)


def build(jars: Jars) -> Parts:
    """Return the parts, whose jar is compiled if it is missing."""
    return Parts(jar.build(TEXTS, jars.parts, os.environ))


def build_kafka(jars: Jars) -> Parts:
    """Return the parts for Kafka, and the connector with them; it must have been fetched."""
    connector = jars.connector(KAFKA_CONNECTOR)
    if connector is None:  # checked before a JVM runs
        raise FileNotFoundError(KAFKA_CONNECTOR)
    return Parts(jar.build(KAFKA_TEXTS, jars.parts, os.environ, connector), connector)
