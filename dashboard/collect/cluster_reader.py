"""Reads what there is of the cluster as a whole: who answers and leads, its TaskManagers, its jobs."""

from __future__ import annotations

import asyncio
import socket
import time
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from dashboard.collect import read
from dashboard.collect.ask import AskError, SilentError
from dashboard.collect.fields import Field, Unreadable
from flink_abnormal.core.errors import ClusterError, UsageError
from flink_abnormal.runtime import leader_lookup, local_cluster
from flink_abnormal.runtime.bounded import NobodyListensError
from flink_abnormal.runtime.rest import ENDED, Cluster

if TYPE_CHECKING:
    from dashboard.collect.ask import Asker
    from dashboard.collect.links import Heard
    from dashboard.collect.state import CollectorState
    from flink_abnormal.runtime.bounded import Address

LEADER_SECONDS: Final = 2.0
LEADER_AGAIN_SECONDS: Final = 5.0
SETTLE_SECONDS: Final = 10.0


class ClusterReader:
    """Each method is a step of a feed."""

    def __init__(self, state: CollectorState, asker: Asker) -> None:
        self._state, self._asker = state, asker
        first, *others = state.links.addresses
        self._cluster = Cluster(*first, others)
        self._led_since: tuple[str, float] | None = None
        self._leader_due = float("-inf")

    async def probe(self, address: Address) -> None:
        """Ask one JobManager by itself."""
        links = self._state.links
        try:
            answer = Field.parse(await self._asker.of(address, "/overview"), "/overview")
        except (ClusterError, AskError, Unreadable) as error:
            links.hear(address, _heard(error), time.time())
            raise
        at = time.time()
        overview = read.overview(answer, at, self._state.refresh_s)
        links.hear(address, "serves", at)
        if links.serving()[0] == address:
            self._state.overview = overview

    async def settings(self) -> None:
        """Read how the cluster was configured."""
        found = read.settings(await self._asker.json("/jobmanager/config"))
        self._state.settings = found
        self._state.refresh_s = read.refresh_s(found)

    async def leader(self) -> None:
        """Ask the election who leads, where there is one, and again when the link has changed."""
        link = self._state.links.state()
        settings = self._state.settings
        if settings is None or link[0] != "up":
            return
        if link == self._led_since and time.monotonic() < self._leader_due:
            return
        self._led_since, self._leader_due = link, time.monotonic() + LEADER_AGAIN_SECONDS
        try:
            election = leader_lookup.Election.of(dict(settings))
        except UsageError:
            self._state.links.lead(None)
            return
        named = await asyncio.to_thread(leader_lookup.find, election, seconds=LEADER_SECONDS)
        self._state.links.lead(next((each for each in self._addresses() if same(str(each), named)), None))

    def _addresses(self) -> tuple[Address, ...]:
        return self._state.links.addresses

    async def taskmanagers(self) -> None:
        """Read who is registered."""
        answer = await self._asker.json("/taskmanagers", urgent=True)
        at = time.time()
        found = read.taskmanagers(answer, at)
        _, since = self._state.links.state()
        self._state.workers.update(found, at, settled=at - since > SETTLE_SECONDS)

    async def processes(self) -> None:
        """Look up the pids of the TaskManagers, if this is the local cluster of this machine."""
        ours = await asyncio.to_thread(local_cluster.running_at, self._cluster)
        members = ours.taskmanagers if ours is not None else []
        pids = {member.name: member.pid for member in members if member.alive()}
        self._state.workers.pids = pids

    async def jobs(self) -> None:
        """Read which jobs there are. A JobManager that begins to lead may not know yet what the last one knew."""
        answer = await self._asker.json("/jobs/overview", urgent=True)
        at = time.time()
        state = self._state
        state.jobs, state.jobs_at = read.jobs(answer), at
        for job in state.jobs:
            if job.state not in ENDED and job.id in state.trackers:
                state.trackers[job.id].done.clear()
        if state.overview is not None and state.overview.refresh_s != state.refresh_s:
            state.overview = replace(state.overview, refresh_s=state.refresh_s)


def _heard(error: Exception) -> Heard:
    if isinstance(error, (SilentError, Unreadable)):  # unreadable: of another program, or of one that is not itself
        return "elects"
    return "nothing" if isinstance(error, NobodyListensError) else "slow"


def same(one: str, other: str) -> bool:
    """Whether two HOST:PORT are the same place, by name or by address."""
    (host, _, port), (other_host, _, other_port) = one.rpartition(":"), other.rpartition(":")
    if port != other_port:
        return False
    return host == other_host or bool(_addresses(host, _now()) & _addresses(other_host, _now()))


def _now() -> int:
    return int(time.monotonic() // 60)


@lru_cache(maxsize=32)
def _addresses(host: str, _minute: int) -> frozenset[str]:
    try:
        return frozenset(str(found[4][0]) for found in socket.getaddrinfo(host, None, family=socket.AF_INET))
    except OSError:
        return frozenset()
