"""The simulated users, pure: each event is a function of (seed, user, sequence number).

Events lost with a worker are generated again, identical, so a test or a drill knows the expected output.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b

from flink_abnormal.core.model import ABNORMAL, NORMAL, Kind, UserEvent


@dataclass(frozen=True)
class Simulation:
    """`users` users named user1, user2, …, one event each per `interval_ms`, abnormal at `abnormal_rate` (0 to 1)."""

    seed: int
    users: int
    interval_ms: int
    abnormal_rate: float

    def event(self, user: int, seq: int, start_ms: int) -> UserEvent:
        """Return event number `seq` (from 0) of user number `user` (from 1); number 0 happens at `start_ms`."""
        hashed = blake2b(f"{self.seed}:{user}:{seq}".encode(), digest_size=8).digest()
        abnormal = int.from_bytes(hashed, "big") < self.abnormal_rate * 2**64
        kind: Kind = ABNORMAL if abnormal else NORMAL
        return UserEvent(f"user{user}", kind, 1, start_ms + seq * self.interval_ms, f"seq:{seq}")
