"""The job of this project. Imports no Flink: PyFlink reads the environment variables at import."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from flink_abnormal.core.job import Goal, Job, Proof
from flink_abnormal.core.operators import EVENT_ORDER, KEY_BY_USER, KEY_BY_USER_IN_PYTHON, TALLY, detector
from flink_abnormal.pipeline import sinks, sources

if TYPE_CHECKING:
    from pathlib import Path

    from flink_abnormal.core.settings import Settings


def _check_machine(settings: Settings) -> str:
    return sources.chosen(settings).check_machine(settings)


def _folders(settings: Settings) -> dict[str, Path]:
    return {option: folder for sink in sinks.chosen(settings) for option, folder in sink.folders(settings).items()}


def _connectors(settings: Settings) -> dict[str, str]:
    needed = {f"--source {settings.source}": sources.chosen(settings).connector}
    needed |= {f"--sink {name}": sinks.SINKS[name].connector for name in settings.sink.sinks}
    return {option: artifact for option, artifact in needed.items() if artifact is not None}


def _check_start(settings: Settings, restore_path: str | None) -> None:
    for sink in sinks.chosen(settings):
        sink.check_start(settings, restore_path)


def _goal(settings: Settings) -> Goal:
    return sources.chosen(settings).goal(settings)


def _proof(settings: Settings) -> Proof:
    keyed = detector(settings.detection.engine, settings.state.mode, settings.detection.within_ms)
    source = sources.chosen(settings)
    # The Python engine chains KEY_BY_USER to what events come from, and the other, if alone, the detector.
    events = EVENT_ORDER if settings.time.event else source.events
    foreign = [KEY_BY_USER_IN_PYTHON]
    if settings.detection.engine == "jvm":
        foreign.append(KEY_BY_USER)
    if settings.detection.engine == "python" or settings.layout.alone:
        foreign.append(events)
    return Proof(keyed, source.operator, TALLY, EVENT_ORDER, tuple(foreign))


def _build(*arguments: Any) -> None:
    import_module("flink_abnormal.pipeline.graph").build(*arguments)


ABNORMAL: Final = Job(
    "Internal Keyed State Abnormal Count Example",
    "jobs/abnormal.py",
    _check_machine,
    _folders,
    _connectors,
    _check_start,
    _proof,
    _goal,
    _build,
)
