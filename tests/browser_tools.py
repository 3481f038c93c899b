"""Samples served to a real browser: the server, what a page complained of, and how tests move on it."""

import os
import re
import subprocess
import sys
from pathlib import Path

import requests
from cluster_tools import free_port
from conftest import wait_until

PAGE_SECONDS = 0.1
TABS = ("overview", "jobs", "alerts", "checkpoints", "recovery", "learn")


class Server:
    """A dashboard of samples in a process of its own."""

    def __init__(self, errors: Path, seconds=PAGE_SECONDS, port=None):
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.errors = errors
        program = Path(__file__).parent / "browser" / "serve_samples.py"
        with errors.open("w") as file:
            self.process = subprocess.Popen(
                [sys.executable, program, str(self.port), str(seconds)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=file,
                text=True,
                # NiceGUI takes a process for a test of its own where this is set.
                env={name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"},
                cwd=errors.parent,
            )
        wait_until(self.healthy, f"the dashboard; it said: {errors.read_text()}")

    def healthy(self):
        """Whether it answers."""
        assert self.process.poll() is None, self.errors.read_text()
        return answers(self.url)

    def show(self, sample):
        """Show a sample from now on."""
        self._order(sample)

    def log(self, text):
        """Add a line to the application log."""
        self._order(f"log {text}")

    def _order(self, order):
        self.process.stdin.write(f"{order}\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == f"{order}\n", self.errors.read_text()

    def close(self):
        """End it: it ends with its input."""
        self.process.stdin.close()
        try:
            self.process.wait(20)
        finally:
            self.process.kill()
            self.process.stdout.close()


def answers(url):
    """Whether a dashboard says that it is well."""
    try:
        return requests.get(f"{url}/healthz", timeout=5).text == "ok\n"
    except requests.RequestException:
        return False


class Watched:
    """A page, with what its browser complained of and what it asked for."""

    def __init__(self, context, url):
        self.url = url
        self.expected = r"(?!)"
        self.complaints, self.requests = [], []
        self.page = context.new_page()
        self.page.set_default_timeout(20_000)
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))

    def _said(self, message):
        if message.type == "error":
            self.complaints.append(message.text)

    def unexpected(self):
        """Return the complaints that a test has not said to expect."""
        return [said for said in self.complaints if not re.search(self.expected, said)]

    def foreign(self):
        """Return the requests that left the page's own origin."""
        own = (f"{self.url}/", f"ws{self.url.removeprefix('http')}/", "data:", "blob:")
        return [asked for asked in self.requests if not asked.startswith(own)]


def go(page, server, sample="healthy", *, language="en", dark=False):
    """Open the page on a sample, and wait until it is drawn."""
    server.show(sample)
    page.goto(f"{server.url}/{'ko' if language == 'ko' else ''}?dark={int(dark)}")
    page.locator(".age:not(:empty)").first.wait_for(state="attached")
    page.evaluate("window.stayed = true")  # gone after a reload
    settle(page)


def pick_tab(page, name):
    """Show a tab, and wait until it is drawn."""
    page.locator(".q-tab").nth(TABS.index(name)).click()
    page.wait_for_function(
        "place => document.querySelectorAll('.q-tab')[place].ariaSelected === 'true'"
        " && document.querySelector('.q-ripple') === null",  # what a click leaves on the tab for a moment
        arg=TABS.index(name),
    )
    settle(page)


_SETTLE = """() => new Promise(done => {
  let left = 2;
  const drawn = () => requestAnimationFrame(() => requestAnimationFrame(done));
  new MutationObserver((_, self) => { if (--left === 0) { self.disconnect(); drawn(); } })
    .observe(document.querySelector('.bar [data-age]'), { attributes: true, attributeFilter: ['data-age'] });
})"""


def settle(page):
    """Wait until two more updates have come and are drawn."""
    page.evaluate(_SETTLE)


def card(page, title):
    """Return the visible card of a heading."""
    return page.locator("section.card:visible").filter(
        has=page.locator("h2", has_text=re.compile(f"^{re.escape(title)}$"))
    )


def picture(page, title):
    """Return the texts of the SVG picture in a card, from left above to right below as ECharts wrote them."""
    return [text.strip() for text in card(page, title).locator("svg text").all_text_contents()]
