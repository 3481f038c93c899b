"""Derives recoveries and alarms from what the pollers have learned, a few times a second."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dashboard.collect.alarms import Alarms
from dashboard.collect.failed_jobs import FailedJobs
from dashboard.collect.recoveries import KEPT, Recoveries

if TYPE_CHECKING:
    from dashboard.collect.state import CollectorState
    from dashboard.collect.webhook import Webhook


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
        seen = state.snapshot()
        self._recoveries.update(seen)
        state.recoveries = self._recoveries.view()
        state.alarms = self._alarms.update(replace(seen, recoveries=state.recoveries))
        dismissed, self._dismissed = self._dismissed, set()
        if self._webhook is not None:
            self._webhook.update(state.alarms, dismissed)

    def dismiss(self, job_name: str) -> None:
        """Take that a person has seen the failures of the jobs of a name."""
        self._failed.dismiss(job_name)
        self._dismissed.add(job_name)
