"""Live state: each user's abnormalCount as a bar against the threshold, and the last events as a strip."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from nicegui import ui

from dashboard.pages import charts, words
from dashboard.pages.view import Card, Chart, Table, visible

if TYPE_CHECKING:
    from dashboard.pages.texts import Texts
    from dashboard.pages.view import View

STRIP: Final = str.maketrans("AN", "●○")


class LiveState:
    """The users with the highest counts."""

    def __init__(self, texts: Texts) -> None:
        with Card(texts("live-state"), texts) as self._card:
            self._missing = ui.label().classes("note")
            with ui.element("div").classes("w-full nicegui-column") as self._shown:
                self._note = ui.label().classes("note")
                self._chart = Chart("180px", label=texts("live-state"))
                columns = ("user", "count", "last-events", "seen")
                self._table = Table("live-state", texts, columns, "user", page=6, numbers=("count",))
                self._table.table.add_slot(
                    "body-cell-last-events",
                    '<q-td :props="props" class="mono strip" :aria-label="props.row.spoken">{{ props.value }}</q-td>',
                )
                self._legend = ui.label(texts("events-legend")).classes("note")

    def show(self, view: View) -> None:
        """Show the counts, or why they are missing."""
        live, texts = view.job.live if view.job is not None else None, view.texts
        missing = "not-read-yet" if live is None else live.missing
        visible(self._shown, missing is None)
        visible(self._missing, missing is not None or (live is not None and not live.users))
        if live is None or missing is not None:
            self._missing.text = texts(f"live-{missing}")
            self._card.age.show(live.at if live is not None else None, view.now)
            return
        self._missing.text = texts("live-no-user")
        self._card.age.show(live.at, view.now)
        limit = texts("live-limit", limit=live.limit) if len(live.users) >= live.limit else ""
        self._note.text = f"{texts('live-note', threshold=live.threshold)} {limit}"
        shown = min(len(live.users), charts.SHOWN_USERS)
        description = texts("live-aria", users=len(live.users), threshold=live.threshold)
        self._chart.show(charts.live(live, texts, view.colours), description, f"{70 + 26 * max(shown, 1)}px")
        self._table.show(
            [
                {
                    "user": user.user_id,
                    "count": user.count,
                    "last-events": user.events.translate(STRIP),
                    "spoken": user.events,
                    "seen": words.clock(user.at),
                }
                for user in live.users
            ]
        )
