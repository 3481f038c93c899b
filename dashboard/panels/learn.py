"""Diagrams to learn from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dashboard.panels.overview import ClusterPicture, PipelinePicture

if TYPE_CHECKING:
    from dashboard.texts import Texts
    from dashboard.view import View


class Learn:
    """The seed's diagrams, as they are now."""

    def __init__(self, texts: Texts) -> None:
        self._cluster = ClusterPicture(texts)
        self._pipeline = PipelinePicture(texts)

    def show(self, view: View) -> None:
        """Show them."""
        self._cluster.show(view)
        self._pipeline.show(view)
