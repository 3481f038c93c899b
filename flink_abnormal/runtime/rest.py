"""A client of Flink's REST API: small, time-limited, and clear about a cluster that is not there."""

from __future__ import annotations

import time
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import requests

from flink_abnormal.errors import ClusterError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

DEFAULT_HOST: Final = "127.0.0.1"
DEFAULT_PORT: Final = 8081
TIMEOUT_SECONDS: Final = 10
# A JobManager that has not yet noticed that its leader is gone keeps silent: another may know more.
SEVERAL_TIMEOUT_SECONDS: Final = 3
LOST_LEADER: Final = ("RecipientUnreachableException", "FencingTokenException")
END_SECONDS: Final = 60
ELECTION_SECONDS: Final = 15.0
SERIES_SECONDS: Final = 60
"""Failures of a job that follow one another within this time are one series."""
ENDED: Final = ("FINISHED", "FAILED", "CANCELED")


class Address(NamedTuple):
    """Where a JobManager's REST API listens."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


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
    """The REST API of a cluster, at one address or, with high availability, at one for each JobManager.

    Any JobManager that is alive answers for the one that leads. The one that answered last is asked first.
    """

    def __init__(self, host: str = DEFAULT_HOST, port: int = DEFAULT_PORT, others: Iterable[Address] = ()) -> None:
        self.addresses: Final = (Address(host, port), *others)
        self._order = list(self.addresses)
        self._session = requests.Session()
        self._session.trust_env = False  # a proxy has no business between a client and its own machine

    @classmethod
    def at(cls, addresses: str) -> Cluster:
        """Return the cluster at `HOST:PORT`, or at `HOST:PORT,HOST:PORT,...` where it has several JobManagers."""
        found = []
        for address in addresses.split(","):
            host, _, port = address.strip().removeprefix("http://").rstrip("/").rpartition(":")
            if not host or not port.isdecimal():
                raise UsageError(
                    f"{address!r} is no address of a JobManager: write HOST:PORT, such as 127.0.0.1:8081, "
                    "and commas between several."
                )
            found.append(Address(host, int(port)))
        return cls(*found[0], found[1:])

    @property
    def address(self) -> str:
        """`HOST:PORT`, with commas between several."""
        return ",".join(map(str, self.addresses))

    @property
    def host(self) -> str:
        """The host of the JobManager that answered last."""
        return self._order[0].host

    @property
    def port(self) -> int:
        """The port of the JobManager that answered last."""
        return self._order[0].port

    def get(self, path: str, *, patience: float | None = None) -> Any:
        """Return the JSON of a GET; raise ClusterError where nobody answers or Flink refuses.

        While a leader is elected, it asks again for `patience` seconds, by default for ELECTION_SECONDS.
        """
        return self._call("GET", path, patience=patience).json()

    def answers(self) -> bool:
        """Whether a Flink cluster answers."""
        try:
            return "taskmanagers" in self._call("GET", "/overview", patience=0).json()
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

    def job_state(self, job_id: str) -> str | None:
        """Return the state of a job, None where the cluster knows it no more."""
        answer = self._call("GET", f"/jobs/{job_id}/status", accept_errors=True)
        if answer.status_code == requests.codes.not_found:
            return None
        if not answer.ok:
            raise ClusterError(f"Flink refused to tell the state of job {job_id}: {_reason(answer)}")
        return str(answer.json()["status"])

    def failures(self, job_id: str) -> list[str]:
        """Return the stack traces of a job's last series of failures, the newest first."""
        entries = self.get(f"/jobs/{job_id}/exceptions")["exceptionHistory"]["entries"]
        series = entries[:1]
        for newer, older in pairwise(entries):
            if newer["timestamp"] - older["timestamp"] > SERIES_SECONDS * 1000:
                break
            series.append(older)
        return [str(entry["stacktrace"]) for entry in series] or ["no reason given"]

    def stdout(self, taskmanager: str) -> str:
        """Return the standard output of a TaskManager, or nothing where it has none yet.

        The TaskManager sends it to the JobManager that leads, and that one only can hand it out.
        """
        for address in list(self._order):
            try:
                answer = Cluster(*address)._call("GET", f"/taskmanagers/{taskmanager}/stdout")  # noqa: SLF001
            except ClusterError:
                continue
            return answer.content.decode(errors="replace")
        return ""

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
        self,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        *,
        accept_errors: bool = False,
        patience: float | None = None,
    ) -> requests.Response:
        """Ask until a JobManager answers; while a leader is elected, ask again and again, for `patience` seconds."""
        deadline = time.monotonic() + (ELECTION_SECONDS if patience is None else patience)
        while (answer := self._ask(method, path, body)) is None or elects(answer.status_code, answer.content):
            if time.monotonic() > deadline:
                raise ClusterError(f"{self.address} elects no leader, or is overloaded. See the JobManagers' logs.")
            time.sleep(0.2)
        if not answer.ok and not accept_errors:
            raise ClusterError(f"Flink refused {method} {path}: {_reason(answer)}")
        return answer

    def _ask(self, method: str, path: str, body: dict[str, Any] | None) -> requests.Response | None:
        """Return the first answer that a JobManager gives; None where one listens but none answers in time.

        Raises ClusterError where nobody listens, and where it stays open whether a change was made.
        """
        listens = False
        timeout = TIMEOUT_SECONDS if len(self._order) == 1 or method != "GET" else SEVERAL_TIMEOUT_SECONDS
        for address in list(self._order):
            try:
                answer = self._session.request(method, f"http://{address}{path}", json=body, timeout=timeout)
            except requests.ConnectionError:
                continue
            except requests.RequestException:
                if method != "GET":
                    raise ClusterError(
                        f"{address} did not answer {method} {path} in time: look what came of it."
                    ) from None
                listens = True
                continue
            self._order.remove(address)
            self._order.insert(0, address)
            return answer
        if not listens:
            raise ClusterError(
                f"No Flink cluster answers at {self.address}. Start one with `flink-abnormal cluster up`, "
                "or name another with --jobmanager HOST:PORT."
            )
        return None


def elects(status: int, content: bytes) -> bool:
    """Whether a JobManager has nobody to ask: it waits for a leader, or its leader is gone and it doesn't know yet."""
    if status == requests.codes.internal_server_error:
        return any(reason.encode() in content for reason in LOST_LEADER)
    return bool(status == requests.codes.service_unavailable)


def _reason(answer: requests.Response) -> str:
    try:
        errors = answer.json()["errors"]
        return str(next(line for error in errors for line in error.splitlines() if line.strip()))
    except (ValueError, KeyError, StopIteration):
        return f"status {answer.status_code}"
