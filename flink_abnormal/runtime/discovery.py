"""Finds the cluster for a command."""

from __future__ import annotations

import os

from flink_abnormal.runtime import local_cluster, profiles
from flink_abnormal.runtime.rest import DEFAULT_HOST, DEFAULT_PORT, Cluster


def find(address: str | None) -> Cluster:
    """Return the cluster at an address; by default the running local cluster, else the one at Flink's own port.

    Inside a container the default is the composition.
    """
    if address is not None:
        return Cluster.at(address)
    if profiles.INSIDE in os.environ:
        return Cluster.at(profiles.addresses(os.environ))
    state = local_cluster.running()
    return Cluster(DEFAULT_HOST, DEFAULT_PORT) if state is None else local_cluster.client(state)
