"""Recorded answers of a real cluster: 3 TaskManagers, and the job with three detectors."""

import copy
import json
from functools import cache
from pathlib import Path

from dashboard.collect.fields import Field

FOLDER = Path(__file__).parent / "fixtures" / "rest"
JOB = "2de774dc8fb9e1e0f2909b8cbdb48dbd"
HEARTBEAT = "ba46bc12632388c27952a930f5fc48b9"
SOURCE = "74b0e200416743b176a87b730a6de43b"
DETECTOR = "41cfe1bd16bb33f87c12911b18221c0d"
SINK = "227430a68239349ceb33bf37cc38afc5"
VERTICES = (HEARTBEAT, SOURCE, DETECTOR, SINK)


@cache
def _read(name):
    return json.loads((FOLDER / f"{name}.json").read_text())


def answer(name):
    """Return a copy of a recorded answer."""
    return copy.deepcopy(_read(name))


def field(name):
    """Return a recorded answer as the collector takes it."""
    return Field(answer(name), f"/{name}")
