"""The page: a bar, the alarms, and tabs of panels, which show the collector's data once a second."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from nicegui import ui

from dashboard.pages import theme
from dashboard.pages.panels import alarms, alerts, checkpoints, jobs, learn, overview, recovery, states
from dashboard.pages.texts import Texts
from dashboard.pages.view import Age, Picker, View, replace_classes, visible

if TYPE_CHECKING:
    from collections.abc import Callable

    from dashboard.collect.collector import Collector
    from dashboard.model import JobDetail, Snapshot
    from dashboard.pages.texts import Language
    from dashboard.pages.view import Panel

SECONDS: Final = 1.0
PATHS: Final[dict[Language, str]] = {"en": "/", "ko": "/ko"}
_TABS: Final[dict[str, Callable[[Texts], Panel]]] = {
    "overview": overview.OverviewPanel,
    "jobs": jobs.Jobs,
    "alerts": alerts.AlertsAndLog,
    "checkpoints": checkpoints.CheckpointsPanel,
    "recovery": recovery.RecoveriesPanel,
    "learn": learn.Learn,
}
_TONES: Final = {"up": "ok", "connecting": "idle", "electing": "warn", "gone": "bad"}


class Page:
    """One open page."""

    def __init__(self, collector: Collector, language: Language, *, dark: bool, seconds: float = SECONDS) -> None:
        self._collector = collector
        self._texts = Texts(language)
        self._picked: str | None = None
        self._dark = ui.dark_mode(dark)
        ui.colors(primary=theme.palette(dark=dark).accent)
        with ui.element("div").classes("page nicegui-column"):
            self._bar()
            self._alarms = alarms.AlarmsPanel(self._texts)
            self._states = states.States(self._texts)
            self._body = ui.element("div").classes("w-full")
            with self._body:
                self._tabs_and_panels()
        self.show()
        ui.timer(seconds, self.show)

    def _bar(self) -> None:
        texts = self._texts
        with ui.element("header").classes("bar nicegui-row"):
            with ui.element("h1").classes("title"):
                ui.label(texts("title")).style("display: inline")
            self._link = ui.label().classes("pill idle")
            self._age = Age(texts)
            ui.element("span").classes("grow")
            self._jobs = Picker(texts("pick-job"), self._pick)
            other: Language = "en" if texts.language == "ko" else "ko"
            self._language = ui.link(texts("other-language"), self._address(other))
            self._language.props(f"lang={other} hreflang={other}")
            self._dark_button = ui.button(on_click=self._switch_dark).props("flat dense no-caps")

    def _address(self, language: Language) -> str:
        return f"{PATHS[language]}?dark={int(bool(self._dark.value))}"

    def _tabs_and_panels(self) -> None:
        texts = self._texts
        with ui.tabs().props("inline-label align=left dense") as self._tabs:
            for name in _TABS:
                ui.tab(name, label=texts(f"tab-{name}"))
        self._panels: dict[str, Panel] = {}
        with ui.tab_panels(self._tabs, value="overview", animated=False):
            for name, panel in _TABS.items():
                with ui.tab_panel(name):
                    self._panels[name] = panel(texts)
        self._tabs.on_value_change(self.show)

    def _switch_dark(self) -> None:
        self._dark.value = not self._dark.value
        ui.colors(primary=theme.palette(dark=bool(self._dark.value)).accent)
        other: Language = "en" if self._texts.language == "ko" else "ko"
        self._language.props(f'href="{self._address(other)}"')
        self.show()

    def _pick(self, job_id: str) -> None:
        self._picked = job_id
        self.show()

    def show(self) -> None:
        """Show the collector's current snapshot."""
        snapshot = self._collector.snapshot()
        dark = bool(self._dark.value)
        job = self._job(snapshot)
        view = View(snapshot, job, self._texts, theme.palette(dark=dark), self._collector)
        self._show_bar(view, dark=dark)
        self._alarms.show(view)
        self._states.show(view)
        visible(self._body, snapshot.overview is not None)
        self._panels[self._tabs.value or "overview"].show(view)

    def _job(self, snapshot: Snapshot) -> JobDetail | None:
        """Return the picked job, else the first listed."""
        listed = [job.id for job in snapshot.jobs]
        wanted = self._picked if self._picked in listed else next(iter(listed), None)
        if wanted is None:
            return None
        self._collector.watch(wanted)
        return snapshot.details.get(wanted)

    def _show_bar(self, view: View, *, dark: bool) -> None:
        snapshot, texts = view.snapshot, self._texts
        self._link.text = texts(f"link-{snapshot.link}")
        replace_classes(self._link, f"pill {_TONES[snapshot.link]}")
        self._age.show(snapshot.answered_at, view.now)
        self._dark_button.text = texts("light" if dark else "dark")
        options = {job.id: f"{job.id[:8]} · {job.state}" for job in snapshot.jobs[:50]}
        self._jobs.offer(options, view.job.id if view.job is not None and view.job.id in options else None)
        self._jobs.show(shown=len(options) > 1)
