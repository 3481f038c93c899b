"""The picture of a job: tasks with their subtasks, and users where events are keyed. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from dashboard.pages import words
from dashboard.pages.pictures import Link, Node, graph, short_name, shorten, spread
from dashboard.pages.words import tone

if TYPE_CHECKING:
    from dashboard.model import JobDetail, Subtask, Vertex
    from dashboard.pages.texts import Texts
    from dashboard.pages.theme import Palette

MOST_USERS: Final = 6


def draw(job: JobDetail, texts: Texts, colours: Palette, width: float) -> dict[str, Any]:
    """Return the flow: a column for each task with its subtasks, users where events are keyed; `width` in pixels."""
    columns = _columns(job, texts)
    tall = height(job)
    across = min(190.0, width / max(len(columns), 1) - 22)
    nodes: list[Node] = []
    for column, x in zip(columns, spread(len(columns), 0, width), strict=True):
        nodes.append(Node(f"head {column.id}", x, 32, across, 58, column.title, column.tone, bold=True))
        deep = (tall - 72) / max(len(column.cells), 1)
        for cell, y in zip(column.cells, spread(len(column.cells), 72, tall), strict=True):
            nodes.append(Node(f"{column.id} {cell.id}", x, y, across, min(38.0, deep - 6), cell.text, cell.tone))
    return graph(nodes, _flows(job, columns), width, tall, colours)


def height(job: JobDetail) -> float:
    """Return the height of the pipeline's picture in pixels."""
    return 76 + 46 * max([3, *(vertex.parallelism for vertex in job.vertices), len(_users(job))])


class Cell(NamedTuple):
    """A subtask, or a user, in a column."""

    id: str
    text: str
    tone: str


class Column(NamedTuple):
    """A task, or the keys, with what is in it."""

    id: str
    title: str
    tone: str
    cells: list[Cell]


def detector(job: JobDetail) -> Vertex | None:
    """Return the task that events are keyed for: the last that a hash leads to and that keeps users' counts."""
    keyed = {edge.target for edge in job.edges if edge.strategy == "HASH"}
    found = [vertex for vertex in job.vertices if vertex.id in keyed and "Abnormal count" in vertex.name]
    return found[-1] if found else None


def _users(job: JobDetail) -> list[tuple[str, int]]:
    """Return the users to show, with their subtask, in the order of the subtasks."""
    if job.live is None or detector(job) is None:
        return []
    shown = [(user.subtask, user.user_id) for user in job.live.users[:MOST_USERS]]
    return [(user, subtask) for subtask, user in sorted(shown)]


def _columns(job: JobDetail, texts: Texts) -> list[Column]:
    keyed = detector(job)
    columns = []
    for vertex in job.vertices:
        if vertex is keyed:
            cells = [Cell(user, shorten(user), "accent") for user, _ in _users(job)]
            columns.append(Column("users", texts("key-by"), "accent", cells or [Cell("none", "…", "idle")]))
        columns.append(
            Column(vertex.id, _title(vertex, texts), _tone(vertex), [_cell(s, texts) for s in vertex.subtasks])
        )
    return columns


def _title(vertex: Vertex, texts: Texts) -> str:
    """Return a task's name, and its records a second: in and out, or the one that there is."""
    told = [words.rate(rate) for rate in (vertex.in_rate, vertex.out_rate) if rate] or [words.rate(vertex.out_rate)]
    return f"{shorten(short_name(vertex.name), 20)}\n{texts('per-second', rate=' → '.join(told))}"


def _tone(vertex: Vertex) -> str:
    return "ok" if vertex.running == vertex.parallelism else "warn"


def _cell(subtask: Subtask, texts: Texts) -> Cell:
    title = texts("subtask", number=subtask.index + 1)
    good = tone(subtask.state) == "ok"
    rate = subtask.in_rate if subtask.in_rate is not None else subtask.out_rate
    text = texts("per-second", rate=words.rate(rate)) if good else subtask.state
    return Cell(str(subtask.index), f"{title}\n{text}", tone(subtask.state))


def _flows(job: JobDetail, columns: list[Column]) -> list[Link]:
    keyed = detector(job)
    titles = {column.id for column in columns}
    links = []
    for edge in job.edges:
        if keyed is not None and edge.target == keyed.id:
            links += [
                Link(f"head {edge.source}", "head users", width=2.5),
                Link("head users", f"head {keyed.id}", width=2.5),
            ]
        elif {edge.source, edge.target} <= titles:
            links.append(Link(f"head {edge.source}", f"head {edge.target}", width=2.5))
    if keyed is not None:
        for user, subtask in _users(job):
            links.append(Link(f"users {user}", f"{keyed.id} {subtask}", tone="accent", width=2))
    return links
