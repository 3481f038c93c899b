"""The record that a job has finished, beside its checkpoints: nobody runs it again with the same options.

Flink drops the checkpoints of a job that finishes, and a cluster forgets its jobs. Without the record whoever starts
the job from its newest snapshot, if any, would run it again from the beginning, into the same output.
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from datetime import datetime, timezone
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final

from flink_abnormal.core.settings import DrawnSeed, Settings
from flink_abnormal.core.uris import local_path
from flink_abnormal.runtime import s3

if TYPE_CHECKING:
    from collections.abc import Mapping

FOLDER: Final = "finished"
NOT_THE_JOBS: Final = ("restore_from", "execution_mode")
"""Options with which it is the same job: the snapshot it starts from, and a mode that the machine may choose."""


def key(settings: Settings) -> str:
    """Return 16 hex digits that stand for a job's options.

    Options with their default are left out, so that an option which a later release adds makes no other job.
    """
    told = json.dumps(_changed(asdict(settings), asdict(Settings())), sort_keys=True)
    return blake2b(told.encode(), digest_size=8).hexdigest()


def _changed(options: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in options.items():
        if isinstance(value, dict):
            found |= {f"{name}.{leaf}": each for leaf, each in _changed(value, defaults[name]).items()}
        elif value != defaults[name] and name not in NOT_THE_JOBS:
            found[name] = "random" if isinstance(value, DrawnSeed) else value
    return found


def place(settings: Settings, options_key: str | None = None) -> str:
    """Return the path or URI of a job's record."""
    return f"{_folder(settings.state.checkpoint_dir)}/{options_key or key(settings)}.json"


def _folder(checkpoint_dir: str) -> str:
    path = local_path(checkpoint_dir)
    return f"{checkpoint_dir.rstrip('/') if path is None else path}/{FOLDER}"


def recorded(settings: Settings) -> bool:
    """Whether a job with these options has finished."""
    file = local_path(place(settings))
    return s3.holds(place(settings)) if file is None else file.is_file()


def record(settings: Settings, job_id: str, options_key: str | None = None) -> str:
    """Record that a job has finished, and return where; `options_key` is its own, if it isn't that of `settings`."""
    told = {"job": job_id, "finished": datetime.now(timezone.utc).isoformat(timespec="seconds")}
    there = place(settings, options_key)
    content = json.dumps(told).encode() + b"\n"
    if (file := local_path(there)) is None:
        s3.write(there, content)
    else:
        file.parent.mkdir(parents=True, exist_ok=True)
        fresh = file.with_suffix(".fresh")
        fresh.write_bytes(content)
        fresh.replace(file)
    return there


def newest_ms(checkpoint_dir: str) -> float:
    """Return when a job with checkpoints below this folder last finished, in epoch milliseconds; -inf if none did."""
    folder = _folder(checkpoint_dir)
    if (path := local_path(folder)) is None:
        return max((each.changed.timestamp() * 1000 for each in s3.objects(folder)), default=-math.inf)
    return max((file.stat().st_mtime_ns / 1e6 for file in path.glob("*.json")), default=-math.inf)


def sentence(settings: Settings) -> str:
    """Return what to say instead of running the job again."""
    return f"The job has finished and is not started again with the same options: for that, remove {place(settings)}."
