"""The picture of the cluster: JobManagers, TaskManagers, their slots and the subtasks in each. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from dashboard.pages import words
from dashboard.pages.pictures import MOST_NODES, Box, Link, graph, short_name, shorten, spread
from dashboard.pages.words import tone

if TYPE_CHECKING:
    from dashboard.model import JobDetail, JobManager, Snapshot, Subtask, TaskManager, Vertex
    from dashboard.pages.texts import Texts
    from dashboard.pages.theme import Palette

_SLOT_HEIGHT: Final = 46
_LETTER: Final = 6.6
"""The maximum average width in pixels of a letter in a small label."""


class Placed(NamedTuple):
    """A subtask and the task it belongs to."""

    vertex: Vertex
    subtask: Subtask


def slots(taskmanager: TaskManager, job: JobDetail | None) -> list[list[Placed]]:
    """Return the subtasks in each slot of a TaskManager, as far as one job's data shows.

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
    shown = sum(1 + taskmanager.slots for taskmanager in snapshot.workers)
    return shown + len(snapshot.jobmanagers) > MOST_NODES


def draw(snapshot: Snapshot, job: JobDetail | None, texts: Texts, colours: Palette, width: float) -> dict[str, Any]:
    """Return the cluster: JobManagers above, TaskManagers below them, each with its slots; `width` in pixels."""
    masters, workers = snapshot.jobmanagers, snapshot.workers
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
    return graph(nodes, links, width, height(snapshot), colours)


def height(snapshot: Snapshot) -> float:
    """Return the height of the cluster's picture in pixels."""
    return 176 + _SLOT_HEIGHT * max((worker.slots for worker in snapshot.workers), default=0)


def _master(master: JobManager, x: float, width: float, texts: Texts) -> Box:
    state = texts("no-answer" if not master.answers else "leader" if master.leads else "standby")
    if master.answers and master.leads is None:
        state = texts("alive")
    colour = "bad" if not master.answers else "accent" if master.leads else "idle"
    text = f"JobManager · {state}\n{shorten(master.address, 28)}"
    return Box(f"jm {master.address}", x, 32, width, 46, text, colour, master.leads is True, not master.answers)


def _worker(worker: TaskManager, x: float, width: float, now: float, texts: Texts) -> Box:
    lost = worker.lost_at is not None
    state = shorten(_place(worker.host), 22)
    if worker.lost_at is not None:
        state = texts("lost", duration=words.elapsed(now - worker.lost_at, texts))
    text = f"{worker.name}\n{state}"
    return Box(f"tm {worker.id}", x, 132, width, 48, text, "bad" if lost else "ok", bold=True, dashed=lost)


def _place(host: str) -> str:
    """Return the container or machine of HOST:PORT, or all of it if only the port distinguishes processes."""
    name = host.rpartition(":")[0]
    return host if name in ("", "localhost", "127.0.0.1") else name


def _slot(worker: TaskManager, place: int, held: list[Placed], x: float, width: float, texts: Texts) -> Box:
    y = 184 + place * _SLOT_HEIGHT
    title = texts("slot", number=place + 1)
    node = f"slot {worker.id} {place}"
    if not held:
        return Box(node, x, y, width, 38, f"{title}\n{texts('slot-free')}", "idle", dashed=True)
    tones = [tone(placed.subtask.state) for placed in held]
    worst = next((each for each in ("bad", "warn", "idle") if each in tones), "ok")
    main = held[-1] if worst == "ok" else held[tones.index(worst)]
    state = "" if worst == "ok" else f" · {main.subtask.state}"
    more = f" +{len(held) - 1}" if len(held) > 1 else ""
    number = f" [{main.subtask.index + 1}]{more}"
    room = int(width / _LETTER) - len(number)
    text = f"{title}{state}\n{shorten(short_name(main.vertex.name), room)}{number}"
    return Box(node, x, y, width, 38, text, worst)
