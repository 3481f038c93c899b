"""The job of this project. Imports no Flink: PyFlink reads the environment variables at import."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from flink_abnormal.core.job import Goal, Job, Proof
from flink_abnormal.core.operators import DETECTOR, TALLY
from flink_abnormal.pipeline import sources

if TYPE_CHECKING:
    from flink_abnormal.core.settings import Settings


def _check_machine(settings: Settings) -> str:
    return sources.chosen(settings).check_machine(settings)


def _goal(settings: Settings) -> Goal:
    return sources.chosen(settings).goal(settings)


def _proof(settings: Settings) -> Proof:
    return Proof(DETECTOR, sources.chosen(settings).operator, TALLY)


def _build(*arguments: Any) -> None:
    import_module("flink_abnormal.pipeline.graph").build(*arguments)


ABNORMAL: Final = Job(
    "Internal Keyed State Abnormal Count Example", "jobs/abnormal.py", _check_machine, _proof, _goal, _build
)
