import sys

import pytest

from flink_abnormal.core.errors import MachineError
from flink_abnormal.core.settings import Settings, StateSettings
from flink_abnormal.runtime import python_library
from flink_abnormal.submission.preflight import settle_mode

VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"


@pytest.fixture(autouse=True)
def looked_for_anew():
    python_library.missing.cache_clear()
    yield
    python_library.missing.cache_clear()


@pytest.fixture
def finds(monkeypatch, tmp_path):
    """What pemja, and so the check, is told when it looks for the library: by a `find_libpython` that comes first."""

    def answer(code):
        (tmp_path / "find_libpython.py").write_text(f"def find_libpython():\n    {code}\n")
        monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    return answer


@pytest.mark.thread_mode
def test_where_the_library_is_nothing_is_missing():
    assert python_library.missing() is None


@pytest.mark.thread_mode
@pytest.mark.parametrize("mode", ["thread", "process"])
def test_where_the_library_is_the_chosen_mode_stands(mode):
    said = []
    assert settle_mode(Settings(state=StateSettings(execution_mode=mode)), said.append).state.execution_mode == mode
    assert said == []


@pytest.mark.thread_mode
def test_where_the_library_is_the_default_is_thread_mode():
    assert settle_mode(Settings(), print).state.execution_mode == "thread"


@pytest.mark.parametrize(
    "answer",
    [
        "return None",
        "return '/nowhere/libpython.so'",
        "return __file__",  # no library
        "print('a warning')",
        "raise OSError",
    ],
)
def test_what_pemja_could_not_load_is_missing(finds, answer):
    finds(answer)
    assert python_library.missing() == python_library.advice(sys.base_prefix, python_library._distributions())


def test_without_the_library_the_default_is_process_mode_and_it_is_said_why(finds):
    finds("return None")
    said = []

    assert settle_mode(Settings(), said.append).state.execution_mode == "process"
    assert said == [
        "Python's shared library is missing, so the job runs in process mode. Thread mode is faster; to use it, "
        "install: "
        f"{python_library.missing()}"
    ]


def test_without_the_library_a_chosen_process_mode_is_nothing_to_talk_about(finds):
    finds("return None")
    said = []

    assert settle_mode(Settings(state=StateSettings(execution_mode="process")), said.append).state.mode == "process"
    assert said == []


def test_without_the_library_a_chosen_thread_mode_is_refused_with_what_to_install(finds):
    finds("return None")

    with pytest.raises(MachineError) as refused:
        settle_mode(Settings(state=StateSettings(execution_mode="thread")), print)

    assert str(refused.value) == (
        f"--execution-mode thread needs Python's shared library, which {sys.executable} lacks. Install it "
        f"({python_library.missing()}), or give --execution-mode process."
    )
    assert refused.value.exit_code == 3


@pytest.mark.parametrize(
    ("prefix", "distributions", "install"),
    [
        ("/usr", ["debian"], f"apt-get install libpython{VERSION}"),
        ("/usr", ["ubuntu", "debian"], f"apt-get install libpython{VERSION}"),
        ("/usr", ["fedora"], "dnf install python3-libs"),
        ("/usr", ["rocky", "rhel", "centos", "fedora"], "dnf install python3-libs"),
        ("/usr", ["opensuse-leap", "suse", "opensuse"], f"zypper install libpython{VERSION.replace('.', '_')}-1_0"),
        ("/usr", ["arch"], "pacman -S python"),
        ("/usr", ["alpine"], "apk add python3"),
        ("/usr", ["beos"], f"a Python {VERSION} that was built with --enable-shared"),
        ("/usr/local", ["debian"], f"a Python {VERSION} that was built with --enable-shared"),
        (
            "/home/me/.pyenv/versions/3",
            ["debian"],
            f"PYTHON_CONFIGURE_OPTS=--enable-shared pyenv install --force {VERSION}.{sys.version_info.micro}",
        ),
    ],
)
def test_what_to_install_depends_on_where_python_comes_from(prefix, distributions, install):
    assert python_library.advice(prefix, distributions) == install
