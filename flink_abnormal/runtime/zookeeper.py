"""The ZooKeeper of a local cluster with high availability, run from Flink's own distribution.

It stores the leader and the list of jobs; job graphs and checkpoint pointers are in .flink/ha. Locally, both start
empty with each `cluster up --ha`: a job of the previous cluster has to be submitted again.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any, Final

from flink_abnormal.runtime import distribution

if TYPE_CHECKING:
    from pathlib import Path

ROOT: Final = "/flink"
CLUSTER_ID: Final = "local"
# A killed leader is detected after this long. A leader that stalls for longer is replaced as if it were dead, which
# costs only a restart of its jobs from their last checkpoint.
SESSION_MS: Final = 4000
TICK_MS: Final = 500


JVM_ARGS: Final = "-Xmx128m -Dzookeeper.jmx.log4j.disable=true"


def prepare(port: int) -> dict[str, Any]:
    """Clear the data of a local server on `port`, configure it, and return Flink's settings for it."""
    work = distribution.work_folder()
    storage = work / "ha"
    for folder in (work / "zookeeper", storage):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    (work / distribution.CLUSTER_CONF).mkdir(exist_ok=True)
    write_conf(work / "zookeeper", port, "127.0.0.1")
    return flink_settings(f"127.0.0.1:{port}", storage.as_uri(), CLUSTER_ID)


def conf_file() -> Path:
    """Return the path of the server's configuration."""
    return distribution.work_folder() / distribution.CLUSTER_CONF / "zoo.cfg"


def write_conf(data: Path, port: int, address: str) -> None:
    """Write the configuration of a server with a data folder that listens on one address."""
    lines = {
        "dataDir": data,
        "clientPort": port,
        "clientPortAddress": address,
        "server.1": "127.0.0.1",
        "admin.enableServer": "false",
        "4lw.commands.whitelist": "srvr",
        "tickTime": TICK_MS,
        "initLimit": 10,
        "syncLimit": 5,
        "maxClientCnxns": 0,
        "preAllocSize": 1024,  # KiB of each log file; 64 MiB by default
        "forceSync": "no",  # a killed process loses nothing; a busy disk must not look like a dead leader
    }
    conf_file().write_text("".join(f"{key}={value}\n" for key, value in lines.items()), encoding="utf-8")


def arguments() -> list[str]:
    """Return the server's arguments."""
    return ["--zkConfigFile", str(conf_file()), "--peerId", "1"]


def flink_settings(quorum: str, storage: str, cluster_id: str) -> dict[str, Any]:
    """Return Flink's settings: the servers as HOST:PORT, the URI of the metadata folder, the cluster's name."""
    return {
        "high-availability.type": "zookeeper",
        "high-availability.storageDir": storage,
        "high-availability.cluster-id": f"/{cluster_id}",
        "high-availability.zookeeper.path.root": ROOT,
        "high-availability.zookeeper.quorum": quorum,
        "high-availability.zookeeper.client.session-timeout": SESSION_MS,
        "high-availability.zookeeper.client.connection-timeout": 3000,
        "high-availability.zookeeper.client.retry-wait": 500,
        "high-availability.zookeeper.client.max-retry-attempts": 20,
        # A ZooKeeper that returns within the session does not cost the leader its leadership.
        "high-availability.zookeeper.client.tolerate-suspended-connections": True,
    }
