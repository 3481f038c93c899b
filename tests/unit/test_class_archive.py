import os
from pathlib import Path

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
        return class_archive.arguments(folder, "client", java, lib)[0]

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


def test_each_kind_has_an_archive_of_its_own_which_one_process_writes(tmp_path, lib):
    def asked(kind, **write):
        return class_archive.arguments(tmp_path, kind, "/java", lib, **write)

    assert asked("taskmanager", write=False) == []
    (flag, *quiet) = asked("taskmanager")
    assert (flag.startswith(f"{WRITE}{tmp_path}/taskmanager-"), quiet) == (True, list(class_archive.QUIET))
    written = flag.removeprefix(WRITE)
    Path(written).write_bytes(COMPLETE)

    assert asked("taskmanager", write=False) == [f"{USE}{written.rpartition('.')[0]}.jsa", *class_archive.QUIET]
    assert asked("jobmanager", write=False) == []
