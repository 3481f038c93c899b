"""Reads the details of the jobs that run, and of those that pages show."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Final

from dashboard.collect import live, read
from dashboard.collect.ask import AbsentError
from dashboard.collect.job_tracker import Listed
from dashboard.collect.polling import Reads
from flink_abnormal.core.published import Parameters
from flink_abnormal.runtime import partitions
from flink_abnormal.runtime.rest import ENDED

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Hashable

    from dashboard.collect.ask import Asker
    from dashboard.collect.job_tracker import JobTracker
    from dashboard.collect.state import CollectorState
    from dashboard.model import JobDetail

FEEDS: Final = {
    "job": 1.0,
    "vertices": 1.0,
    "checkpoints": 1.0,
    "checkpoint details": 1.0,
    "failures": 2.0,
    "live": 1.0,
    "inputs": 3.0,
}
"""How often each is read, in seconds."""
DETAILS_SECONDS: Final = 5.0
LIST_AGAIN_SECONDS: Final = 2.0
LIST_AT_LEAST_SECONDS: Final = 600.0
INPUTS_AGAIN_SECONDS: Final = 5.0
INPUTS_SECONDS: Final = 30.0
"""Partitions that were added are found within this time."""
MAX_INPUT_METRICS: Final = 400
"""Of a source with more partitions, the first ones are shown."""


class JobReader:
    """`read` is a step of each of FEEDS: it reads the jobs that pages show, and one of the others in turn."""

    def __init__(self, state: CollectorState, asker: Asker, patience_s: float) -> None:
        """`patience_s`: the seconds after which vertices are read again though one of them has not answered."""
        self._state, self._asker, self._patience = state, asker, patience_s
        self._reads = {"vertices": Reads(), "live": Reads()}
        self._rounds: dict[str, int] = {}
        # Each returns False if it has left something to read of a job that has ended.
        self._steps: dict[str, Callable[[JobTracker], Awaitable[bool | None]]] = {
            "job": self._job,
            "vertices": partial(self._each_vertex, feed="vertices", step=self._vertex),
            "checkpoints": self._checkpoints,
            "checkpoint details": self._details,
            "failures": self._failures,
            "live": partial(self._each_vertex, feed="live", step=self._vertex_live),
            "inputs": self._inputs,
        }

    async def read(self, feed: str) -> None:
        """Take a feed's step for each job that is read now."""
        others = [tracker for tracker in self._state.others() if feed not in tracker.done]
        number = self._rounds[feed] = self._rounds.get(feed, -1) + 1
        chosen = [*self._state.asked(), *([others[number % len(others)]] if others else [])]
        failed: Exception | None = None
        for tracker in chosen:
            if feed in tracker.done and not self._state.wanted(tracker.id):
                continue
            ended = tracker.answer is not None and tracker.answer.state in ENDED
            try:
                ended = await self._steps[feed](tracker) is not False and ended
            except AbsentError:
                # Flink has forgotten it: what was read stays. A leader that is new does not know yet what runs.
                ended = not self._state.running(tracker.id)
            except Exception as error:  # noqa: BLE001 - raised below, once the other jobs have been read
                failed = error
                continue
            if ended:
                tracker.done.add(feed)
        if failed is not None:
            raise failed

    async def _job(self, tracker: JobTracker) -> None:
        answer = read.job(await self._asker.json(f"/jobs/{tracker.id}"))
        tracker.update(answer, time.time())
        if tracker.parameters is None:
            tracker.parameters = read.parameters(await self._asker.json(f"/jobs/{tracker.id}/config"))

    async def _each_vertex(
        self, tracker: JobTracker, feed: str, step: Callable[[JobTracker, str], Awaitable[None]]
    ) -> bool:
        """Take the step for each vertex at once; False: of a job that has ended, a vertex is left to read."""
        if tracker.answer is None:
            return True
        ended = tracker.answer.state in ENDED

        async def one(vertex: str) -> None:
            await step(tracker, vertex)
            if ended:
                tracker.done.add((feed, vertex))

        vertices = [each.id for each in tracker.answer.vertices]
        left: dict[Hashable, Callable[[], Awaitable[None]]] = {
            (tracker.id, each): partial(one, each) for each in vertices if (feed, each) not in tracker.done
        }
        await self._reads[feed].run(left, self._patience)
        return all((feed, each) in tracker.done for each in vertices)

    async def _vertex(self, tracker: JobTracker, vertex: str) -> None:
        answer = read.vertex(await self._asker.json(f"/jobs/{tracker.id}/vertices/{vertex}"))
        tracker.update_vertex(vertex, answer, time.time())

    async def _checkpoints(self, tracker: JobTracker) -> None:
        path = f"/jobs/{tracker.id}/checkpoints"
        answer = read.checkpoints(await self._asker.json(path), tracker.id)
        tracker.checkpoints.update(answer, time.time())
        if tracker.checkpoints.configuration is None:
            tracker.checkpoints.configuration = read.configuration(await self._asker.json(f"{path}/config"))

    async def _details(self, tracker: JobTracker) -> None:
        if tracker.answer is None:
            return  # its vertices have no names yet, and what a checkpoint cost them is read only once
        for checkpoint in self._state.wanted(tracker.id):
            try:
                if not tracker.checkpoints.has_details(checkpoint):
                    await self._detail(tracker, tracker.answer, checkpoint)
            except AbsentError:
                pass
            self._state.settle(tracker.id, checkpoint)
        newest = tracker.checkpoints.newest_completed
        if newest is None or tracker.checkpoints.has_details(newest):
            return
        now = time.monotonic()
        if now - tracker.detailed_at >= DETAILS_SECONDS:
            tracker.detailed_at = now
            await self._detail(tracker, tracker.answer, newest)

    async def _detail(self, tracker: JobTracker, answer: JobDetail, checkpoint: int) -> None:
        path = f"/jobs/{tracker.id}/checkpoints/details/{checkpoint}"
        vertices = read.detail_vertices(await self._asker.json(path))
        names = {vertex.id: vertex.name for vertex in answer.vertices}
        order = sorted(vertices, key=lambda each: list(names).index(each) if each in names else len(names))
        tasks = [
            read.task(await self._asker.json(f"{path}/subtasks/{vertex}"), vertex, names.get(vertex, vertex))
            for vertex in order
        ]
        tracker.checkpoints.put_details(checkpoint, tuple(tasks))

    async def _failures(self, tracker: JobTracker) -> None:
        tracker.failures = read.failures(await self._asker.json(f"/jobs/{tracker.id}/exceptions"))

    async def _vertex_live(self, tracker: JobTracker, vertex: str) -> None:
        path = f"/jobs/{tracker.id}/vertices/{vertex}/metrics"
        await self._list(tracker, vertex, path)
        for query in partitions.queries(tracker.metrics.get(vertex, ())):
            values = live.values(await self._asker.json(f"{path}?get={query}"))
            self._take(tracker, vertex, values)

    async def _inputs(self, tracker: JobTracker) -> None:
        parameters = tracker.parameters or {}
        if parameters.get("source") == "random" and not Parameters.parse(parameters).transactions:
            return
        for vertex in tracker.answer.vertices if tracker.answer is not None else ():
            if partitions.is_read(vertex.name):
                await self._input(tracker, vertex.id)
        tracker.input_at = time.time()

    async def _input(self, tracker: JobTracker, vertex: str) -> None:
        path = f"/jobs/{tracker.id}/vertices/{vertex}/metrics"
        names, listed_at = tracker.input_names.get(vertex, ((), float("-inf")))
        if time.monotonic() - listed_at >= (INPUTS_SECONDS if names else INPUTS_AGAIN_SECONDS):
            listing = await self._asker.json(path)
            names = tuple(partitions.wanted(each["id"].text() for each in listing.items()))[:MAX_INPUT_METRICS]
            tracker.input_names[vertex] = names, time.monotonic()
        values: dict[str, str] = {}
        for query in partitions.queries(names):
            values |= live.values(await self._asker.json(f"{path}?get={query}"))
        tracker.inputs[vertex] = values

    async def _list(self, tracker: JobTracker, vertex: str, path: str) -> None:
        """List the metrics again when tasks were started anew, and ever more rarely while some are missing."""
        attempts = tracker.attempts(vertex)
        known = tracker.listed.get(vertex, Listed(None, 0.0, 0))
        if known.attempts == attempts:
            due = known.at + min(LIST_AGAIN_SECONDS * 2**known.times, LIST_AT_LEAST_SECONDS)
            told = sum(name.endswith(live.USERS) for name in tracker.metrics.get(vertex, ()))
            enough = told >= len(attempts) if told else tracker.publishes(live.USERS)
            if enough or time.monotonic() < due:
                return
        names = live.names(await self._asker.json(path))
        same = known.attempts == attempts
        # Right after a start Flink has not heard of the new tasks' metrics yet: their names stay what they were.
        tracker.metrics[vertex] = names or (() if same else tracker.metrics.get(vertex, ()))
        tracker.listed[vertex] = Listed(attempts, time.monotonic(), min(known.times + 1, 9) if same else 0)

    def _take(self, tracker: JobTracker, vertex: str, values: dict[str, str]) -> None:
        at = time.time()
        fresh = []
        for name, value in values.items():
            subtask = live.subtask(name)
            if name.endswith(live.USERS):
                tracker.live.update(live.users(value, name), at)
            else:
                ring = live.alerts(value, name)
                fresh += [(alert, subtask) for alert in tracker.alerts.new((vertex, subtask), ring)]
        for alert, subtask in sorted(fresh, key=lambda each: each[0].at):
            self._state.add_alert(tracker, alert.at, alert.user_id, alert.count, subtask)

    def cancel(self) -> None:
        """End the reads that are under way."""
        for reads in self._reads.values():
            reads.cancel()
