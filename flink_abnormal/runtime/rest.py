"""A small client of Flink's REST API, with time limits and clear errors for an absent cluster."""

from __future__ import annotations

import contextlib
import json
import re
import time
from http import HTTPStatus
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from flink_abnormal.core.errors import ClusterError, UsageError
from flink_abnormal.runtime import bounded
from flink_abnormal.runtime.bounded import (
    Address,
    BrokenOffError,
    NobodyListensError,
    Request,
    StrangerError,
    TooSlowError,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from flink_abnormal.runtime.bounded import Answer

DEFAULT_HOST: Final = "127.0.0.1"
DEFAULT_PORT: Final = 8081
MAX_PORT: Final = 65535
TIMEOUT_SECONDS: Final = 10
FILE_SECONDS: Final = 60
# A JobManager that has not yet noticed the loss of its leader does not respond: another may know more.
SEVERAL_TIMEOUT_SECONDS: Final = 3
LOST_LEADER: Final = ("RecipientUnreachableException", "FencingTokenException")
END_SECONDS: Final = 60
FREE_SECONDS: Final = 10.0
ELECTION_SECONDS: Final = 15.0
SERIES_SECONDS: Final = 60
"""Failures of a job with at most this time between them form one series."""
ENDED: Final = ("FINISHED", "FAILED", "CANCELED")


class Slots(NamedTuple):
    """Task slots of a cluster."""

    total: int
    free: int


class JobStatus(NamedTuple):
    """A job as the overview lists it; times in epoch milliseconds."""

    id: str
    name: str
    state: str
    start_ms: int
    duration_ms: int
    tasks: dict[str, int]

    @property
    def running(self) -> bool:
        """Whether the job has not ended; its tasks may not be running yet."""
        return self.state not in ENDED


class Cluster:
    """A cluster's REST API, at one address or, with high availability, at one per JobManager.

    Any live JobManager responds for the leader. The last to respond is tried first.
    """

    def __init__(self, host: str = DEFAULT_HOST, port: int = DEFAULT_PORT, others: Iterable[Address] = ()) -> None:
        self.addresses: Final = (Address(host, port), *others)
        self._order = list(self.addresses)

    @classmethod
    def at(cls, addresses: str) -> Cluster:
        """Return the cluster at `HOST:PORT`, or at `HOST:PORT,HOST:PORT,...` if it has several JobManagers."""
        found = []
        for address in addresses.split(","):
            host, _, port = address.strip().removeprefix("http://").rstrip("/").rpartition(":")
            if not re.fullmatch(r"[^\s/@?#]+", host) or not port.isdecimal() or not 0 < int(port) <= MAX_PORT:
                raise UsageError(
                    f"{address!r} is not the address of a JobManager: write HOST:PORT, such as 127.0.0.1:8081, "
                    f"with a port up to {MAX_PORT}, and separate several with commas."
                )
            found.append(Address(host, int(port)))
        return cls(*found[0], found[1:])

    @property
    def address(self) -> str:
        """`HOST:PORT`, comma-separated if there are several."""
        return ",".join(map(str, self.addresses))

    @property
    def host(self) -> str:
        """The host of the last JobManager to respond."""
        return self._order[0].host

    @property
    def port(self) -> int:
        """The port of the last JobManager to respond."""
        return self._order[0].port

    def get(self, path: str, *, patience: float | None = None) -> Any:
        """Return the JSON of a GET; raise ClusterError if nobody responds or Flink refuses.

        During a leader election, retry for `patience` seconds, by default ELECTION_SECONDS.
        """
        return self._json(self._call("GET", path, patience=patience))

    @contextlib.contextmanager
    def understood(self) -> Iterator[None]:
        """Raise ClusterError if a response parsed in this block does not have the shape of Flink's."""
        try:
            yield
        except (KeyError, TypeError, ValueError, AttributeError, IndexError):
            raise ClusterError(self._stranger()) from None

    def answers(self) -> bool:
        """Whether a Flink cluster responds."""
        try:
            with self.understood():
                return "taskmanagers" in self.get("/overview", patience=0)
        except ClusterError:
            return False

    def settings(self) -> dict[str, str]:
        """Return how the cluster is configured."""
        with self.understood():
            return {str(each["key"]): str(each["value"]) for each in self.get("/jobmanager/config")}

    def has_on_classpath(self, jar: str) -> bool:
        """Whether the JobManager's own classpath, usually Flink's `lib`, has a jar of this name."""
        with self.understood():
            classpath = self.get("/jobmanager/environment")["classpath"]
            return any(str(each).rpartition("/")[2] == jar for each in classpath)

    def slots(self, *, patience: float | None = None) -> Slots:
        """Return the number of slots, and of free ones; `patience` as in `get`."""
        with self.understood():
            overview = self.get("/overview", patience=patience)
            return Slots(int(overview["slots-total"]), int(overview["slots-available"]))

    def room_for(self, needed: int) -> Slots:
        """Return the number of slots, waiting a while for `needed` free ones unless a job uses them.

        Those of a job that has just ended are free a moment later.
        """
        deadline = time.monotonic() + FREE_SECONDS
        while True:
            slots = self.slots()
            if slots.free >= needed or slots.total < needed or time.monotonic() > deadline:
                return slots
            if any(job.running for job in self.jobs()):
                return slots
            time.sleep(0.1)

    def taskmanagers(self) -> list[dict[str, Any]]:
        """Return the registered TaskManagers as Flink describes them."""
        with self.understood():
            return [each for each in self.get("/taskmanagers")["taskmanagers"] if each["id"]]

    def jobs(self, *, patience: float | None = None) -> list[JobStatus]:
        """Return all jobs that the cluster remembers, newest first; `patience` as in `get`."""
        with self.understood():
            found = [
                JobStatus(
                    str(j["jid"]),
                    str(j["name"]),
                    str(j["state"]),
                    int(j["start-time"]),
                    j["duration"],
                    dict(j["tasks"]),
                )
                for j in self.get("/jobs/overview", patience=patience)["jobs"]
            ]
        return sorted(found, key=lambda job: job.start_ms, reverse=True)

    def job(self, wanted: str | None) -> JobStatus:
        """Return the job with this id or id prefix; by default the running job, else the newest."""
        jobs = self.jobs()
        if not jobs:
            raise UsageError("The cluster has no job. Submit one: flink-abnormal submit")
        if wanted is None:
            running = [job for job in jobs if job.running]
            if len(running) > 1:
                raise UsageError(
                    f"{len(running)} jobs are running: name one of {', '.join(job.id for job in running)}."
                )
            return running[0] if running else jobs[0]
        matching = [job for job in jobs if job.id.startswith(wanted)]
        if len(matching) != 1:
            raise UsageError(f"{wanted!r} names {len(matching)} of the cluster's jobs: see flink-abnormal list.")
        return matching[0]

    def job_state(self, job_id: str) -> str | None:
        """Return the state of a job, or None if the cluster no longer knows it."""
        answer = self._call("GET", f"/jobs/{job_id}/status", accept_errors=True)
        if answer.status == HTTPStatus.NOT_FOUND:
            return None
        if not answer.ok:
            raise ClusterError(f"Flink refused to report the state of job {job_id}: {_reason(answer)}")
        with self.understood():
            return str(self._json(answer)["status"])

    def failures(self, job_id: str) -> list[str]:
        """Return the stack traces of a job's last series of failures, newest first."""
        with self.understood():
            entries = self.get(f"/jobs/{job_id}/exceptions")["exceptionHistory"]["entries"]
            series = entries[:1]
            for newer, older in pairwise(entries):
                if newer["timestamp"] - older["timestamp"] > SERIES_SECONDS * 1000:
                    break
                series.append(older)
            return [str(entry["stacktrace"]) for entry in series] or ["no reason given"]

    def stdout(self, taskmanager: str) -> Iterator[bytes]:
        """Stream the standard output of a TaskManager, or nothing if it has none yet.

        Flink serves whole files only. The TaskManager sends the file to the leading JobManager, the only one that can
        serve it.
        """
        path = f"/taskmanagers/{taskmanager}/stdout"
        for address in list(self._order):
            began = False
            with (
                contextlib.suppress(ClusterError),
                bounded.responding(Request(address, path, FILE_SECONDS)) as response,
            ):
                if response.status == HTTPStatus.OK:
                    began = True
                    yield from bounded.chunks(response)
            if began:  # even if it was cut short: use what has arrived
                return

    def printed_bytes(self, taskmanager: str) -> dict[str, int] | None:
        """Return the sizes of the outputs in a TaskManager's log folder by name, or None if it does not report them."""
        with contextlib.suppress(ClusterError), self.understood():
            files = self.get(f"/taskmanagers/{taskmanager}/logs")["logs"]
            return {str(file["name"]): int(file["size"]) for file in files if file["name"].endswith(".out")}
        return None

    def cancel(self, job_id: str) -> None:
        """Cancel the job; its last checkpoint is retained."""
        self._json(self._call("PATCH", f"/jobs/{job_id}"))

    def stopped(self, job_id: str) -> bool:
        """Whether a job in state FINISHED was stopped with a savepoint, before the end of its input."""
        savepoint = self.get(f"/jobs/{job_id}/checkpoints")["latest"]["savepoint"]
        return savepoint is not None and savepoint["checkpoint_type"] == "SYNC_SAVEPOINT"

    def await_end(self, job_id: str) -> str:
        """Wait until the job has ended, and return its last state."""
        deadline = time.monotonic() + END_SECONDS
        while time.monotonic() < deadline:
            with self.understood():
                state = str(self.get(f"/jobs/{job_id}")["state"])
            if state in ENDED:
                return state
            time.sleep(0.1)
        raise ClusterError(f"Job {job_id} is still ending after {END_SECONDS} s. See flink-abnormal status {job_id}")

    def job_parameters(self, job_id: str) -> dict[str, str]:
        """Return the options that the job was submitted with, as far as it publishes them."""
        with self.understood():
            return dict(self.get(f"/jobs/{job_id}/config")["execution-config"]["user-config"])

    def stop(self, job_id: str, folder: str, *, drain: bool = False) -> str:
        """Stop the job with a savepoint below `folder` (a URI); return the savepoint's path.

        With `drain`, a bounded job reaches its end first.
        """
        body = {"drain": drain, "formatType": "CANONICAL", "targetDirectory": folder}
        with self.understood():
            trigger = self._json(self._call("POST", f"/jobs/{job_id}/stop", body))["request-id"]
            while (answer := self.get(f"/jobs/{job_id}/savepoints/{trigger}"))["status"]["id"] != "COMPLETED":
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
    ) -> Answer:
        """Send a request until a JobManager responds; during a leader election, retry for `patience` seconds."""
        deadline = time.monotonic() + (ELECTION_SECONDS if patience is None else patience)
        while (answer := self._ask(method, path, body)) is None or elects(*answer):
            if time.monotonic() > deadline:
                raise ClusterError(f"{self.address} has no leader, or is overloaded. See the JobManagers' logs.")
            time.sleep(0.2)
        if not answer.ok and not accept_errors:
            if (reason := _reason(answer)) is None:
                raise ClusterError(self._stranger())
            raise ClusterError(f"Flink refused {method} {path}: {reason}")
        return answer

    def _json(self, answer: Answer) -> Any:
        try:
            return json.loads(answer.content)
        except (ValueError, RecursionError):
            raise ClusterError(self._stranger()) from None

    def _stranger(self, address: Address | None = None) -> str:
        return (
            f"What answers at {address or self._order[0]} is not a Flink JobManager. Name one with --jobmanager "
            f"HOST:PORT, such as {DEFAULT_HOST}:{DEFAULT_PORT}."
        )

    def _ask(self, method: str, path: str, body: dict[str, Any] | None) -> Answer | None:
        """Return the first response of a JobManager; None if one listens but none responds in time.

        Raises ClusterError if nobody listens, or if it is unknown whether a change was made.
        """
        listens = False
        timeout = TIMEOUT_SECONDS if len(self._order) == 1 or method != "GET" else SEVERAL_TIMEOUT_SECONDS
        for address in list(self._order):
            try:
                content = b"" if body is None else json.dumps(body).encode()
                answer = bounded.send(Request(address, path, timeout, method=method, body=content))
            except NobodyListensError:
                continue
            except StrangerError:
                raise ClusterError(self._stranger(address)) from None
            except TooSlowError as error:
                if method != "GET":
                    raise ClusterError(
                        f"{address} did not answer {method} {path} in time: check whether it took effect."
                    ) from None
                listens = listens or not isinstance(error, BrokenOffError)
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
    """Whether a JobManager has no leader: it waits for one, or has not noticed the loss of its leader."""
    if status == HTTPStatus.INTERNAL_SERVER_ERROR:
        return any(reason.encode() in content for reason in LOST_LEADER)
    return status == HTTPStatus.SERVICE_UNAVAILABLE


def _reason(answer: Answer) -> str | None:
    """Return Flink's reason for a refusal, in one line; None if the response is not Flink's."""
    try:
        errors = json.loads(answer.content)["errors"]
        return next(
            (line for error in errors for line in error.splitlines() if line.strip()), f"status {answer.status}"
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
