"""Jobs and tasks: the jobs, the real state of each task's subtasks, the job's options, its failures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nicegui import ui

from dashboard.pages import charts, pictures, words
from dashboard.pages.view import Card, Chart, Table, visible

if TYPE_CHECKING:
    from dashboard.model import JobDetail, Subtask, Vertex
    from dashboard.pages.texts import Texts
    from dashboard.pages.view import View


class Jobs:
    """The second tab."""

    def __init__(self, texts: Texts) -> None:
        with ui.element("div").classes("grid"):
            self._jobs = JobList(texts)
            self._tasks = TasksTable(texts)
            self._partitions = Partitions(texts)
            self._subtasks = Subtasks(texts)
            with ui.element("div").classes("grid two"):
                self._options = Options(texts)
                self._failures = Failures(texts)

    def show(self, view: View) -> None:
        """Show all panels."""
        for panel in (self._jobs, self._tasks, self._partitions, self._subtasks, self._options, self._failures):
            panel.show(view)


class JobList:
    """All jobs that the cluster remembers."""

    def __init__(self, texts: Texts) -> None:
        with Card(texts("jobs"), texts) as self._card:
            names = ("job-id", "job-name", "state", "started", "uptime", "tasks")
            self._table = Table([(name, texts(name)) for name in names], "job-id", label=texts("jobs"), page=5)

    def show(self, view: View) -> None:
        """Show the list."""
        self._card.age.show(view.snapshot.jobs_at, view.now)
        self._table.show(
            [
                {
                    "job-id": job.id,
                    "job-name": job.name,
                    "state": job.state,
                    "started": words.moment(job.started),
                    "uptime": words.elapsed(job.duration_s, view.texts),
                    "tasks": view.texts("tasks-run", running=job.running, total=job.total),
                }
                for job in view.snapshot.jobs
            ]
        )


class TasksTable:
    """A row per task: the sums and averages of its subtasks."""

    def __init__(self, texts: Texts) -> None:
        with Card(texts("task-states"), texts) as self._card:
            names = ("task", "subtasks", "state", *_FIGURES)
            columns = [(name, texts(name)) for name in names]
            self._table = Table(columns, "id", label=texts("task-states"), page=20, numbers=("subtasks", *_FIGURES))

    def show(self, view: View) -> None:
        """Show the tasks of the picked job."""
        job = view.job
        self._card.age.show(job.at if job is not None else None, view.now)
        rows = []
        for vertex in job.vertices if job is not None else ():
            states = ", ".join(f"{count} {state}" for state, count in sorted(vertex.states.items()) if count)
            first = {"id": vertex.id, "task": vertex.name, "subtasks": vertex.parallelism, "state": states}
            rows.append({**first, **_figures(vertex)})
        self._table.show(rows)


class Partitions:
    """What the job reads, and how far event time has come; hidden for a job without partitions or event time."""

    def __init__(self, texts: Texts) -> None:
        with Card(texts("partitions"), texts) as self._card:
            self._told = ui.label().style("font-weight: 600")
            names = ("partition", "subtask-number", "watermark", "behind", "idle", "offset", "committed")
            columns = [(name, texts(name)) for name in names]
            numbers = ("subtask-number", "behind", "idle", "offset", "committed")
            self._table = Table(columns, "id", label=texts("partitions"), page=12, numbers=numbers)

    def show(self, view: View) -> None:
        """Show the partitions of the picked job."""
        found, texts = view.job.input if view.job is not None else None, view.texts
        visible(self._card.frame, found is not None)
        if found is None:
            return
        self._card.age.show(found.at, view.now)
        told = [texts("records-left", number=words.number(found.left))] if found.left is not None else []
        if found.in_event_time:
            behind = texts("behind-clock", duration=_behind(found.event_time, view))
            told.append(texts("no-watermark") if found.event_time is None else behind)
        self._told.text = " · ".join(told)
        self._table.show(
            [
                {
                    "id": f"{each.subtask} {each.name}",
                    "partition": f"{each.name} ({texts('holds-back')})" if each.holds else each.name,
                    "subtask-number": each.subtask + 1,
                    "watermark": words.moment(each.watermark) if each.watermark is not None else words.UNKNOWN,
                    "behind": _behind(each.watermark, view),
                    "idle": words.share(each.idle),
                    "offset": words.number(each.offset),
                    "committed": words.number(each.committed),
                }
                for each in found.partitions
            ]
        )


def _behind(event_time: float | None, view: View) -> str:
    return words.UNKNOWN if event_time is None else words.elapsed(max(view.now - event_time, 0.0), view.texts)


class Subtasks:
    """A searchable row per subtask; above 30, a heatmap too."""

    def __init__(self, texts: Texts) -> None:
        with Card(texts("subtasks"), texts) as self._card:
            self._search = ui.input(label=texts("search")).props("dense outlined clearable")
            self._heatmap = Chart("200px", label=texts("subtasks"), svg=False, minimum=pictures.LEAST_WIDTH)
            self._holder = self._heatmap.holder
            names = ("task", "subtask-number", "state", "attempt", "where", *_FIGURES)
            columns = [(name, texts(name)) for name in names]
            self._table = Table(
                columns, "id", label=texts("subtasks"), page=15, numbers=("subtask-number", "attempt", *_FIGURES)
            )
            self._search.bind_value_to(self._table.table, "filter", forward=lambda text: text or "")

    def show(self, view: View) -> None:
        """Show the subtasks of the picked job."""
        job = view.job
        self._card.age.show(_oldest(job), view.now)
        names = {worker.id: worker.name for worker in view.snapshot.taskmanagers}
        crowded = job is not None and job.total > pictures.MOST_NODES
        visible(self._holder, crowded)
        if job is None:
            self._table.show([])
            return
        if crowded:
            description = view.texts("pipeline-aria", flow=f"{job.running}/{job.total}")
            height = f"{charts.heatmap_height(job):.0f}px"
            self._heatmap.show(charts.heatmap(job, view.colours), description, height)
        self._table.show([_row(vertex, each, names) for vertex in job.vertices for each in vertex.subtasks])


_FIGURES = ("records-in", "records-out", "checkpoint-size", "busy", "backpressured")


def _figures(of: Vertex | Subtask) -> dict[str, str]:
    return {
        "records-in": words.rate(of.in_rate),
        "records-out": words.rate(of.out_rate),
        "checkpoint-size": words.size(of.checkpoint_bytes),
        "busy": words.share(of.busy),
        "backpressured": words.share(of.backpressured),
    }


def _row(vertex: Vertex, subtask: Subtask, names: dict[str, str]) -> dict[str, Any]:
    return {
        "id": f"{vertex.id} {subtask.index}",
        "task": vertex.name,
        "subtask-number": subtask.index + 1,
        "state": subtask.state,
        "attempt": subtask.attempt + 1,
        "where": names.get(subtask.taskmanager or "", words.UNKNOWN),
        **_figures(subtask),
    }


def _oldest(job: JobDetail | None) -> float | None:
    """Return the read time of the task that was read longest ago."""
    times = [vertex.at for vertex in job.vertices if vertex.at is not None] if job is not None else []
    return min(times, default=None)


class Options:
    """The job's options at submission."""

    def __init__(self, texts: Texts) -> None:
        with Card(texts("job-options"), texts) as self._card:
            columns = [("option", texts("option")), ("value", texts("value"))]
            self._table = Table(columns, "option", label=texts("job-options"), page=8)

    def show(self, view: View) -> None:
        """Show the options."""
        job = view.job
        self._card.age.show(job.at if job is not None else None, view.now)
        told = sorted(job.parameters.items()) if job is not None else []
        self._table.show([{"option": name, "value": value} for name, value in told])


class Failures:
    """The failures that Flink remembers."""

    def __init__(self, texts: Texts) -> None:
        with Card(texts("failures"), texts) as self._card:
            self._none = ui.label(texts("none")).classes("note")
            columns = [(name, texts(name)) for name in ("time", "task", "where", "what")]
            self._table = Table(columns, "time", label=texts("failures"), page=5)
            self._table.table.props("wrap-cells")

    def show(self, view: View) -> None:
        """Show the failures of the picked job, newest first."""
        job = view.job
        self._card.age.show(job.at if job is not None else None, view.now)
        rows = [
            {
                "time": words.moment(each.at),
                "task": each.task or words.UNKNOWN,
                "where": each.taskmanager or words.UNKNOWN,
                "what": each.message,
            }
            for each in (job.failures if job is not None else ())
        ]
        visible(self._none, not rows)
        visible(self._table.table, bool(rows))
        self._table.show(rows)
