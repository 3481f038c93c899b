"""The charts, as ECharts options: pure. User input goes into arrays, never into a key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from dashboard.pages import words
from dashboard.pages.pictures import shorten
from dashboard.pages.words import tone

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dashboard.model import (
        AlertFigures,
        Checkpoint,
        JobDetail,
        Live,
        Recovery,
        Snapshot,
        Subtask,
        TaskManager,
        Vertex,
    )
    from dashboard.pages.texts import Texts
    from dashboard.pages.theme import Palette

SHOWN_USERS: Final = 12
SHOWN_CHECKPOINTS: Final = 60
_STATES: Final = ("ok", "warn", "bad", "idle")
_STATE_LABELS: Final = ("RUNNING", "SCHEDULED …", "FAILED", "CANCELED")


def _axes(colours: Palette) -> dict[str, Any]:
    return {
        "axisLabel": {"color": colours.muted},
        "axisLine": {"lineStyle": {"color": colours.shape}},
        "splitLine": {"lineStyle": {"color": colours.line}},
        "nameTextStyle": {"color": colours.muted},
    }


def _base(colours: Palette, left: int = 48) -> dict[str, Any]:
    return {
        "animation": False,
        "textStyle": {"color": colours.text},
        "grid": {"left": left, "right": 24, "top": 30, "bottom": 28},
        "tooltip": {
            "trigger": "axis",
            "renderMode": "richText",
            "backgroundColor": colours.card,
            "borderColor": colours.shape,
            "textStyle": {"color": colours.text},
        },
    }


def live(shown: Live, texts: Texts, colours: Palette) -> dict[str, Any]:
    """Return users' counts as bars against the threshold."""
    users = list(reversed(shown.users[:SHOWN_USERS]))
    highest = max([shown.threshold, *(user.count for user in users)])
    bars = [
        {
            "value": user.count,
            "itemStyle": {"color": colours.bad if user.count >= shown.threshold else colours.accent},
        }
        for user in users
    ]
    line = {
        "symbol": "none",
        "silent": True,
        "lineStyle": {"color": colours.warn, "type": "dashed", "width": 2},
        "label": {"color": colours.text, "formatter": f"{texts('threshold')} {shown.threshold}", "position": "end"},
        "data": [{"xAxis": shown.threshold}],
    }
    return {
        **_base(colours, 110),
        "tooltip": {"show": False},
        "xAxis": {"type": "value", "min": 0, "max": highest + 1, "minInterval": 1, **_axes(colours)},
        "yAxis": {
            "type": "category",
            "data": [shorten(user.user_id) for user in users],
            **_axes(colours),
            "axisTick": {"show": False},
        },
        "series": [
            {
                "type": "bar",
                "data": bars,
                "barMaxWidth": 22,
                "label": {"show": True, "position": "right", "color": colours.text},
                "markLine": line,
            }
        ],
    }


def checkpoint_durations(history: Sequence[Checkpoint], texts: Texts, colours: Palette) -> dict[str, Any]:
    """Return the durations of the last checkpoints, in milliseconds; failed ones have their own colour."""
    values = [round(each.duration_s * 1000) for each in _last(history)]
    return _per_checkpoint(history, values, texts("checkpoint-durations"), colours)


def checkpoint_sizes(history: Sequence[Checkpoint], texts: Texts, colours: Palette) -> dict[str, Any]:
    """Return the sizes of the last checkpoints, in kilobytes."""
    values = [round(each.bytes / 1024, 1) for each in _last(history)]
    return _per_checkpoint(history, values, texts("checkpoint-sizes"), colours)


def _last(history: Sequence[Checkpoint]) -> list[Checkpoint]:
    return [each for each in reversed(history[:SHOWN_CHECKPOINTS]) if each.status != "IN_PROGRESS"]


def _per_checkpoint(
    history: Sequence[Checkpoint], values: Sequence[float], title: str, colours: Palette
) -> dict[str, Any]:
    shown = _last(history)
    bars = [
        {
            "value": value,
            "itemStyle": {
                "color": colours.bad if each.status == "FAILED" else colours.warn if each.savepoint else colours.accent
            },
        }
        for each, value in zip(shown, values, strict=True)
    ]
    return {
        **_base(colours),
        "xAxis": {"type": "category", "data": [f"#{each.id}" for each in shown], **_axes(colours)},
        "yAxis": {"type": "value", "name": title, **_axes(colours)},
        "series": [{"type": "bar", "data": bars, "barMaxWidth": 18}],
    }


def alerts_per_minute(figures: AlertFigures, texts: Texts, colours: Palette) -> dict[str, Any]:
    """Return the alerts seen in each minute."""
    return {
        **_base(colours),
        "xAxis": {
            "type": "category",
            "data": [words.clock(minute)[:5] for minute, _ in figures.per_minute],
            **_axes(colours),
        },
        "yAxis": {"type": "value", "name": texts("alerts-chart"), "minInterval": 1, **_axes(colours)},
        "series": [
            {
                "type": "bar",
                "data": [count for _, count in figures.per_minute],
                "itemStyle": {"color": colours.bad},
                "barMaxWidth": 18,
            }
        ],
    }


