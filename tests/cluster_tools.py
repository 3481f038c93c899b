"""A local cluster for tests."""

import contextlib
import json
import random
import socket

import psutil
from conftest import CommandLine, lines

START_SECONDS = 180
ONE_TASKMANAGER = ("--taskmanagers", 1, "--slots", 9)
"""For tests that kill no TaskManager: each is a JVM with a Python of its own."""


def free_port():
    return free_ports(1)


def free_ports(count):
    """Return the first of `count` free ports in a row.

    They lie below those that the system gives to connections: a port stays free while its process is down.
    """
    while True:
        first = random.randrange(10_000, 32_000)  # noqa: S311
        with contextlib.ExitStack() as opened, contextlib.suppress(OSError, OverflowError):
            for port in range(first, first + count):
                opened.enter_context(socket.socket()).bind(("127.0.0.1", port))
            return first


class LocalCluster(CommandLine):
    """A real local cluster, in a home of its own."""

    def __init__(self, folder, port, *options):
        super().__init__(folder)
        self.env["LC_ALL"] = "C"  # paths and lines are what they are, whatever the host's encoding
        self.port = port
        self.options = options

    def up(self):
        """Start it, or find it up."""
        return self.run("cluster", "up", "--port", self.port, *self.options, seconds=START_SECONDS)

    def state(self):
        """Return what the supervisor knows."""
        return json.loads((self.folder / ".flink" / "cluster.json").read_text())

    def leader(self):
        """Return the name of the JobManager that leads, or None while none does."""
        shown = lines(self.run("cluster", "status").stdout, "│ jobmanager")
        return next((line.split()[1] for line in shown if "leads" in line), None)

    def pid(self, name):
        """Return the pid of a process of the cluster."""
        return next(member["pid"] for member in self.state()["members"] if member["name"] == name)

    def pids(self):
        """Return the pid of every process, the supervisor's too."""
        state = self.state()
        return [member["pid"] for member in [state["supervisor"], *state["members"]]]


@contextlib.contextmanager
def running(folder, *options, **env):
    """Give a local cluster that is up, in an environment of its own; it is ended, and every process of it is gone."""
    local = LocalCluster(folder, free_ports(3), *options)
    local.env |= env
    started = local.up()
    assert started.returncode == 0, started.stderr
    pids = local.pids()
    try:
        yield local
    finally:
        local.end()
        local.run("cluster", "down")
    assert [pid for pid in pids if psutil.pid_exists(pid)] == []
