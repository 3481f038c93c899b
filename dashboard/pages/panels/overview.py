"""Overview: the seed's tiles, the pictures of the cluster and of the pipeline, the live state, the newest recovery."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from nicegui import ui

from dashboard.pages import charts, cluster_picture, pictures, pipeline_picture, words
from dashboard.pages.panels.live import LiveState
from dashboard.pages.panels.recovery import Story
from dashboard.pages.view import Card, Group, Picture, PictureCard

if TYPE_CHECKING:
    from dashboard.pages.texts import Texts
    from dashboard.pages.view import View

_TILES: Final = (
    "taskmanagers",
    "slots-total",
    "slots-free",
    "slots-used",
    "jobs-running",
    "checkpoints-total",
    "checkpoints-completed",
    "checkpoints-failed",
)


class OverviewPanel(Group):
    """The first tab: all of it at a glance."""

    def __init__(self, texts: Texts) -> None:
        with ui.element("div").classes("grid"):
            tiles, pipeline = Tiles(texts), pipeline_card(texts)
            with ui.element("div").classes("grid two"):
                self.panels = (tiles, pipeline, cluster_card(texts), LiveState(texts))
            with Card(texts("recovery"), texts) as self._recovery:
                self._story = Story()

    def show(self, view: View) -> None:
        """Show all panels."""
        super().show(view)
        self._recovery.age.show(view.snapshot.jobs_at, view.now)
        self._story.show(next(iter(view.snapshot.recoveries), None), view)


class Tiles:
    """The seed's figures."""

    def __init__(self, texts: Texts) -> None:
        self._values: dict[str, ui.label] = {}
        with ui.element("div").classes("tiles"):
            for name in _TILES:
                with ui.element("div").classes("tile nicegui-column"):
                    ui.label(texts(name)).classes("note")
                    self._values[name] = ui.label(words.UNKNOWN).classes("value")
        self._note = ui.label().classes("note")

    def show(self, view: View) -> None:
        """Show the figures."""
        overview = view.snapshot.overview
        made = view.checkpoints
        figures: dict[str, str] = dict.fromkeys(_TILES, words.UNKNOWN)
        if overview is not None:
            figures["taskmanagers"] = words.number(overview.taskmanagers)
            figures["slots-total"] = words.number(overview.slots)
            figures["slots-free"] = words.number(overview.free)
            figures["slots-used"] = words.share(overview.used_share)
            figures["jobs-running"] = words.number(overview.running)
            if overview.refresh_s is not None:
                renewed = words.duration(overview.refresh_s, view.texts)
                self._note.text = view.texts("refresh-note", duration=renewed)
        if made is not None:
            figures["checkpoints-total"] = words.number(made.total)
            figures["checkpoints-completed"] = words.number(made.completed)
            figures["checkpoints-failed"] = words.number(made.failed)
        for name, value in figures.items():
            self._values[name].text = value


def cluster_card(texts: Texts, lesson: str | None = None) -> PictureCard:
    """Return a picture of JobManagers, TaskManagers, their slots and the subtasks in each."""
    return PictureCard("cluster-picture", texts, _cluster, minimum=pictures.LEAST_WIDTH, lesson=lesson)


def _cluster(view: View, width: float) -> Picture:
    """Draw the cluster; a heatmap if there are too many nodes."""
    snapshot, texts = view.snapshot, view.texts
    lost = sum(worker.lost_at is not None for worker in snapshot.workers)
    alive = len(snapshot.workers) - lost
    description = texts("cluster-aria", jobmanagers=len(snapshot.jobmanagers), alive=alive, lost=lost)
    if cluster_picture.too_many(snapshot):
        note = texts("many-workers", limit=pictures.MOST_NODES)
        options, height = charts.workers(snapshot, view.colours, texts)
        return Picture(snapshot.taskmanagers_at, options, description, height, note)
    options = cluster_picture.draw(snapshot, view.job, texts, view.colours, width)
    return Picture(snapshot.taskmanagers_at, options, description, cluster_picture.height(snapshot))


def pipeline_card(texts: Texts, lesson: str | None = None) -> PictureCard:
    """Return a picture of the flow of the picked job."""
    return PictureCard("pipeline-picture", texts, _pipeline, minimum=pipeline_picture.LEAST_WIDTH, lesson=lesson)


def _pipeline(view: View, width: float) -> Picture | None:
    """Draw the flow; a heatmap if there are too many subtasks."""
    job, texts = view.job, view.texts
    if job is None:
        return None
    flow = " → ".join(f"{vertex.name} ({vertex.running}/{vertex.parallelism})" for vertex in job.vertices)
    description = texts("pipeline-aria", flow=flow)
    if job.total > pictures.MOST_NODES:
        note = texts("many-subtasks", limit=pictures.MOST_NODES)
        return Picture(job.at, charts.heatmap(job, view.colours), description, charts.heatmap_height(job), note)
    options = pipeline_picture.draw(job, texts, view.colours, width)
    return Picture(job.at, options, description, pipeline_picture.height(job))
