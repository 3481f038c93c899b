"""The alarms, on top of everything: what, since when, and what to check."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from nicegui import ui

from dashboard.pages import words
from dashboard.pages.view import replace_classes, visible

if TYPE_CHECKING:
    from dashboard.model import Alarm
    from dashboard.pages.texts import Texts
    from dashboard.pages.view import View

SHOWN: Final = 6


class AlarmsPanel:
    """The first SHOWN alarms, critical ones first."""

    def __init__(self, texts: Texts) -> None:
        self._region = ui.element("section").classes("alarms")
        self._region.props("role=status aria-live=polite").props(f'aria-label="{texts("alarms")}"')
        with self._region:
            self._rows = [Row(texts) for _ in range(SHOWN)]

    def show(self, view: View) -> None:
        """Show the current alarms."""
        replace_classes(self._region, "alarms" if view.snapshot.alarms else "alarms none")
        ordered = sorted(view.snapshot.alarms, key=lambda alarm: (alarm.severity != "critical", alarm.since))
        for row, alarm in zip(self._rows, [*ordered[:SHOWN], *[None] * SHOWN], strict=False):
            row.show(alarm, view)


class Row:
    """An alarm: what, since when, what to check, and a button if it remains until a person has seen it."""

    def __init__(self, texts: Texts) -> None:
        self._alarm: Alarm | None = None
        self._view: View | None = None
        self._row = ui.row().classes("alarm bad")
        with self._row:
            self._what, self._note = ui.label().classes("what"), ui.label().classes("note grow")
            self._dismiss = ui.button(texts("dismiss"), on_click=self._end).props("outline dense no-caps")
        self._row.set_visibility(False)

    def show(self, alarm: Alarm | None, view: View) -> None:
        """Show an alarm, or nothing."""
        self._alarm, self._view = alarm, view
        visible(self._row, alarm is not None)
        if alarm is None:
            return
        replace_classes(self._row, f"alarm {'bad' if alarm.severity == 'critical' else 'warn'}")
        self._what.text = sentence(alarm, view.texts)
        since = view.texts("alarm-since", clock=words.day_clock(alarm.since, view.now))
        self._note.text = f"{since}. {view.texts(f'look-{alarm.kind}')}"
        visible(self._dismiss, alarm.stands)

    def _end(self) -> None:
        if self._alarm is not None and self._view is not None:
            self._view.collector.dismiss(self._alarm.subject)


def sentence(alarm: Alarm, texts: Texts) -> str:
    """Return an alarm's sentence."""
    return texts(f"alarm-{alarm.kind}", subject=alarm.subject, percent=words.share(alarm.number))
