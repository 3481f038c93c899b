"""The picture of a job: tasks with their subtasks, and users where events are keyed. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from dashboard.pages import words
from dashboard.pages.pictures import Box, Link, graph, short_name, shorten, spread
from dashboard.pages.words import tone

if TYPE_CHECKING:
    from dashboard.model import JobDetail, Subtask, Vertex
    from dashboard.pages.texts import Texts
    from dashboard.pages.theme import Palette

MOST_USERS: Final = 6
LEAST_WIDTH: Final = 760
"""The minimum width of the picture in pixels: five columns, and the throughput between them."""
_USERS: Final = "users"
_GAP: Final = 58.0
_ARCH: Final = 34.0


def draw(job: JobDetail, texts: Texts, colours: Palette, width: float) -> dict[str, Any]:
    """Return the flow: a column per task with its subtasks, users where events are keyed; `width` in pixels.

    The rate between two tasks is on the line between them. A line that passes over tasks is an arch.
    """
    columns = _columns(job, texts)
    above, tall = _above(job), height(job)
    across = min(190.0, width / max(len(columns), 1) - _GAP)
    nodes: list[Box] = []
    middles = dict(zip([column.id for column in columns], spread(len(columns), 0, width), strict=True))
    for column in columns:
        x = middles[column.id]
        nodes.append(Box(f"head {column.id}", x, above + 28, across, 44, column.title, column.tone, bold=True))
        top = above + 60
        deep = (tall - top) / max(len(column.cells), 1)
        for cell, y in zip(column.cells, spread(len(column.cells), top, tall), strict=True):
            nodes.append(Box(f"{column.id} {cell.id}", x, y, across, min(38.0, deep - 6), cell.text, cell.tone))
    return graph(nodes, _lines(job, middles, texts), width, tall, colours)


def height(job: JobDetail) -> float:
    """Return the height of the pipeline's picture in pixels."""
    return _above(job) + 64 + 46 * max([3, *(vertex.parallelism for vertex in job.vertices), len(_users(job))])


def _above(job: JobDetail) -> float:
    """Return the room for arches above the tasks."""
    order = _order(job)
    return _ARCH if any(_passes(order, flow) for flow in _flows(job)) else 0.0


class Cell(NamedTuple):
    """A subtask, or a user, in a column."""

    id: str
    text: str
    tone: str


class Column(NamedTuple):
    """A task, or the keys, with its cells."""

    id: str
    title: str
    tone: str
    cells: list[Cell]


def detector(job: JobDetail) -> Vertex | None:
    """Return the task that events are keyed for: the last one behind a hash that stores users' counts."""
    keyed = {edge.target for edge in job.edges if edge.strategy == "HASH"}
    found = [vertex for vertex in job.vertices if vertex.id in keyed and "Abnormal count" in vertex.name]
    return found[-1] if found else None


def _users(job: JobDetail) -> list[tuple[str, int]]:
    """Return the users to show with their subtasks, in subtask order."""
    if job.live is None or detector(job) is None:
        return []
    shown = [(user.subtask, user.user_id) for user in job.live.users[:MOST_USERS]]
    return [(user, subtask) for subtask, user in sorted(shown)]


def _order(job: JobDetail) -> list[str]:
    """Return the columns from left to right: the tasks, with the keys before the keyed task."""
    keyed = detector(job)
    return [column for vertex in job.vertices for column in ((_USERS, vertex.id) if vertex is keyed else (vertex.id,))]


def _columns(job: JobDetail, texts: Texts) -> list[Column]:
    keyed = detector(job)
    columns = []
    for vertex in job.vertices:
        if vertex is keyed:
            cells = [Cell(user, shorten(user), "accent") for user, _ in _users(job)]
            columns.append(Column(_USERS, texts("key-by"), "accent", cells or [Cell("none", "…", "idle")]))
        title = shorten(short_name(vertex.name), 24)
        columns.append(Column(vertex.id, title, _tone(vertex), [_cell(each, texts) for each in vertex.subtasks]))
    return columns


def _tone(vertex: Vertex) -> str:
    return "ok" if vertex.running == vertex.parallelism else "warn"


def _cell(subtask: Subtask, texts: Texts) -> Cell:
    title = texts("subtask", number=subtask.index + 1)
    good = tone(subtask.state) == "ok"
    # Flink counts a source's input as 0: show its output.
    rate = subtask.out_rate if not subtask.in_rate and subtask.out_rate is not None else subtask.in_rate
    text = texts("per-second", rate=words.rate(rate)) if good else subtask.state
    return Cell(str(subtask.index), f"{title}\n{text}", tone(subtask.state))


class Flow(NamedTuple):
    """The flow from one column to another, in records per second."""

    source: str
    target: str
    rate: float | None


def _flows(job: JobDetail) -> list[Flow]:
    keyed = detector(job)
    known = {vertex.id: vertex for vertex in job.vertices}
    flows = []
    for edge in job.edges:
        if edge.source not in known or edge.target not in known:
            continue
        # A task's rate is that of an edge only if the task has no other edge on that side.
        sent = known[edge.source].out_rate if sum(each.source == edge.source for each in job.edges) == 1 else None
        taken = known[edge.target].in_rate if sum(each.target == edge.target for each in job.edges) == 1 else None
        if keyed is not None and edge.target == keyed.id:
            flows.append(Flow(edge.source, _USERS, taken if sent is None else sent))
        else:
            flows.append(Flow(edge.source, edge.target, sent if taken is None else taken))
    if keyed is not None:
        flows.append(Flow(_USERS, keyed.id, keyed.in_rate))
    return flows


def _passes(order: list[str], flow: Flow) -> bool:
    return order.index(flow.target) - order.index(flow.source) > 1


def _lines(job: JobDetail, middles: dict[str, float], texts: Texts) -> list[Link]:
    """Return the lines between tasks, and from users to their subtasks; `middles` of the columns are in pixels."""
    order = _order(job)
    lines = []
    for flow in _flows(job):
        told = "" if flow.rate is None else texts("per-second", rate=words.rate(flow.rate))
        # The middle of an arch rises by half of this share of its length.
        high = 2 * (_ARCH + 6) / (middles[flow.target] - middles[flow.source])
        curve = high if _passes(order, flow) else 0.0
        lines.append(Link(f"head {flow.source}", f"head {flow.target}", told, width=2.5, curve=curve))
    keyed = detector(job)
    if keyed is not None:
        lines += [
            Link(f"{_USERS} {user}", f"{keyed.id} {subtask}", tone="accent", width=2) for user, subtask in _users(job)
        ]
    return lines
