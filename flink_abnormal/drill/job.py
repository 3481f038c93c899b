"""The drill's job: simulated users at a fast pace, with alerts written to files."""

from __future__ import annotations

import contextlib
import re
import time
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

from flink_abnormal.core.errors import ClusterError
from flink_abnormal.core.published import ALERTS_FOLDER, Parameters
from flink_abnormal.core.settings import Settings
from flink_abnormal.core.simulation import Simulation
from flink_abnormal.core.uris import folder_uri
from flink_abnormal.drill.observer import POLL_SECONDS, DrillError
from flink_abnormal.drill.verification import Comparison, compare, expected_alerts, tamper

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from flink_abnormal.core.settings import Mode
    from flink_abnormal.drill.environment import Environment

USERS: Final = 12
INTERVAL_MS: Final = 100
CHECKPOINT_INTERVAL_MS: Final = 1_000
ROLL_MS: Final = 2_000
COMMAND_SECONDS: Final = 120.0
DRAIN_SECONDS: Final = 180.0
DRAIN_RATE: Final = 2_000
"""The minimum rate, in events a second, of a busy machine while it drains."""
STOP_ATTEMPTS: Final = 3


class StruckJob(Protocol):
    """A drill's job: how it is submitted, fed and ended, and whether its alerts are those of the rule."""

    def arguments(self) -> list[str]:
        """Return the options of `flink-abnormal submit`."""
        ...

    def feeding(self) -> AbstractContextManager[object]:
        """Return a context in which the job's input is written."""
        ...

    def finish(self, environment: Environment, job_id: str, settle: Callable[[], object]) -> None:
        """End the job once all of its events are processed; `settle` waits until it runs and checkpoints."""
        ...

    def cancel_all(self, environment: Environment) -> None:
        """Cancel what still runs of this job."""
        ...

    def tamper(self, environment: Environment, how: str) -> str:
        """Drop or double a committed alert behind the drill's back; return a description."""
        ...

    def compare(self, environment: Environment) -> Comparison:
        """Compare the committed alerts with the rule's."""
        ...


class DrillJob(NamedTuple):
    """The job's options. It is bounded, with an end after all strikes."""

    seed: int
    events: int
    slots: str
    mode: Mode
    output: str
    checkpoints: str
    users: int = USERS
    engine: str = "python"

    @property
    def drain_seconds(self) -> float:
        """The time limit for the remaining events."""
        return DRAIN_SECONDS + self.users * self.events / DRAIN_RATE

    def arguments(self) -> list[str]:
        """Return the options of `flink-abnormal submit`."""
        return [
            *("--users", str(self.users), "--interval", f"{INTERVAL_MS}ms", "--events", str(self.events)),
            *("--seed", str(self.seed), "--no-emit-log", "--slots", self.slots, "--execution-mode", self.mode),
            *("--engine", self.engine),
            *("--checkpoint-interval", f"{CHECKPOINT_INTERVAL_MS}ms", "--checkpoint-dir", self.checkpoints),
            *("--sink", "files", "--output", self.output, "--roll", f"{ROLL_MS}ms"),
        ]

    def feeding(self) -> AbstractContextManager[object]:
        """Return a context in which the job's input is written: the job generates its own."""
        return contextlib.nullcontext()

    def finish(self, environment: Environment, job_id: str, settle: Callable[[], object]) -> None:
        """Let the job emit all remaining events at once and end."""
        drain(environment, job_id, settle, self.drain_seconds)

    def cancel_all(self, environment: Environment) -> None:
        """Cancel what still runs of this job."""
        cancel_all_of(environment, self.output)

    def compare(self, environment: Environment) -> Comparison:
        """Compare the committed alerts with the rule's."""
        settings = Settings()
        simulation = Simulation(self.seed, self.users, INTERVAL_MS, settings.random.abnormal_rate)
        expected = expected_alerts(simulation, self.events, threshold=settings.detection.threshold)
        return compare(expected, environment.read(f"{self.output}/{ALERTS_FOLDER}"))

    def tamper(self, environment: Environment, how: str) -> str:
        """Drop or double a committed alert behind the drill's back; return a description."""
        folder = f"{self.output}/{ALERTS_FOLDER}"
        try:
            name, content, alert = tamper(environment.read(folder), how)
        except ValueError as error:
            raise DrillError(f"There is nothing to tamper with: {error}.") from None
        environment.write(folder, name, content)
        return f"{'dropped' if how == 'drop' else 'doubled'}: {alert}"


def events_for(seconds: float) -> int:
    """Return the number of each user's events in this time."""
    return int(seconds * 1000) // INTERVAL_MS


def submit(environment: Environment, job: StruckJob, *more: str) -> str:
    """Submit the job; return its id."""
    return submitted(environment.command(["submit", "--detached", *job.arguments(), *more], COMMAND_SECONDS))


def submitted(said: str) -> str:
    """Return the job id in the output of `flink-abnormal submit`."""
    found = re.search(r"Submitted job ([0-9a-f]{32})", said)
    if found is None:
        raise DrillError(f"flink-abnormal submit named no job: {said.strip()!r}")
    return found[1]


def stop(environment: Environment, job_id: str, settle: Callable[[], object], *, drain: bool = False) -> str:
    """Stop the job with a savepoint and return its path; if the savepoint fails, `settle` and retry.

    A failed savepoint restarts the job.
    """
    folder = f"{environment.checkpoints}/savepoints"
    for _ in range(STOP_ATTEMPTS - 1):
        settle()
        with contextlib.suppress(ClusterError):
            return environment.cluster.stop(job_id, folder_uri(folder), drain=drain)
    settle()
    return environment.cluster.stop(job_id, folder_uri(folder), drain=drain)


def drain(environment: Environment, job_id: str, settle: Callable[[], object], seconds: float = DRAIN_SECONDS) -> None:
    """Let the job emit all remaining events at once and end, so that its alerts cover all its events.

    `settle` waits until all tasks run and a checkpoint has completed: a savepoint fails while a task starts or ends.
    """
    stop(environment, job_id, settle, drain=True)
    deadline = time.monotonic() + seconds
    state: Any = None
    while time.monotonic() < deadline:
        state = environment.cluster.get(f"/jobs/{job_id}")["state"]
        if state == "FINISHED":
            return
        if state in ("FAILED", "CANCELED"):
            break
        time.sleep(POLL_SECONDS)
    raise DrillError(f"The drill's job did not finish: it is {state}.")


def cancel_all_of(environment: Environment, output: str) -> None:
    """Cancel the running jobs of the drill, identified by their output; without a cluster there are none."""
    try:
        for job in environment.cluster.jobs():
            if job.running and Parameters.parse(environment.cluster.job_parameters(job.id)).output == output:
                environment.cluster.cancel(job.id)
                environment.cluster.await_end(job.id)
    except ClusterError:
        return
