"""Looks at what the feeds have learned a few times a second, and tells recoveries and alarms of it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from dashboard.collect.alarms import Alarms, Facts
from dashboard.collect.failed_jobs import FailedJobs
from dashboard.collect.recoveries import KEPT, Glance, Observation, Recoveries

if TYPE_CHECKING:
    from dashboard.collect.state import State
    from dashboard.collect.webhook import Webhook
    from dashboard.model import JobSummary


class Judge:
    """`look` is a step of a feed; it asks nobody."""

    def __init__(self, state: State, webhook: Webhook | None) -> None:
        self._state, self._webhook = state, webhook
        self._recoveries = Recoveries(state.history.recoveries(KEPT), state.history.put_recovery)
        self._failed = FailedJobs(state.history.failed_jobs(), state.history.put_failed_job)
        self._alarms = Alarms(self._failed)
        self._dismissed: set[str] = set()
        state.recoveries = self._recoveries.shown()

    async def look(self) -> None:
        """Take one look."""
        state = self._state
        now = time.time()
        self._recoveries.see(self._observation(now))
        state.recoveries = self._recoveries.shown()
        state.alarms = self._alarms.see(self._facts(now))
        alarms = state.alarms
        dismissed, self._dismissed = self._dismissed, set()
        if self._webhook is not None:
            self._webhook.update(alarms, dismissed)

    def dismiss(self, job_name: str) -> None:
        """Take that a person has seen the failures of the jobs of a name."""
        self._failed.dismiss(job_name)
        self._dismissed.add(job_name)

    def _observation(self, now: float) -> Observation:
        state = self._state
        link, since = state.links.state()
        fresh = link == "up" and state.jobs_at is not None and state.jobs_at >= since
        leader = state.links.leader
        return Observation(
            now,
            link == "up",
            state.links.answered_at,
            {job.id: self._glance(job) for job in state.jobs} if fresh else None,
            dict(state.workers.present),
            str(leader) if leader else None,
        )

    def _glance(self, job: JobSummary) -> Glance:
        book, tasks = self._state.books.get(job.id), self._state.tasks.get(job.id)
        changed = tasks.changed if tasks else 0.0
        glance = (job.id, job.name, job.state, job.running, job.total, changed, job.ended)
        if book is None:
            return Glance(*glance)
        return Glance(*glance, book.checkpoints.read, book.checkpoints.restored, book.failures, book.workers())

    def _facts(self, now: float) -> Facts:
        state = self._state
        shown = {job_id: book.shown(now) for job_id, book in state.books.items()}
        return Facts(
            now,
            state.links.state()[0],
            state.links.answered_at,
            state.jobs,
            state.tasks,
            {job_id: detail for job_id, detail in shown.items() if detail is not None},
            state.workers.shown(),
            state.overview,
            state.recoveries,
            state.links.jobmanagers(),
        )
