"""Posts each alarm that is raised or cleared to an address: once, and never for long.

The address comes from the settings only. What can't be delivered is counted and said once, and never waited for.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

import aiohttp

from dashboard.collect.polling import LOG
from dashboard.webhook_url import check

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from dashboard.model import Alarm

SECONDS: Final = 5.0
WAITING: Final = 100
_TEXTS: Final = {
    "no-checkpoint": "no checkpoint has completed for three intervals",
    "checkpoint-failed": "a checkpoint has failed",
    "job-restarting": "the job is being restarted",
    "job-failed": "a job has failed, and no other job of its name is running",
    "taskmanager-lost": "a TaskManager is lost",
    "no-free-slot": "tasks are waiting for a free slot",
    "backpressure": "a task is held up by the next one more than half of the time",
    "source-idle": "the source emits no events",
    "event-time-stands": "event time stands still while records come",
    "transactions-lost": "Kafka's brokers had aborted what the job was to commit",
    "jobmanager-gone": "no JobManager answers",
}

_BEFORE: Final = {"raised": "", "cleared": "over: ", "dismissed": "dismissed by a person: "}


class Webhook:
    """Posts changes to a URL; UsageError if it is none of http or https. `run` delivers, until it is cancelled."""

    def __init__(self, url: str) -> None:
        self._url = check(url)
        self._waiting: asyncio.Queue[dict[str, Any]] = asyncio.Queue(WAITING)
        self._raised: dict[tuple[str, str | None, str], Alarm] = {}
        self.failed = 0
        """How many changes could not be delivered."""

    async def run(self) -> None:
        """Post what waits, one change at a time."""
        timeout = aiohttp.ClientTimeout(total=SECONDS)
        async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), timeout=timeout) as session:
            while True:
                await self._post(session, await self._waiting.get())

    def update(self, alarms: Iterable[Alarm], dismissed: Collection[str] = ()) -> None:
        """Queue what has changed since the last call; `alarms` are those that are raised now.

        `dismissed` are the subjects of those that a person has dismissed since.
        """
        now = {each.key: each for each in alarms}
        for key in now.keys() - self._raised.keys():
            self._send(now[key], "raised")
        for key in self._raised.keys() - now.keys():
            gone = self._raised[key]
            self._send(gone, "dismissed" if gone.stands and gone.subject in dismissed else "cleared")
        self._raised = now

    def _send(self, alarm: Alarm, state: str) -> None:
        where = f" ({alarm.subject})" if alarm.subject else ""
        text = f"{_BEFORE[state]}{_TEXTS[alarm.kind]}{where}"
        try:
            self._waiting.put_nowait(
                {
                    "alarm": alarm.kind,
                    "state": state,
                    "since": alarm.since,
                    "text": text,
                    "job": alarm.job_id,
                    "severity": alarm.severity,
                }
            )
        except asyncio.QueueFull:
            self._fail("too many changes are waiting")

    async def _post(self, session: aiohttp.ClientSession, change: dict[str, Any]) -> None:
        try:
            async with session.post(self._url, json=change, allow_redirects=False) as answer:
                if not answer.ok:
                    self._fail(f"status {answer.status}")
        except aiohttp.ClientConnectorError:
            self._fail("no connection")
        except asyncio.TimeoutError:
            self._fail("no answer")
        except (aiohttp.ClientError, ValueError, OSError) as error:
            self._fail(type(error).__name__)

    def _fail(self, why: str) -> None:
        self.failed += 1
        if self.failed == 1:  # the address may hold a secret: it is not shown
            LOG.warning("The webhook does not accept alarms (%s). Further failures are counted, but not logged.", why)
