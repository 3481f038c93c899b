"""A cluster inside a command's own JVM: its requirements of this machine; it listens on this machine only."""

from __future__ import annotations

import contextlib
import os
import socket
import tempfile
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from flink_abnormal.core.errors import MachineError
from flink_abnormal.runtime import distribution, s3

SETTINGS: Final = {
    "execution.target": "local",
    "jobmanager.bind-host": "localhost",
    "taskmanager.bind-host": "localhost",
    "rest.bind-address": "127.0.0.1",
    "rest.port": "0",
}
HOSTS: Final = Path("/etc/hosts")


def prepare() -> dict[str, str]:
    """Write Flink's folders, and return the JVM's environment."""
    env = distribution.prepare()
    return {**env, **_jvm_arguments(env["JVM_ARGS"])}


def settings(backend: str) -> dict[str, str]:
    """Return the cluster's settings; raise MachineError if `backend` can't be loaded here.

    RocksDB unpacks its library into the folder of temporary files, from which programs must be allowed to run.
    """
    folders = [Path(tempfile.gettempdir()), distribution.work_folder() / "tmp"]
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
        if not os.statvfs(folder).f_flag & os.ST_NOEXEC:
            return {**SETTINGS, "io.tmp.dirs": str(folder)}
    if backend == "rocksdb":
        raise MachineError(
            f"RocksDB can't be loaded: {' and '.join(map(str, folders))} are mounted with noexec. Set TMPDIR to a "
            "folder that is not, or give --state-backend hashmap."
        )
    return {**SETTINGS, "io.tmp.dirs": str(folders[0])}


def _jvm_arguments(others: str) -> dict[str, str]:
    """Return JVM arguments that resolve the machine's own name, which Flink looks up, if the machine can't.

    The JVM then resolves all names from one file: the machine's entries, and the S3 store with its current addresses.
    """
    name = socket.gethostname()
    if _addresses(name):
        return {}
    known = [line for line in _lines(HOSTS) if "%" not in line]  # the JVM does not parse an IPv6 zone
    endpoint = urlsplit(os.environ.get(s3.ENDPOINT, "")).hostname
    found = [f"{address} {endpoint}" for address in _addresses(endpoint)] if endpoint else []
    file = distribution.work_folder() / "hosts"
    file.write_text("\n".join([f"127.0.0.1 localhost {name}", *known, *found, ""]), encoding="utf-8")
    return {"JVM_ARGS": f"{others} -Djdk.net.hosts.file={file}".strip()}


def _addresses(name: str) -> list[str]:
    try:
        return sorted({str(found[4][0]) for found in socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)})
    except OSError:
        return []


def _lines(file: Path) -> list[str]:
    with contextlib.suppress(OSError):
        return file.read_text(encoding="utf-8", errors="replace").splitlines()
    return []
