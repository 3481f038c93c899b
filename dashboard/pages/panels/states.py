"""What stands above the panels while something is missing: a cluster, its JobManager, a job."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nicegui import ui

from dashboard.pages.view import heading, visible

if TYPE_CHECKING:
    from dashboard.pages.texts import Texts
    from dashboard.pages.view import View

_START = "flink-abnormal cluster up"
_SUBMIT = "flink-abnormal submit --detached"


class States:
    """A card for each thing that may be missing."""

    def __init__(self, texts: Texts) -> None:
        self._no_cluster, self._looking = self._card(texts("no-cluster"), _START)
        self._gone, _ = self._card(texts("gone"), None)
        self._no_job, more = self._card(texts("no-job"), _SUBMIT)
        more.text = texts("no-job-more")
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
        visible(self._no_job, known and snapshot.link == "up" and not snapshot.jobs)
