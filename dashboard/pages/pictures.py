"""The parts of pictures: boxes and lines, as options of an ECharts graph. Pure.

A node is a rectangle of fixed size in pixels at a fixed place, so that nothing jumps on a change.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dashboard.pages.theme import Palette

MOST_NODES: Final = 30
LEAST_WIDTH: Final = 540
"""The minimum width of a picture in pixels; a narrower page scrolls."""
_SHORT: Final = 16


class Box(NamedTuple):
    """A rectangle: its centre, size, text, and the meaning of its colour (a tone, or accent)."""

    id: str
    x: float
    y: float
    width: float
    height: float
    text: str
    tone: str
    bold: bool = False
    dashed: bool = False


class Link(NamedTuple):
    """A line between the centres of two nodes, by their ids, drawn below them."""

    source: str
    target: str
    text: str = ""
    tone: str = "shape"
    width: float = 1.5
    curve: float = 0.0


def graph(nodes: Sequence[Box], links: Iterable[Link], width: float, height: float, colours: Palette) -> dict[str, Any]:
    """Return the options of a graph on a plane of `width` x `height` pixels."""
    number = {node.id: index for index, node in enumerate(nodes)}
    return {
        "animation": False,
        "tooltip": {"show": False},
        "grid": {"left": 0, "right": 0, "top": 0, "bottom": 0},
        # A plane with axes: without one, ECharts stretches the shapes with the chart.
        "xAxis": {"type": "value", "show": False, "min": 0, "max": width},
        "yAxis": {"type": "value", "show": False, "min": 0, "max": height, "inverse": True},
        "series": [
            {
                "type": "graph",
                "coordinateSystem": "cartesian2d",
                "silent": True,
                "data": [_node(node, colours) for node in nodes],
                "links": [
                    _link(link, number, colours) for link in links if link.source in number and link.target in number
                ],
            }
        ],
    }


def _node(node: Box, colours: Palette) -> dict[str, Any]:
    # The label draws the box: a symbol's border and corners would be stretched with it.
    return {
        "name": node.id,
        "value": [node.x, node.y],
        "symbol": "rect",
        "symbolSize": 1,  # arrows would end at a circle around it
        "itemStyle": {"color": "transparent", "borderWidth": 0},
        "label": {
            "show": True,
            "formatter": _plain(node.text),
            "color": colours.text,
            "fontSize": 12 if node.bold else 11,
            "fontWeight": "bold" if node.bold else "normal",
            "lineHeight": 15,
            "width": node.width - 8,
            "height": node.height,
            "verticalAlign": "middle",
            "overflow": "break",
            "lineOverflow": "truncate",
            "padding": [0, 4],
            "backgroundColor": getattr(colours, f"{node.tone}_fill"),
            "borderColor": getattr(colours, node.tone),
            "borderWidth": 2 if node.bold else 1.5,
            "borderType": "dashed" if node.dashed else "solid",
            "borderRadius": 7,
        },
    }


def _link(link: Link, number: dict[str, int], colours: Palette) -> dict[str, Any]:
    # Ends are given by index, not by name: names that look like numbers would be read as indices.
    return {
        "source": number[link.source],
        "target": number[link.target],
        "lineStyle": {
            "color": getattr(colours, link.tone),
            "width": link.width,
            "curveness": link.curve,
            "opacity": 1,
        },
        "label": {
            "show": bool(link.text),
            "formatter": _plain(link.text),
            "color": colours.text,
            "backgroundColor": colours.card,
            "padding": [1, 3],
            "fontSize": 11,
            "rotate": 0,
        },
    }


def _plain(text: str) -> str:
    """Return a text without placeholders of ECharts, such as {b} or {style|text}."""
    return text.replace("{", "{\u200b")


def shorten(text: str, length: int = _SHORT) -> str:
    """Return a text cut to `length` characters."""
    return text if len(text) <= length else text[: length - 1] + "…"


def spread(count: int, left: float, right: float) -> list[float]:
    """Return the centres of `count` equal parts of a width."""
    part = (right - left) / max(count, 1)
    return [left + part * (index + 0.5) for index in range(count)]


def short_name(name: str) -> str:
    """Return a chain's first operator, without its role."""
    first = name.split(" -> ", maxsplit=1)[0].split(", ", maxsplit=1)[0]
    return re.sub("^(Source|Process|Sink): ", "", first)
