"""Which JobManagers answer, and for whom: what their probes heard, told as the state of the link."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from dashboard.model import JobManager, Link

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flink_abnormal.runtime.bounded import Address

Heard = Literal["serves", "elects", "slow", "nothing"]
"""serves: it answers for the cluster; elects: it says that nobody leads; slow: it listens and gives no answer."""


@dataclass
class _Member:
    heard: Heard | None = None
    since: float = 0.0
    served_at: float = 0.0


class Links:
    """Combines what the probes of all JobManagers found."""

    def __init__(self, addresses: Sequence[Address], now: float) -> None:
        self.addresses: Final = tuple(addresses)
        self._members = {address: _Member(since=now) for address in addresses}
        self._leader: Address | None = None
        self._link: Link = "connecting"
        self._since = now
        self._ever = False

    def hear(self, address: Address, heard: Heard, at: float) -> None:
        """Take what a JobManager answered to a probe, or any other request."""
        member = self._members[address]
        if (member.heard in ("serves", "elects")) != (heard in ("serves", "elects")):
            member.since = at
        member.heard = heard
        self._ever = self._ever or heard != "nothing"
        if heard == "serves":
            member.served_at = at
        link = self._state()
        if link != self._link:
            self._link, self._since = link, at

    def _state(self) -> Link:
        heard = {member.heard for member in self._members.values()}
        if "serves" in heard:
            return "up"
        if heard & {"elects", "slow"}:
            return "electing"
        return "gone" if self._ever else "connecting"

    def lead(self, leader: Address | None) -> None:
        """Take who leads; None where it can't be told."""
        self._leader = leader

    @property
    def leader(self) -> Address | None:
        """Who leads: named by the election, or the only one that answers."""
        serving = self.serving()
        if self._leader in serving:
            return self._leader
        return serving[0] if len(serving) == 1 and len(self._members) == 1 else None

    def serving(self) -> list[Address]:
        """Return those to ask: the leader first, then the one that answered last."""
        found = [(member.served_at, address) for address, member in self._members.items() if member.heard == "serves"]
        return sorted((address for _, address in sorted(found, reverse=True)), key=lambda each: each != self._leader)

    def state(self) -> tuple[Link, float]:
        """Return the link's state, and since when."""
        return self._link, self._since

    @property
    def answered_at(self) -> float | None:
        """When a JobManager last answered for the cluster."""
        return max(member.served_at for member in self._members.values()) or None

    def jobmanagers(self) -> tuple[JobManager, ...]:
        """Return all, in the order in which they were named."""
        leader = self.leader
        return tuple(
            JobManager(
                str(address),
                member.heard in ("serves", "elects"),
                None if leader is None and member.heard == "serves" else address == leader,
                member.since,
            )
            for address, member in self._members.items()
        )
