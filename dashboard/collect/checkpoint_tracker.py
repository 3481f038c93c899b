"""A job's checkpoints beyond what Flink remembers: earlier leaderships, and what was seen before a restart. Pure."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from dashboard.collect.read import Configuration
    from dashboard.model import Checkpoint, Checkpoints, CheckpointTask
    from flink_abnormal.core.recovery import RestoredCheckpoint

KEPT: Final = 500
DETAILS_KEPT: Final = 20
LOST: Final = "Its JobManager was lost."


class CheckpointTracker:
    """Takes the answers about one job in their order; `keep` is told of each checkpoint that is new or has changed.

    A term ends when Flink's counters go back, or an id comes again with another time: another JobManager counts now.
    """

    def __init__(self, known: Iterable[Checkpoint], keep: Callable[[Checkpoint], None]) -> None:
        self._known = {(each.term, each.id): each for each in known}
        self._term = max((term for term, _ in self._known), default=0)
        self._keep = keep
        self._answer: Checkpoints | None = None
        self.configuration: Configuration | None = None
        self._details: OrderedDict[int, tuple[CheckpointTask, ...]] = OrderedDict()
        self._shown: Checkpoints | None = None

    def update(self, answer: Checkpoints, at: float) -> None:
        """Take an answer."""
        self._shown = None
        if self._new_term(answer):
            self._end_term()
        self._answer = replace(answer, at=at)
        for each in answer.history:
            known = self._known.get((self._term, each.id), each)
            self._put(replace(each, term=self._term, restored=known.restored, alignment_s=known.alignment_s))
        told = {(self._term, each.id) for each in answer.history}
        for key, each in list(self._known.items()):
            if each.kept and key not in told:  # whether it is still there is not known any more
                self._put(replace(each, kept=None))
        if answer.latest_restored is not None:
            self._mark(answer.latest_restored)
        for key in sorted(self._known, key=lambda each: self._known[each].triggered)[:-KEPT]:
            del self._known[key]

    def _new_term(self, answer: Checkpoints) -> bool:
        last = self._answer
        if last is not None and (answer.total < last.total or answer.completed < last.completed):
            return True
        mine = ((self._known.get((self._term, each.id)), each) for each in answer.history)
        return any(known is not None and known.triggered != each.triggered for known, each in mine)

    def _end_term(self) -> None:
        """Begin another term; what was in progress in the last one will never be told of again."""
        for each in list(self._known.values()):
            if each.status == "IN_PROGRESS":
                self._put(replace(each, status="FAILED", failure=LOST))
        self._term += 1
        self._details.clear()

    def _put(self, found: Checkpoint) -> None:
        if found != self._known.get((found.term, found.id)):
            self._known[found.term, found.id] = found
            self._keep(found)

    def _mark(self, restored: RestoredCheckpoint) -> None:
        """Mark the checkpoint that the job was restored from: the newest of that id from before it was."""
        found = [each for each in self._known.values() if each.id == restored.id and each.triggered <= restored.at]
        same = [each for each in found if each.path == restored.path] or found
        newest = max(same, key=lambda each: each.triggered, default=None)
        if newest is not None and not newest.restored:
            # Flink restores what is complete, whoever was told of that.
            self._put(replace(newest, restored=True, status="COMPLETED", failure=None))

    @property
    def newest_completed(self) -> int | None:
        """The id of the newest completed checkpoint that Flink still knows."""
        history = self._answer.history if self._answer else ()
        return next((each.id for each in history if each.status == "COMPLETED"), None)

    @property
    def read(self) -> bool:
        """Whether Flink has told anything."""
        return self._answer is not None

    @property
    def restored(self) -> RestoredCheckpoint | None:
        """The checkpoint that the job was last restored from."""
        return self._answer.latest_restored if self._answer else None

    def has_details(self, checkpoint: int) -> bool:
        """Whether the details of a checkpoint are there."""
        return checkpoint in self._details

    def put_details(self, checkpoint: int, tasks: tuple[CheckpointTask, ...]) -> None:
        """Take the details of a checkpoint of the present term."""
        self._shown = None
        self._details[checkpoint] = tasks
        self._details.move_to_end(checkpoint)
        while len(self._details) > DETAILS_KEPT:
            self._details.popitem(last=False)
        known = self._known.get((self._term, checkpoint))
        waits = [task.alignment_s for task in tasks if task.alignment_s is not None]
        if known is not None and waits:
            self._put(replace(known, alignment_s=max(waits)))

    def cost(self, vertex: str) -> CheckpointTask | None:
        """Return what the newest checkpoint with details cost a vertex."""
        for checkpoint in sorted(self._details, reverse=True):
            for task in self._details[checkpoint]:
                if task.vertex == vertex:
                    return task
        return None

    def view(self) -> Checkpoints | None:
        """Return what the pages read; None while nothing is known."""
        if self._answer is not None and self._shown is None:
            history = sorted(self._known.values(), key=lambda each: (each.triggered, each.id), reverse=True)
            configured = self.configuration._asdict() if self.configuration else {}
            self._shown = replace(self._answer, history=tuple(history), details=dict(self._details), **configured)
        return self._shown
