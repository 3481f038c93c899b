"""What a panel is shown, and small pieces that panels share."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from nicegui import ui

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from typing_extensions import Self

    from dashboard.collect.collector import Collector
    from dashboard.model import JobDetail, Snapshot
    from dashboard.pages.texts import Texts
    from dashboard.pages.theme import Palette


@dataclass(frozen=True)
class View:
    """What is shown: everything the collector knows, the picked job, in one language and theme."""

    snapshot: Snapshot
    job: JobDetail | None
    texts: Texts
    colours: Palette
    collector: Collector

    @property
    def now(self) -> float:
        """Epoch seconds of the snapshot."""
        return self.snapshot.at


class Panel(Protocol):
    """A part of the page that is drawn once and then shown one view after another."""

    def show(self, view: View) -> None:
        """Show a view; nothing that stayed as it was is sent."""
        ...


class Card:
    """A framed part of the page with a heading, an age behind it, and room for what it shows."""

    def __init__(self, title: str, texts: Texts) -> None:
        self.frame = ui.element("section").classes("card nicegui-column")
        with self.frame, ui.row().classes("head"):
            self.title = heading(title)
            ui.element("span").classes("grow")
            self.age = Age(texts)

    def __enter__(self) -> Self:
        self.frame.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self.frame.__exit__(*error)


def heading(text: str, level: int = 2) -> ui.label:
    """Add a heading; returns its text."""
    with ui.element(f"h{level}"):
        return ui.label(text).style("display: inline")


class Age:
    """How old a figure is; it ticks in the browser (static/age.js)."""

    def __init__(self, texts: Texts) -> None:
        units = "|".join(texts(unit) for unit in ("unit-s", "unit-min", "unit-h"))
        self._turn = 0
        self._element = ui.element("span").classes("age")
        self._element._props.update(  # noqa: SLF001
            {"data-words": texts("age"), "data-never": texts("age-never"), "data-units": units, "data-age": ";0"}
        )

    def show(self, at: float | None, now: float) -> None:
        """Show the age of what was read at `at`."""
        self._turn += 1
        seconds = "" if at is None else f"{max(now - at, 0):.2f}"
        self._element._props["data-age"] = f"{seconds};{self._turn}"  # noqa: SLF001
        self._element.update()


class Picker:
    """A list of which one is picked; `on_pick` gets what the user picks, and nothing that is offered."""

    def __init__(self, label: str, on_pick: Callable[[Any], None], *, clearable: bool = False) -> None:
        self._offered: object = None
        self._select = ui.select({}, label=label, clearable=clearable)
        self._select.props("dense outlined").style("min-width: 14rem")
        # Told as part of the change: before an event of its own an update may come, and put back what was offered.
        self._select.on_value_change(lambda change: on_pick(change.value) if change.value != self._offered else None)

    def offer(self, choices: dict[Any, str], shown: object) -> None:
        """Offer these choices; `shown` is the one that the page shows, None: none of them."""
        self._offered = shown
        if self._select.options != choices or self._select.value != shown:
            self._select.set_options(choices, value=shown)

    def show(self, *, shown: bool) -> None:
        """Show it or hide it."""
        visible(self._select, shown)


class Chart:
    """An ECharts chart that is sent anew only when its options have changed.

    `minimum` is its least width in pixels: where the page is narrower it scrolls, by keyboard too. `width` is what it
    has, once the browser has told.

    Never put what a user sent into a key of the options: a key that starts with a colon is run as JavaScript.
    """

    def __init__(self, height: str, *, label: str, svg: bool = True, minimum: int = 0) -> None:
        self._shown = ""
        self.width: float = minimum
        self.holder = ui.element("div").classes("scroll")
        if minimum:
            self.holder.props("tabindex=0 role=group").props(f'aria-label="{label}"')
        with self.holder:
            if minimum:
                ui.element("q-resize-observer").on("resize", self._resized, args=["width"])
            self._chart = ui.echart({"series": []}, renderer="svg" if svg else "canvas")
        self._minimum = minimum
        self._height = ""
        self._chart.classes("w-full").props("role=img")
        self._stretch(height)

    def _resized(self, event: Any) -> None:
        self.width = max(float(event.args["width"]), self._minimum)

    def _stretch(self, height: str) -> None:
        if height != self._height:
            self._height = height
            self._chart.style(f"height: {height}; min-width: {self._minimum}px")

    def show(self, options: dict[str, Any], description: str, height: str | None = None) -> None:
        """Show options, with a sentence for those who can't see them."""
        wanted = json.dumps([options, description, height])
        if wanted == self._shown:
            return
        self._shown = wanted
        self._chart._props["aria-label"] = description  # noqa: SLF001
        self._stretch(height or self._height)
        self._chart.options.clear()
        self._chart.options.update(options)
        self._chart.update()


class Table:
    """A table whose rows are sent anew only when they have changed.

    On a phone each row is a card of its figures, with the columns' names (page.css): a table would hide them beyond the
    edge.
    """

    def __init__(
        self,
        columns: Sequence[tuple[str, str]],
        key: str,
        *,
        label: str,
        page: int = 10,
        numbers: Sequence[str] = (),
        on_pick: Callable[[Any], None] | None = None,
    ) -> None:
        self._shown = ""
        self._page = page
        shown = [
            {"name": name, "label": title, "field": name, "align": "right" if name in numbers else "left"}
            for name, title in columns
        ]
        self.table = ui.table(columns=shown, rows=[], row_key=key, pagination=page)
        self.table.props("dense flat").classes("w-full").props(f'role=group aria-label="{label}"')
        # Names for page.css. Not by a slot for cells, which are all made anew with each change.
        self.table.style(
            "; ".join(
                f"--column-{place}: {json.dumps(title, ensure_ascii=False)}"
                for place, (_, title) in enumerate(columns, 1)
            )
        )
        if on_pick is not None:
            self.table.on("rowClick", lambda event: on_pick(event.args[1]))

    def show(self, rows: list[dict[str, Any]]) -> None:
        """Show rows."""
        wanted = json.dumps(rows)
        if wanted != self._shown:
            self._shown = wanted
            self.table.rows = rows
            self.table.props(add="hide-pagination" if len(rows) <= self._page else "", remove="hide-pagination")


def tabular(text: str, classes: str = "note") -> ui.label:
    """Add a line of text."""
    return ui.label(text).classes(classes)


def replace_classes(element: ui.element, wanted: str) -> None:
    """Give an element these classes and no others, and send it only on a change."""
    if " ".join(element.classes) != wanted:
        element.classes(replace=wanted)


def visible(element: ui.element, wanted: bool) -> None:  # noqa: FBT001
    """Show or hide an element."""
    if element.visible != wanted:
        element.set_visibility(wanted)
