"""Looks up the leading JobManager in the ZooKeeper that the JobManagers share.

`python -m flink_abnormal.runtime.leader_lookup` prints the leader's host; with the argument `rest` or `rpc`, the
HOST:PORT of its REST API or its RPC. ZooKeeper's address comes from the config.yaml in FLINK_CONF_DIR, or from the
local one.
"""

from __future__ import annotations

import logging
import os
import re
import sys
import time
from pathlib import Path
from typing import Final, NamedTuple

from kazoo.client import KazooClient
from kazoo.exceptions import KazooException, NoNodeError
from kazoo.handlers.threading import KazooTimeoutError

from flink_abnormal.core.errors import AbnormalError, ClusterError, UsageError
from flink_abnormal.runtime import distribution

CONF_VARIABLE: Final = "FLINK_CONF_DIR"
DEADLINE_SECONDS: Final = 15.0
COMPONENTS: Final = {"rest": "rest_server", "rpc": "dispatcher"}
_BLOCK: Final = b"\xac\xed\x00\x05\x77"  # a Java object stream that begins with a short block; its length follows


class Election(NamedTuple):
    """A cluster's leader election: ZooKeeper's `quorum` (HOST:PORT,...) and the cluster's folder in it."""

    quorum: str
    folder: str

    @classmethod
    def of(cls, settings: dict[str, object]) -> Election:
        """Return the election in Flink's settings (dotted keys); raise UsageError if they configure none."""
        quorum = settings.get("high-availability.zookeeper.quorum")
        if settings.get("high-availability.type") != "zookeeper" or not quorum:
            raise UsageError(
                "This cluster elects no leader: high-availability.type is not zookeeper, or "
                "high-availability.zookeeper.quorum is missing in its config.yaml."
            )
        root = str(settings.get("high-availability.zookeeper.path.root", "/flink"))
        cluster_id = str(settings.get("high-availability.cluster-id", "/default"))
        return cls(str(quorum), "/" + "/".join(part for part in f"{root}/{cluster_id}".split("/") if part))

    @classmethod
    def configured(cls) -> Election:
        """Return the election of the config.yaml in FLINK_CONF_DIR, else of the local cluster's."""
        named = os.environ.get(CONF_VARIABLE)
        folder = Path(named) if named else distribution.work_folder() / distribution.CLUSTER_CONF
        return cls.of(distribution.settings(folder / "config.yaml"))


def find(election: Election, component: str = "rest", seconds: float = DEADLINE_SECONDS) -> str:
    """Return the HOST:PORT of the leader's REST API (`rest`) or RPC (`rpc`), waiting for an election to end.

    Raises ClusterError if ZooKeeper doesn't respond, or no leader is elected within `seconds`.
    """
    deadline = time.monotonic() + seconds
    logging.getLogger("kazoo").setLevel(logging.CRITICAL)  # an unreachable server is reported below, in one sentence
    client = KazooClient(hosts=election.quorum, timeout=seconds, read_only=True)
    try:
        client.start(timeout=seconds)
        while True:
            try:
                data, _ = client.get(f"{election.folder}/leader/{COMPONENTS[component]}/connection_info")
                return address(data)
            except NoNodeError:
                if time.monotonic() > deadline:
                    raise ClusterError(
                        f"No JobManager leads: {election.folder} in ZooKeeper ({election.quorum}) named none for "
                        f"{seconds:.0f} s. See the JobManagers' logs."
                    ) from None
            time.sleep(0.1)
    except (KazooException, KazooTimeoutError):
        raise ClusterError(
            f"ZooKeeper does not answer at {election.quorum}: it is down, or the address is wrong."
        ) from None
    finally:
        client.stop()
        client.close()


def address(data: bytes) -> str:
    """Parse the HOST:PORT from Flink's format: a Java object stream of a URL and a session id."""
    begin = len(_BLOCK) + 1
    if data.startswith(_BLOCK):
        length = int.from_bytes(data[begin : begin + 2], "big")
        url = data[begin + 2 : begin + 2 + length].decode(errors="replace")
        if (found := re.search(r"(?://|@)([^/@]+:\d+)(?:/|$)", url)) is not None:
            return found[1]
    raise ClusterError(f"ZooKeeper has no readable address of a leader: {data[:80]!r}")


def main(arguments: list[str]) -> None:
    """Print the leader's host, or the HOST:PORT of its `rest` or `rpc`."""
    wanted = arguments[0] if arguments else "host"
    try:
        if wanted not in ("host", *COMPONENTS) or len(arguments) > 1:
            raise UsageError(f"Give host, rest, rpc or nothing, not {' '.join(arguments)!r}.")
        found = find(Election.configured(), "rest" if wanted == "host" else wanted)
    except AbnormalError as error:
        print(f"Error: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    print(found.rpartition(":")[0] if wanted == "host" else found)


if __name__ == "__main__":
    main(sys.argv[1:])
