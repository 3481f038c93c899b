"""The composition, brought up for real under a name and on ports of its own."""

import contextlib
import json
import os
import shutil
import subprocess

import pytest
from cluster_tools import free_port
from conftest import BIN, PROJECT, wait_until

from flink_abnormal.runtime.rest import Cluster

UP_SECONDS = 300
BUILD_SECONDS = 1200
PORTS = (
    "DASHBOARD_PORT",
    "WEB_PORT",
    "WEB_PORT_2",
    "WEB_PORT_3",
    "MINIO_PORT",
    "PROMETHEUS_PORT",
    "KAFKA_PORT_1",
    "KAFKA_PORT_2",
    "KAFKA_PORT_3",
)


def need_docker():
    """Skip where containers can't be run."""
    if shutil.which("docker") is None:
        pytest.skip("docker is not installed")
    if subprocess.run(["docker", "info"], capture_output=True, timeout=60, check=False).returncode != 0:
        pytest.skip("the Docker daemon does not run")


@contextlib.contextmanager
def built(name, **settings):
    """Give a composition whose images are built; it is ended, whatever comes."""
    composition = Composition(name, **settings)
    try:
        composition.build()
        yield composition
    finally:
        composition.end()


class Composition:
    """`docker compose` with settings of a test; ended, with its volumes, by `end`."""

    def __init__(self, name, **settings):
        self.name = f"flink-abnormal-{name}"
        self.ports = {port: str(free_port()) for port in PORTS}
        inherited = {key: value for key, value in os.environ.items() if key not in ("COMPOSE_FILE", "COMPOSE_PROFILES")}
        self.env = {**inherited, **self.ports, "COMPOSE_ANSI": "never", **settings}

    def run(self, *arguments, seconds=UP_SECONDS, env=None):
        """Run `docker compose`; returns its exit code and what it said."""
        return subprocess.run(
            # No .env of the developer's: a test says what it sets.
            ["docker", "compose", "--env-file", "/dev/null", "--project-name", self.name, *map(str, arguments)],
            cwd=PROJECT,
            env=self.env | (env or {}),
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=seconds,
            check=False,
        )

    def build(self):
        """Build the images that this composition needs; what was built before is taken from the cache."""
        done = self.run("build", seconds=BUILD_SECONDS)
        assert done.returncode == 0, done.stderr[-4000:]

    def up(self, *services):
        """Bring it up."""
        done = self.run("up", "--detach", *services)
        assert done.returncode == 0, done.stderr[-4000:]

    def end(self):
        """Take everything down, volumes too; nothing is left."""
        mine = ("ps", "--all", "--quiet", "--filter", f"label=com.docker.compose.project={self.name}")

        def ended():  # it fails where the daemon is at work on one of the containers, and leaves the others
            down = self.run("--profile", "*", "down", "--volumes", "--remove-orphans", "--timeout", 2)
            return down.returncode == 0 and self.docker(*mine) == ""

        wait_until(ended, f"the end of {self.name}'s containers")

    def docker(self, *arguments):
        """Run `docker` and return what it printed."""
        done = subprocess.run(["docker", *arguments], capture_output=True, text=True, timeout=120, check=True)
        return done.stdout.strip()

    def inside(self, service, *command, seconds=120):
        """Run a command in a running container; returns what it printed."""
        done = self.run("exec", "-T", service, *command, seconds=seconds)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def flink_abnormal(self, *arguments):
        """Run a verb where the cluster is."""
        return self.inside("jobmanager", "flink-abnormal", *arguments)

    def drill(self, report, *arguments, seconds=900):
        """Run a drill on it; returns what it said, and its report, which is written to that file."""
        command = [BIN / "flink-abnormal", "drill", "--on", "compose", "--deadline", "3min", "--json", report]
        done = subprocess.run(
            [*command, *arguments],
            env={**os.environ, "COMPOSE_PROJECT_NAME": self.name, "NO_COLOR": "1"},
            cwd=PROJECT,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=seconds,
            check=False,
        )
        return done, json.loads(report.read_text() or "null")

    def kill_java(self, container):
        """Kill the JVM of a container, which `docker kill` would not let come back."""
        self.docker("exec", container, "pkill", "-KILL", "java")

    def logs(self, service):
        """Return what a service's containers said, without names in front."""
        told = self.run("logs", "--no-log-prefix", "--no-color", service).stdout
        return told.replace("\x1b[2K", "")  # some releases of compose clear the line, seen or not

    def containers(self, service):
        """Return the ids of a service's running containers."""
        return self.run("ps", "--quiet", service).stdout.split()

    def exit_code(self, service):
        """Return the exit code of a service that has ended, or None while it runs."""
        told = self.run("ps", "--all", "--format", "json", service).stdout
        container = json.loads(told.splitlines()[0])
        return container["ExitCode"] if container["State"] == "exited" else None

    @property
    def cluster(self):
        """The REST client, from outside."""
        addresses = [f"127.0.0.1:{self.ports[port]}" for port in ("WEB_PORT", "WEB_PORT_2", "WEB_PORT_3")]
        return Cluster.at(",".join(addresses))

    @property
    def dashboard(self):
        """The address of the dashboard, from outside."""
        return f"http://127.0.0.1:{self.ports['DASHBOARD_PORT']}"

    def running_job(self):
        """Return the one job that runs with all of its tasks, or None; several at once are an error."""
        if not self.cluster.answers():
            return None
        running = [job for job in self.cluster.jobs() if job.running]
        assert len(running) <= 1, running
        return next((job for job in running if 0 < job.tasks["total"] == job.tasks["running"]), None)

    def await_job(self):
        """Wait until the job runs with all tasks; returns it."""
        return wait_until(self.running_job, f"the job of {self.name}", seconds=UP_SECONDS)

    def checkpoints(self, job):
        """Return the counts of a job's checkpoints."""
        return self.cluster.get(f"/jobs/{job.id}/checkpoints")["counts"]

    def await_checkpoint(self, job, more_than=0):
        """Wait until more checkpoints than that are complete; returns how many."""
        return wait_until(
            lambda: (done := self.checkpoints(job)["completed"]) > more_than and done, "a checkpoint", UP_SECONDS
        )
