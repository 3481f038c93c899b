"""A local cluster for tests."""

import json
import socket

from conftest import CommandLine


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class LocalCluster(CommandLine):
    """A real local cluster, in a home of its own."""

    def __init__(self, folder, port):
        super().__init__(folder)
        self.port = port

    def up(self):
        """Start it, or find it up."""
        return self.run("cluster", "up", "--port", self.port)

    def state(self):
        """Return what the supervisor knows."""
        return json.loads((self.folder / ".flink" / "cluster.json").read_text())

    def pid(self, name):
        """Return the pid of a process of the cluster."""
        return next(member["pid"] for member in self.state()["members"] if member["name"] == name)

    def pids(self):
        """Return the pid of every process, the supervisor's too."""
        state = self.state()
        return [member["pid"] for member in [state["supervisor"], *state["members"]]]
