"""Samples processes and folders periodically, in a thread of its own."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from typing import TYPE_CHECKING, Final

import psutil
from soak_growth import Sample

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

BLOCK_BYTES: Final = 512


class Sampler:
    """Samples while its context is entered.

    `processes` returns the running ones by name, each with its folder of temporary files; the name of a restarted
    process stays the same. `folders` are measured too.
    """

    def __init__(
        self,
        processes: Callable[[], Mapping[str, tuple[psutil.Process, Path | None]]],
        folders: Mapping[str, Path],
        every_s: float,
    ) -> None:
        self.samples: list[Sample] = []
        self.began = time.time()
        self._processes, self._folders, self._every = processes, folders, every_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sampler")

    def __enter__(self) -> None:
        self.began = time.time()
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            self.samples += self._measured()
            self._stop.wait(self._every)

    def _measured(self) -> Iterator[Sample]:
        at = time.time() - self.began
        for name, (process, folder) in self._processes().items():
            with contextlib.suppress(psutil.Error):  # it has just died
                disk = None if folder is None else size(folder)
                memory = process.memory_full_info()
                pss = getattr(memory, "pss", None)
                yield Sample(
                    at, name, process.pid, memory.rss, pss, process.num_threads(), process.num_fds(), disk
                )  # fmt: skip
        for name, folder in self._folders.items():
            yield Sample(at, name, 0, disk=size(folder))


def size(folder: Path) -> int:
    """Return the bytes of disk that a folder uses, as `du` counts; files that vanish meanwhile use none."""
    total = 0
    for path, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                total += os.lstat(os.path.join(path, name)).st_blocks * BLOCK_BYTES  # noqa: PTH118 - often
    return total
