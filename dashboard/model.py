"""The collector's data, as the pages read it: immutable, free of REST and of any web framework.

Times are epoch seconds, durations seconds, sizes bytes, shares 0 to 1. None means unknown, and is never shown as 0.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flink_abnormal.core.recovery import Recovery, RestoredCheckpoint

Link = Literal["connecting", "up", "electing", "gone"]
"""connecting: no response yet; electing: a JobManager listens but can't respond for the cluster; gone: none listens."""

LogKind = Literal["emit", "alert", "dead-letter", "other"]
Severity = Literal["warning", "critical"]
AlarmKind = Literal[
    "no-checkpoint",
    "checkpoint-failed",
    "job-restarting",
    "job-failed",
    "taskmanager-lost",
    "no-free-slot",
    "backpressure",
    "source-idle",
    "event-time-stands",
    "transactions-lost",
    "jobmanager-gone",
]
LiveMissing = Literal["not-published", "off", "not-read-yet"]
LogMissing = Literal["no-taskmanager", "no-stdout", "not-printing", "not-read-yet"]


@dataclass(frozen=True)
class JobManager:
    """A JobManager by its REST address; `leads` is None if unknown."""

    address: str
    answers: bool
    leads: bool | None
    since: float


@dataclass(frozen=True)
class TaskManager:
    """A TaskManager; a lost one is retained for a while with `lost_at`.

    `name` is the same as in `cluster status` and the drill ("taskmanager-2"), and stays when its process is replaced;
    on a foreign cluster it is "TaskManager 4", never reused. `host` identifies the container or the port, `pid` the
    process if it is on this machine.
    """

    id: str
    name: str
    host: str
    slots: int
    free: int
    seen_at: float
    heartbeat_at: float | None = None
    lost_at: float | None = None
    pid: int | None = None


@dataclass(frozen=True)
class Overview:
    """The seed's tiles of the cluster; `refresh_s` is the maximum age of Flink's own figures."""

    at: float
    flink_version: str
    taskmanagers: int
    slots: int
    free: int
    running: int
    finished: int
    cancelled: int
    failed: int
    refresh_s: float | None = None

    @property
    def used_share(self) -> float | None:
        """Share of the slots in use; None without slots."""
        return (self.slots - self.free) / self.slots if self.slots else None


@dataclass(frozen=True)
class JobSummary:
    """A job as the cluster lists it.

    `waiting` counts tasks that wait for a slot; `changed` is when a task last changed its state.
    """

    id: str
    name: str
    state: str
    started: float
    duration_s: float
    running: int
    total: int
    ended: float | None = None
    waiting: int = 0
    changed: float = 0.0

    @property
    def whole(self) -> bool:
        """Whether all tasks run."""
        return self.state == "RUNNING" and self.total > 0 and self.running == self.total


@dataclass(frozen=True)
class Subtask:
    """One parallel instance of a vertex; rates are in records per second."""

    index: int
    state: str
    attempt: int
    taskmanager: str | None
    records_in: int | None = None
    records_out: int | None = None
    in_rate: float | None = None
    out_rate: float | None = None
    busy: float | None = None
    backpressured: float | None = None
    checkpoint_bytes: int | None = None


@dataclass(frozen=True)
class Vertex:
    """A task of the job graph: a chain of operators. `group` is its slot-sharing group."""

    id: str
    name: str
    group: str
    parallelism: int
    states: Mapping[str, int]
    subtasks: tuple[Subtask, ...] = ()
    at: float | None = None
    in_rate: float | None = None
    out_rate: float | None = None
    busy: float | None = None
    backpressured: float | None = None
    checkpoint_bytes: int | None = None

    @property
    def running(self) -> int:
        """How many subtasks run or have finished."""
        return self.states.get("RUNNING", 0) + self.states.get("FINISHED", 0)


@dataclass(frozen=True)
class Edge:
    """How records go from one vertex to another: HASH is a key_by."""

    source: str
    target: str
    strategy: str


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint or savepoint of a job. `term` counts leaderships: ids may repeat under a new one.

    `kept` is whether a completed one still exists, or a newer one has replaced it.
    """

    job_id: str
    id: int
    term: int
    status: str
    savepoint: bool
    triggered: float
    duration_s: float
    bytes: int
    subtasks: int
    acknowledged: int
    unaligned: bool = False
    alignment_s: float | None = None
    restored: bool = False
    path: str | None = None
    failure: str | None = None
    kept: bool | None = None


@dataclass(frozen=True)
class CheckpointTask:
    """One checkpoint's cost for one vertex; the longest of its subtasks."""

    vertex: str
    name: str
    subtasks: int
    acknowledged: int
    duration_s: float
    bytes: int
    sync_s: float | None
    async_s: float | None
    alignment_s: float | None
    start_delay_s: float | None
    acknowledgements: tuple[float, ...] = ()
    """Seconds from the trigger to each subtask's acknowledgement, by subtask; () until all have acknowledged."""
    subtask_bytes: tuple[int, ...] = ()
    """By subtask; () until all have acknowledged."""


@dataclass(frozen=True)
class Checkpoints:
    """A job's checkpoints: Flink's counters of the current leadership, and history beyond it, newest first."""

    at: float
    total: int
    completed: int
    failed: int
    in_progress: int
    restored: int
    history: tuple[Checkpoint, ...] = ()
    average_duration_s: float | None = None
    average_bytes: float | None = None
    interval_s: float | None = None
    exactly_once: bool | None = None
    unaligned: bool | None = None
    backend: str | None = None
    storage: str | None = None
    details: Mapping[int, tuple[CheckpointTask, ...]] = field(default_factory=dict)
    """By checkpoint id: the newest completed one, and those requested by a page."""
    latest_restored: RestoredCheckpoint | None = None


