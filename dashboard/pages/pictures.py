"""The pictures of the cluster and of the pipeline, as options of ECharts graphs: pure.

A node is a rectangle of fixed size in pixels at a fixed place, so that nothing jumps when something changes.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from dashboard.pages import words
from dashboard.pages.words import tone

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dashboard.model import JobDetail, JobManager, Snapshot, Subtask, TaskManager, Vertex
    from dashboard.pages.texts import Texts
    from dashboard.pages.theme import Palette

MOST_NODES: Final = 30
LEAST_WIDTH: Final = 540
"""Of a picture, in pixels; where the page is narrower, it scrolls."""
_SHORT: Final = 16
_LETTER: Final = 6.6
"""Pixels that a letter of a small label takes at most, on average."""
_SLOT_HEIGHT: Final = 46


class Node(NamedTuple):
    """A rectangle: its middle, its size, what it says and what its colour means (a tone, or accent)."""

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
    """A line between two nodes, by their ids; it goes from middle to middle, below them."""

    source: str
    target: str
    text: str = ""
    tone: str = "shape"
    width: float = 1.5
    curve: float = 0.0


def graph(
    nodes: Sequence[Node], links: Iterable[Link], width: float, height: float, colours: Palette
) -> dict[str, Any]:
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


def _node(node: Node, colours: Palette) -> dict[str, Any]:
    # The box is the label's: a symbol's border and corners are stretched with it.
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
    # Ends are told by place, not by name: names that look like numbers would be taken for places.
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
    """Return a text in which ECharts finds no placeholder of its own, such as {b} or {style|text}."""
    return text.replace("{", "{\u200b")


def shorten(text: str, length: int = _SHORT) -> str:
    """Return a text that fits."""
    return text if len(text) <= length else text[: length - 1] + "…"


def spread(count: int, left: float, right: float) -> list[float]:
    """Return the middles of `count` equal parts of a width."""
    part = (right - left) / max(count, 1)
    return [left + part * (index + 0.5) for index in range(count)]


# The cluster


class Placed(NamedTuple):
    """A subtask and the task it belongs to."""

    vertex: Vertex
    subtask: Subtask


def slots(taskmanager: TaskManager, job: JobDetail | None) -> list[list[Placed]]:
    """Return what runs in each slot of a TaskManager, as far as one job tells.

    Flink's REST API does not name slots; subtasks of one slot-sharing group with the same index share one.
    """
    shared: dict[tuple[str, int], list[Placed]] = {}
    for vertex in job.vertices if job is not None else ():
        for subtask in vertex.subtasks:
            if subtask.taskmanager == taskmanager.id:
                shared.setdefault((vertex.group, subtask.index), []).append(Placed(vertex, subtask))
    used = list(shared.values())
    return [*used, *[[] for _ in range(taskmanager.slots - len(used))]]


def too_many(snapshot: Snapshot) -> bool:
    """Whether the cluster has more nodes than a picture shows."""
    shown = sum(1 + taskmanager.slots for taskmanager in snapshot.taskmanagers)
    return shown + len(snapshot.jobmanagers) > MOST_NODES


def cluster(snapshot: Snapshot, job: JobDetail | None, texts: Texts, colours: Palette, width: float) -> dict[str, Any]:
    """Return the cluster: JobManagers above, TaskManagers below them, each with its slots; `width` in pixels."""
    masters, workers = snapshot.jobmanagers, snapshot.taskmanagers
    nodes, links = [], []
    part = width / max(len(masters), 1)
    for master, x in zip(masters, spread(len(masters), 0, width), strict=True):
        nodes.append(_master(master, x, min(230, part - 16), texts))
    part = width / max(len(workers), 1)
    for worker, x in zip(workers, spread(len(workers), 0, width), strict=True):
        nodes.append(_worker(worker, x, min(260, part - 12), snapshot.at, texts))
        if worker.lost_at is None:
            links += [Link(f"jm {master.address}", f"tm {worker.id}") for master in masters if master.leads]
            for place, held in enumerate(slots(worker, job)):
                nodes.append(_slot(worker, place, held, x, min(240, part - 28), texts))
    return graph(nodes, links, width, cluster_height(snapshot), colours)


def cluster_height(snapshot: Snapshot) -> float:
    """Return the height of the cluster's picture in pixels."""
    return 176 + _SLOT_HEIGHT * max((worker.slots for worker in snapshot.taskmanagers), default=0)


