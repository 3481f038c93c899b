"""The alarms, on top of everything: what, since when, and what to look at."""

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


class Alarms:
    """The first SHOWN alarms, the critical ones before the others."""

    def __init__(self, texts: Texts) -> None:
        self._region = ui.element("section").classes("alarms")
        self._region.props("role=status aria-live=polite").props(f'aria-label="{texts("alarms")}"')
        self._rows: list[tuple[ui.element, ui.label, ui.label]] = []
        with self._region:
            for _ in range(SHOWN):
                row = ui.row().classes("alarm bad")
                with row:
                    self._rows.append((row, ui.label().classes("what"), ui.label().classes("note")))
                row.set_visibility(False)

    def show(self, view: View) -> None:
        """Show the alarms there are."""
        replace_classes(self._region, "alarms" if view.snapshot.alarms else "alarms none")
        ordered = sorted(view.snapshot.alarms, key=lambda alarm: (alarm.severity != "critical", alarm.since))
        for (row, what, note), alarm in zip(self._rows, [*ordered[:SHOWN], *[None] * SHOWN], strict=False):
            visible(row, alarm is not None)
            if alarm is not None:
                replace_classes(row, f"alarm {'bad' if alarm.severity == 'critical' else 'warn'}")
                what.text = sentence(alarm, view.texts)
                since = view.texts("alarm-since", clock=words.clock(alarm.since))
                note.text = f"{since}. {view.texts(f'look-{alarm.kind}')}"


def sentence(alarm: Alarm, texts: Texts) -> str:
    """Return what an alarm says."""
    return texts(f"alarm-{alarm.kind}", subject=alarm.subject, percent=words.share(alarm.number))
