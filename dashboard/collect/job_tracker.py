"""What is known of one job: the parts as they were answered, put together for the pages. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from dashboard.collect import live
from dashboard.collect.live import AlertTracker, LiveTracker
from dashboard.collect.rates import Meter, Rates
from dashboard.model import Input, Partition
from flink_abnormal.core.operators import EVENT_ORDER
from flink_abnormal.core.published import Parameters
from flink_abnormal.runtime import partitions
from flink_abnormal.runtime.rest import ENDED

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    from dashboard.collect.checkpoint_tracker import CheckpointTracker
    from dashboard.collect.read import VertexAnswer
    from dashboard.model import CheckpointTask, Failure, JobDetail, LiveMissing, Subtask, Vertex


class Listed(NamedTuple):
    """For which attempts a vertex's metrics were listed, when last, and how often in vain."""

    attempts: Mapping[int, int] | None
    at: float
    times: int


class JobTracker:
    """Takes the answers about one job."""

    def __init__(self, job_id: str, checkpoints: CheckpointTracker) -> None:
        self.id = job_id
        self.checkpoints = checkpoints
        self.live = LiveTracker()
        self.alerts = AlertTracker()
        self.answer: JobDetail | None = None
        self.parameters: Mapping[str, str] | None = None
        self.failures: tuple[Failure, ...] = ()
        self.metrics: dict[str, tuple[str, ...]] = {}
        """Names of live metrics, by vertex; a vertex is missing while it has not been listed."""
        self.inputs: dict[str, dict[str, str]] = {}
        """The metrics of what it reads, by vertex."""
        self.input_at: float | None = None
        self.listed: dict[str, Listed] = {}
        self.input_names: dict[str, tuple[tuple[str, ...], float]] = {}
        """Which metrics of what it reads are asked for, and when these were listed, by vertex."""
        self.detailed_at = float("-inf")
        self.done: set[Hashable] = set()
        """Of a job that has ended: feeds that have read all that there is, and (feed, vertex) that was read since."""
        self._meters: dict[tuple[str, int], Meter] = {}
        self._subtasks: dict[str, tuple[Subtask, ...]] = {}
        self._vertices_at: dict[str, float] = {}
        self._shown: dict[str, tuple[Vertex, float | None, CheckpointTask | None, Vertex]] = {}

    def update(self, answer: JobDetail, at: float) -> None:
        """Take the answer about the job."""
        if self.answer is not None and answer.started != self.answer.started:
            # The same id, another job: a cluster that runs one job only gives it the same one each time.
            self.parameters, self.metrics, self.listed, self.checkpoints.configuration = None, {}, {}, None
        if answer.state not in ENDED:
            self.done.clear()
        self.answer = replace(answer, at=at)
        known = {vertex.id for vertex in answer.vertices}
        for kept in (self._subtasks, self.listed, self.input_names):
            for gone in kept.keys() - known:
                del kept[gone]

    def update_vertex(self, vertex: str, answer: VertexAnswer, at: float) -> None:
        """Take the answer about one of its vertices."""
        found = []
        for subtask, counters in answer.subtasks:
            meter = self._meters.setdefault((vertex, subtask.index), Meter())
            rates = meter.update(subtask.attempt, answer.now, counters) if subtask.state == "RUNNING" else Rates()
            found.append(replace(subtask, **rates._asdict()))
        self._subtasks[vertex] = tuple(sorted(found, key=lambda each: each.index))
        self._vertices_at[vertex] = at

    def attempts(self, vertex: str) -> dict[int, int]:
        """Return the attempt of each subtask of a vertex, by index."""
        return {subtask.index: subtask.attempt for subtask in self._subtasks.get(vertex, ())}

    def publishes(self, ending: str) -> bool:
        """Whether a vertex has a live metric of this kind."""
        return any(name.endswith(ending) for names in self.metrics.values() for name in names)

    def missing(self) -> LiveMissing | None:
        """Return why there are no live figures, as far as the job's options and its metrics tell."""
        if self.publishes(live.USERS):
            return None
        if self.parameters is None or self.answer is None or len(self.metrics) < len(self.answer.vertices):
            return "not-read-yet"
        return "not-published" if Parameters.parse(self.parameters).live else "off"

    def view(self, now: float) -> JobDetail | None:
        """Return what the pages read; None while nothing is known."""
        if self.answer is None:
            return None
        return replace(
            self.answer,
            vertices=tuple(self._vertex(each) for each in self.answer.vertices),
            parameters=self.parameters or {},
            checkpoints=self.checkpoints.view(),
            live=self.live.view(self.missing(), now),
            alerts=self.alerts.view(now),
            failures=self.failures,
            input=self.input(),
            lost_transactions=sum(map(partitions.lost_transactions, self.inputs.values())),
        )

    def input(self) -> Input | None:
        """Return what it reads; None while that is unknown, or has neither partitions nor event time."""
        if self.input_at is None or self.answer is None:
            return None
        names = {vertex.id: vertex.name for vertex in self.answer.vertices}
        ordering = next((each for each, name in names.items() if EVENT_ORDER.name in name), None)
        source = {name: value for each, told in self.inputs.items() if each != ordering for name, value in told.items()}
        found = partitions.parse(source, None if ordering is None else self.inputs.get(ordering, {}))
        if not found.partitions and ordering is None:
            return None
        shown = tuple(
            Partition(
                each.name,
                each.subtask,
                _seconds(each.watermark) if ordering else None,
                each.idle,
                each.offset if each.offset is None or each.offset >= 0 else None,
                each.committed if each.committed is None or each.committed >= 0 else None,
                each is found.holding,
            )
            for each in found.partitions
        )
        left = sum(found.pending.values()) if found.pending else None
        return Input(self.input_at, shown, left, ordering is not None, _seconds(found.watermark))

    def _vertex(self, vertex: Vertex) -> Vertex:
        """Return it with its subtasks; the same one until something is new: it may have a thousand."""
        at, cost = self._vertices_at.get(vertex.id), self.checkpoints.cost(vertex.id)
        known = self._shown.get(vertex.id)
        if known is None or known[0] is not vertex or known[1] != at or known[2] is not cost:
            known = self._shown[vertex.id] = (vertex, at, cost, self._with_subtasks(vertex, cost))
        return known[3]

    def _with_subtasks(self, vertex: Vertex, cost: CheckpointTask | None) -> Vertex:
        sizes = dict(enumerate(cost.subtask_bytes)) if cost else {}
        subtasks = tuple(
            replace(each, checkpoint_bytes=sizes.get(each.index)) for each in self._subtasks.get(vertex.id, ())
        )
        return replace(
            vertex,
            subtasks=subtasks,
            at=self._vertices_at.get(vertex.id),
            in_rate=_sum([each.in_rate for each in subtasks]),
            out_rate=_sum([each.out_rate for each in subtasks]),
            busy=_most([each.busy for each in subtasks]),
            backpressured=_most([each.backpressured for each in subtasks]),
            checkpoint_bytes=cost.bytes if cost else None,
        )


def _seconds(watermark: int | None) -> float | None:
    return None if watermark in (None, partitions.NONE, partitions.END) else (watermark or 0) / 1000


def _sum(rates: list[float | None]) -> float | None:
    known = [rate for rate in rates if rate is not None]
    return sum(known) if known else None


def _most(shares: list[float | None]) -> float | None:
    return max((share for share in shares if share is not None), default=None)
