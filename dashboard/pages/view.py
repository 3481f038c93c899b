"""The view that a panel shows, and small components shared by panels."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from nicegui import ui

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from typing_extensions import Self

    from dashboard.collect.collector import Collector
    from dashboard.model import Checkpoints, JobDetail, Snapshot
    from dashboard.pages.texts import Texts
    from dashboard.pages.theme import Palette


@dataclass(frozen=True)
class View:
    """Everything the collector knows, and the picked job, in one language and theme."""

    snapshot: Snapshot
    job: JobDetail | None
    texts: Texts
    colours: Palette
    collector: Collector

    @property
    def now(self) -> float:
        """Epoch seconds of the snapshot."""
        return self.snapshot.at

    @property
    def checkpoints(self) -> Checkpoints | None:
        """The checkpoints of the picked job."""
        return self.job.checkpoints if self.job is not None else None


class Panel(Protocol):
    """A part of the page that is drawn once, then shows one view after another."""

    def show(self, view: View) -> None:
        """Show a view; send only what has changed."""
        ...


class Group:
    """Panels that are shown together, such as those of a tab."""

    panels: Sequence[Panel]

    def show(self, view: View) -> None:
        """Show all panels."""
        for panel in self.panels:
            panel.show(view)


class Card:
    """A framed part of the page with a heading, an age, and room for content."""

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
    """Add a heading; return its text."""
    with ui.element(f"h{level}"):
        return ui.label(text).style("display: inline")


class Age:
    """The age of a figure; it ticks in the browser (static/age.js)."""

    def __init__(self, texts: Texts) -> None:
        units = "|".join(texts(unit) for unit in ("unit-s", "unit-min", "unit-h"))
        self._turn = 0
        self._element = ui.element("span").classes("age")
        self._element._props.update(  # noqa: SLF001
            {"data-words": texts("age"), "data-never": texts("age-never"), "data-units": units, "data-age": ";0"}
        )

    def show(self, at: float | None, now: float) -> None:
        """Show the age of data that was read at `at`."""
        self._turn += 1
        seconds = "" if at is None else f"{max(now - at, 0):.2f}"
        self._element._props["data-age"] = f"{seconds};{self._turn}"  # noqa: SLF001
        self._element.update()


class Picker:
    """A list with one pick; `on_pick` receives the user's picks only, not `offer`'s."""

    def __init__(self, label: str, on_pick: Callable[[Any], None], *, clearable: bool = False) -> None:
        self._offered: object = None
        self._select = ui.select({}, label=label, clearable=clearable)
        self._select.props("dense outlined").style("min-width: 14rem")
        # Called within the change: before an event of its own, an update could restore the offered choice.
        self._select.on_value_change(lambda change: on_pick(change.value) if change.value != self._offered else None)

    def offer(self, choices: dict[Any, str], shown: object) -> None:
        """Offer these choices; `shown` is the one that the page shows, or None."""
        self._offered = shown
        if self._select.options != choices or self._select.value != shown:
            self._select.set_options(choices, value=shown)

    def show(self, *, shown: bool) -> None:
        """Show or hide the list."""
        visible(self._select, shown)


class Chart:
    """An ECharts chart that is sent again only if its options have changed.

    `minimum` is its minimum width in pixels: on a narrower page it scrolls, by keyboard too. `width` is its actual
    width, once the browser has reported it.

    Never put user input into a key of the options: a key that starts with a colon is run as JavaScript.
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
        """Show options, with a description for those who can't see the chart."""
        wanted = json.dumps([options, description, height])
        if wanted == self._shown:
            return
        self._shown = wanted
        self._chart._props["aria-label"] = description  # noqa: SLF001
        self._stretch(height or self._height)
        self._chart.options.clear()
        self._chart.options.update(options)
        self._chart.update()


class Picture(NamedTuple):
    """Options of a chart with a description; `at` is when what it shows was read, `height` in pixels."""

    at: float | None
    options: dict[str, Any]
    description: str
    height: float
    note: str = ""


class PictureCard(Card):
    """A card of one picture, `minimum` pixels wide; `draw` returns it from a view and its width, None to hide it."""

    def __init__(
        self,
        name: str,
        texts: Texts,
        draw: Callable[[View, float], Picture | None],
        *,
        minimum: int,
        lesson: str | None = None,
    ) -> None:
        super().__init__(texts(name), texts)
        self._draw = draw
        with self:
            if lesson is not None:
                ui.label(texts(lesson)).classes("note")
            self._chart = Chart("330px", label=texts(name), minimum=minimum)
            self._note = ui.label().classes("note")

    def show(self, view: View) -> None:
        """Show the picture of a view."""
        found = self._draw(view, self._chart.width)
        visible(self.frame, found is not None)
        if found is not None:
            self.age.show(found.at, view.now)
            self._note.text = found.note
            visible(self._note, bool(found.note))
            self._chart.show(found.options, found.description, f"{found.height:.0f}px")


class Table:
    """A table whose rows are sent again only if they have changed.

    On a phone each row is a card of its figures, with the columns' names (page.css), since a table would hide them
    beyond the edge.
    """

    def __init__(
        self, name: str, texts: Texts, columns: Sequence[str], key: str, *, page: int, numbers: Sequence[str] = ()
    ) -> None:
        """`name` and `columns` are keys of texts, `columns` those of a row too; `key` identifies a row."""
        self._shown = ""
        self._page = page
        shown = [
            {"name": each, "label": texts(each), "field": each, "align": "right" if each in numbers else "left"}
            for each in columns
        ]
        self.table = ui.table(columns=shown, rows=[], row_key=key, pagination=page)
        self.table.props("dense flat").classes("w-full").props(f'role=group aria-label="{texts(name)}"')
        # Names for page.css. A slot for cells would recreate all cells on each change.
        names = (json.dumps(texts(each), ensure_ascii=False) for each in columns)
        self.table.style("; ".join(f"--column-{place}: {name}" for place, name in enumerate(names, 1)))

    def show(self, rows: list[dict[str, Any]]) -> None:
        """Show rows."""
        wanted = json.dumps(rows)
        if wanted != self._shown:
            self._shown = wanted
            self.table.rows = rows
            self.table.props(add="hide-pagination" if len(rows) <= self._page else "", remove="hide-pagination")


class TableCard(Card):
    """A card of one table; `read` returns from a view when its rows were read, and the rows."""

    def __init__(
        self,
        name: str,
        texts: Texts,
        columns: Sequence[str],
        key: str,
        *,
        page: int,
        read: Callable[[View], tuple[float | None, list[dict[str, Any]]]],
        numbers: Sequence[str] = (),
    ) -> None:
        super().__init__(texts(name), texts)
        self._read = read
        with self:
            self._table = Table(name, texts, columns, key, page=page, numbers=numbers)

    def show(self, view: View) -> None:
        """Show the rows of a view."""
        at, rows = self._read(view)
        self.age.show(at, view.now)
        self._table.show(rows)


def replace_classes(element: ui.element, wanted: str) -> None:
    """Set exactly these classes on an element; send it only on a change."""
    if " ".join(element.classes) != wanted:
        element.classes(replace=wanted)


def visible(element: ui.element, wanted: bool) -> None:  # noqa: FBT001
    """Show or hide an element."""
    if element.visible != wanted:
        element.set_visibility(wanted)
