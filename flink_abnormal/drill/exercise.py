"""A drill from its first strike to its verdict."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING, Final, NamedTuple

from flink_abnormal.drill import strikes
from flink_abnormal.drill.job import DrillJob, cancel_all_of, drain, events_for, submit
from flink_abnormal.drill.report import Report, Struck
from flink_abnormal.drill.story import Line
from flink_abnormal.drill.watch import POLL_SECONDS, DrillError, Watcher
from flink_abnormal.errors import ClusterError
from flink_abnormal.layout import Parallelism
from flink_abnormal.settings import DEFAULT_PARALLELISM

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from flink_abnormal.drill.field import Field
    from flink_abnormal.drill.kinds import Kind
    from flink_abnormal.drill.story import Observation
    from flink_abnormal.settings import Mode

FAILURES_IN_A_ROW: Final = 10
"""Flink ends a job after twelve restarts that follow one another within a minute (`launch.flink_configuration`)."""
QUIET_SECONDS: Final = 61.0


class Orders(NamedTuple):
    """What the drill is to do; `deadline_s` is what a recovery may take, and the rest until the next strike."""

    kinds: Sequence[Kind]
    seed: int
    slots: str
    mode: Mode
    deadline_s: float
    tamper: str | None


def check_room(field: Field, slots: str) -> None:
    """Raise where the cluster has no room for the drill's job."""
    needed = Parallelism(*(DEFAULT_PARALLELISM,) * 3).slots(slots)
    there = field.cluster.slots()
    if needed > there.free:
        raise ClusterError(
            f"The drill's job needs {needed} slots and the cluster has {there.free} free of {there.total}. "
            f"Cancel the job that has them ({field.cancel}), or give --free-slots, which needs 3."
        )


def run(field: Field, orders: Orders, say: Callable[[str], None]) -> Report:
    """Submit the job, strike, and compare; the job is gone at the end, whatever happened."""
    report = Report("strikes", field.name, orders.seed, orders.slots)
    quiet = QUIET_SECONDS * (len(orders.kinds) // FAILURES_IN_A_ROW)
    events = events_for(2 * orders.deadline_s * (len(orders.kinds) + 1) + quiet)
    output, checkpoints = f"{field.folder}/out", field.checkpoints
    job = DrillJob(orders.seed, events, orders.slots, orders.mode, output, checkpoints)
    check_room(field, orders.slots)
    try:
        say(f"Submitting the job: seed {job.seed}, Python in {job.mode} mode, slots {job.slots}")
        job_id = submit(field, job)
        watcher = Watcher(field.cluster, job_id, field.leader)
        try:
            slots = _strike_all(field, orders, job_id, checkpoints, watcher, report, say)
            if not any(struck.failure for struck in report.strikes):
                say("\nAll strikes are over: the job makes the events that are left, and ends")
                drain(field, job_id, lambda: _settle(field, watcher, slots, orders.deadline_s))
                report.tampered = job.tamper(field, orders.tamper) if orders.tamper else None
                report.alerts = job.compare(field)
        except (DrillError, ClusterError) as error:
            report.failures.append(str(error))
    finally:
        cancel_all_of(field, output)
    return report


def _strike_all(
    field: Field,
    orders: Orders,
    job_id: str,
    checkpoints: str,
    watcher: Watcher,
    report: Report,
    say: Callable[[str], None],
) -> int:
    """Strike in turn, until one strike is not recovered from; returns the slots of the whole cluster."""
    chance = random.Random(orders.seed)  # noqa: S311 - repeatable, not secret
    before = watcher.settle(None, orders.deadline_s)
    whole = before.slots
    say(f"The job runs: {before.total} tasks, checkpoint {before.newest} is the newest")
    for number, kind in enumerate(orders.kinds, 1):
        if number > 1:
            if (number - 1) % FAILURES_IN_A_ROW == 0:
                say(f"{QUIET_SECONDS:.0f} s of quiet: Flink would end a job that fails more often in a row")
                time.sleep(QUIET_SECONDS)
            before = _settle(field, watcher, whole, orders.deadline_s)
        victim = strikes.aim(kind, field, job_id, chance)
        strike = strikes.Strike(kind, field, job_id, checkpoints, victim)
        slots = field.cluster.slots()
        struck = Struck(kind, victim.name, victim.tasks, victim.slots, slots.total - slots.free, slots.total)
        report.strikes.append(struck)
        used = f"{struck.slots_used} of {struck.slots_total} slots used"
        say(f"\nStrike {number} of {len(orders.kinds)}: {kind}, {victim}; {used}")
        _follow(strike, before, orders.deadline_s, watcher, struck, say)
        if struck.failure:
            break
    return whole


def _settle(field: Field, watcher: Watcher, slots: int, seconds: float) -> Observation:
    """Wait until the cluster is as before the strike: every member, every slot, all tasks, a new checkpoint."""
    deadline = time.monotonic() + seconds
    while not field.whole():
        if time.monotonic() > deadline:
            raise DrillError(f"The cluster is not whole again {seconds:.0f} s after the strike.")
        time.sleep(POLL_SECONDS)
    return watcher.settle(slots, seconds)


def _follow(
    strike: strikes.Strike,
    before: Observation,
    deadline_s: float,
    watcher: Watcher,
    struck: Struck,
    say: Callable[[str], None],
) -> None:
    """Strike, tell what happens until it is over, and fill in `struck`; what can be taken back is, in any case."""

    def tell(line: Line) -> None:
        struck.story.append(line)
        say(f"  +{line.seconds:4.1f} s  {line.text}")

    try:
        hit = strike.hit(before)
        story = strike.story(before, hit.at)
        tell(Line(0.0, hit.text))
        while not (story.done and not strike.to_undo):
            now = watcher.look()
            for line in story.see(now):
                tell(line)
            if strike.to_undo and (story.undo_due(now.at) or story.failure):
                undone = strike.undo()
                if undone is not None:
                    tell(Line(undone.at - hit.at, undone.text))
            if now.at - hit.at > deadline_s:
                story.failure = story.failure or f"not recovered within {deadline_s:.0f} s"
                break
            time.sleep(POLL_SECONDS)
    finally:
        strike.undo()
    struck.noticed_s, struck.recovered_s = story.noticed_s, story.recovered_s
    struck.not_running, struck.restored_checkpoint = story.not_running, story.restored
    struck.failure = story.failure
