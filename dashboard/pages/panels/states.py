"""Cards above the panels while something is missing: a cluster, its JobManager, a running job."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nicegui import ui

from dashboard.pages import words
from dashboard.pages.view import heading, visible
from flink_abnormal.runtime.rest import ENDED

if TYPE_CHECKING:
    from dashboard.model import Snapshot
    from dashboard.pages.texts import Texts
    from dashboard.pages.view import View

_START = "flink-abnormal cluster up"
_SUBMIT = "flink-abnormal submit --detached"


class States:
    """A card for each thing that may be missing."""

    def __init__(self, texts: Texts) -> None:
        self._no_cluster, self._looking = self._card(texts("no-cluster"), _START)
        self._gone, _ = self._card(texts("gone"), None)
        self._no_job, self._last_job = self._card(texts("no-job"), _SUBMIT)
        self._history, self._reason = self._card(texts("history-error"), None)

    def _card(self, title: str, command: str | None) -> tuple[ui.element, ui.label]:
        card = ui.element("section").classes("card nicegui-column")
        with card:
            heading(title)
            more = ui.label().classes("note")
            if command is not None:
                with ui.element("code"):
                    ui.label(command).style("display: inline")
        card.set_visibility(False)
        return card, more

    def show(self, view: View) -> None:
        """Show what is missing."""
        snapshot, texts = view.snapshot, view.texts
        known = snapshot.overview is not None
        self._looking.text = texts("no-cluster-more", addresses=", ".join(snapshot.addresses))
        self._reason.text = snapshot.history_error or ""
        visible(self._history, snapshot.history_error is not None)
        visible(self._no_cluster, not known)
        visible(self._gone, known and snapshot.link != "up")
        idle = known and snapshot.link == "up" and all(job.state in ENDED for job in snapshot.jobs)
        visible(self._no_job, idle and snapshot.jobs_at is not None)
        if idle:
            self._last_job.text = " ".join([*_last_job(snapshot, texts), texts("no-job-more")])


def _last_job(snapshot: Snapshot, texts: Texts) -> list[str]:
    """Describe how the last started job ended, if the cluster remembers one."""
    job = next(iter(snapshot.jobs), None)
    if job is None:
        return []
    ended = words.day_clock(job.ended or job.started + job.duration_s, snapshot.at)
    return [texts(f"last-job-{job.state.lower()}", name=job.name, id=job.id[:8], clock=ended)]
