"""One name for a TaskManager in `cluster status`, in drills, on the dashboard and in Flink's own log.

`taskmanager-2` is the second of a local cluster or of the composition, whichever of its processes runs. Flink
distinguishes processes by a resource id: here the name and a random suffix.
"""

from __future__ import annotations

import re
import secrets
import socket
import subprocess
from typing import Final

SETTING: Final = "taskmanager.resource-id"
_ID: Final = re.compile(r"(taskmanager-[0-9]{1,6})-[0-9a-f]{8}")
_CONTAINER: Final = re.compile(r"[-_](taskmanager)[-_]([0-9]{1,6})(?=\.|\s|$)")
_ANSWER_SECONDS: Final = 5.0


def resource_id(name: str) -> str:
    """Return a new resource id for a process of this name."""
    return f"{name}-{secrets.token_hex(4)}"


def name_of(resource_id: str) -> str | None:
    """Return the name in a resource id, or None if the id is not ours."""
    found = _ID.fullmatch(resource_id)
    return found[1] if found else None


def of_container(hostname: str) -> str | None:
    """Return the name of the current container, or None if the containers' network does not know it.

    Compose numbers containers; inside one, only a lookup of its address in the network's DNS returns the number. The
    hosts file, queried first by default, contains only the host name.
    """
    try:
        address = socket.gethostbyname(hostname)
        told = subprocess.run(
            ["getent", "-s", "dns", "hosts", address],
            capture_output=True,
            text=True,
            timeout=_ANSWER_SECONDS,
            check=False,
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = _CONTAINER.search(told)
    return f"{found[1]}-{found[2]}" if found else None
