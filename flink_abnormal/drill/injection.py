"""The strikes: each hits once, and can be undone."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from flink_abnormal.core.durations import duration_s
from flink_abnormal.drill.faults import BROKERS
from flink_abnormal.drill.observer import POLL_SECONDS, DrillError
from flink_abnormal.drill.timeline import BrokersTimeline, FailedCheckpointsTimeline, RecoveryTimeline

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from flink_abnormal.drill.environment import Environment, Hit
    from flink_abnormal.drill.faults import Kind
    from flink_abnormal.drill.timeline import Observation, Timeline

PLANTED_CHECKPOINTS: Final = 200
LONGER_THAN_HEARTBEAT_SECONDS: Final = 2.0
LEADER_SECONDS: Final = 30.0
BROKER_SECONDS: Final = 10.0
ALL_BROKERS_SECONDS: Final = 20.0
"""How long a broker is away, or all of them are."""


class Victim(NamedTuple):
    """The target of a strike, with the job's tasks and slots on it; 0 if it runs none."""

    name: str
    tasks: int = 0
    slots: int = 0

    def __str__(self) -> str:
        return f"{self.name} ({self.tasks} tasks in {self.slots} slots)" if self.slots else self.name


class Strike:
    """A strike at a victim: `hit` once, then `undo` any number of times."""

    def __init__(self, kind: Kind, environment: Environment, job_id: str, checkpoints: str, victim: Victim) -> None:
        self.kind, self.victim = kind, victim
        self._environment = environment
        self._folder = f"{checkpoints}/{job_id}"
        self._names: list[str] = []
        self._to_undo: Callable[[], Hit] | None = None

    def hit(self, before: Observation) -> Hit:
        """Strike, and return when and how."""
        environment, name = self._environment, self.victim.name
        match self.kind:
            case "kill taskmanager" | "kill jobmanager":
                return environment.kill(name)
            case "kill broker" | "kill brokers":
                struck = name.split(", ")
                self._to_undo = lambda: _all(struck, environment.revive, "started again")
                return _all(struck, environment.kill, "dead")
            case "kill worker-python":
                return environment.kill_python_worker(name)
            case "cut brokers":
                self._to_undo = lambda: environment.join_brokers(name)
                return environment.cut_brokers(name)
            case "fill broker":
                self._to_undo = lambda: environment.free(name)
                return environment.fill(name)
            case "cut network":
                self._to_undo = lambda: environment.join(name)
                return environment.cut(name)
            case "pause taskmanager":
                self._to_undo = lambda: environment.resume(name)
                return environment.pause(name)
            case "fill disk":
                first = (before.newest or 0) + 1
                self._names = [f"chk-{number}" for number in range(first, first + PLANTED_CHECKPOINTS)]
                self._to_undo = lambda: environment.clear(self._folder, self._names)
                return environment.plant(self._folder, self._names)

    @property
    def to_undo(self) -> bool:
        """Whether this strike has damage left to undo."""
        return self._to_undo is not None

    def undo(self) -> Hit | None:
        """Undo the damage, once."""
        if self._to_undo is None:
            return None
        done = self._to_undo()
        self._to_undo = None
        return done

    def timeline(self, before: Observation, struck_at: float) -> Timeline:
        """Return the timeline that is expected of this strike."""
        if self.kind in BROKERS:
            away = ALL_BROKERS_SECONDS if self.kind == "kill brokers" else BROKER_SECONDS
            return BrokersTimeline(before, struck_at, away)
        if self.kind == "fill disk":
            return FailedCheckpointsTimeline(before, struck_at)
        lasts = heartbeat_timeout(self._environment) + LONGER_THAN_HEARTBEAT_SECONDS if self.to_undo else None
        return RecoveryTimeline(before, struck_at, lasts)


def aim(
    kind: Kind, environment: Environment, job_id: str, chance: random.Random, spared: frozenset[str] = frozenset()
) -> Victim:
    """Choose a victim: the leader, or a TaskManager that runs tasks of the job and is not `spared`."""
    if kind == "kill jobmanager":
        return Victim(_leader(environment))
    if kind in ("kill broker", "fill broker"):
        return Victim(chance.choice(list(environment.brokers())))
    if kind == "kill brokers":
        return Victim(", ".join(environment.brokers()))
    if kind == "fill disk":
        return Victim("the checkpoint folder")
    found = [
        Victim(name, each["assignedTasks"], slots)
        for each in environment.cluster.taskmanagers()
        if (slots := _slots_of(environment, each["id"], job_id))
        and (name := environment.member_of(each["id"])) is not None
        and name not in spared
    ]
    if not found:
        raise DrillError("No TaskManager runs tasks of the drill's job.")
    return chance.choice(sorted(found))


def _all(members: list[str], act: Callable[[str], Hit], done: str) -> Hit:
    """Act on each member; return the last action, in the name of all."""
    hits = [act(member) for member in members]
    return hits[-1]._replace(text=f"{', '.join(members)} {'is' if len(members) == 1 else 'are'} {done}")


def _leader(environment: Environment) -> str:
    """Wait until a leader is known, and return it."""
    deadline = time.monotonic() + LEADER_SECONDS
    while (leader := environment.leader()) is None:
        if time.monotonic() > deadline:
            raise DrillError(f"No JobManager led for {LEADER_SECONDS:.0f} s: there is none to kill.")
        time.sleep(POLL_SECONDS)
    return leader


def _slots_of(environment: Environment, taskmanager: str, job_id: str) -> int:
    details: dict[str, Any] = environment.cluster.get(f"/taskmanagers/{taskmanager}")
    return sum(slot["jobId"] == job_id for slot in details["allocatedSlots"])


def heartbeat_timeout(environment: Environment) -> float:
    """Return the seconds of silence after which Flink gives up a TaskManager."""
    told = environment.cluster.settings().get("heartbeat.timeout", "50 s")
    seconds = duration_s(told)
    if seconds is None:
        raise DrillError(f"The cluster's heartbeat.timeout is {told!r}: write it as 6000 ms.")
    return seconds
