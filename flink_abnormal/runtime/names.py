"""What a TaskManager is called in `cluster status`, in a drill, on the dashboard and in Flink's own log: one name.

`taskmanager-2` is the second of a local cluster or of the composition, whichever of its processes runs. Flink tells one
process from the next by a resource id of its own: here the name, and letters that no other process has.
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
    """Return the name in a resource id, or None where somebody else made the id."""
    found = _ID.fullmatch(resource_id)
    return found[1] if found else None


def of_container(hostname: str) -> str | None:
    """Return the name of the container that this runs in, or None where the containers' network does not know it.

    Compose numbers containers; inside, only the network's own DNS knows the number, by the address: the hosts file,
    which is asked first by default, knows no more than the host name.
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
