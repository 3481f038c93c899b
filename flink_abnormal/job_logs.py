"""Follows what a job on a cluster prints or writes: its TaskManagers' standard output, or its files of alerts."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import orjson

from flink_abnormal.model import one_line
from flink_abnormal.runtime import local, outputs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flink_abnormal.runtime.rest import Cluster, Job

WANTED: Final = ("[ALERT]", "[DEAD LETTER]")
POLL_SECONDS: Final = 0.5


def follow(cluster: Cluster, job: Job, *, everything: bool, once: bool) -> None:
    """Print the job's lines as they come, until it ends; `once`: what there is, and return.

    Lines of the seed's form name no job: where several print on one cluster, the lines of all are shown.
    """
    parameters = cluster.job_parameters(job.id)
    printed = "print" in parameters.get("sinks", "print")
    folder = Path(parameters.get("output", "")) / "alerts"
    offsets: dict[str, int] = {}
    while True:
        running = cluster.job(job.id).running
        for line in _printed(cluster, offsets) if printed else _written(folder, offsets):
            if everything or not printed or line.startswith(WANTED):
                print(line, flush=True)
        if once or not running:
            return
        time.sleep(POLL_SECONDS)


def find_line(cluster: Cluster, prefix: str) -> str | None:
    """Return the last line that a TaskManager printed behind `prefix`, or None."""
    found = [line.removeprefix(prefix) for line in _printed(cluster, {}) if line.startswith(prefix)]
    return found[-1] if found else None


def _printed(cluster: Cluster, offsets: dict[str, int]) -> Iterator[str]:
    """Yield what the TaskManagers printed since the last time."""
    state = local.running_at(cluster)
    if state is not None:
        for member in state.taskmanagers:
            file = outputs.output_file(member.name)
            if file.exists():
                yield from _new_lines(str(file), outputs.read(file, offsets.get(str(file), 0)), offsets)
        return
    for taskmanager in cluster.taskmanagers():
        name = taskmanager["id"]
        printed = outputs.part(cluster.stdout(name).encode(), offsets.get(name, 0))
        yield from _new_lines(name, printed, offsets)


def _written(folder: Path, offsets: dict[str, int]) -> Iterator[str]:
    """Yield the messages of alert files that were finished since the last time."""
    for file in sorted(folder.glob("*.jsonl")):
        if not file.name.startswith(".") and str(file) not in offsets:
            for line in _new_lines(str(file), outputs.Part(0, file.read_bytes()), offsets):
                yield one_line(orjson.loads(line)["message"])


def _new_lines(source: str, part: outputs.Part, offsets: dict[str, int]) -> Iterator[str]:
    """Yield the whole lines of a part, and move the source's offset behind them."""
    end = part.content.rfind(b"\n") + 1
    offsets[source] = part.begin + end
    # Not splitlines(): it also breaks at U+2028 and its like, which stand inside a line here.
    yield from part.content[:end].decode(errors="replace").split("\n")[:-1]
