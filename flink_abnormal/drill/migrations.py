"""Drills without a strike: a job moves by a snapshot, to another shape or engine, or from an older release."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import orjson

from flink_abnormal.core.errors import ClusterError, MachineError
from flink_abnormal.core.model import Rule
from flink_abnormal.core.published import ALERTS_FOLDER
from flink_abnormal.core.rule import decide
from flink_abnormal.core.simulation import Simulation
from flink_abnormal.drill.job import (
    COMMAND_SECONDS,
    cancel_all_of,
    drain,
    stop,
    submit,
    submitted,
)
from flink_abnormal.drill.observer import DrillError, Observer
from flink_abnormal.drill.report import DrillReport
from flink_abnormal.drill.runner import Orders, check_room, job_of
from flink_abnormal.drill.verification import compare, expected_alerts
from flink_abnormal.runtime import distribution

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from flink_abnormal.drill.environment import Environment

PARALLELISM: Final = (2, 4, 2)
LAST_PARALLELISM: Final = (3, 2, 3)
BACKEND: Final = "rocksdb"
ABOUT: Final = "about.json"


class _Move(NamedTuple):
    """How a job is moved: `leave` ends it and returns a snapshot, `text` says to where, with which `options`."""

    leave: Callable[[Environment, str, Callable[[], object]], str]
    text: str
    options: tuple[str, ...]


def rescale(environment: Environment, orders: Orders, say: Callable[[str], None]) -> DrillReport:
    """Move a job twice, and compare: by a savepoint to another shape and backend, and from a checkpoint.

    The job of the checkpoint is cancelled in the middle of its work, with transactions open.
    """
    return _moved(
        environment, orders, say, "rescale", [_shape(stop, PARALLELISM), _shape(_cancelled, LAST_PARALLELISM)]
    )


def swap(environment: Environment, orders: Orders, say: Callable[[str], None]) -> DrillReport:
    """Move a job to the other engine and back, by savepoints, and compare."""
    moves = [_Move(stop, f"in the {name} engine", ("--engine", name)) for name in ("jvm", "python")]
    return _moved(environment, orders._replace(engine="python"), say, "swap", moves)


def _shape(leave: Callable[[Environment, str, Callable[[], object]], str], parallelism: tuple[int, int, int]) -> _Move:
    source, process, sink = parallelism
    return _Move(
        leave,
        f"parallelism {source}/{process}/{sink}, state in {BACKEND}",
        (
            *("--state-backend", BACKEND, "--source-parallelism", str(source)),
            *("--process-parallelism", str(process), "--sink-parallelism", str(sink)),
        ),
    )


def _moved(
    environment: Environment, orders: Orders, say: Callable[[str], None], exercise: str, moves: Sequence[_Move]
) -> DrillReport:
    """Submit a job, move it, let it end, and compare."""
    report = DrillReport(exercise, environment.name, orders.seed, orders.slots)
    check_room(environment, orders.slots)
    job = job_of(environment, orders, 2 * (1 + len(moves)) * orders.deadline_s)
    try:
        say("Submitting the job: parallelism 3/3/3 (source/process/sink), state in hashmap")
        job_id = submit(environment, job)
        settle = _settling(environment, job_id, orders.deadline_s)
        with job.feeding():
            for move in moves:
                snapshot = move.leave(environment, job_id, settle)
                say(f"{'Cancelled' if move.leave is _cancelled else 'Stopped'}; to go on from: {snapshot}")
                say(f"Resuming it: {move.text}")
                job_id = submit(environment, job, "--from", snapshot, *move.options)
                settle = _settling(environment, job_id, orders.deadline_s)
            settle()
        say("It is running and has checkpointed: now the remaining events and the end")
        job.finish(environment, job_id, settle)
        report.alerts = job.compare(environment)
    except (DrillError, ClusterError) as error:
        report.failures.append(str(error))
    finally:
        job.cancel_all(environment)
    return report


def _cancelled(environment: Environment, job_id: str, settle: Callable[[], object]) -> str:
    """Cancel the job once it has checkpointed, and return its newest checkpoint."""
    settle()
    environment.cluster.cancel(job_id)
    environment.cluster.await_end(job_id)
    return str(environment.cluster.get(f"/jobs/{job_id}/checkpoints")["latest"]["completed"]["external_path"])


class Kept(NamedTuple):
    """Facts about a stored savepoint: the job's options, and the number of events of each user."""

    release: str
    seed: int
    users: int
    interval_ms: int
    abnormal_rate: float
    threshold: int
    events: int
    made: dict[str, int]

    @classmethod
    def of(cls, folder: Path) -> Kept:
        """Read the facts; MachineError if the folder contains no such savepoint."""
        try:
            return cls(**orjson.loads((folder / ABOUT).read_bytes()))
        except (OSError, ValueError, TypeError) as error:
            raise MachineError(
                f"{folder} contains no savepoint of an earlier release ({error}): run this from the project's checkout."
            ) from None


