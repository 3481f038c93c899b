"""Samples served to a real browser: one server and one Chromium for all tests of a worker, one page for each test."""

import contextlib
import fcntl
import shutil
import subprocess

import pytest
from browser_tools import Server, Watched
from conftest import PROJECT

AXE = "4.14.1"


@pytest.fixture(scope="session")
def server(tmp_path_factory, share):
    """The dashboard that all tests of this worker share; `show` switches what it shows."""
    pytest.importorskip("nicegui", reason="NiceGUI is missing: pip install '.[dashboard]'")
    running = Server(tmp_path_factory.mktemp("dashboard") / "errors.txt")
    share(contextlib.closing(running))
    return running


@pytest.fixture(scope="module")
def context(chromium):
    """What the pages of a module share: scripts that were loaded once. The dashboard stores nothing in a browser."""
    opened = chromium.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    yield opened
    opened.close()


@pytest.fixture
def watched(context, server):
    """A page that has gone nowhere yet; any error in its console, or a request to elsewhere, fails the test."""
    one = Watched(context, server.url)
    yield one
    one.page.close()
    assert one.unexpected() == []
    assert one.foreign() == []


@pytest.fixture
def page(watched):
    """The watched page as Playwright has it."""
    return watched.page


@pytest.fixture(scope="session")
def axe(tmp_path_factory):
    """The source of axe-core, fetched once with npm and kept in .flink/npm."""
    folder = PROJECT / ".flink" / "npm"
    script = folder / "node_modules" / "axe-core" / "axe.min.js"
    told = folder / "node_modules" / "axe-core" / "package.json"
    with (tmp_path_factory.getbasetemp().parent / "axe.lock").open("w") as lock:  # several workers, one folder
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (told.exists() and f'"version": "{AXE}"' in told.read_text()):
            if shutil.which("npm") is None:
                pytest.skip("npm is missing, which axe-core is fetched with (Debian: apt-get install npm)")
            folder.mkdir(parents=True, exist_ok=True)
            command = ["npm", "install", "--prefix", folder, "--no-save", "--ignore-scripts", f"axe-core@{AXE}"]
            done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=180)
            assert done.returncode == 0, done.stderr
    return script.read_text()
