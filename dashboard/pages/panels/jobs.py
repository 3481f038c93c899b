"""Jobs and tasks: the jobs, the real state of each task's subtasks, the job's options, its failures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nicegui import ui

from dashboard.pages import charts, pictures, words
from dashboard.pages.view import Card, Chart, Group, Table, TableCard, visible

if TYPE_CHECKING:
    from dashboard.model import JobDetail, Subtask, Vertex
    from dashboard.pages.texts import Texts
    from dashboard.pages.view import View

_FIGURES = ("records-in", "records-out", "checkpoint-size", "busy", "backpressured")


class Jobs(Group):
    """The second tab."""

    def __init__(self, texts: Texts) -> None:
        with ui.element("div").classes("grid"):
            columns = ("job-id", "job-name", "state", "started", "uptime", "tasks")
            jobs = TableCard("jobs", texts, columns, "job-id", page=5, read=_jobs)
            states, numbers = ("task", "subtasks", "state", *_FIGURES), ("subtasks", *_FIGURES)
            tasks = TableCard("task-states", texts, states, "id", page=20, read=_tasks, numbers=numbers)
            partitions, subtasks = Partitions(texts), Subtasks(texts)
            with ui.element("div").classes("grid two"):
                options = TableCard("job-options", texts, ("option", "value"), "option", page=8, read=_options)
                failures = Failures(texts)
        self.panels = (jobs, tasks, partitions, subtasks, options, failures)


def _jobs(view: View) -> tuple[float | None, list[dict[str, Any]]]:
    """Return all jobs that the cluster remembers."""
    return view.snapshot.jobs_at, [
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


def _tasks(view: View) -> tuple[float | None, list[dict[str, Any]]]:
    """Return a row per task of the picked job: the sums and averages of its subtasks."""
    if view.job is None:
        return None, []
    return view.job.at, [
        {
            "id": vertex.id,
            "task": vertex.name,
            "subtasks": vertex.parallelism,
            "state": ", ".join(f"{count} {state}" for state, count in sorted(vertex.states.items()) if count),
            **_figures(vertex),
        }
        for vertex in view.job.vertices
    ]


def _options(view: View) -> tuple[float | None, list[dict[str, Any]]]:
    """Return the options that the picked job was submitted with."""
    if view.job is None:
        return None, []
    return view.job.at, [{"option": name, "value": value} for name, value in sorted(view.job.parameters.items())]


class Partitions:
    """What the job reads, and how far event time has come; hidden for a job without partitions or event time."""

    def __init__(self, texts: Texts) -> None:
        with Card(texts("partitions"), texts) as self._card:
            self._told = ui.label().style("font-weight: 600")
            numbers = ("subtask-number", "behind", "idle", "offset", "committed")
            columns = ("partition", "subtask-number", "watermark", "behind", "idle", "offset", "committed")
            self._table = Table("partitions", texts, columns, "id", page=12, numbers=numbers)

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
                    "watermark": words.moment(each.watermark),
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
            columns = ("task", "subtask-number", "state", "attempt", "where", *_FIGURES)
            numbers = ("subtask-number", "attempt", *_FIGURES)
            self._table = Table("subtasks", texts, columns, "id", page=15, numbers=numbers)
            self._search.bind_value_to(self._table.table, "filter", forward=lambda text: text or "")

    def show(self, view: View) -> None:
        """Show the subtasks of the picked job."""
        job = view.job
        self._card.age.show(_oldest(job), view.now)
        names = {worker.id: worker.name for worker in view.snapshot.taskmanagers}
        crowded = job is not None and job.total > pictures.MOST_NODES
        visible(self._heatmap.holder, crowded)
        if job is not None and crowded:
            description = view.texts("pipeline-aria", flow=f"{job.running}/{job.total}")
            height = f"{charts.heatmap_height(job):.0f}px"
            self._heatmap.show(charts.heatmap(job, view.colours), description, height)
        vertices = job.vertices if job is not None else ()
        self._table.show([_row(vertex, each, names) for vertex in vertices for each in vertex.subtasks])


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


class Failures:
    """The failures that Flink remembers."""

    def __init__(self, texts: Texts) -> None:
        with Card(texts("failures"), texts) as self._card:
            self._none = ui.label(texts("none")).classes("note")
            self._table = Table("failures", texts, ("time", "task", "where", "what"), "time", page=5)
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
