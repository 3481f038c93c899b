"""Waits for a job on the user's behalf, and reports how it ended."""

from __future__ import annotations

import contextlib
import logging
import signal
import sys
import threading
import time
from typing import TYPE_CHECKING, Any, Final

from flink_abnormal.core.errors import ClusterError, JobError, root
from flink_abnormal.pipeline import verdict
from flink_abnormal.runtime import distribution
from flink_abnormal.runtime.rest import ENDED
from flink_abnormal.submission import launch, progress
from flink_abnormal.submission.interruption import leave
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
    "The job has finished. Its figures are on a TaskManager's standard output, which can't be read from here."
)


def wait_for_end(launched: launch.Launched, *, cluster: Cluster | None = None, leave: str = "") -> None:
    """Wait for the end of a job on `cluster`, or embedded; print the figures of a bounded one.

    Ctrl-C cancels the job; with `leave` it only ends the wait and prints that text. So does the exit of the standard
    output's reader (`| head`), but without a message about a job that ends with it.
    """
    interruption = _Interruption(launched, leave)
    failures: list[str] = []
    if cluster is None:
        logging.disable()  # the exception contains what Py4J would log, with a traceback, about a lost JVM
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
    """Report how a bounded run ended; raise UsageError if no line of its input was usable."""
    lines = ending.take() if cluster is None else find_lines(cluster, ending.prefix)
    summary = next((line for line in reversed(lines) if not verdict.is_verdict(line)), NO_SUMMARY if cluster else "")
    if summary:
        print(summary, flush=True)
    found = next(filter(verdict.is_verdict, reversed(lines)), "")
    verdict.raise_error(found)
    if found:
        say(found)


@contextlib.contextmanager
def _progress(launched: launch.Launched, cluster: Cluster | None) -> Iterator[None]:
    """Report a bounded run's progress inside the block."""
    if launched.goal is None:
        yield
        return
    ended, told = threading.Event(), launched.goal
    # An embedded job prints to the same terminal, and would write into a live line.
    alone = cluster is not None or not sys.stdout.isatty()

    def tell() -> None:
        with contextlib.suppress(Exception):  # the JVM or the cluster is lost: the waiting thread reports that
            progress.tell(lambda: cluster or launch.rest_of(launched.client), launched.job_id, told, ended, alone=alone)

    thread = threading.Thread(target=tell, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(1)


class _Interruption:
    """Ends the wait early, and usually the job; only the first interruption counts."""

    def __init__(self, launched: launch.Launched, leave: str) -> None:
        self._client = launched.client
        self._leave = leave
        self._quiet = False
        self.came = threading.Event()

    def by_user(self) -> None:
        """Handle Ctrl-C or SIGTERM."""
        self._come(quiet=False)

    def by_reader(self) -> None:
        """Handle the exit of the output's reader."""
        self._come(quiet=True)

    def explain(self) -> None:
        """Say how to resume the job."""
        if not self._quiet:
            say("Stopped. The same command with --from latest continues from the last checkpoint.")

    def _come(self, *, quiet: bool) -> None:
        if self.came.is_set():
            return
        self._quiet = quiet
        self.came.set()
        if self._leave:
            say(self._leave)
            leave()
        # In a separate thread: an exception here would interrupt the running call.
        threading.Thread(target=self._cancel, daemon=True).start()

    def _cancel(self) -> None:
        """Cancel an embedded job; a service manager's SIGTERM may have ended its JVM as well."""
        with contextlib.suppress(Exception):
            self._client.cancel().result()


def _await_end(cluster: Cluster, job_id: str) -> None:
    """Wait until a job on a cluster ends, across changes of the leader; raise JobError if it failed.

    Flink's own client queries only one JobManager.
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
                raise JobError(
                    f"The cluster no longer knows job {job_id}: its JobManager was lost, and the job with it."
                )
            if state in ENDED:
                break
            _tell(before, state)
            before = state
        time.sleep(POLL_SECONDS)
    if state != "FINISHED":
        reason = root(cluster.failures(job_id)) if state == "FAILED" else f"it is {state}"
        raise JobError(f"The job failed: {reason} (more in {distribution.work_folder() / 'log'})")


def _watch(client: Any, failures: list[str]) -> None:
    """Report each restart as it happens: a job that fails repeatedly must not look idle.

    `failures` receives the stack traces of the last series, newest first: an embedded job's client knows only the last.
    """
    before = ""
    while before not in ENDED:
        time.sleep(POLL_SECONDS)
        try:
            status = client.get_job_status().result().name
            if status != before and status in FAILS:
                with contextlib.suppress(ClusterError):
                    failures[:] = launch.rest_of(client).failures(str(client.get_job_id()))
        except Exception:  # noqa: BLE001 - the JVM or the cluster is lost: the waiting thread reports that
            return
        _tell(before, status)
        before = status


def _tell(before: str, status: str) -> None:
    if status != before and status in FAILS:
        say(f"The job is {status}: a task failed. The reason is in {distribution.work_folder() / 'log'}.")
