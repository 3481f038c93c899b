"""A drill from its first strike to its verdict."""

from __future__ import annotations

import random
import time
from contextlib import nullcontext
from typing import TYPE_CHECKING, Final, NamedTuple

from flink_abnormal.core.errors import ClusterError
from flink_abnormal.core.parallelism import Parallelism
from flink_abnormal.core.settings import DEFAULT_PARALLELISM
from flink_abnormal.drill import injection
from flink_abnormal.drill.job import USERS, DrillJob, events_for, submit
from flink_abnormal.drill.observer import POLL_SECONDS, DrillError, Observer
from flink_abnormal.drill.report import DrillReport, StrikeResult
from flink_abnormal.drill.timeline import Line

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    from flink_abnormal.core.settings import Mode
    from flink_abnormal.drill.environment import Environment
    from flink_abnormal.drill.faults import Kind
    from flink_abnormal.drill.job import StruckJob
    from flink_abnormal.drill.timeline import Observation

FAILURES_IN_A_ROW: Final = 10
"""Flink fails a job with the thirteenth failure of a series (`submission/configuration.py`)."""
QUIET_SECONDS: Final = 61.0
FEW: Final = 10
USUAL_SECONDS: Final = 40.0
"""The longest average of a strike and the rest after it, if there are many."""