@dataclass(frozen=True)
class LiveUser:
    """A user's current count. `events` is at most the last 20 events, oldest first: A abnormal, N normal."""

    user_id: str
    count: int
    events: str
    at: float
    subtask: int
    cut: bool = False


@dataclass(frozen=True)
class Live:
    """The top users' counts, highest first; `limit` is the number that a subtask reports."""

    at: float
    threshold: int
    users: tuple[LiveUser, ...]
    limit: int
    missing: LiveMissing | None = None


@dataclass(frozen=True)
class SeenAlert:
    """An alert seen by the page; `seq` counts the alerts that this collector has seen, of all jobs."""

    seq: int
    job_id: str
    at: float
    user_id: str
    count: int
    subtask: int | None = None


@dataclass(frozen=True)
class AlertFigures:
    """A job's alerts: the numbers seen by this collector, and known to be missed."""

    seen: int
    missed: int
    rate_per_minute: float
    noisiest: tuple[tuple[str, int], ...]
    """(userId, alerts seen), most first; approximate for many users."""
    per_minute: tuple[tuple[float, int], ...] = ()
    """(start of the minute, alerts seen in it), oldest first."""


@dataclass(frozen=True)
class Partition:
    """A partition or file that a source subtask reads; `watermark` is the event time it has come to.

    `offset` is that of the last record read; `idle` the share of the last minute.
    """

    name: str
    subtask: int
    watermark: float | None = None
    idle: float | None = None
    offset: int | None = None
    committed: int | None = None
    holds: bool = False
    """Whether it holds the job's event time back."""


@dataclass(frozen=True)
class Input:
    """What a job reads. `left` counts the records left to read; `event_time` is the job's watermark, or None."""

    at: float
    partitions: tuple[Partition, ...] = ()
    left: int | None = None
    in_event_time: bool = False
    event_time: float | None = None


@dataclass(frozen=True)
class Failure:
    """A job's failure, as Flink remembers it."""

    at: float
    message: str
    task: str | None
    taskmanager: str | None


@dataclass(frozen=True)
class JobDetail:
    """Everything known of a watched job; `parameters` are the options that it was submitted with."""

    id: str
    name: str
    state: str
    started: float
    at: float
    duration_s: float
    ended: float | None = None
    vertices: tuple[Vertex, ...] = ()
    """In the order of the flow: sources first."""
    edges: tuple[Edge, ...] = ()
    parameters: Mapping[str, str] = field(default_factory=dict)
    checkpoints: Checkpoints | None = None
    live: Live | None = None
    alerts: AlertFigures | None = None
    failures: tuple[Failure, ...] = ()
    input: Input | None = None
    lost_transactions: int = 0

    @property
    def total(self) -> int:
        """The number of the job's subtasks."""
        return sum(vertex.parallelism for vertex in self.vertices)

    @property
    def running(self) -> int:
        """The number of subtasks that run or have finished."""
        return sum(vertex.running for vertex in self.vertices)

    @property
    def workers(self) -> frozenset[str]:
        """The ids of the TaskManagers that its subtasks are on."""
        subtasks = (subtask for vertex in self.vertices for subtask in vertex.subtasks)
        return frozenset(subtask.taskmanager for subtask in subtasks if subtask.taskmanager is not None)


@dataclass(frozen=True)
class Alarm:
    """A condition that needs attention; `subject` names its object, `number` its amount."""

    kind: AlarmKind
    severity: Severity
    since: float
    job_id: str | None = None
    subject: str = ""
    number: float | None = None

    @property
    def key(self) -> tuple[str, str | None, str]:
        """The identity of the alarm over time; a job that fails again and again is identified by its name."""
        if self.kind == "job-failed":
            return self.kind, None, self.subject
        return self.kind, self.job_id, self.subject if self.kind == "backpressure" else ""

    @property
    def stands(self) -> bool:
        """Whether it remains until a person dismisses it, if nothing else ends it."""
        return self.kind == "job-failed"


@dataclass(frozen=True)
class LogLine:
    """A line of a TaskManager's output; `at` is when this collector read it."""

    seq: int
    at: float
    taskmanager: str
    kind: LogKind
    text: str


@dataclass(frozen=True)
class LogState:
    """The source of log lines: the TaskManagers that were read, or the reason for their absence."""

    at: float | None
    sources: tuple[str, ...] = ()
    dropped: int = 0
    """Bytes skipped to stay within bounds."""
    missing: LogMissing | None = "not-read-yet"


@dataclass(frozen=True)
class Snapshot:
    """All data as of `at`; each part has the time of its own response."""

    at: float
    addresses: tuple[str, ...]
    link: Link
    link_since: float
    answered_at: float | None = None
    """When a JobManager last responded for the cluster."""
    error: str | None = None
    jobmanagers: tuple[JobManager, ...] = ()
    overview: Overview | None = None
    taskmanagers: tuple[TaskManager, ...] = ()
    taskmanagers_at: float | None = None
    jobs: tuple[JobSummary, ...] = ()
    """Jobs that have not ended before those that have, newest first."""
    jobs_at: float | None = None
    details: Mapping[str, JobDetail] = field(default_factory=dict)
    recoveries: tuple[Recovery, ...] = ()
    """Of all jobs, newest first."""
    alarms: tuple[Alarm, ...] = ()
    log: LogState = field(default_factory=lambda: LogState(None))
    requests_per_second: float | None = None
    history_error: str | None = None
    """Why history is in memory only, and what to do."""

    @property
    def workers(self) -> tuple[TaskManager, ...]:
        """The TaskManagers, without lost ones that have returned under the same name."""
        there = {each.name for each in self.taskmanagers if each.lost_at is None}
        return tuple(each for each in self.taskmanagers if each.lost_at is None or each.name not in there)
