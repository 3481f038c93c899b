"""Serves samples through the real page: `python serve_samples.py PORT SECONDS`.

Each line of the standard input is obeyed and then answered by itself: the name of a sample shows that one from then on,
`log TEXT` adds a line to the application log. The end of the input ends the program, so that it never outlives the
tests.
"""

import dataclasses
import os
import sys
import threading
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS.parent), str(TESTS)]

import dashboard_samples as samples  # noqa: E402 - found by the path above

from dashboard.app import Serving, serve  # noqa: E402
from dashboard.model import LogLine  # noqa: E402

USERS = ("user1", "user2", "user3")
SAMPLES = {
    "healthy": (samples.healthy, USERS),
    "wounded": (samples.wounded, USERS),
    "many": (samples.many, USERS),
    "empty": (samples.empty, ()),
    "hostile": (lambda: samples.healthy(users=samples.HOSTILE), samples.HOSTILE),
    "gone": (samples.gone, USERS),
    "two-jobs": (samples.two_jobs, USERS),
    "unkept": (lambda: samples.healthy(history_error="The disk is full. Free some space."), USERS),
    "calm": (samples.calm, USERS),
    "failed": (samples.failed, USERS),
    "no-job": (lambda: samples.healthy(jobs=(), details={}, recoveries=()), ()),
}


class Collector(samples.SampleCollector):
    """Hands out a sample, and the details of a checkpoint that a page asks for."""

    def show(self, name):
        """Show a sample from now on."""
        make, users = SAMPLES[name]
        self.log, self.alerts = samples.Items(samples.log()), samples.Items(samples.alerts(users))
        self.shown = make()

    def add(self, text):
        """Add a line to the log."""
        line = LogLine(self.log.items[-1].seq + 1, samples.AT, "taskmanager-1", "emit", text)
        self.log.items.append(line)

    def want_checkpoint(self, job_id, checkpoint_id):
        """Tell of it what is told of the newest, with its own number of bytes."""
        job = self.shown.details[job_id]
        known = dict(job.checkpoints.details)
        if checkpoint_id in known:
            return
        known[checkpoint_id] = tuple(dataclasses.replace(task, bytes=checkpoint_id) for task in known[20])
        made = dataclasses.replace(job.checkpoints, details=known)
        details = {**self.shown.details, job_id: dataclasses.replace(job, checkpoints=made)}
        self.shown = dataclasses.replace(self.shown, details=details)


def obey(collector):
    """Do what the standard input says, until it ends."""
    for line in sys.stdin:
        order = line.removesuffix("\n")
        if order.startswith("log "):
            collector.add(order.removeprefix("log "))
        else:
            collector.show(order)
        print(order, flush=True)
    os._exit(0)


def main():
    """Serve."""
    port, seconds = sys.argv[1:]
    collector = Collector(samples.empty())
    threading.Thread(target=obey, args=(collector,), daemon=True).start()
    serve(Serving(port=int(port), page_seconds=float(seconds)), collector)


if __name__ == "__main__":
    main()
