"""The seed's four diagrams, drawn from the watched cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nicegui import ui

from dashboard.pages import pictures
from dashboard.pages.panels import lessons
from dashboard.pages.panels.overview import ClusterPicture, PipelinePicture
from dashboard.pages.view import Card, Chart, Group, visible

if TYPE_CHECKING:
    from dashboard.pages.texts import Texts
    from dashboard.pages.view import View


class Learn(Group):
    """The last tab."""

    def __init__(self, texts: Texts) -> None:
        with ui.element("div").classes("grid"):
            self.panels = (
                ClusterPicture(texts, "learn-cluster"),
                PipelinePicture(texts, "learn-pipeline"),
                CheckpointLesson(texts),
                RecoveryLesson(texts),
            )


class CheckpointLesson:
    """A barrier's path through the picked job."""

    def __init__(self, texts: Texts) -> None:
        with Card(texts("lesson-checkpoint"), texts) as self._card:
            ui.label(texts("learn-checkpoint")).classes("note")
            height = f"{lessons.CHECKPOINT_HEIGHT:.0f}px"
            self._picture = Chart(height, label=texts("lesson-checkpoint"), minimum=pictures.LEAST_WIDTH)

    def show(self, view: View) -> None:
        """Show the newest checkpoint."""
        job = view.job
        shown = job is not None and job.total <= pictures.MOST_NODES
        visible(self._card.frame, shown)
        if job is None or not shown:
            return
        self._card.age.show(job.checkpoints.at if job.checkpoints is not None else None, view.now)
        options = lessons.checkpoint(job, view.texts, view.colours, self._picture.width)
        self._picture.show(options, view.texts("learn-checkpoint"))


class RecoveryLesson:
    """The states of the newest recovery."""

    def __init__(self, texts: Texts) -> None:
        with Card(texts("lesson-recovery"), texts) as self._card:
            ui.label(texts("learn-recovery")).classes("note")
            height = f"{lessons.RECOVERY_HEIGHT:.0f}px"
            self._picture = Chart(height, label=texts("lesson-recovery"), minimum=720)

    def show(self, view: View) -> None:
        """Show the newest recovery."""
        self._card.age.show(view.snapshot.jobs_at, view.now)
        newest = next(iter(view.snapshot.recoveries), None)
        options = lessons.recovery(newest, view.texts, view.colours, self._picture.width)
        self._picture.show(options, view.texts("learn-recovery"))
