"""Reads a Flink cluster over REST in threads of its own, and hands out what it knows as one immutable snapshot."""

from __future__ import annotations

import threading
import time
from functools import partial
from typing import TYPE_CHECKING, Final

from dashboard.collect.ask import Asker, Pace
from dashboard.collect.cluster_reader import ClusterReader
from dashboard.collect.feeds import JOIN_SECONDS, PROBE, Feed, Troubles
from dashboard.collect.job_reader import JobReader
from dashboard.collect.judge import Judge
from dashboard.collect.log_reader import LogReader
from dashboard.collect.state import State
from dashboard.collect.webhook import Webhook
from dashboard.model import Snapshot
from flink_abnormal.runtime.rest import Cluster

if TYPE_CHECKING:
    from collections.abc import Callable

    from dashboard.collect.history import History
    from dashboard.collect.tail import Tail
    from dashboard.model import LogLine, SeenAlert

REQUESTS_PER_SECOND: Final = 20.0
SNAPSHOT_SECONDS: Final = 0.2
AGAIN_SECONDS: Final = 0.7
"""After which a vertex is read again: less than its feeds' second, for they never come at the same moment."""


class Collector:
    """`start` it, take a `snapshot` as often as you like, and `stop` it. It never changes anything in the cluster."""

    def __init__(
        self,
        addresses: str,
        history: History,
        *,
        requests_per_second: float = REQUESTS_PER_SECOND,
        webhook: str | None = None,
        speed: float = 1.0,
    ) -> None:
        """`addresses` is HOST:PORT, or several with commas between; UsageError where it is something else.

        `webhook` is the URL that is told of alarms. `speed` makes it look more often, so that a test sees a day of it.
        """
        self._addresses = Cluster.at(addresses).addresses
        self._history, self._speed = history, speed
        self._ended = threading.Event()
        self._pace = Pace(requests_per_second, self._ended)
        self._troubles = Troubles()
        self._webhook = Webhook(webhook) if webhook else None
        self._state = State(self._addresses, history)
        self._judge = Judge(self._state, self._webhook)
        self._feeds: list[Feed] = []
        self._built = (float("-inf"), self._build())
        self.log: Final[Tail[LogLine]] = self._state.log
        self.alerts: Final[Tail[SeenAlert]] = self._state.alerts

    def start(self) -> None:
        """Begin to read; once."""
        if self._feeds:
            return
        asker = Asker(self._pace, self._state.links.serving)
        cluster, jobs = ClusterReader(self._state, asker), JobReader(self._state, asker, AGAIN_SECONDS / self._speed)
        log = LogReader(self._state, asker)
        steps: list[tuple[str, float, Callable[[], None]]] = [
            *((f"{PROBE} {address}", 0.5, partial(cluster.probe, address)) for address in self._addresses),
            ("settings", 10.0, cluster.settings),
            ("leader", 0.5, cluster.leader),
            ("taskmanagers", 1.0, cluster.taskmanagers),
            ("processes", 1.0, cluster.processes),
            ("jobs", 0.5, cluster.jobs),
            ("job", 1.0, jobs.jobs),
            ("vertices", 1.0, jobs.vertices),
            ("vertices too", 1.0, jobs.vertices),  # one that hangs holds one of them for seconds
            ("checkpoints", 1.0, jobs.checkpoints),
            ("checkpoint details", 1.0, jobs.details),
            ("failures", 2.0, jobs.failures),
            ("live", 1.0, jobs.live),
            ("live too", 1.0, jobs.live),
            ("log", 0.2, log.read),
            ("log too", 0.2, log.read),  # a TaskManager that is frozen holds one of them for seconds
            ("judge", 0.25, self._judge.look),
            ("history", 1.0, self._history.flush),
        ]
        self._feeds = [
            Feed(name, seconds / self._speed, step, self._ended, self._troubles.tell) for name, seconds, step in steps
        ]
        for feed in self._feeds:
            feed.start()
        if self._webhook is not None:
            self._webhook.start()

    def stop(self) -> None:
        """End all threads, and write what waits to the history."""
        self._ended.set()
        deadline = time.monotonic() + JOIN_SECONDS
        for feed in self._feeds:
            feed.join(max(deadline - time.monotonic(), 0.0))
        if self._webhook is not None:
            self._webhook.stop()
        self._history.flush()

    def watch(self, job_id: str) -> None:
        """Read the details of a job for the next 60 s."""
        self._state.watch(job_id)

    def want_checkpoint(self, job_id: str, checkpoint_id: int) -> None:
        """Read what a checkpoint cost each task."""
        self._state.want(job_id, checkpoint_id)

    def dismiss(self, job_name: str) -> None:
        """End the alarm of the failed jobs of this name, by a person's hand."""
        self._judge.dismiss(job_name)

    def snapshot(self) -> Snapshot:
        """Return what is known, not older than a fifth of a second."""
        built_at, snapshot = self._built
        now = time.monotonic()
        if now - built_at >= SNAPSHOT_SECONDS / self._speed:
            with self._state.lock:
                snapshot = self._build()
                self._built = (now, snapshot)
        return snapshot

    def _build(self) -> Snapshot:
        state, now = self._state, time.time()
        link, since = state.links.state()
        shown = {job_id: book.shown(now) for job_id, book in state.books.items()}
        return Snapshot(
            at=now,
            addresses=tuple(map(str, self._addresses)),
            link=link,
            link_since=since,
            answered_at=state.links.answered_at,
            error=self._troubles.newest(probes=link != "up"),
            jobmanagers=state.links.jobmanagers(),
            overview=state.overview,
            taskmanagers=state.workers.shown(),
            taskmanagers_at=state.workers.at,
            jobs=state.jobs,
            jobs_at=state.jobs_at,
            details={job_id: detail for job_id, detail in shown.items() if detail is not None},
            recoveries=state.recoveries,
            alarms=state.alarms,
            log=state.log_state,
            requests_per_second=self._pace.measured(),
            history_error=self._history.error,
        )
