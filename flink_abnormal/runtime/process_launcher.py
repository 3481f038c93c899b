"""Starts members of a local cluster, each kind by one command line that is worked out once.

A lost worker's tasks wait for its successor: from the second process of a kind on, a start is the JVM's and no more.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Final

from flink_abnormal.runtime import class_archive, distribution, flink_process, names, stdout_files, zookeeper
from flink_abnormal.runtime.cluster_state import ZOOKEEPER, is_taskmanager

if TYPE_CHECKING:
    from flink_abnormal.runtime.cluster_state import Plan

JVM_ARGS: Final = "-Dconsole.log.level=OFF"  # the log goes to its file; standard output belongs to the job


class Launcher:
    """Starts the members of one cluster."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._launches: dict[flink_process.Service, flink_process.Launch] = {}

    def start(self, name: str) -> subprocess.Popen[bytes]:
        """Start a member; raise UsageError or MachineError if none of its kind can start, OSError if this one can't."""
        # A killed process leaves its files behind: 60 MB and more.
        shutil.rmtree(temporary_folder(name), ignore_errors=True)
        temporary_folder(name).mkdir(parents=True, exist_ok=True)
        service = self._service(name)
        if service not in self._launches:
            self._launches[service] = flink_process.launch(service, _environment(name))
        launch = self._launches[service]
        jvm = _archive(service, name, launch.env)
        log = stdout_files.output_file(name).with_suffix(".log")
        arguments = [part for option in self._options(name) for part in ("-D", option)]
        try:
            with stdout_files.output(name) as out:
                return subprocess.Popen(
                    launch.command(log, zookeeper.arguments() if name == ZOOKEEPER else arguments, jvm),
                    env=launch.env,
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=out,
                    start_new_session=True,
                )
        except OSError:  # this Java may be gone: the next start looks for another
            del self._launches[service]
            raise

    def _service(self, name: str) -> flink_process.Service:
        if name == ZOOKEEPER:
            return flink_process.ZOOKEEPER
        return flink_process.JOBMANAGER if name in self._plan.ports else flink_process.TASKMANAGER

    def _options(self, name: str) -> list[str]:
        """Return the Flink settings that are specific to this member."""
        folder = temporary_folder(name)
        own = [f"rest.port={self._plan.ports[name]}"] if name in self._plan.ports else []
        if is_taskmanager(name):
            own = [f"{names.SETTING}={names.resource_id(name)}"]
        return [*own, f"io.tmp.dirs={folder}", f"web.tmpdir={folder}"]


def temporary_folder(name: str = "") -> Path:
    """Return the folder of a member's temporary files, or the parent of all of them."""
    return distribution.work_folder() / "tmp" / name


def _environment(name: str) -> dict[str, str]:
    own = f"{JVM_ARGS} {zookeeper.JVM_ARGS}" if name == ZOOKEEPER else JVM_ARGS
    jvm_args = f"{own} {os.environ.get('JVM_ARGS', '')}".strip()
    return {**distribution.environment(distribution.CLUSTER_CONF), "JVM_ARGS": jvm_args}


def _archive(service: flink_process.Service, name: str, env: dict[str, str]) -> list[str]:
    """Return a JVM's arguments to use the archive of its kind's classes, or, the first of its kind, to write it."""
    if not service.options:
        return []
    folder, lib = distribution.work_folder() / "classes", Path(env["FLINK_LIB_DIR"])
    first = name.partition("-")[2] in ("", "1")
    return class_archive.arguments(folder, service.options, env["JAVA_HOME"], lib, write=first)
