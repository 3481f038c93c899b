"""Alerts and the application log: searchable streams; the log can be paused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from nicegui import ui

from dashboard.model import LogLine
from dashboard.pages import charts, words
from dashboard.pages.view import Card, Chart, Group, Table
from flink_abnormal.core.published import Parameters

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dashboard.model import JobDetail, SeenAlert
    from dashboard.pages.texts import Texts
    from dashboard.pages.view import View

ALL: Final = 10**6
SHOWN_LINES: Final = 300
SHOWN_ALERTS: Final = 200
KINDS: Final = ("log-all", "log-emit", "log-alert")


class AlertsAndLog(Group):
    """The third tab."""

    def __init__(self, texts: Texts) -> None:
        with ui.element("div").classes("grid two"):
            streams = AlertStream(texts), Noisiest(texts)
        self.panels = (*streams, ApplicationLog(texts))


class Lines:
    """The newest lines of a stream as plain text, newest on top."""

    def __init__(self, most: int, label: str) -> None:
        self._most = most
        self._shown: list[tuple[int, str]] = []
        self._holder = ui.element("div").classes("lines nicegui-column mono")
        self._holder.props("tabindex=0 role=log").props(f'aria-label="{label}"')

    def show(self, lines: Iterable[tuple[int, str, str]]) -> None:
        """Show (number, text, class) of each line, given oldest first; add new ones, remove the oldest."""
        wanted = list(lines)[-self._most :]
        keys = [(number, text) for number, text, _ in wanted]
        kept = self._kept(keys)
        if not kept:
            self._holder.clear()
        for _ in range(len(self._shown) - kept if kept else 0):
            self._holder.remove(len(self._holder.default_slot.children) - 1)
        with self._holder:
            for _, text, kind in wanted[kept:]:
                ui.label(text).classes(replace=kind).move(target_index=0)
        self._shown = keys

    def _kept(self, keys: list[tuple[int, str]]) -> int:
        """Return the number of shown lines that stay; 0 if others come between."""
        if not keys or keys[0] not in self._shown:
            return 0
        rest = self._shown[self._shown.index(keys[0]) :]
        return len(rest) if rest == keys[: len(rest)] else 0


class AlertStream:
    """Alerts as they arrive, or those of the user in the search."""

    def __init__(self, texts: Texts) -> None:
        with Card(texts("alerts"), texts) as self._card:
            self._figures = ui.label().classes("note")
            self._search = ui.input(label=texts("search-user")).props("dense outlined clearable")
            self._lines = Lines(SHOWN_ALERTS, texts("alerts"))

    def show(self, view: View) -> None:
        """Show the picked job's alerts."""
        texts, job = view.texts, view.job
        figures = job.alerts if job is not None else None
        self._card.age.show(job.live.at if job is not None and job.live is not None else None, view.now)
        if figures is None or not figures.seen:
            self._figures.text = texts("no-alerts" if job is None or can_be_seen(job) else "alerts-unseen")
        else:
            told = texts("alerts-figures", seen=words.number(figures.seen), rate=f"{figures.rate_per_minute:.1f}")
            missed = texts("alerts-missed", missed=words.number(figures.missed)) if figures.missed else ""
            self._figures.text = f"{told}. {missed}"
        wanted = (self._search.value or "").strip()
        found = [
            alert
            for alert in view.collector.alerts.newest(ALL)
            if (job is None or alert.job_id == job.id) and wanted in alert.user_id
        ]
        self._lines.show(
            (alert.seq, f"{words.clock(alert.at)}  {_alert_text(alert, texts)}", "alert")
            for alert in found[-SHOWN_ALERTS:]
        )


def can_be_seen(job: JobDetail) -> bool:
    """Whether a job's alerts reach this page: it publishes or prints them, or this is not known yet."""
    published = job.live is None or job.live.missing in (None, "not-read-yet")
    return published or Parameters.parse(job.parameters).prints


def _alert_text(alert: SeenAlert, texts: Texts) -> str:
    return texts("alert-line", user=alert.user_id, count=alert.count)


class Noisiest:
    """The users with the most alerts, and the alerts per minute."""

    def __init__(self, texts: Texts) -> None:
        with Card(texts("noisiest"), texts) as self._card:
            self._table = Table("noisiest", texts, ("user", "alerts"), "user", page=6, numbers=("alerts",))
            self._chart = Chart("170px", label=texts("alerts-chart"))

    def show(self, view: View) -> None:
        """Show the figures of the picked job."""
        job = view.job
        figures = job.alerts if job is not None else None
        self._card.age.show(job.live.at if job is not None and job.live is not None else None, view.now)
        if figures is None:
            return
        self._table.show([{"user": user, "alerts": count} for user, count in figures.noisiest])
        self._chart.show(charts.alerts_per_minute(figures, view.texts, view.colours), view.texts("alerts-chart"))


def _newest(view: View) -> list[LogLine]:
    """Return the TaskManagers' output or, if the job prints nothing, its alerts."""
    if view.snapshot.log.missing != "not-printing":
        return view.collector.log.newest(ALL)
    return [
        LogLine(alert.seq, alert.at, "", "alert", _alert_text(alert, view.texts))
        for alert in view.collector.alerts.newest(ALL)
    ]


class ApplicationLog:
    """The TaskManagers' output."""

    def __init__(self, texts: Texts) -> None:
        self._frozen: list[LogLine] | None = None
        with Card(texts("log"), texts) as self._card:
            with ui.row().classes("bar"):
                self._kind = ui.select({kind: texts(kind) for kind in KINDS}, value="log-all", label=texts("log-kind"))
                self._kind.props("dense outlined").style("min-width: 10rem")
                self._filter = ui.input(label=texts("log-filter")).props("dense outlined clearable")
                self._pause = ui.button(texts("log-pause"), on_click=self._toggle).props("outline dense no-caps")
            self._lines = Lines(SHOWN_LINES, texts("log"))
            self._source = ui.label().classes("note")
        self._texts = texts
        self._view: View | None = None

    def _toggle(self) -> None:
        if self._frozen is None and self._view is not None:
            self._frozen = _newest(self._view)
        else:
            self._frozen = None
        self._pause.text = self._texts("log-pause" if self._frozen is None else "log-resume")
        if self._view is not None:
            self.show(self._view)

    def show(self, view: View) -> None:
        """Show the lines that pass the filter, and where they come from."""
        self._view = view
        state, texts = view.snapshot.log, view.texts
        self._card.age.show(state.at, view.now)
        lines = self._frozen if self._frozen is not None else _newest(view)
        shown = [line for line in lines if self._passes(line)]
        self._lines.show((line.seq, f"{words.clock(line.at)}  {line.text}", line.kind) for line in shown[-SHOWN_LINES:])
        if state.missing is not None:
            self._source.text = texts(f"log-{state.missing}")
        else:
            dropped = texts("log-dropped", size=words.size(state.dropped)) if state.dropped else ""
            self._source.text = f"{texts('log-from', names=', '.join(state.sources))} {dropped}"

    def _passes(self, line: LogLine) -> bool:
        kind = str(self._kind.value).removeprefix("log-")
        return (kind in ("all", line.kind)) and (self._filter.value or "") in line.text
