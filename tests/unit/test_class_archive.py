import pytest

from flink_abnormal.runtime import class_archive

USE, WRITE = "-XX:SharedArchiveFile=", "-XX:ArchiveClassesAtExit="


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
    assert first.startswith(f"{WRITE}{folder}/client-")
    file = first.removeprefix(WRITE)
    (folder / file).touch()
    assert asked() == USE + file

    (lib / "flink-state.jar").write_bytes(b"more")
    assert asked().startswith(WRITE)
    assert asked() != first
    assert list(folder.iterdir()) == []

    (lib / "flink-state.jar").unlink()
    (lib / "flink-gone.jar").symlink_to(tmp_path / "nowhere.jar")
    assert asked() == first
    assert asked(java="/another") not in (first, USE + file)
