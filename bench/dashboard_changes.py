"""Serves a cluster that changes with each update of the page: `python bench/dashboard_changes.py PORT`.

A page is updated as soon as it has drawn the last update, not by the clock. On standard input, a line `pause` stops the
updates and a line `go` resumes them; the program ends with its standard input.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

PROJECT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(PROJECT), str(PROJECT / "tests")]

import dashboard_samples as samples  # noqa: E402 - found by the path above
from nicegui import app, ui  # noqa: E402

from dashboard.app import Serving, serve  # noqa: E402
from dashboard.collect import tail  # noqa: E402
from dashboard.model import LogLine, SeenAlert  # noqa: E402

if TYPE_CHECKING:
    from nicegui import Client

    from dashboard.model import JobDetail, Snapshot, Vertex
    from flink_abnormal.core.recovery import Recovery

STRIKE, WOUNDED, USERS, CHECKPOINTS = 200, 40, 32, 100
GOING = threading.Event()


class Changing(samples.SampleCollector):
    """Returns a snapshot that differs from the last: rates, counts, alerts, lines, checkpoints, and recoveries.

    A TaskManager is lost every STRIKE updates, and back WOUNDED updates later.
    """

    def __init__(self) -> None:
        super().__init__(samples.healthy())
        self.log: tail.Tail[LogLine] = tail.Tail(tail.LOG_LINES)
        self.alerts: tail.Tail[SeenAlert] = tail.Tail(tail.ALERTS)
        self._turn = 0
        self._recoveries: tuple[Recovery, ...] = ()

    def snapshot(self) -> Snapshot:
        """Return the next snapshot."""
        self._turn += 1
        turn, at = self._turn, samples.AT + self._turn
        self._tell(turn, at)
        wounded = turn % STRIKE < WOUNDED and turn > STRIKE
        if turn % STRIKE == WOUNDED:
            new = replace(samples.recovery(turn), began=at - 40)
            self._recoveries = (new, *self._recoveries)[:50]
        base = samples.wounded() if wounded else samples.healthy()
        job = _job(base.details[samples.JOB], turn, at)
        now = {"at": at + 0.4, "answered_at": at, "taskmanagers_at": at, "jobs_at": at}
        recoveries = (*(base.recoveries[:1] if wounded else ()), *self._recoveries)
        return replace(base, **now, details={samples.JOB: job}, recoveries=recoveries)

    def watch(self, job_id: str) -> None:
        """Record nothing, unlike the tests' samples."""

    def _tell(self, turn: int, at: float) -> None:
        user = f"user{turn % 997}"
        text = f"[Source Emit] UserEvent{{userId='{user}', isAbnormal={str(turn % 3 == 0).lower()}}}"
        self.log.add(lambda seq: LogLine(seq, at, "TaskManager 1", "emit", text))
        if turn % 3 == 0:
            self.alerts.add(lambda seq: SeenAlert(seq, samples.JOB, at, user, 3 + turn % 5, turn % 3))


def _job(job: JobDetail, turn: int, at: float) -> JobDetail:
    made, live, alerts = job.checkpoints, job.live, job.alerts
    if made is None or live is None or alerts is None:
        raise ValueError("the sample has lost its parts")
    history = tuple(
        replace(made.history[number % 20], id=turn - number, triggered=at - number, duration_s=0.05 + turn % 17 / 900)
        for number in range(min(turn, CHECKPOINTS))
    )
    users = tuple(
        replace(live.users[0], user_id=f"user{(turn // 5 + n) % 5000}", count=(turn + n) % 9, subtask=n % 3, at=at)
        for n in range(USERS)
    )
    minutes = tuple((at - 60 * n, (turn + n) % 7) for n in range(30, 0, -1))
    return replace(
        job,
        at=at,
        duration_s=float(turn),
        vertices=tuple(_vertex(vertex, turn, at) for vertex in job.vertices),
        checkpoints=replace(made, at=at, total=turn, completed=turn, history=history),
        live=replace(live, at=at, users=tuple(sorted(users, key=lambda user: -user.count))),
        alerts=replace(
            alerts, seen=turn // 3, per_minute=minutes, noisiest=tuple((u.user_id, turn) for u in users[:6])
        ),
    )


def _vertex(vertex: Vertex, turn: int, at: float) -> Vertex:
    figures: dict[str, Any] = {"in_rate": turn % 113 / 7, "out_rate": turn % 71 / 7, "busy": turn % 100 / 100}
    return replace(vertex, at=at, subtasks=tuple(replace(each, **figures) for each in vertex.subtasks), **figures)


async def _keep_updating(client: Client) -> None:
    """Run the page's timer after each drawing; any faster, its messages would pile up."""
    timer = next(element for element in client.elements.values() if isinstance(element, ui.timer))
    while client.has_socket_connection:
        while not GOING.is_set():  # noqa: ASYNC110 - a thread sets it
            await asyncio.sleep(0.1)
        with client:
            timer.callback()  # type: ignore[misc]
        await client.run_javascript("await new Promise(requestAnimationFrame)", timeout=60)


def _obey() -> None:
    for line in sys.stdin:
        (GOING.clear if line == "pause\n" else GOING.set)()
    os._exit(0)


def main() -> None:
    """Serve the changing cluster."""
    port = int(sys.argv[1])
    GOING.set()
    threading.Thread(target=_obey, daemon=True).start()
    app.on_connect(_keep_updating)
    serve(Serving(port=port, page_seconds=86400), Changing())


if __name__ == "__main__":
    main()
