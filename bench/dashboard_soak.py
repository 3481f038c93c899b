"""Does the page grow when it is left open? Prints the memory of its renderer and of its server while it is updated.

One page of the dashboard in headless Chromium, updated as soon as it has drawn the last update, by a cluster that
changes each time; it goes from tab to tab all the while. Measured on the first tab, after REST_SECONDS without an
update and a garbage collection: the browser gives much back only when it has nothing to do, which a page that is
updated once a second has nearly always. Fails where a figure spreads by more than --allow over the last half.
"""

from __future__ import annotations

import argparse
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import psutil
from playwright.sync_api import sync_playwright

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, CDPSession, Page

TABS = 6
START_SECONDS = 60
REST_SECONDS = 10
MIB = 2**20
# Updates sent to the page, and updates drawn: those that arrive faster than it draws are drawn as one.
_COUNT = """() => { window.drawn = 0; new MutationObserver(() => { window.drawn += 1; }).observe(
  document.querySelector('.bar [data-age]'), { attributes: true, attributeFilter: ['data-age'] }); }"""
_SENT = "() => Number(document.querySelector('.bar [data-age]').dataset.age.split(';')[1])"


class Figures(NamedTuple):
    """A measurement: counts, and bytes."""

    updates: int
    drawn: int
    heap: float
    nodes: float
    renderer: float
    server: float


GROWING = ("heap", "nodes", "renderer", "server")


def main() -> None:
    """Drive the page, print the figures, and exit with 1 if any was not flat."""
    asked = _asked()
    rows = list(_soak(asked.updates, asked.every))
    spreads = {name: spread([getattr(row, name) for row in rows[len(rows) // 2 :]]) for name in GROWING}
    told = ", ".join(f"{name} {value:.1%}" for name, value in spreads.items())
    print(f"Spread over the last half: {told}")
    sys.exit(max(spreads.values()) > asked.allow / 100)


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--updates", type=int, default=10_000, help="how many the page gets (default: %(default)s)")
    parser.add_argument(
        "--every", type=int, default=1_000, help="updates from one measurement to the next (%(default)s)"
    )
    parser.add_argument("--allow", type=float, default=10, help="per cent of spread that pass as flat (%(default)s)")
    return parser.parse_args()


def spread(values: list[float]) -> float:
    """Return the share by which the highest value exceeds the lowest."""
    return max(values) / min(values) - 1


def _soak(updates: int, every: int) -> Iterator[Figures]:
    server, url = _serve()
    try:
        with sync_playwright() as playwright:
            arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=arguments)
            yield from _measured(browser, url, server, range(every, updates + 1, every))
            browser.close()
    finally:
        server.terminate()
        server.wait()


def _serve() -> tuple[subprocess.Popen[bytes], str]:
    """Start the server, and wait until it responds; return it and its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    program = Path(__file__).with_name("dashboard_changes.py")
    env = {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}
    server = subprocess.Popen([sys.executable, program, str(port)], stdin=subprocess.PIPE, env=env)
    url = f"http://127.0.0.1:{port}"
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            urllib.request.urlopen(f"{url}/healthz", timeout=5).close()  # noqa: S310 - this machine's own
        except OSError:
            if server.poll() is not None or time.monotonic() > deadline:
                sys.exit("The dashboard has not started; what it said stands above.")
            time.sleep(0.1)
        else:
            return server, url


def _measured(browser: Browser, url: str, server: subprocess.Popen[bytes], stops: range) -> Iterator[Figures]:
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(url)
    page.locator(".age:not(:empty)").first.wait_for(state="attached")
    page.evaluate(_COUNT)
    devtools = page.context.new_cdp_session(page)
    devtools.send("Performance.enable")
    print("updates   drawn  heap MiB  nodes  renderer MiB  server MiB")
    for stop in stops:
        _walk(page, stop)
        row = _figures(page, devtools, server)
        print(f"{row.updates:7,} {row.drawn:7,} {row.heap / MIB:9.1f} {row.nodes:6,.0f} {row.renderer / MIB:13.1f} "
              f"{row.server / MIB:11.1f}", flush=True)  # fmt: skip
        yield row


def _walk(page: Page, stop: int) -> None:
    """Cycle through the tabs until the page has had `stop` updates; end on the first."""
    place = 0
    while page.evaluate(_SENT) < stop:
        place += 1
        page.locator(".q-tab").nth(place % TABS).click()
        page.wait_for_timeout(500)
    page.locator(".q-tab").first.click()
    page.locator(".tile").first.wait_for()
    page.wait_for_timeout(500)


def _figures(page: Page, devtools: CDPSession, server: subprocess.Popen[bytes]) -> Figures:
    _order(server, "pause")
    page.wait_for_timeout(REST_SECONDS * 1000)
    for _ in range(2):
        devtools.send("HeapProfiler.collectGarbage")
    told: list[dict[str, Any]] = devtools.send("Performance.getMetrics")["metrics"]
    metrics = {each["name"]: each["value"] for each in told}
    renderers = [each for each in psutil.Process().children(recursive=True) if "--type=renderer" in _command(each)]
    figures = Figures(
        page.evaluate(_SENT),
        page.evaluate("window.drawn"),
        metrics["JSHeapUsedSize"],
        metrics["Nodes"],
        max(each.memory_info().rss for each in renderers),
        psutil.Process(server.pid).memory_info().rss,
    )
    _order(server, "go")
    return figures


def _order(server: subprocess.Popen[bytes], order: str) -> None:
    if server.stdin is None:
        raise ValueError("the server takes no orders")
    server.stdin.write(f"{order}\n".encode())
    server.stdin.flush()


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


if __name__ == "__main__":
    main()
