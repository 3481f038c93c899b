"""Jars of Java parts, compiled with the Java and the Flink that are installed."""

import os
import zipfile

import pytest

from flink_abnormal.core.errors import MachineError
from flink_abnormal.jvm import jar
from flink_abnormal.runtime import distribution, java

FIRST = "package some; public final class First { int two() { return new Second().two(); } }"
SECOND = "package some; final class Second { int two() { return 2; } }"


@pytest.fixture(scope="module")
def environ():
    return os.environ | {"JAVA_HOME": str(java.find()), "FLINK_LIB_DIR": str(distribution.flink_home() / "lib")}


@pytest.fixture
def texts(tmp_path):
    folder = tmp_path / "texts"
    (folder / "META-INF").mkdir(parents=True)
    (folder / "First.java").write_text(FIRST)
    (folder / "Second.java").write_text(SECOND)
    (folder / "META-INF" / "some.service").write_text("some.First\n")
    return folder


def test_a_folder_becomes_a_jar_that_depends_on_its_texts_alone(texts, tmp_path, environ):
    one, other = (jar.build(texts, tmp_path / cache, environ) for cache in ("one", "other"))

    names = ["META-INF/MANIFEST.MF", "META-INF/some.service", "some/First.class", "some/Second.class"]
    with zipfile.ZipFile(one) as archive:
        assert archive.namelist() == names
    assert (one.name, one.read_bytes()) == (other.name, other.read_bytes())
    # What is there is taken: nobody needs Java for it.
    assert jar.build(texts, tmp_path / "one", {}) == one


def test_a_text_that_is_no_java_is_told_of_and_leaves_no_jar(texts, tmp_path, environ):
    (texts / "Second.java").write_text("package some; final class Second { int two() { return } }")
    with pytest.raises(MachineError, match=r"can't compile the project's Java parts: .*Second\.java"):
        jar.build(texts, tmp_path / "cache", environ)
    assert list((tmp_path / "cache").iterdir()) == []
