"""Overview: the seed's tiles, the pictures of the cluster and of the pipeline, the live state, the newest recovery."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from nicegui import ui

from dashboard.pages import charts, cluster_picture, pictures, pipeline_picture, words
from dashboard.pages.panels.live import LiveState
from dashboard.pages.panels.recovery import Story
from dashboard.pages.view import Card, Chart, Group, visible

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
            tiles, pipeline = Tiles(texts), PipelinePicture(texts)
            with ui.element("div").classes("grid two"):
                self.panels = (tiles, pipeline, ClusterPicture(texts), LiveState(texts))
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


class ClusterPicture:
    """JobManagers, TaskManagers, their slots and the subtasks in each; a heatmap if there are too many."""

    def __init__(self, texts: Texts, lesson: str | None = None) -> None:
        with Card(texts("cluster-picture"), texts) as self._card:
            if lesson is not None:
                ui.label(texts(lesson)).classes("note")
            self._picture = Chart("330px", label=texts("cluster-picture"), minimum=pictures.LEAST_WIDTH)
            self._note = ui.label().classes("note")

    def show(self, view: View) -> None:
        """Show the cluster."""
        snapshot, texts = view.snapshot, view.texts
        self._card.age.show(snapshot.taskmanagers_at, view.now)
        lost = sum(worker.lost_at is not None for worker in snapshot.workers)
        description = texts(
            "cluster-aria",
            jobmanagers=len(snapshot.jobmanagers),
            alive=len(snapshot.workers) - lost,
            lost=lost,
        )
        crowded = cluster_picture.too_many(snapshot)
        visible(self._note, crowded)
        if crowded:
            self._note.text = texts("many-workers", limit=pictures.MOST_NODES)
            options, height = charts.workers(snapshot, view.colours, texts)
        else:
            options = cluster_picture.draw(snapshot, view.job, texts, view.colours, self._picture.width)
            height = cluster_picture.height(snapshot)
        self._picture.show(options, description, f"{height:.0f}px")


class PipelinePicture:
    """The flow of the picked job."""

    def __init__(self, texts: Texts, lesson: str | None = None) -> None:
        with Card(texts("pipeline-picture"), texts) as self._card:
            if lesson is not None:
                ui.label(texts(lesson)).classes("note")
            self._picture = Chart("330px", label=texts("pipeline-picture"), minimum=pipeline_picture.LEAST_WIDTH)
            self._note = ui.label().classes("note")

    def show(self, view: View) -> None:
        """Show the flow."""
        job, texts = view.job, view.texts
        visible(self._card.frame, job is not None)
        if job is None:
            return
        self._card.age.show(job.at, view.now)
        crowded = job.total > pictures.MOST_NODES
        visible(self._note, crowded)
        flow = " → ".join(f"{vertex.name} ({vertex.running}/{vertex.parallelism})" for vertex in job.vertices)
        if crowded:
            self._note.text = texts("many-subtasks", limit=pictures.MOST_NODES)
            options, height = charts.heatmap(job, view.colours), charts.heatmap_height(job)
        else:
            options = pipeline_picture.draw(job, texts, view.colours, self._picture.width)
            height = pipeline_picture.height(job)
        self._picture.show(options, texts("pipeline-aria", flow=flow), f"{height:.0f}px")
