"""Derives recoveries and alarms from what the pollers have learned, a few times a second."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from dashboard.collect.alarms import Alarms, Conditions
from dashboard.collect.failed_jobs import FailedJobs
from dashboard.collect.recoveries import KEPT, ClusterView, Glance, Recoveries

if TYPE_CHECKING:
    from dashboard.collect.state import CollectorState
    from dashboard.collect.webhook import Webhook
    from dashboard.model import JobSummary


class Evaluator:
    """`evaluate` is a step of a feed; it asks nobody."""

    def __init__(self, state: CollectorState, webhook: Webhook | None) -> None:
        self._state, self._webhook = state, webhook
        self._recoveries = Recoveries(state.history.recoveries(KEPT), state.history.put_recovery)
        self._failed = FailedJobs(state.history.failed_jobs(), state.history.put_failed_job)
        self._alarms = Alarms(self._failed)
        self._dismissed: set[str] = set()
        state.recoveries = self._recoveries.view()

    async def evaluate(self) -> None:
        """Take one look."""
        state = self._state
        now = time.time()
        self._recoveries.update(self._observation(now))
        state.recoveries = self._recoveries.view()
        state.alarms = self._alarms.update(self._facts(now))
        alarms = state.alarms
        dismissed, self._dismissed = self._dismissed, set()
        if self._webhook is not None:
            self._webhook.update(alarms, dismissed)

    def dismiss(self, job_name: str) -> None:
        """Take that a person has seen the failures of the jobs of a name."""
        self._failed.dismiss(job_name)
        self._dismissed.add(job_name)

    def _observation(self, now: float) -> ClusterView:
        state = self._state
        link, since = state.links.state()
        fresh = link == "up" and state.jobs_at is not None and state.jobs_at >= since
        leader = state.links.leader
        return ClusterView(
            now,
            link == "up",
            state.links.answered_at,
            {job.id: self._glance(job) for job in state.jobs} if fresh else None,
            dict(state.workers.present),
            str(leader) if leader else None,
        )

    def _glance(self, job: JobSummary) -> Glance:
        tracker, tasks = self._state.trackers.get(job.id), self._state.tasks.get(job.id)
        changed = tasks.changed if tasks else 0.0
        glance = (job.id, job.name, job.state, job.running, job.total, changed, job.ended)
        if tracker is None:
            return Glance(*glance)
        return Glance(
            *glance, tracker.checkpoints.read, tracker.checkpoints.restored, tracker.failures, tracker.workers()
        )

    def _facts(self, now: float) -> Conditions:
        state = self._state
        shown = {job_id: tracker.view(now) for job_id, tracker in state.trackers.items()}
        return Conditions(
            now,
            state.links.state()[0],
            state.links.answered_at,
            state.jobs,
            state.tasks,
            {job_id: detail for job_id, detail in shown.items() if detail is not None},
            state.workers.view(),
            state.overview,
            state.recoveries,
            state.links.jobmanagers(),
        )
