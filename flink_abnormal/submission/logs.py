"""Follows the output of a job on a cluster: its TaskManagers' standard output, or its alert files."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import orjson

from flink_abnormal.core.model import one_line
from flink_abnormal.core.published import ALERTS_FOLDER, Parameters
from flink_abnormal.runtime import local_cluster, stdout_files

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from flink_abnormal.runtime.rest import Cluster, JobStatus

WANTED: Final = ("[ALERT]", "[DEAD LETTER]")
POLL_SECONDS: Final = 0.5
BYTES_A_SECOND: Final = 2_000_000
"""Flink serves only whole outputs: the longer a growing one is, the less often it is read."""
LINE_BYTES: Final = 2**20


def follow(cluster: Cluster, job: JobStatus, *, everything: bool, once: bool) -> None:
    """Print the job's lines as they appear, until it ends; with `once` print the existing ones and return.

    Lines in the seed's form name no job: if several jobs print on a cluster, all their lines are shown.
    """
    parameters = Parameters.parse(cluster.job_parameters(job.id))
    printed = parameters.prints
    new_lines = _reader(cluster) if printed else _Written(Path(parameters.output) / ALERTS_FOLDER).new_lines
    while True:
        running = cluster.job(job.id).running
        for line in new_lines(once or not running):
            if everything or not printed or line.startswith(WANTED):
                print(line, flush=True)
        if once or not running:
            return
        time.sleep(POLL_SECONDS)


def find_lines(cluster: Cluster, prefix: str) -> list[str]:
    """Return the TaskManagers' output lines that start with `prefix`, without it."""
    return [line.removeprefix(prefix) for line in _reader(cluster)(True) if line.startswith(prefix)]


def _reader(cluster: Cluster) -> Callable[[bool], Iterator[str]]:
    """Return a function that yields TaskManagers' lines since its last call; True: all up to now."""
    if local_cluster.running_at(cluster) is not None:
        return _LocalOutputs().new_lines
    return _RemoteOutputs(cluster).new_lines


class _LocalOutputs:
    """Outputs of the local cluster's TaskManagers: files of this machine."""

    def __init__(self) -> None:
        self._places: dict[Path, int] = {}

    def new_lines(self, _last: bool) -> Iterator[str]:  # noqa: FBT001
        state = local_cluster.running()
        for member in state.taskmanagers if state is not None else ():
            file = stdout_files.output_file(member.name)
            if file.exists():
                part = stdout_files.read(file, self._places.get(file, 0))
                self._places[file] = part.begin
                for line in _whole_lines([part.content]):
                    self._places[file] += len(line)
                    yield _text(line)


class _RemoteOutputs:
    """Outputs of another cluster's TaskManagers, each read on from its last position, in chunks."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._places: dict[str, int] = {}
        self._due: dict[str, float] = {}
        self._sizes: dict[str, dict[str, int] | None] = {}

    def new_lines(self, last: bool) -> Iterator[str]:  # noqa: FBT001
        for taskmanager in self._cluster.taskmanagers():
            name = str(taskmanager["id"])
            if (last or self._due.get(name, 0.0) <= time.monotonic()) and self._has_grown(name):
                yield from self._lines(name)
                self._due[name] = time.monotonic() + self._places.get(name, 0) / BYTES_A_SECOND

    def _has_grown(self, name: str) -> bool:
        before, now = self._sizes.get(name), self._cluster.printed_bytes(name)
        self._sizes[name] = now
        return now is None or now != before

    def _lines(self, name: str) -> Iterator[str]:
        self._places.setdefault(name, 0)
        for line in _whole_lines(self._new(name)):
            self._places[name] += len(line)
            yield _text(line)

    def _new(self, name: str) -> Iterator[bytes]:
        """Yield an output from the last position on; correct the position if the text before it was dropped."""
        beginning, skipped = b"", None
        for chunk in self._cluster.stdout(name):
            content = chunk
            if skipped is None:
                beginning += chunk
                if len(beginning) < stdout_files.NOTE_MAX_BYTES:
                    continue
                self._places[name], skipped = stdout_files.locate(beginning, self._places[name])
                content = beginning
            yield content[skipped:]
            skipped = max(skipped - len(content), 0)
        if skipped is None:  # an output below NOTE_MAX_BYTES
            self._places[name], skipped = stdout_files.locate(beginning, self._places[name])
            yield beginning[skipped:]


class _Written:
    """The alert files of a job."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: set[Path] = set()

    def new_lines(self, _last: bool) -> Iterator[str]:  # noqa: FBT001
        """Yield the messages in files finished since the last call."""
        for file in sorted(self._folder.glob("*.jsonl")):
            if not file.name.startswith(".") and file not in self._read:
                self._read.add(file)
                for line in _whole_lines([file.read_bytes()]):
                    yield one_line(orjson.loads(line)["message"])


def _whole_lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield complete lines with their line breaks; split an endless one at LINE_BYTES to bound memory."""
    rest = b""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        yield from (line + b"\n" for line in whole)
        if len(rest) > LINE_BYTES:
            yield rest
            rest = b""


def _text(line: bytes) -> str:
    return line.decode(errors="replace").removesuffix("\n")
