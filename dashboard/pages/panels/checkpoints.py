"""Checkpoints: figures, charts, history, and one checkpoint's cost for each task."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from nicegui import ui

from dashboard.pages import charts, words
from dashboard.pages.view import Card, Chart, Group, Picker, Table, TableCard, visible

if TYPE_CHECKING:
    from dashboard.model import Checkpoint, CheckpointTask
    from dashboard.pages.texts import Texts
    from dashboard.pages.view import View


_HISTORY: Final = (
    "checkpoint-id",
    "kind",
    "state",
    "kept",
    "triggered",
    "duration",
    "size",
    "alignment",
    "acknowledged",
    "what",
)


class CheckpointsPanel(Group):
    """The fourth tab."""

    def __init__(self, texts: Texts) -> None:
        with ui.element("div").classes("grid"):
            durations, numbers = Durations(texts), ("duration", "size", "alignment", "acknowledged")
            history = TableCard("checkpoint-history", texts, _HISTORY, "key", page=10, read=_history, numbers=numbers)
            self.panels = (durations, history, Detail(texts))


class Durations:
    """The durations and sizes of checkpoints."""

    def __init__(self, texts: Texts) -> None:
        with Card(texts("tab-checkpoints"), texts) as self._card:
            self._averages = ui.label().style("font-weight: 600")
            self._settings = ui.label().classes("note")
            with ui.element("div").classes("grid two"):
                self._durations = Chart("220px", label=texts("checkpoint-durations"))
                self._sizes = Chart("220px", label=texts("checkpoint-sizes"))

    def show(self, view: View) -> None:
        """Show the charts of the picked job."""
        made, texts = view.checkpoints, view.texts
        self._card.age.show(made.at if made is not None else None, view.now)
        if made is None or not made.history:
            self._averages.text = texts("no-checkpoints")
            self._settings.text = ""
            return
        average = words.duration(made.average_duration_s, texts)
        size = words.size(made.average_bytes)
        self._averages.text = texts("checkpoint-averages", duration=average, size=size)
        self._settings.text = texts(
            "checkpoint-settings",
            interval=words.duration(made.interval_s, texts),
            mode=texts("at-least-once" if made.exactly_once is False else "exactly-once"),
            aligned=texts("unaligned" if made.unaligned else "aligned"),
            backend=made.backend or words.UNKNOWN,
            storage=made.storage or words.UNKNOWN,
        )
        durations = charts.checkpoint_durations(made.history, texts, view.colours)
        self._durations.show(durations, f"{texts('checkpoint-durations')}: {average}")
        sizes = charts.checkpoint_sizes(made.history, texts, view.colours)
        self._sizes.show(sizes, f"{texts('checkpoint-sizes')}: {size}")


def _history(view: View) -> tuple[float | None, list[dict[str, Any]]]:
    """Return a row per known checkpoint, newest first."""
    made = view.checkpoints
    return (None, []) if made is None else (made.at, [_row(each, view.texts) for each in made.history])


def _row(checkpoint: Checkpoint, texts: Texts) -> dict[str, Any]:
    notes = [texts("restored")] if checkpoint.restored else []
    notes += [checkpoint.failure] if checkpoint.failure else []
    return {
        "key": f"{checkpoint.term} {checkpoint.id} {checkpoint.savepoint}",
        "checkpoint-id": f"#{checkpoint.id}",
        "kind": texts("kind-savepoint" if checkpoint.savepoint else "kind-checkpoint"),
        "state": checkpoint.status,
        "kept": words.UNKNOWN if checkpoint.kept is None else texts("kept-yes" if checkpoint.kept else "kept-no"),
        "triggered": words.moment(checkpoint.triggered),
        "duration": words.duration(checkpoint.duration_s, texts),
        "size": words.size(checkpoint.bytes),
        "alignment": words.duration(checkpoint.alignment_s, texts),
        "acknowledged": f"{checkpoint.acknowledged}/{checkpoint.subtasks}",
        "what": " · ".join(notes),
    }


class Detail:
    """One checkpoint's cost for each task: the newest completed one, or the picked one."""

    def __init__(self, texts: Texts) -> None:
        self._job: str | None = None
        self._picked: int | None = None
        with Card(texts("checkpoint-detail", id="…"), texts) as self._card:
            self._picker = Picker(texts("checkpoint-pick"), self._pick, clearable=True)
            self._missing = ui.label(texts("no-detail")).classes("note")
            columns = ("task", "acknowledged", "duration", "size", "sync", "async", "alignment", "start-delay")
            self._table = Table("checkpoint-pick", texts, columns, "id", page=20, numbers=columns[1:])

    def _pick(self, checkpoint: int | None) -> None:
        self._picked = checkpoint

    def show(self, view: View) -> None:
        """Show the details."""
        job, made, texts = view.job, view.checkpoints, view.texts
        self._card.age.show(made.at if made is not None else None, view.now)
        if job is None or made is None:
            self._table.show([])
            return
        if job.id != self._job:
            self._job, self._picked = job.id, None
        options = {each.id: str(each.id) for each in made.history[:50] if each.status == "COMPLETED"}
        self._picker.offer(options, self._picked if self._picked in options else None)
        if self._picked is not None:
            view.collector.want_checkpoint(job.id, self._picked)
        shown = self._picked if self._picked is not None else max(made.details, default=None)
        self._card.title.text = texts("checkpoint-detail", id=shown or words.UNKNOWN)
        tasks = made.details.get(shown, ()) if shown is not None else ()
        visible(self._missing, not tasks)
        self._table.show([_task(task, texts) for task in tasks])


def _task(task: CheckpointTask, texts: Texts) -> dict[str, Any]:
    return {
        "id": task.vertex,
        "task": task.name,
        "acknowledged": f"{task.acknowledged}/{task.subtasks}",
        "duration": words.duration(task.duration_s, texts),
        "size": words.size(task.bytes),
        "sync": words.duration(task.sync_s, texts),
        "async": words.duration(task.async_s, texts),
        "alignment": words.duration(task.alignment_s, texts),
        "start-delay": words.duration(task.start_delay_s, texts),
    }
