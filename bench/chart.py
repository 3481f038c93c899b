"""Draws the speeds as bars, in the colours of a light and of a dark page, as SVG and as PNG."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import matplotlib as mpl

mpl.use("Agg")

from matplotlib import pyplot as plt

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

mpl.rcParams["svg.hashsalt"] = "benchmarks"  # the same figures, the same file
mpl.rcParams["svg.fonttype"] = "none"  # text stays text
THEMES = {"light": ("#1f2328", ("#0969da", "#54aeff")), "dark": ("#e6edf3", ("#4493f8", "#1f6feb"))}


def draw(
    titles: Mapping[str, str], cases: Mapping[str, str], results: Sequence[Mapping[str, Any]], folder: Path
) -> None:
    """Write benchmarks-{light,dark}.{svg,png}: a group of bars for each contestant, a bar for each case.

    Both have titles by their names in the results; where a contestant has no result, there is no bar.
    """
    names = [name for name in reversed(titles) if any(each["contestant"] == name for each in results)]
    speeds = {(each["contestant"], each["case"]): each["eventsPerSecond"] / 1000 for each in results}
    height = 0.8 / len(cases)
    for theme, (ink, colours) in THEMES.items():
        figure, axes = plt.subplots(figsize=(9, 0.7 * len(names) + 1), layout="constrained")
        for place, (case, title) in enumerate(cases.items()):
            there = [number for number, name in enumerate(names) if (name, case) in speeds]
            ys = [number + 0.4 - height * (place + 0.5) for number in there]
            values = [speeds[names[number], case] for number in there]
            bars = axes.barh(ys, values, height, color=colours[place % len(colours)], label=title)
            axes.bar_label(bars, [f"{value:,.0f}" for value in values], padding=3, color=ink, fontsize=9)
        axes.set_yticks(range(len(names)), [titles[name] for name in names])
        axes.set_xlabel("Thousand events per second, one core", color=ink)
        axes.tick_params(colors=ink)
        axes.spines[:].set_visible(False)
        axes.margins(x=0.1)
        axes.legend(loc="lower right", frameon=False, labelcolor=ink)
        for kind in ("svg", "png"):
            target = folder / f"benchmarks-{theme}.{kind}"
            figure.savefig(target, transparent=True, dpi=150, metadata={"Date": None} if kind == "svg" else None)
        plt.close(figure)
