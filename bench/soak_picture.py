"""Draws the curves of a soak: a line per process, broken at each restart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib as mpl
from soak_growth import FIGURES, QUARTERS

mpl.use("Agg")

from matplotlib import pyplot as plt

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from matplotlib.axes import Axes
    from soak_growth import Figure, Sample

SECONDS = 60
STYLES = ("-", "--")


def draw(samples: Sequence[Sample], strikes: Sequence[float], file: Path) -> None:
    """Draw a panel per figure, with the last quarter shaded; `strikes` are seconds after the beginning."""
    figure, panels = plt.subplots(len(FIGURES), sharex=True, figsize=(11, 16), layout="constrained")
    ends = max(sample.at for sample in samples) / SECONDS
    names = list(dict.fromkeys(sample.name for sample in samples))
    for panel, each in zip(panels, FIGURES, strict=True):
        for number, name in enumerate(names):
            _line(panel, [sample for sample in samples if sample.name == name], each, f"C{number % 10}", number // 10)
        panel.axvspan(QUARTERS[1] * ends, ends, color="0.95", zorder=0)
        for strike in strikes:
            panel.axvline(strike / SECONDS, color="0.8", linewidth=0.6, zorder=0)
        panel.set_ylabel(each.title)
        panel.set_ylim(bottom=0)
        panel.legend(fontsize="x-small", loc="upper left", bbox_to_anchor=(1, 1))
    panels[0].set_title("Grey lines: strikes. Shaded: the last quarter, which is held against the half before it.")
    panels[-1].set_xlabel("Minutes")
    figure.savefig(file, dpi=90)
    plt.close(figure)


def _line(panel: Axes, mine: Sequence[Sample], figure: Figure, colour: str, style: int) -> None:
    minutes, values, last = [], [], None
    for each in mine:
        value = getattr(each, figure.name)
        if value is None:
            continue
        if last is not None and each.pid != last:
            minutes.append(each.at / SECONDS)
            values.append(float("nan"))
        last = each.pid
        minutes.append(each.at / SECONDS)
        values.append(value / figure.unit)
    if values:
        panel.plot(
            minutes, values, color=colour, linestyle=STYLES[style % len(STYLES)], linewidth=1.2, label=mine[0].name
        )
