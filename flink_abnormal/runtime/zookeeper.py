"""The ZooKeeper of a local cluster with high availability: Flink's own distribution brings its server.

It holds who leads and which jobs there are; the jobs' graphs and the pointers to their checkpoints lie in .flink/ha.
Both begin empty with each `cluster up --ha`: a job of the cluster before comes back when it is submitted again.
"""

from __future__ import annotations

import shutil
from typing import Any, Final

from flink_abnormal.runtime import distribution

ROOT: Final = "/flink"
CLUSTER_ID: Final = "local"
# A leader that was killed is missed after this long. One that stood still for longer is replaced as if it were dead,
# which costs a restart of its jobs from their last checkpoint and no more.
SESSION_MS: Final = 4000
TICK_MS: Final = 500


def prepare(port: int) -> dict[str, Any]:
    """Write zoo.cfg for a server on `port`, begin with no data, and return what Flink has to know of it."""
    work = distribution.work_folder()
    data, storage, conf = work / "zookeeper", work / "ha", work / distribution.CLUSTER_CONF
    for folder in (data, storage):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    conf.mkdir(exist_ok=True)
    lines = {
        "dataDir": data,
        "clientPort": port,
        "clientPortAddress": "127.0.0.1",
        "server.1": "127.0.0.1",
        "admin.enableServer": "false",
        "4lw.commands.whitelist": "srvr",
        "tickTime": TICK_MS,
        "initLimit": 10,
        "syncLimit": 5,
        "maxClientCnxns": 0,
        "preAllocSize": 1024,  # KiB of each log file; 64 MiB by default
        "forceSync": "no",  # a process that is killed loses nothing; a busy disk must not look like a dead leader
    }
    (conf / "zoo.cfg").write_text("".join(f"{key}={value}\n" for key, value in lines.items()), encoding="utf-8")
    return {
        "high-availability.type": "zookeeper",
        "high-availability.storageDir": storage.as_uri(),
        "high-availability.cluster-id": f"/{CLUSTER_ID}",
        "high-availability.zookeeper.path.root": ROOT,
        "high-availability.zookeeper.quorum": f"127.0.0.1:{port}",
        "high-availability.zookeeper.client.session-timeout": SESSION_MS,
        "high-availability.zookeeper.client.connection-timeout": 3000,
        "high-availability.zookeeper.client.retry-wait": 500,
        "high-availability.zookeeper.client.max-retry-attempts": 20,
        # A ZooKeeper that is back within the session has cost nobody the lead.
        "high-availability.zookeeper.client.tolerate-suspended-connections": True,
    }
