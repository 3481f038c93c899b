"""The seed's diagrams of a checkpoint and of a recovery, filled with the latest real ones: pure."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, Final

from dashboard.pages import words
from dashboard.pages.panels.recovery import sentence
from dashboard.pages.pictures import Box, Link, graph, short_name, shorten, spread

if TYPE_CHECKING:
    from dashboard.model import Checkpoint, CheckpointTask, JobDetail
    from dashboard.pages.texts import Texts
    from dashboard.pages.theme import Palette
    from flink_abnormal.core.recovery import Recovery, Step, StepKind

CHECKPOINT_HEIGHT: Final = 400.0
RECOVERY_HEIGHT: Final = 230.0
_USERS: Final = 3
_STAGES: Final[dict[str, tuple[StepKind, ...]]] = {
    "stage-failure": ("lost",),
    "stage-noticed": ("noticed", "silent", "leader", "forgotten", "submitted", "slots"),
    "stage-restored": ("restored",),
    "stage-running": ("running", "failed"),
}


def checkpoint(job: JobDetail, texts: Texts, colours: Palette, width: float) -> dict[str, Any]:
    """Return the path of the newest barrier: coordinator, tasks from source to sink, snapshot, store."""
    made = job.checkpoints
    newest = _newest(job)
    tasks = made.details.get(newest.id, ()) if made is not None and newest is not None else ()
    busy = made is not None and made.in_progress > 0
    middle = width / 2
    coordinator = Box("coordinator", middle, 28, 300, 46, _coordinator(newest, texts), "accent", bold=True)
    nodes, links = [coordinator], []
    places = spread(len(job.vertices), 0, width)
    across = min(200.0, width / max(len(job.vertices), 1) - 18)
    cost = {task.vertex: task for task in tasks}
    for vertex, x in zip(job.vertices, places, strict=True):
        text = f"{shorten(short_name(vertex.name), 22)}\n{_cost(cost.get(vertex.id), texts)}"
        nodes.append(Box(vertex.id, x, 140, across, 74, text, "warn" if busy else "ok"))
        links.append(Link(vertex.id, "snapshot"))
    sources = {vertex.id for vertex in job.vertices} - {edge.target for edge in job.edges}
    links += [Link("coordinator", source, texts("lesson-barrier"), "accent", 2) for source in sorted(sources)]
    links += [Link(edge.source, edge.target, width=2.5, tone="accent") for edge in job.edges]
    nodes.append(Box("snapshot", middle, 262, min(420, width - 20), 76, _snapshot(job, texts), "accent"))
    nodes.append(Box("store", middle, 362, min(520, width - 20), 46, _store(newest, texts), "idle"))
    links.append(Link("snapshot", "store", texts("lesson-store"), width=2.5))
    return graph(nodes, links, width, CHECKPOINT_HEIGHT, colours)


def _newest(job: JobDetail) -> Checkpoint | None:
    history = job.checkpoints.history if job.checkpoints is not None else ()
    return next((each for each in history if each.status == "COMPLETED"), None)


def _coordinator(newest: Checkpoint | None, texts: Texts) -> str:
    if newest is None:
        return texts("lesson-coordinator")
    took = words.duration(newest.duration_s, texts)
    return f"{texts('lesson-coordinator')}\n#{newest.id} · {words.clock(newest.triggered)} · {took}"


def _cost(task: CheckpointTask | None, texts: Texts) -> str:
    if task is None:
        return words.UNKNOWN
    aligned = texts("lesson-aligned", duration=words.duration(task.alignment_s, texts))
    acknowledged = texts("lesson-acknowledged", duration=words.duration(task.duration_s, texts))
    return f"{acknowledged}\n{aligned}\n{words.size(task.bytes)}"


def _snapshot(job: JobDetail, texts: Texts) -> str:
    users = sorted(job.live.users[:_USERS], key=lambda user: user.user_id) if job.live is not None else []
    shown = [f'"{shorten(user.user_id)}": {{"abnormalCount": {user.count}}}' for user in users]
    return "\n".join([texts("lesson-snapshot"), *(shown or [words.UNKNOWN])])


def _store(newest: Checkpoint | None, texts: Texts) -> str:
    path = newest.path if newest is not None and newest.path else words.UNKNOWN
    return f"{texts('lesson-storage')}\n…{path[-60:]}" if len(path) > 60 else f"{texts('lesson-storage')}\n{path}"  # noqa: PLR2004


def recovery(shown: Recovery | None, texts: Texts, colours: Palette, width: float) -> dict[str, Any]:
    """Return the five states of a recovery, with the steps seen in each; the current one stands out."""
    stages = [("stage-well", "", True), *(_stage(name, kinds, shown, texts) for name, kinds in _STAGES.items())]
    reached = max(place for place, (_, _, done) in enumerate(stages) if done)
    across = width / len(stages) - 16
    nodes = []
    for place, (name, text, done) in enumerate(stages):
        colour = _stage_tone(name, shown) if done else "idle"
        x = spread(len(stages), 0, width)[place]
        current = shown is not None and place == reached
        nodes.append(Box(name, x, 36, across, 52, f"{place + 1}. {texts(name)}", colour, bold=current, dashed=not done))
        nodes.append(Box(f"{name} text", x, 148, across, 136, text or texts(f"{name}-more"), "idle", dashed=not done))
    names = [name for name, _, _ in stages]
    links = [Link(one, other, width=2.5) for one, other in itertools.pairwise(names)]
    return graph(nodes, links, width, RECOVERY_HEIGHT, colours)


def _stage(name: str, kinds: tuple[StepKind, ...], shown: Recovery | None, texts: Texts) -> tuple[str, str, bool]:
    steps = [step for step in shown.steps if step.kind in kinds] if shown is not None else []
    return name, "\n".join(_told(step, shown, texts) for step in steps), bool(steps)


def _told(step: Step, shown: Recovery | None, texts: Texts) -> str:
    began = shown.began if shown is not None else step.at
    return f"+{max(step.at - began, 0):.1f} {texts('unit-s')} {sentence(step, texts)}"


def _stage_tone(name: str, shown: Recovery | None) -> str:
    if name == "stage-failure" or (shown is not None and shown.failed and name == "stage-running"):
        return "bad"
    return {"stage-noticed": "warn", "stage-restored": "accent"}.get(name, "ok")
