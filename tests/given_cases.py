"""Lines that real systems write, and what is right for each: the cases in the folder of FLINK_ABNORMAL_CASES."""

import json
import os
from pathlib import Path
from typing import NamedTuple

import pytest

MARCH = 1_709_251_200_000  # 2024-03-01T00:00:00Z
ISO = [MARCH + 1000, MARCH + 2000, MARCH + 3000]
UNKNOWN = [None, None, None]
NOTHING_UNDERSTOOD = 2


class Right(NamedTuple):
    """The alerts, the times of the events, the lines skipped, the exit code; options beside those of the case."""

    alerts: list[tuple[str, int]]
    times: list[int | None]
    skipped: int = 0
    code: int = 0
    options: tuple[str, ...] = ()


def one(user, times=UNKNOWN, **more):
    return Right([(user, 3)], times, **more)


def at(*milliseconds):
    return [MARCH + each for each in milliseconds]


RIGHT = {
    **{name: one(name.lower()) for name in ("H01", "H02", "H04", "H05", "H17", "H24", "M01")},
    "H07": one("h07", at(1123, 2123, 3123)),
    "H09": one("h09", ISO),
    "H11": one("h11", at(32401123, 32402123, 32403123), options=("--year", "2024")),
    "H26": one("h26", at(1738, 2738, 3738)),
    "M03": one("m03", skipped=3),
    "M04": Right([], [], skipped=3),
    "M05": Right([], [], skipped=3),
    "M13": one("m13", [None, None]),
    "M14": one("m14", [None, None]),
    "M15": one("m15 from 198.51.100.9 port 55555 ssh2"),
    "J01": one("kim"),
    "J05": one("kim", at(1000, 1000, 1000), options=("--timestamp-field", "@timestamp")),
    "J08": one("kim@example.com", at(1123, 1123, 1123), options=("--timestamp-field", "published")),
    "J10": one("kim", skipped=1, options=("--normal-values", "LOGIN")),
    "J12": one("1042"),
    "J20": one("kim", at(0, 0, 0)),
    "J24": one("kim", at(0, 0, 0)),
    "J29": one("kim", at(0, 0, 0), options=("--timestamp-field", "@timestamp")),
    "J30": Right([], [], code=NOTHING_UNDERSTOOD),
}


class Case(NamedTuple):
    """A case of the folder, as options of the job and lines of one file."""

    id: str
    lines: list[str]
    options: list[str]
    right: Right


def cases():
    """Return the cases; skips the test where their folder isn't named."""
    folder = os.environ.get("FLINK_ABNORMAL_CASES")
    if not folder:
        pytest.skip("FLINK_ABNORMAL_CASES names no folder that holds lines.json")
    return [_case(each) for each in json.loads(Path(folder, "lines.json").read_text(encoding="utf-8"))]


def _case(given):
    options = ["--format", given["format"]]
    for name, value in given["options"].items():
        text = ",".join(value) if isinstance(value, list) else str(value)
        options += [f"--{name.replace('_', '-')}", text]
    right = RIGHT[given["id"]]
    return Case(given["id"], given["lines"], [*options, *right.options], right)
