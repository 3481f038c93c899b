"""Serves the dashboard: the collector's lifetime, the two addresses of the page, and a health check."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from nicegui import app, ui
from starlette.responses import PlainTextResponse

from dashboard.pages import theme
from dashboard.pages.page import PATHS, SECONDS, Page
from dashboard.pages.texts import Texts
from dashboard.security import LOCAL_HOSTS, OwnHostOnly

if TYPE_CHECKING:
    from dashboard.collect.collector import Collector

STATIC: Final = Path(__file__).parent / "pages" / "static"
_LOCALES: Final = {"en": "en-US", "ko": "ko-KR"}


@dataclass(frozen=True)
class Serving:
    """Where the page is served. `hosts` are the names by which browsers may address it."""

    host: str = "127.0.0.1"
    port: int = 8080
    hosts: tuple[str, ...] = LOCAL_HOSTS
    page_seconds: float = SECONDS


def serve(serving: Serving, collector: Collector) -> None:
    """Serve a collector's data until interrupted; the collector runs as long."""
    app.on_startup(collector.start)
    app.on_shutdown(collector.stop)
    app.add_middleware(OwnHostOnly, hosts=serving.hosts)
    app.add_static_files("/own", STATIC)
    app.get("/healthz")(_healthy)
    for language, path in PATHS.items():
        _add_page(collector, language, path, serving.page_seconds)
    ui.run(
        host=serving.host,
        port=serving.port,
        reload=False,
        show=False,
        show_welcome_message=False,
        title=Texts("en")("page-title"),
        favicon="📈",
        uvicorn_logging_level="warning",
        tailwind=False,  # it scans the whole page again on every change
    )


def _add_page(collector: Collector, language: Any, path: str, seconds: float) -> None:
    @ui.page(path, title=Texts(language)("page-title"), language=_LOCALES[language])  # type: ignore[arg-type]
    def page(dark: bool = False) -> None:  # noqa: FBT001, FBT002 - of the address: ?dark=1
        ui.add_head_html(f"<style>{theme.css()}</style><link rel=stylesheet href=/own/page.css>")
        for script in ("age", "measure"):
            ui.add_head_html(f'<script type="module" src="/own/{script}.js"></script>')
        Page(collector, language, dark=dark, seconds=seconds)


def _healthy() -> PlainTextResponse:
    return PlainTextResponse("ok\n")