def _master(master: JobManager, x: float, width: float, texts: Texts) -> Node:
    state = texts("no-answer" if not master.answers else "leader" if master.leads else "standby")
    if master.answers and master.leads is None:
        state = texts("alive")
    colour = "bad" if not master.answers else "accent" if master.leads else "idle"
    text = f"JobManager · {state}\n{shorten(master.address, 28)}"
    return Node(f"jm {master.address}", x, 32, width, 46, text, colour, master.leads is True, not master.answers)


def _worker(worker: TaskManager, x: float, width: float, now: float, texts: Texts) -> Node:
    lost = worker.lost_at is not None
    state = shorten(_place(worker.host), 22)
    if worker.lost_at is not None:
        state = texts("lost", duration=words.elapsed(now - worker.lost_at, texts))
    text = f"{worker.name}\n{state}"
    return Node(f"tm {worker.id}", x, 132, width, 48, text, "bad" if lost else "ok", bold=True, dashed=lost)


def _place(host: str) -> str:
    """Return the container or machine of HOST:PORT; where all are on one machine, the port tells them apart."""
    name = host.rpartition(":")[0]
    return host if name in ("", "localhost", "127.0.0.1") else name


def _slot(worker: TaskManager, place: int, held: list[Placed], x: float, width: float, texts: Texts) -> Node:
    y = 184 + place * _SLOT_HEIGHT
    title = texts("slot", number=place + 1)
    node = f"slot {worker.id} {place}"
    if not held:
        return Node(node, x, y, width, 38, f"{title}\n{texts('slot-free')}", "idle", dashed=True)
    tones = [tone(placed.subtask.state) for placed in held]
    worst = next((each for each in ("bad", "warn", "idle") if each in tones), "ok")
    main = held[-1] if worst == "ok" else held[tones.index(worst)]
    state = "" if worst == "ok" else f" · {main.subtask.state}"
    more = f" +{len(held) - 1}" if len(held) > 1 else ""
    number = f" [{main.subtask.index + 1}]{more}"
    room = int(width / _LETTER) - len(number)
    text = f"{title}{state}\n{shorten(short_name(main.vertex.name), room)}{number}"
    return Node(node, x, y, width, 38, text, worst)


def short_name(name: str) -> str:
    """Return the first operator of a chain, without its role."""
    first = name.split(" -> ", maxsplit=1)[0].split(", ", maxsplit=1)[0]
    return re.sub("^(Source|Process|Sink): ", "", first)


# The pipeline

MOST_USERS: Final = 6


def pipeline(job: JobDetail, texts: Texts, colours: Palette, width: float) -> dict[str, Any]:
    """Return the flow: a column for each task with its subtasks, users where events are keyed; `width` in pixels."""
    columns = _columns(job, texts)
    height = pipeline_height(job)
    across = min(190.0, width / max(len(columns), 1) - 22)
    nodes: list[Node] = []
    for column, x in zip(columns, spread(len(columns), 0, width), strict=True):
        nodes.append(Node(f"head {column.id}", x, 32, across, 58, column.title, column.tone, bold=True))
        deep = (height - 72) / max(len(column.cells), 1)
        for cell, y in zip(column.cells, spread(len(column.cells), 72, height), strict=True):
            nodes.append(Node(f"{column.id} {cell.id}", x, y, across, min(38.0, deep - 6), cell.text, cell.tone))
    return graph(nodes, _flows(job, columns), width, height, colours)


def pipeline_height(job: JobDetail) -> float:
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
