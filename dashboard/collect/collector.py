"""Reads a Flink cluster over REST in an event loop of its own, and publishes one immutable snapshot."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from dashboard.collect import job_reader
from dashboard.collect.alarms import Alarms
from dashboard.collect.ask import Asker, Pace, connections
from dashboard.collect.cluster_reader import ClusterReader
from dashboard.collect.failed_jobs import FailedJobs
from dashboard.collect.job_reader import JobReader
from dashboard.collect.log_reader import LogReader
from dashboard.collect.polling import PROBE, Troubles, repeat
from dashboard.collect.recoveries import KEPT, Recoveries
from dashboard.collect.state import CollectorState
from dashboard.collect.webhook import Webhook
from flink_abnormal.runtime.rest import Cluster

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from dashboard.collect.history import History
    from dashboard.collect.tail import Tail
    from dashboard.model import LogLine, SeenAlert, Snapshot

REQUESTS_PER_SECOND: Final = 20.0
SNAPSHOT_SECONDS: Final = 0.2
PATIENCE_SECONDS: Final = 0.7
"""A task that has not answered for so long no longer keeps the others from being read again."""
CALL_SECONDS: Final = 0.5
JOIN_SECONDS: Final = 15.0


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
        self._pace = Pace(requests_per_second)
        self._troubles = Troubles()
        self._webhook = Webhook(webhook) if webhook else None
        self._state = CollectorState(self._addresses, history)
        self._recoveries = Recoveries(history.recoveries(KEPT), history.put_recovery)
        self._state.recoveries = self._recoveries.view()
        self._failed_jobs = FailedJobs(history.failed_jobs(), history.put_failed_job)
        self._alarms = Alarms(self._failed_jobs)
        self._dismissed: set[str] = set()
        self._thread = threading.Thread(target=self._run, name="dashboard-collector", daemon=True)
        self._loop = asyncio.new_event_loop()
        self._ended = asyncio.Event()
        self._built = (float("-inf"), self._build())
        self.log: Final[Tail[LogLine]] = self._state.log
        self.alerts: Final[Tail[SeenAlert]] = self._state.alerts

    def start(self) -> None:
        """Begin to read; once."""
        if self._thread.ident is None:
            self._thread.start()

    def stop(self) -> None:
        """End the loop, and write what waits to the history."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._ended.set)
            self._thread.join(JOIN_SECONDS)
        self._history.flush()

    def watch(self, job_id: str) -> None:
        """Read the details of a job for the next 60 s."""
        self._call(self._state.watch, job_id)

    def want_checkpoint(self, job_id: str, checkpoint_id: int) -> None:
        """Read what a checkpoint cost each task."""
        self._call(self._state.want, job_id, checkpoint_id)

    def dismiss(self, job_name: str) -> None:
        """End the alarm of the failed jobs of this name, by a person's hand."""
        self._call(self._dismiss, job_name)

    def _dismiss(self, job_name: str) -> None:
        self._failed_jobs.dismiss(job_name)
        self._dismissed.add(job_name)

    def snapshot(self) -> Snapshot:
        """Return what is known, not older than a fifth of a second unless the loop is held up."""
        if time.monotonic() - self._built[0] >= SNAPSHOT_SECONDS / self._speed:
            self._call(self._publish)
        return self._built[1]

    def _publish(self) -> None:
        self._built = (time.monotonic(), self._build())

    def _call(self, function: Callable[..., None], *arguments: Any) -> None:
        """Call a function in the loop, and wait for it, but not for long; directly if nothing runs there."""
        if not self._thread.is_alive():
            function(*arguments)
            return
        done = threading.Event()

        def call() -> None:
            function(*arguments)
            done.set()

        with contextlib.suppress(RuntimeError):  # the loop has just been closed
            self._loop.call_soon_threadsafe(call)
            done.wait(CALL_SECONDS)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._read())
        finally:
            self._loop.close()

    async def _read(self) -> None:
        """Run all feeds until `stop`."""
        async with connections() as session:
            asker = Asker(session, self._pace, self._state.links.serving)
            jobs, log = JobReader(self._state, asker, PATIENCE_SECONDS / self._speed), LogReader(self._state, asker)
            running = [
                asyncio.ensure_future(repeat(name, seconds / self._speed, step, self._troubles))
                for name, seconds, step in self._feeds(asker, jobs, log)
            ]
            if self._webhook is not None:
                running.append(asyncio.ensure_future(self._webhook.run()))
            await self._ended.wait()
            jobs.cancel()
            log.cancel()
            for task in running:
                task.cancel()
            await asyncio.wait(running)

    def _feeds(
        self, asker: Asker, jobs: JobReader, log: LogReader
    ) -> list[tuple[str, float, Callable[[], Awaitable[None]]]]:
        """Return the name of each feed, the seconds between two of its steps, and the step."""
        cluster = ClusterReader(self._state, asker)
        return [
            *((f"{PROBE} {address}", 0.5, partial(cluster.probe, address)) for address in self._addresses),
            ("settings", 10.0, cluster.settings),
            ("leader", 0.5, cluster.leader),
            ("taskmanagers", 1.0, cluster.taskmanagers),
            ("processes", 1.0, cluster.processes),
            ("jobs", 0.5, cluster.jobs),
            *((feed, seconds, partial(jobs.read, feed)) for feed, seconds in job_reader.FEEDS.items()),
            ("log", 0.2, log.read),
            ("judge", 0.25, self._judge),
            ("history", 1.0, partial(asyncio.to_thread, self._history.flush)),
        ]

    async def _judge(self) -> None:
        """Derive recoveries and alarms from what is known, and tell the webhook; nobody is asked."""
        state = self._state
        seen = state.snapshot()
        self._recoveries.update(seen)
        state.recoveries = self._recoveries.view()
        state.alarms = self._alarms.update(replace(seen, recoveries=state.recoveries))
        if self._webhook is not None:
            self._webhook.update(state.alarms, self._dismissed)
        self._dismissed.clear()

    def _build(self) -> Snapshot:
        return replace(
            self._state.snapshot(),
            error=self._troubles.newest(probes=self._state.links.state()[0] != "up"),
            requests_per_second=self._pace.measured(),
            history_error=self._history.error,
        )
