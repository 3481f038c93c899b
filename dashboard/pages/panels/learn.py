"""The seed's four diagrams, drawn from the watched cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nicegui import ui

from dashboard.pages import pictures
from dashboard.pages.panels import lessons
from dashboard.pages.panels.overview import cluster_card, pipeline_card
from dashboard.pages.view import Group, Picture, PictureCard

if TYPE_CHECKING:
    from dashboard.pages.texts import Texts
    from dashboard.pages.view import View


class Learn(Group):
    """The last tab."""

    def __init__(self, texts: Texts) -> None:
        with ui.element("div").classes("grid"):
            self.panels = (
                cluster_card(texts, "learn-cluster"),
                pipeline_card(texts, "learn-pipeline"),
                PictureCard(
                    "lesson-checkpoint", texts, _checkpoint, minimum=pictures.LEAST_WIDTH, lesson="learn-checkpoint"
                ),
                PictureCard("lesson-recovery", texts, _recovery, minimum=720, lesson="learn-recovery"),
            )


def _checkpoint(view: View, width: float) -> Picture | None:
    """Draw a barrier's path through the picked job."""
    if view.job is None or view.job.total > pictures.MOST_NODES:
        return None
    options = lessons.checkpoint(view.job, view.texts, view.colours, width)
    at = view.checkpoints.at if view.checkpoints is not None else None
    return Picture(at, options, view.texts("learn-checkpoint"), lessons.CHECKPOINT_HEIGHT)


def _recovery(view: View, width: float) -> Picture:
    """Draw the states of the newest recovery."""
    newest = next(iter(view.snapshot.recoveries), None)
    options = lessons.recovery(newest, view.texts, view.colours, width)
    return Picture(view.snapshot.jobs_at, options, view.texts("learn-recovery"), lessons.RECOVERY_HEIGHT)
