"""A client of Flink's REST API: small, time-limited, and clear about a cluster that is not there."""

from __future__ import annotations

import time
from typing import Any, Final, NamedTuple

import requests

from flink_abnormal.errors import ClusterError, UsageError

DEFAULT_HOST: Final = "127.0.0.1"
DEFAULT_PORT: Final = 8081
TIMEOUT_SECONDS: Final = 10
END_SECONDS: Final = 60
ENDED: Final = ("FINISHED", "FAILED", "CANCELED")


class Slots(NamedTuple):
    """Task slots of a cluster."""

    total: int
    free: int


class Job(NamedTuple):
    """A job as the overview lists it; times in epoch milliseconds."""

    id: str
    name: str
    state: str
    start_ms: int
    duration_ms: int
    tasks: dict[str, int]

    @property
    def running(self) -> bool:
        """Whether the job has not ended; its tasks may still be on their way."""
        return self.state not in ENDED


class Cluster:
    """The REST API at one address."""

    def __init__(self, host: str = DEFAULT_HOST, port: int = DEFAULT_PORT) -> None:
        self.host, self.port = host, port
        self._session = requests.Session()
        self._session.trust_env = False  # a proxy has no business between a client and its own machine

    @classmethod
    def at(cls, address: str) -> Cluster:
        """Return the cluster at `HOST:PORT`."""
        host, _, port = address.removeprefix("http://").rstrip("/").rpartition(":")
        if not host or not port.isdecimal():
            raise UsageError(f"{address!r} is no address of a JobManager: write HOST:PORT, such as 127.0.0.1:8081.")
        return cls(host, int(port))

    @property
    def address(self) -> str:
        """`HOST:PORT`."""
        return f"{self.host}:{self.port}"

    def get(self, path: str) -> Any:
        """Return the JSON of a GET; raise ClusterError where nobody answers or Flink refuses."""
        return self._call("GET", path).json()

    def answers(self) -> bool:
        """Whether a Flink cluster answers."""
        try:
            return "taskmanagers" in self.get("/overview")
        except (ClusterError, ValueError):
            return False

    def slots(self) -> Slots:
        """Return how many slots there are and how many are free."""
        overview = self.get("/overview")
        return Slots(overview["slots-total"], overview["slots-available"])

    def taskmanagers(self) -> list[dict[str, Any]]:
        """Return the registered TaskManagers as Flink describes them."""
        return list(self.get("/taskmanagers")["taskmanagers"])

    def jobs(self) -> list[Job]:
        """Return all jobs that the cluster remembers, the newest first."""
        found = [
            Job(j["jid"], j["name"], j["state"], j["start-time"], j["duration"], j["tasks"])
            for j in self.get("/jobs/overview")["jobs"]
        ]
        return sorted(found, key=lambda job: job.start_ms, reverse=True)

    def job(self, wanted: str | None) -> Job:
        """Return the job of this id (or its beginning), or where none is named the one that runs, else the newest."""
        jobs = self.jobs()
        if not jobs:
            raise UsageError("The cluster has no job. Submit one: flink-abnormal submit")
        if wanted is None:
            running = [job for job in jobs if job.running]
            if len(running) > 1:
                raise UsageError(f"{len(running)} jobs run: name one of {', '.join(job.id for job in running)}.")
            return running[0] if running else jobs[0]
        matching = [job for job in jobs if job.id.startswith(wanted)]
        if len(matching) != 1:
            raise UsageError(f"{wanted!r} names {len(matching)} of the cluster's jobs: see flink-abnormal list.")
        return matching[0]

    def stdout(self, taskmanager: str) -> str:
        """Return the standard output of a TaskManager, or nothing where it has none yet."""
        answer = self._call("GET", f"/taskmanagers/{taskmanager}/stdout", accept_errors=True)
        return answer.content.decode(errors="replace") if answer.ok else ""

    def cancel(self, job_id: str) -> None:
        """Ask the job to end; its last checkpoint stays."""
        self._call("PATCH", f"/jobs/{job_id}")

    def await_end(self, job_id: str) -> str:
        """Wait until the job has ended, and return its last state."""
        deadline = time.monotonic() + END_SECONDS
        while time.monotonic() < deadline:
            state = str(self.get(f"/jobs/{job_id}")["state"])
            if state in ENDED:
                return state
            time.sleep(0.1)
        raise ClusterError(f"Job {job_id} is still ending after {END_SECONDS} s. See flink-abnormal status {job_id}")

    def job_parameters(self, job_id: str) -> dict[str, str]:
        """Return the options that the job was submitted with, as far as it tells them."""
        return dict(self.get(f"/jobs/{job_id}/config")["execution-config"]["user-config"])

    def stop(self, job_id: str, folder: str, *, drain: bool = False) -> str:
        """Stop the job with a savepoint below `folder` (a URI); returns the savepoint's path.

        `drain` lets a job with an end come to that end first.
        """
        body = {"drain": drain, "formatType": "CANONICAL", "targetDirectory": folder}
        trigger = self._call("POST", f"/jobs/{job_id}/stop", body).json()["request-id"]
        while True:
            answer = self.get(f"/jobs/{job_id}/savepoints/{trigger}")
            if answer["status"]["id"] == "COMPLETED":
                break
            time.sleep(0.2)
        operation = answer["operation"]
        if "location" not in operation:
            reason = operation.get("failure-cause", {}).get("stack-trace", "no reason given").splitlines()[0]
            raise ClusterError(f"The savepoint failed: {reason}")
        return str(operation["location"])

    def _call(
        self, method: str, path: str, body: dict[str, Any] | None = None, *, accept_errors: bool = False
    ) -> requests.Response:
        try:
            answer = self._session.request(method, f"http://{self.address}{path}", json=body, timeout=TIMEOUT_SECONDS)
        except requests.RequestException:
            raise ClusterError(
                f"No Flink cluster answers at {self.address}. Start one with `flink-abnormal cluster up`, "
                "or name another with --jobmanager HOST:PORT."
            ) from None
        if not answer.ok and not accept_errors:
            raise ClusterError(f"Flink refused {method} {path}: {_reason(answer)}")
        return answer


def _reason(answer: requests.Response) -> str:
    try:
        errors = answer.json()["errors"]
        return str(next(line for error in errors for line in error.splitlines() if line.strip()))
    except (ValueError, KeyError, StopIteration):
        return f"status {answer.status_code}"
