"""One recovery: what was lost, when that was noticed, which checkpoint was restored, when all tasks ran again. Pure.

Drills tell of it as it happens; the dashboard makes its times exact as Flink tells more. Times are epoch seconds.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final, Literal

STEPS_KEPT: Final = 50
LEADER_SECONDS: Final = 10.0
"""So long the name of a new leader is waited for."""
_ONCE: Final = ("noticed", "silent", "leader", "forgotten", "running", "failed")

Cause = Literal["taskmanager", "jobmanager", "task"]
StepKind = Literal[
    "lost", "noticed", "silent", "leader", "forgotten", "submitted", "restored", "slots", "running", "failed"
]


@dataclass(frozen=True)
class RestoredCheckpoint:
    """The checkpoint that a job was last restored from, and when."""

    id: int
    at: float
    savepoint: bool = False
    path: str | None = None


@dataclass(frozen=True)
class Step:
    """A moment of a recovery; `subject` and `number` fill its sentence."""

    at: float
    kind: StepKind
    subject: str = ""
    number: int | None = None
    total: int | None = None


@dataclass(frozen=True)
class Recovery:
    """A loss and its recovery; open while `running_at` is None and `failed` is False."""

    id: int
    job_id: str
    job_name: str
    cause: Cause
    began: float
    steps: tuple[Step, ...]
    lost: tuple[str, ...] = ()
    not_running: int = 0
    total: int = 0
    noticed_at: float | None = None
    restored_checkpoint: int | None = None
    restored_at: float | None = None
    running_at: float | None = None
    failed: bool = False

    @property
    def open(self) -> bool:
        """Whether it is still in progress."""
        return self.running_at is None and not self.failed


class Case:
    """A draft of a Recovery; `recovery()` is what it looks like now."""

    def __init__(self, start: Recovery) -> None:
        self._base = start
        self._steps = {_key(step): step for step in start.steps}
        self.whole_at: float | None = None
        """Since when all tasks run again (seen), while that is not certain to last."""
        self.whole_changed = 0.0
        """When the last of them began to run, by Flink."""

    @property
    def began(self) -> float:
        """When the first thing happened that it tells of."""
        return min((step.at for step in self._steps.values()), default=self._base.began)

    def lose(self, name: str, at: float) -> None:
        """Tell of a TaskManager that was lost; `at` is its last sign of life."""
        self._add(Step(at, "lost", name))

    def notice(self, at: float, stopped: int, total: int) -> None:
        """Tell that tasks do not run: the earliest time and the greatest number stay."""
        known = self._steps.get(("noticed", None))
        if known is not None:
            at, stopped, total = min(at, known.at), max(stopped, known.number or 0), max(total, known.total or 0)
        self._add(Step(at, "noticed", number=stopped, total=total))

    def settled(self, at: float, settle_s: float) -> bool:
        """Whether all tasks run again, and it is known from which checkpoint and under whom, or that was waited for.

        The checkpoint is waited for longer than `settle_s`, the leader's name for LEADER_SECONDS.
        """
        if self.whole_at is None:
            return False
        waited = at - self.whole_at
        return (self.restored or waited > settle_s) and (self.led or waited >= LEADER_SECONDS)

    def fall_silent(self, since: float) -> None:
        """Tell that no JobManager answers since a time."""
        if ("silent", None) not in self._steps or ("leader", None) in self._steps:
            self._steps.pop(("leader", None), None)
            self._add(Step(since, "silent"))
        self.whole_at = None

    def lead(self, at: float, leader: str | None) -> None:
        """Tell that a JobManager answers again; its name may come later."""
        if ("silent", None) not in self._steps:
            return
        known = self._steps.get(("leader", None))
        if known is None:
            self._add(Step(at, "leader", leader or ""))
        elif not known.subject and leader:
            self._add(replace(known, subject=leader))

    @property
    def led(self) -> bool:
        """Whether it is known who leads, or nobody was missed."""
        leader = self._steps.get(("leader", None))
        return ("silent", None) not in self._steps or bool(leader and leader.subject)

    def gain(self, name: str, at: float, slots: int, total: int) -> None:
        """Tell of a TaskManager that brought slots."""
        self._add(Step(at, "slots", name, slots, total))

    def restore(self, restored: RestoredCheckpoint) -> None:
        """Tell that tasks were restored from a checkpoint."""
        self._add(Step(restored.at, "restored", "savepoint" if restored.savepoint else "", restored.id))

    @property
    def restored(self) -> bool:
        """Whether it is known from which checkpoint."""
        return any(kind == "restored" for kind, _ in self._steps)

    def run(self, at: float, total: int) -> None:
        """Tell that all tasks run again."""
        self._add(Step(at, "running", number=total, total=total))

    def follow(self, forgotten_at: float, heir: str, submitted_at: float) -> None:
        """Tell that the cluster has forgotten the job, and go on with the one that was submitted in its place."""
        self._base = replace(self._base, job_id=heir)
        self._add(Step(forgotten_at, "forgotten"))
        self._add(Step(submitted_at, "submitted", heir[:8]))

    def fail(self, at: float, why: str) -> None:
        """Tell that the job has ended, or is not known any more."""
        self._add(Step(at, "failed", why))

    def _add(self, step: Step) -> None:
        key = _key(step)
        if key in self._steps or len(self._steps) < STEPS_KEPT:
            self._steps[key] = step

    def recovery(self) -> Recovery:
        """Return it, with its steps in their order."""
        steps = tuple(sorted(self._steps.values(), key=lambda step: step.at))
        noticed, silent = self._steps.get(("noticed", None)), self._steps.get(("silent", None))
        restored = [step for step in steps if step.kind == "restored"]
        running = self._steps.get(("running", None))
        return replace(
            self._base,
            cause=self._cause(),
            began=self.began,
            steps=steps,
            lost=tuple(dict.fromkeys(step.subject for step in steps if step.kind == "lost")),
            not_running=(noticed.number or 0) if noticed else 0,
            total=(noticed.total or 0) if noticed else self._base.total,
            noticed_at=min((step.at for step in (noticed, silent) if step), default=None),
            restored_checkpoint=restored[-1].number if restored else None,
            restored_at=restored[-1].at if restored else None,
            running_at=running.at if running else None,
            failed=("failed", None) in self._steps,
        )

    def _cause(self) -> Cause:
        kinds = {kind for kind, _ in self._steps}
        return "jobmanager" if "silent" in kinds else "taskmanager" if "lost" in kinds else "task"


def _key(step: Step) -> tuple[str, Any]:
    """Return what makes a step the same one as another."""
    if step.kind in _ONCE:
        return step.kind, None
    if step.kind == "submitted":
        return step.kind, step.subject
    # A TaskManager may be lost, and be there again, more than once in one recovery.
    return step.kind, (step.number if step.kind == "restored" else step.subject, round(step.at, 3))
