"""A record beside the checkpoints that a job has finished, so that the same options do not run it again.

Flink drops the checkpoints of a finished job, and a cluster forgets its jobs. Without the record, starting from the
newest snapshot, if any, would rerun the job from the beginning, into the same output.
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from datetime import datetime, timezone
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final, cast

from flink_abnormal.core.source_settings import DrawnSeed
from flink_abnormal.core.uris import local_path
from flink_abnormal.runtime import s3

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flink_abnormal.core.job import JobSettings

FOLDER: Final = "finished"
NOT_THE_JOBS: Final = ("restore_from", "execution_mode")
"""Options that do not change a job's identity: the snapshot it starts from, and a mode that the machine may choose."""


def key(settings: JobSettings) -> str:
    """Return a key of 16 hex digits for a job's options.

    Options at their default are left out, so that an option added by a later release does not change the key.
    """
    told = json.dumps(_changed(asdict(cast("Any", settings)), asdict(cast("Any", type(settings)()))), sort_keys=True)
    return blake2b(told.encode(), digest_size=8).hexdigest()


def _changed(options: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in options.items():
        if isinstance(value, dict):
            found |= {f"{name}.{leaf}": each for leaf, each in _changed(value, defaults[name]).items()}
        elif value != defaults[name] and name not in NOT_THE_JOBS:
            found[name] = "random" if isinstance(value, DrawnSeed) else value
    return found


def place(settings: JobSettings, options_key: str | None = None) -> str:
    """Return the path or URI of a job's record."""
    return f"{_folder(settings.state.checkpoint_dir)}/{options_key or key(settings)}.json"


def _folder(checkpoint_dir: str) -> str:
    path = local_path(checkpoint_dir)
    return f"{checkpoint_dir.rstrip('/') if path is None else path}/{FOLDER}"


def recorded(settings: JobSettings) -> bool:
    """Whether a job with these options has finished."""
    file = local_path(place(settings))
    return s3.holds(place(settings)) if file is None else file.is_file()


def record(settings: JobSettings, job_id: str, options_key: str | None = None) -> str:
    """Record a finished job and return the record's path; `options_key` overrides the key of `settings`."""
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
    """Return when a job below this checkpoint folder last finished, in epoch milliseconds; -inf if none did."""
    folder = _folder(checkpoint_dir)
    if (path := local_path(folder)) is None:
        return max((each.changed.timestamp() * 1000 for each in s3.objects(folder)), default=-math.inf)
    return max((file.stat().st_mtime_ns / 1e6 for file in path.glob("*.json")), default=-math.inf)


def sentence(settings: JobSettings) -> str:
    """Return the message that replaces a second run of the job."""
    return (
        "The job has finished and is not started again with the same options: "
        f"to start it anyway, remove {place(settings)}."
    )