class Orders(NamedTuple):
    """The drill's parameters; `deadline_s` limits a recovery, and the rest until the next strike.

    `every_s` is the minimum time between strikes. With `lasts_s` the strikes end after that time, whatever their
    number. `spared` TaskManagers are never struck. With `kafka` the job reads from Kafka and writes to it, and with
    `event_time` it gets its events out of order. `engine` detects.
    """

    kinds: Sequence[Kind]
    seed: int
    slots: str
    mode: Mode
    deadline_s: float
    tamper: str | None = None
    users: int = USERS
    every_s: float = 0.0
    lasts_s: float | None = None
    spared: frozenset[str] = frozenset()
    kafka: bool = False
    event_time: bool = False
    engine: str = "python"

    @property
    def seconds(self) -> float:
        """The time limit for all strikes; the job's events last a little longer."""
        if self.lasts_s is not None:
            return self.lasts_s
        count = len(self.kinds)
        few, many = min(count, FEW), max(count - FEW, 0)
        return 2 * self.deadline_s * few + USUAL_SECONDS * many + QUIET_SECONDS * (count // FAILURES_IN_A_ROW)


def check_room(environment: Environment, slots: str) -> None:
    """Raise ClusterError if the cluster has no room for the drill's job."""
    needed = Parallelism(*(DEFAULT_PARALLELISM,) * 3).slots(slots)
    there = environment.cluster.room_for(needed)
    if needed > there.free:
        raise ClusterError(
            f"The drill's job needs {needed} slots and the cluster has {there.free} free of {there.total}. "
            f"Cancel the job that uses them ({environment.cancel}), or give --free-slots, which needs 3."
        )


def job_of(environment: Environment, orders: Orders, seconds: float) -> StruckJob:
    """Return the drill's job, whose events last for at least `seconds`."""
    if not orders.kafka:
        output = f"{environment.folder}/out"
        places = (output, environment.checkpoints)
        return DrillJob(
            orders.seed, events_for(seconds), orders.slots, orders.mode, *places, orders.users, orders.engine
        )
    from flink_abnormal.drill.kafka_job import KafkaDrillJob  # noqa: PLC0415 - its client is an extra

    return KafkaDrillJob(
        orders.seed,
        orders.slots,
        orders.mode,
        environment.bootstrap(),
        environment.checkpoints,
        orders.users,
        event_time=orders.event_time,
        engine=orders.engine,
    )


def run(
    environment: Environment,
    orders: Orders,
    say: Callable[[str], None],
    during: Callable[[StruckJob], AbstractContextManager[object]] = lambda _: nullcontext(),
) -> DrillReport:
    """Submit the job, strike, and compare; the job is cancelled at the end in any case.

    `during` receives the submitted job, and its context lasts as long as the strikes.
    """
    report = DrillReport("strikes", environment.name, orders.seed, orders.slots)
    check_room(environment, orders.slots)
    job = job_of(environment, orders, orders.seconds + 2 * orders.deadline_s)
    try:
        say(f"Submitting the job: seed {orders.seed}, Python in {orders.mode} mode, slots {orders.slots}")
        job_id = submit(environment, job)
        observer = Observer(environment.cluster, job_id, environment.leader)
        try:
            with during(job), job.feeding():
                slots = _strike_all(environment, orders, job_id, environment.checkpoints, observer, report, say)
            if not any(struck.failure for struck in report.strikes):
                say("\nAll strikes are done: the job processes its remaining events and finishes")
                settle = lambda: _settle(environment, observer, slots, orders.deadline_s)  # noqa: E731
                job.finish(environment, job_id, settle)
                report.tampered = job.tamper(environment, orders.tamper) if orders.tamper else None
                report.alerts = job.compare(environment)
        except (DrillError, ClusterError) as error:
            report.failures.append(str(error))
    finally:
        job.cancel_all(environment)
    return report


def _strike_all(
    environment: Environment,
    orders: Orders,
    job_id: str,
    checkpoints: str,
    observer: Observer,
    report: DrillReport,
    say: Callable[[str], None],
) -> int:
    """Strike in turn, until a recovery fails; return the slots of the whole cluster."""
    chance = random.Random(orders.seed)  # noqa: S311 - repeatable, not secret
    before = observer.settle(None, orders.deadline_s)
    whole = before.slots
    say(f"The job is running: {before.total} tasks, checkpoint {before.newest} is the newest")
    turn, ends = 0.0, time.monotonic() + orders.seconds
    for number, kind in enumerate(orders.kinds, 1):
        if number > 1:
            _rest(number - 1, turn, say)
            before = _settle(environment, observer, whole, orders.deadline_s)
        turn = time.monotonic() + orders.every_s
        if turn > ends:
            if orders.lasts_s is not None:
                break
            raise DrillError(f"The job was running out of events after {number - 1} of {len(orders.kinds)} strikes.")
        victim = injection.aim(kind, environment, job_id, chance, orders.spared)
        strike = injection.Strike(kind, environment, job_id, checkpoints, victim)
        slots = environment.cluster.slots()
        struck = StrikeResult(kind, victim.name, victim.tasks, victim.slots, slots.total - slots.free, slots.total)
        report.strikes.append(struck)
        used = f"{struck.slots_used} of {struck.slots_total} slots used"
        say(f"\nStrike {number} of {len(orders.kinds)}: {kind}, {victim}; {used}")
        _follow(strike, before, orders.deadline_s, observer, struck, say)
        if struck.failure:
            return whole
    if orders.lasts_s is not None:
        _sleep_until(ends)
    return whole


def _rest(struck: int, turn: float, say: Callable[[str], None]) -> None:
    """Wait for the next strike's turn and, after every FAILURES_IN_A_ROW, for Flink to reset its count."""
    _sleep_until(turn)
    if struck % FAILURES_IN_A_ROW == 0:
        say(f"{QUIET_SECONDS:.0f} s of quiet: Flink gives up a job that fails more often in a row")
        time.sleep(QUIET_SECONDS)


def _sleep_until(moment: float) -> None:
    time.sleep(max(0.0, moment - time.monotonic()))


def _settle(environment: Environment, observer: Observer, slots: int, seconds: float) -> Observation:
    """Wait until the cluster is as before the strike: every member, every slot, all tasks, a new checkpoint."""
    deadline = time.monotonic() + seconds
    while missing := environment.missing():
        if time.monotonic() > deadline:
            raise DrillError(f"The cluster is incomplete {seconds:.0f} s after the strike: {missing}.")
        time.sleep(POLL_SECONDS)
    return observer.settle(slots, seconds)


def _follow(
    strike: injection.Strike,
    before: Observation,
    deadline_s: float,
    observer: Observer,
    struck: StrikeResult,
    say: Callable[[str], None],
) -> None:
    """Strike, report the recovery until it ends, and fill in `struck`; undo the strike in any case."""

    def tell(line: Line) -> None:
        struck.timeline.append(line)
        say(f"  +{line.seconds:4.1f} s  {line.text}")

    try:
        hit = strike.hit(before)
        struck.at = hit.at
        timeline = strike.timeline(before, hit.at)
        tell(Line(0.0, hit.text))
        while not (timeline.done and not strike.to_undo):
            now = observer.observe()
            for line in timeline.add(now):
                tell(line)
            if strike.to_undo and (timeline.undo_due(now.at) or timeline.failure):
                undone = strike.undo()
                if undone is not None:
                    tell(Line(undone.at - hit.at, undone.text))
            if now.at - hit.at > deadline_s:
                timeline.failure = timeline.failure or f"not recovered within {deadline_s:.0f} s"
                break
            time.sleep(POLL_SECONDS)
    finally:
        strike.undo()
    struck.noticed_s, struck.recovered_s = timeline.noticed_s, timeline.recovered_s
    struck.not_running, struck.restored_checkpoint = timeline.not_running, timeline.restored
    struck.failure = timeline.failure
