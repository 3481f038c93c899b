"""The memory and slots of a container of the composition, and whether Flink can run with them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from flink_abnormal.core.errors import UsageError
from flink_abnormal.runtime import distribution, flink_process

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flink_abnormal.runtime.flink_process import Service

PYTHON_MEGABYTES: Final = 256
"""Allowance for thread-mode Python outside Flink's own accounting; not a measured need."""
SMALLEST_MEGABYTES: Final = {"JOBMANAGER_MEMORY": 768, "TASKMANAGER_MEMORY": 768}
FLINK_KEYS: Final = {
    "JOBMANAGER_MEMORY": "jobmanager.memory.process.size",
    "TASKMANAGER_MEMORY": "taskmanager.memory.process.size",
    "SLOTS": "taskmanager.numberOfTaskSlots",
}
"""Settings whose defaults are in conf/config.yaml."""
_UNITS: Final = {"": 1 / 1024**2, "k": 1 / 1024, "m": 1, "g": 1024}


class Role(NamedTuple):
    """A Flink process: its service and arguments, the name of its memory setting, allowance for Python."""

    service: Service
    arguments: tuple[str, ...]
    memory: str
    python_megabytes: int


JOBMANAGER: Final = Role(flink_process.JOBMANAGER, (), "JOBMANAGER_MEMORY", 0)
TASKMANAGER: Final = Role(flink_process.TASKMANAGER, (), "TASKMANAGER_MEMORY", PYTHON_MEGABYTES)


def flink_setting(environ: Mapping[str, str], name: str) -> str:
    """Return one of FLINK_KEYS from the environment, else conf/config.yaml; raise UsageError if neither sets it."""
    told = environ.get(name) or distribution.settings().get(FLINK_KEYS[name])
    if told is None:
        raise UsageError(f"conf/config.yaml does not set {FLINK_KEYS[name]}: set {name}.")
    return str(told)


def megabytes(environ: Mapping[str, str], name: str) -> int:
    """Return a setting such as 1280m or 2g in MiB; raise UsageError if it can't be parsed."""
    told = flink_setting(environ, name)
    match = re.fullmatch(r"(\d+)\s*([kmg]?)b?", told.strip().lower())
    if match is None:
        raise UsageError(f"{name}={told} is not an amount of memory: write {flink_setting({}, name)} or 2g.")
    return int(int(match[1]) * _UNITS[match[2]])


def check_memory(role: Role, environ: Mapping[str, str], limit_megabytes: int | None) -> None:
    """Raise UsageError if Flink would not start, or the kernel would kill the process later."""
    size = megabytes(environ, role.memory)
    smallest = SMALLEST_MEGABYTES[role.memory]
    if size < smallest:
        raise UsageError(f"{role.memory}={size}m is too little for Flink: at least {smallest}m.")
    needed = size + role.python_megabytes
    if limit_megabytes is not None and needed > limit_megabytes:
        beside = f" and Python beside it {role.python_megabytes}" if role.python_megabytes else ""
        raise UsageError(
            f"The container may use {limit_megabytes} MiB, and Flink needs {size} ({role.memory}){beside}: "
            f"set {role.memory.replace('_MEMORY', '_LIMIT')} to {needed}m or more, or lower {role.memory}."
        )


def memory_limit() -> int | None:
    """Return this container's memory limit in MiB, or None if it has none."""
    for file in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        try:
            told = Path(file).read_text(encoding="ascii").strip()
        except OSError:
            continue
        # Version 1 of cgroups writes "no limit" as a number beyond any machine.
        return None if told == "max" or int(told) >= 2**60 else int(told) // 1024**2
    return None


def check_slots(environ: Mapping[str, str]) -> None:
    """Raise UsageError if SLOTS is not a number that a TaskManager can have."""
    told = flink_setting(environ, "SLOTS")
    if not told.isdecimal() or not 1 <= int(told) <= 100:  # noqa: PLR2004
        raise UsageError(f"SLOTS={told} is not a number from 1 to 100.")