def kept_savepoint() -> Path:
    """Return the project's stored savepoint of the previous release."""
    return distribution.project() / "tests" / "fixtures" / "savepoint-0.1.0"


def upgrade(environment: Environment, folder: Path, deadline_s: float, say: Callable[[str], None]) -> DrillReport:
    """Resume an earlier release's savepoint; the alerts after it must follow the rule from its counts on."""
    kept = Kept.of(folder)
    report = DrillReport("upgrade", environment.name, kept.seed, "isolated")
    output = f"{environment.folder}/out"
    check_room(environment, "isolated")
    try:
        say(f"Resuming from the savepoint of release {kept.release}; abnormalCount was {_counts(kept)}")
        restored = environment.bring(folder)
        job_id = submitted(
            environment.command(_arguments(kept, restored, output, environment.checkpoints), COMMAND_SECONDS)
        )
        _finish(environment, job_id, deadline_s, say)
        simulation = Simulation(kept.seed, kept.users, kept.interval_ms, kept.abnormal_rate)
        before = set(expected_alerts(simulation, kept.made, threshold=kept.threshold))
        after = [
            alert for alert in expected_alerts(simulation, kept.events, threshold=kept.threshold) if alert not in before
        ]
        report.alerts = compare(after, environment.read(f"{output}/{ALERTS_FOLDER}"))
    except (DrillError, ClusterError) as error:
        report.failures.append(str(error))
    finally:
        cancel_all_of(environment, output)
    return report


def _arguments(kept: Kept, savepoint: str, output: str, checkpoints: str) -> list[str]:
    return [
        *("submit", "--detached", "--from", savepoint, "--users", str(kept.users), "--seed", str(kept.seed)),
        *("--interval", f"{kept.interval_ms}ms", "--abnormal-rate", str(kept.abnormal_rate)),
        *("--events", str(kept.events), "--threshold", str(kept.threshold), "--no-emit-log"),
        *("--sink", "files", "--output", output, "--roll", "2s"),
        *("--checkpoint-interval", "1s", "--checkpoint-dir", checkpoints),
    ]


def _counts(kept: Kept) -> str:
    """Return a text of the users' counts that are not 0."""
    simulation = Simulation(kept.seed, kept.users, kept.interval_ms, kept.abnormal_rate)
    counts = dict.fromkeys(kept.made, 0)
    for user, made in kept.made.items():
        for seq in range(made):
            event = simulation.event(int(user.removeprefix("user")), seq, 0)
            counts[user] = decide(counts[user], event, Rule(kept.threshold))[0]
    return ", ".join(f"{count} for {user}" for user, count in counts.items() if count)


def _settling(environment: Environment, job_id: str, seconds: float) -> Callable[[], object]:
    """Return a function that waits for a checkpoint of the job."""
    observer = Observer(environment.cluster, job_id, environment.leader)
    return lambda: observer.settle(None, seconds)


def _finish(environment: Environment, job_id: str, seconds: float, say: Callable[[str], None]) -> None:
    """Wait for a checkpoint of the job, then drain it."""
    settle = _settling(environment, job_id, seconds)
    settle()
    say("It is running and has checkpointed: now the remaining events and the end")
    drain(environment, job_id, settle)
