"""Tells an address of each alarm that is raised or cleared: once, in a thread of its own, and never for long.

The address comes from the settings only. What can't be delivered is counted and said once, and never waited for.
"""

from __future__ import annotations

import queue
import threading
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import requests

from dashboard.collect.feeds import LOG
from flink_abnormal.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dashboard.model import Alarm

VARIABLE: Final = "FLINK_ABNORMAL_WEBHOOK"
SECONDS: Final = 5.0
WAITING: Final = 100
_TEXTS: Final = {
    "no-checkpoint": "no checkpoint has completed for three intervals",
    "checkpoint-failed": "a checkpoint has failed",
    "job-restarting": "the job is being restarted",
    "job-failed": "the job has failed",
    "taskmanager-lost": "a TaskManager is lost",
    "no-free-slot": "tasks wait for a free slot",
    "backpressure": "a task is held up by the one behind it for more than half of its time",
    "source-idle": "the source gives no events",
    "jobmanager-gone": "no JobManager answers",
}


class Webhook:
    """Posts changes to a URL; UsageError where it is none of http or https."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise UsageError(f"The webhook's address must begin with http:// or https:// and name a host: {VARIABLE}.")
        self._url = url
        self._waiting: queue.Queue[dict[str, Any]] = queue.Queue(WAITING)
        self._raised: dict[tuple[str, str | None, str], Alarm] = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="dashboard-webhook", daemon=True)
        self.failed = 0
        """How many changes could not be delivered."""

    def start(self) -> None:
        """Begin to deliver."""
        self._thread.start()

    def stop(self) -> None:
        """End; what waits is not delivered any more."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join(SECONDS + 1)

    def see(self, alarms: Iterable[Alarm]) -> None:
        """Take the alarms that hold now, and send what has changed since the last time."""
        now = {each.key: each for each in alarms}
        for key in now.keys() - self._raised.keys():
            self._send(now[key], "raised")
        for key in self._raised.keys() - now.keys():
            self._send(self._raised[key], "cleared")
        self._raised = now

    def _send(self, alarm: Alarm, state: str) -> None:
        where = f" ({alarm.subject})" if alarm.subject else ""
        text = f"{_TEXTS[alarm.kind]}{where}" if state == "raised" else f"over: {_TEXTS[alarm.kind]}{where}"
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
        except queue.Full:
            self._fail("too many changes wait")

    def _run(self) -> None:
        with requests.Session() as session:
            session.trust_env = False
            while not self._ended.is_set():
                try:
                    change = self._waiting.get(timeout=0.2)
                except queue.Empty:
                    continue
                self._post(session, change)

    def _post(self, session: requests.Session, change: dict[str, Any]) -> None:
        try:
            with session.post(self._url, json=change, timeout=SECONDS, allow_redirects=False, stream=True) as answer:
                if not answer.ok:
                    self._fail(f"status {answer.status_code}")
        except requests.RequestException as error:
            self._fail(type(error).__name__)

    def _fail(self, why: str) -> None:
        self.failed += 1
        if self.failed == 1:  # the address may hold a secret: it is not shown
            LOG.warning("The webhook does not take alarms (%s). Further failures are counted, and not told.", why)
