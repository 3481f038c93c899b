import os

import pytest

from flink_abnormal.runtime import class_archive

USE, WRITE = "-XX:SharedArchiveFile=", "-XX:ArchiveClassesAtExit="
COMPLETE, HALF = b"\xa8\xab\x0b\xf0 classes", b"\0\0\0\0 classes"


@pytest.fixture
def lib(tmp_path):
    lib = tmp_path / "lib"
    lib.mkdir()
    (lib / "flink-dist.jar").write_bytes(b"classes")
    return lib


def test_an_archive_is_written_once_then_used_and_replaced_when_the_jars_change(tmp_path, lib):
    folder = tmp_path / "classes"

    def asked(java="/java"):
        return class_archive.arguments(folder, java, lib).removesuffix(f" {class_archive.QUIET}")

    first = asked()
    name = first.removeprefix(f"{WRITE}{folder}/").removesuffix(f".{os.getpid()}")
    assert first == f"{WRITE}{folder}/{name}.{os.getpid()}"
    (folder / f"{name}.{os.getpid()}").write_bytes(HALF)
    assert asked() == first
    (folder / f"{name}.1").write_bytes(COMPLETE)  # of another command, which ended sooner
    assert asked() == f"{USE}{folder}/{name}.jsa"
    assert asked() == f"{USE}{folder}/{name}.jsa"
    assert [file.name for file in folder.iterdir()] == [f"{name}.jsa"]

    (lib / "flink-state.jar").write_bytes(b"more")
    assert asked().startswith(WRITE)
    assert asked() != first
    assert list(folder.iterdir()) == []

    (lib / "flink-state.jar").unlink()
    (lib / "flink-gone.jar").symlink_to(tmp_path / "nowhere.jar")
    assert asked() == first
    assert asked(java="/another") != first
