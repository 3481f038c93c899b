"""Waits for a job on the user's behalf, and says how it ended."""

from __future__ import annotations

import contextlib
import logging
import signal
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from flink_abnormal.core.errors import ClusterError, JobError, root
from flink_abnormal.pipeline import verdict
from flink_abnormal.runtime import distribution
from flink_abnormal.runtime.rest import ENDED
from flink_abnormal.submission import launch, progress
from flink_abnormal.submission.logs import find_lines
from flink_abnormal.submission.terminal import say, when_reader_left

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flink_abnormal.pipeline.verdict import Ending
    from flink_abnormal.runtime.rest import Cluster

POLL_SECONDS: Final = 0.3
SILENCE_SECONDS: Final = 60.0
FAILS: Final = ("RESTARTING", "FAILING")
NO_SUMMARY: Final = (
    "The job has finished. Its figures stand on a TaskManager's standard output, which can't be read from here."
)


def wait_for_end(launched: launch.Launched, *, cluster: Cluster | None = None, leave: str = "") -> None:
    """Wait for the end of a job; print the figures that it left on `cluster` (an embedded one prints them itself).

    Ctrl-C cancels the job; where `leave` is given, it only stops to wait, and says that. So does the end of whoever
    reads the standard output (`| head`), without a word about a job that ends with it.
    """
    interruption = _Interruption(launched, leave)
    failures: list[str] = []
    if cluster is None:
        logging.disable()  # an exception says what Py4J would log, with a traceback, of a JVM that is gone
        threading.Thread(target=_watch, args=(launched.client, failures), daemon=True).start()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: interruption.by_user())
    if launched.interrupted.is_set():
        interruption.by_user()
    when_reader_left(interruption.by_reader)
    try:
        with _progress(launched, cluster):
            if cluster is None:
                launch.await_end(launched, failures)
            else:
                _await_end(cluster, launched.job_id)
    except JobError:
        if not interruption.came.is_set():
            raise
        interruption.explain()
        return
    if launched.ending is not None:
        _report(launched.ending, cluster)


def _report(ending: Ending, cluster: Cluster | None) -> None:
    """Report how a bounded run ended; raise UsageError if no line of its input could be used."""
    if cluster is None:
        file = Path(ending.file)
        found = file.read_text(encoding="utf-8") if file.exists() else ""
        file.unlink(missing_ok=True)
    else:
        lines = find_lines(cluster, ending.prefix)
        found = next(filter(verdict.is_verdict, reversed(lines)), "")
        summary = next((line for line in reversed(lines) if not verdict.is_verdict(line)), NO_SUMMARY)
        print(summary, flush=True)
    verdict.raise_error(found)
    if found:
        say(found)


@contextlib.contextmanager
def _progress(launched: launch.Launched, cluster: Cluster | None) -> Iterator[None]:
    """Tell how far a run with an end has come while this lasts."""
    if launched.goal is None:
        yield
        return
    ended, told = threading.Event(), launched.goal
    # An embedded job prints to this very terminal, and would write into a live line.
    alone = cluster is not None or not sys.stdout.isatty()

    def tell() -> None:
        with contextlib.suppress(Exception):  # the JVM or the cluster is gone: whoever waits for the end is told
            progress.tell(lambda: cluster or launch.rest_of(launched.client), launched.job_id, told, ended, alone=alone)

    thread = threading.Thread(target=tell, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(1)


class _Interruption:
    """What ends the wait for a job, and mostly the job, before its own end; the first that comes counts."""

    def __init__(self, launched: launch.Launched, leave: str) -> None:
        self._client = launched.client
        self._leave = leave
        self._quiet = False
        self.came = threading.Event()

    def by_user(self) -> None:
        """Ctrl-C, or SIGTERM."""
        self._come(quiet=False)

    def by_reader(self) -> None:
        """Nobody reads what the job prints."""
        self._come(quiet=True)

    def explain(self) -> None:
        """Say how the job goes on."""
        if not self._quiet:
            say("Stopped. The same command with --from latest goes on where the last checkpoint stood.")

    def _come(self, *, quiet: bool) -> None:
        if self.came.is_set():
            return
        self._quiet = quiet
        self.came.set()
        if self._leave:
            say(self._leave)
            launch.leave()
        # From a thread of its own: an exception here would tear that call.
        threading.Thread(target=self._cancel, daemon=True).start()

    def _cancel(self) -> None:
        """Cancel an embedded job, unless its JVM is gone: what ends a service sends SIGTERM to all of its processes."""
        with contextlib.suppress(Exception):
            self._client.cancel().result()


def _await_end(cluster: Cluster, job_id: str) -> None:
    """Wait until a job on a cluster ends, whoever leads it meanwhile; raise JobError where it failed.

    Flink's own client asks one JobManager only.
    """
    before, heard = "", time.monotonic()
    while True:
        try:
            state = cluster.job_state(job_id)
        except ClusterError:
            if time.monotonic() - heard > SILENCE_SECONDS:
                raise
        else:
            heard = time.monotonic()
            if state is None:
                raise JobError(f"The cluster knows job {job_id} no more: its JobManager was lost, and the job with it.")
            if state in ENDED:
                break
            _tell(before, state)
            before = state
        time.sleep(POLL_SECONDS)
    if state != "FINISHED":
        reason = root(cluster.failures(job_id)) if state == "FAILED" else f"it is {state}"
        raise JobError(f"The job failed: {reason} (more in {distribution.work_folder() / 'log'})")


def _watch(client: Any, failures: list[str]) -> None:
    """Tell of each restart while it happens: a job that fails again and again must not look like a quiet one.

    `failures` holds the stack traces of the last series, the newest first: an embedded job's client knows but the last.
    """
    before = ""
    while before not in ENDED:
        time.sleep(POLL_SECONDS)
        try:
            status = client.get_job_status().result().name
            if status != before and status in FAILS:
                with contextlib.suppress(ClusterError):
                    failures[:] = launch.rest_of(client).failures(str(client.get_job_id()))
        except Exception:  # noqa: BLE001 - the JVM is gone, or the cluster: whoever waits for the end is told
            return
        _tell(before, status)
        before = status


def _tell(before: str, status: str) -> None:
    if status != before and status in FAILS:
        say(f"The job is {status}: a task failed. The reason stands in {distribution.work_folder() / 'log'}.")
