"""The charts, as ECharts options: pure. User input goes into arrays, never into a key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from dashboard.pages import words
from dashboard.pages.pictures import shorten
from dashboard.pages.words import tone

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dashboard.model import AlertFigures, Checkpoint, JobDetail, Live, Snapshot, Subtask, TaskManager, Vertex
    from dashboard.pages.texts import Texts
    from dashboard.pages.theme import Palette
    from flink_abnormal.core.recovery import Recovery

SHOWN_USERS: Final = 12
SHOWN_CHECKPOINTS: Final = 60
_STATES: Final = ("ok", "warn", "bad", "idle")
_STATE_LABELS: Final = ("RUNNING", "SCHEDULED …", "FAILED", "CANCELED")


def _axis(colours: Palette, **more: Any) -> dict[str, Any]:
    """Return an axis: of categories if `more` has their names as `data`, else of values."""
    return {
        "type": "category" if "data" in more else "value",
        "axisLabel": {"color": colours.muted},
        "axisLine": {"lineStyle": {"color": colours.shape}},
        "splitLine": {"lineStyle": {"color": colours.line}},
        "nameTextStyle": {"color": colours.muted},
        **more,
    }


def _tooltip(colours: Palette, **more: Any) -> dict[str, Any]:
    return {
        "renderMode": "richText",
        "backgroundColor": colours.card,
        "borderColor": colours.shape,
        "textStyle": {"color": colours.text},
        **more,
    }


def _base(colours: Palette, left: int = 48) -> dict[str, Any]:
    return {
        "animation": False,
        "textStyle": {"color": colours.text},
        "grid": {"left": left, "right": 24, "top": 30, "bottom": 28},
        "tooltip": _tooltip(colours, trigger="axis"),
    }


def _coloured(value: float, colour: str) -> dict[str, Any]:
    return {"value": value, "itemStyle": {"color": colour}}


def live(shown: Live, texts: Texts, colours: Palette) -> dict[str, Any]:
    """Return users' counts as bars against the threshold."""
    users = list(reversed(shown.users[:SHOWN_USERS]))
    highest = max([shown.threshold, *(user.count for user in users)])
    bars = [_coloured(user.count, colours.bad if user.count >= shown.threshold else colours.accent) for user in users]
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
        "xAxis": _axis(colours, min=0, max=highest + 1, minInterval=1),
        "yAxis": _axis(colours, data=[shorten(user.user_id) for user in users], axisTick={"show": False}),
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
        _coloured(value, colours.bad if each.status == "FAILED" else colours.warn if each.savepoint else colours.accent)
        for each, value in zip(shown, values, strict=True)
    ]
    return {
        **_base(colours),
        "xAxis": _axis(colours, data=[f"#{each.id}" for each in shown]),
        "yAxis": _axis(colours, name=title),
        "series": [{"type": "bar", "data": bars, "barMaxWidth": 18}],
    }


def alerts_per_minute(figures: AlertFigures, texts: Texts, colours: Palette) -> dict[str, Any]:
    """Return the alerts seen in each minute."""
    counts = [count for _, count in figures.per_minute]
    return {
        **_base(colours),
        "xAxis": _axis(colours, data=[words.clock(minute)[:5] for minute, _ in figures.per_minute]),
        "yAxis": _axis(colours, name=texts("alerts-chart"), minInterval=1),
        "series": [{"type": "bar", "data": counts, "itemStyle": {"color": colours.bad}, "barMaxWidth": 18}],
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
        "xAxis": _axis(colours, name=texts("unit-s")),
        "yAxis": _axis(colours, data=[words.clock(each.began) for each in ended]),
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
        "xAxis": _axis(colours, data=[str(n + 1) for n in range(100)]),
        "yAxis": _axis(colours, data=rows, inverse=True),
        **_heat(cells, _STATES, _STATE_LABELS, colours),
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
    hidden = {"axisLabel": {"show": False}, "axisTick": {"show": False}}
    return {
        **_base(colours, 12),
        "xAxis": _axis(colours, data=[str(n) for n in range(across)], **hidden),
        "yAxis": _axis(colours, data=[str(n) for n in range(rows)], inverse=True, **hidden),
        **_heat(cells, ("ok", "idle", "bad"), labels, colours),
    }, 90 + 34 * rows


def _worker_state(worker: TaskManager) -> int:
    if worker.lost_at is not None:
        return 2
    return 1 if worker.free else 0


def _heat(cells: list[dict[str, Any]], tones: Sequence[str], labels: Sequence[str], colours: Palette) -> dict[str, Any]:
    """Return cells whose third value is the place of their tone in `tones`, and the legend of these."""
    pieces = [
        {"value": place, "label": label, "color": getattr(colours, tone)}
        for place, (tone, label) in enumerate(zip(tones, labels, strict=True))
    ]
    legend = {"type": "piecewise", "dimension": 2, "orient": "horizontal", "top": 0, "right": 0, "pieces": pieces}
    border = {"borderColor": colours.card, "borderWidth": 1}
    return {
        "tooltip": _tooltip(colours, trigger="item", formatter="{b}"),
        "visualMap": {**legend, "textStyle": {"color": colours.text}},
        "series": [{"type": "heatmap", "data": cells, "itemStyle": border}],
    }


def _cell(vertex: Vertex, subtask: Subtask, x: int, y: int) -> dict[str, Any]:
    name = f"{shorten(vertex.name, 40)} [{subtask.index + 1}] {subtask.state}"
    return {"name": name, "value": [x, y, _STATES.index(tone(subtask.state))]}