def recoveries(shown: Sequence[Recovery], texts: Texts, colours: Palette) -> dict[str, Any]:
    """Return each recovery's seconds until it was noticed, its state restored and all tasks ran, stacked."""
    ended = [each for each in reversed(shown) if each.running_at is not None][-12:]
    parts: dict[str, list[float]] = {"phase-notice": [], "phase-restore": [], "phase-run": []}
    for each in ended:
        moments = [each.began, each.noticed_at, each.restored_at, each.running_at]
        reached = each.began
        for part, moment in zip(parts.values(), moments[1:], strict=True):
            part.append(round(max((moment or reached) - reached, 0), 1))
            reached = max(moment or reached, reached)
    fills = dict(zip(parts, (colours.bad, colours.warn, colours.ok), strict=True))
    return {
        **_base(colours, 70),
        "legend": {"textStyle": {"color": colours.text}, "top": 0},
        "xAxis": {"type": "value", "name": texts("unit-s"), **_axes(colours)},
        "yAxis": {"type": "category", "data": [words.clock(each.began) for each in ended], **_axes(colours)},
        "series": [
            {
                "type": "bar",
                "stack": "recovery",
                "name": texts(key),
                "data": part,
                "itemStyle": {"color": fills[key]},
                "barMaxWidth": 22,
            }
            for key, part in parts.items()
        ],
    }


def heatmap(job: JobDetail, colours: Palette) -> dict[str, Any]:
    """Return every subtask as a cell, coloured by state: a row per hundred of a task."""
    rows: list[str] = []
    cells: list[dict[str, Any]] = []
    for vertex in job.vertices:
        for subtask in vertex.subtasks:
            block, place = divmod(subtask.index, 100)
            name = f"{shorten(vertex.name, 24)} {block * 100 + 1}+"
            if not rows or rows[-1] != name:
                rows.append(name)
            cells.append(_cell(vertex, subtask, place, len(rows) - 1))
    return {
        **_base(colours, 190),
        "tooltip": _item_tooltip(colours),
        "xAxis": {"type": "category", "data": [str(n + 1) for n in range(100)], **_axes(colours)},
        "yAxis": {"type": "category", "data": rows, "inverse": True, **_axes(colours)},
        "visualMap": _pieces(
            [
                {"value": place, "label": label, "color": getattr(colours, name)}
                for place, (name, label) in enumerate(zip(_STATES, _STATE_LABELS, strict=True))
            ],
            colours,
        ),
        "series": [_cells(cells, colours)],
    }


def heatmap_height(job: JobDetail) -> float:
    """Return the height of a job's heatmap in pixels."""
    return 80 + 26 * sum(-(-vertex.parallelism // 100) for vertex in job.vertices)


def workers(snapshot: Snapshot, colours: Palette, texts: Texts) -> tuple[dict[str, Any], float]:
    """Return a cell per TaskManager, coloured by whether it lives and has free slots, and the height in pixels."""
    found = snapshot.workers
    across = 25
    cells = [
        {
            "name": f"{worker.name} · {worker.slots - worker.free}/{worker.slots}",
            "value": [place % across, place // across, _worker_state(worker)],
        }
        for place, worker in enumerate(found)
    ]
    rows = -(-len(found) // across)
    labels = (texts("alive"), texts("slots-free"), texts("lost-short"))
    pieces = [
        {"value": place, "label": label, "color": getattr(colours, name)}
        for place, (name, label) in enumerate(zip(("ok", "idle", "bad"), labels, strict=True))
    ]
    axis = {**_axes(colours), "axisLabel": {"show": False}, "axisTick": {"show": False}}
    return {
        **_base(colours, 12),
        "tooltip": _item_tooltip(colours),
        "xAxis": {"type": "category", "data": [str(n) for n in range(across)], **axis},
        "yAxis": {"type": "category", "data": [str(n) for n in range(rows)], "inverse": True, **axis},
        "visualMap": _pieces(pieces, colours),
        "series": [_cells(cells, colours)],
    }, 90 + 34 * rows


def _worker_state(worker: TaskManager) -> int:
    if worker.lost_at is not None:
        return 2
    return 1 if worker.free else 0


def _item_tooltip(colours: Palette) -> dict[str, Any]:
    return {
        "trigger": "item",
        "renderMode": "richText",
        "formatter": "{b}",
        "backgroundColor": colours.card,
        "borderColor": colours.shape,
        "textStyle": {"color": colours.text},
    }


def _pieces(pieces: list[dict[str, Any]], colours: Palette) -> dict[str, Any]:
    return {
        "type": "piecewise",
        "dimension": 2,
        "orient": "horizontal",
        "top": 0,
        "right": 0,
        "textStyle": {"color": colours.text},
        "pieces": pieces,
    }


def _cells(cells: list[dict[str, Any]], colours: Palette) -> dict[str, Any]:
    return {"type": "heatmap", "data": cells, "itemStyle": {"borderColor": colours.card, "borderWidth": 1}}


def _cell(vertex: Vertex, subtask: Subtask, x: int, y: int) -> dict[str, Any]:
    name = f"{shorten(vertex.name, 40)} [{subtask.index + 1}] {subtask.state}"
    return {"name": name, "value": [x, y, _STATES.index(tone(subtask.state))]}
