"""Starts members of a local cluster: the first of each kind by Flink's script, the others by copying its JVM's command.

Before a script becomes a JVM, it starts others that read config.yaml and calculate the memory. That costs two seconds
of CPU, a delay for a lost worker's tasks. The JVM's command line is read once it runs.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import psutil

from flink_abnormal.runtime import distribution, names, stdout_files, zookeeper
from flink_abnormal.runtime.cluster_state import ZOOKEEPER, is_taskmanager

if TYPE_CHECKING:
    from flink_abnormal.runtime.cluster_state import Plan

JVM_ARGS: Final = "-Dconsole.log.level=OFF"  # the log goes to its file; standard output belongs to the job


class Example(NamedTuple):
    """The command and environment of a member whose script has become a JVM."""

    name: str
    command: list[str]
    env: dict[str, str]


class Launcher:
    """Starts the members of one cluster."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._examples: dict[str, Example | None] = {}
        self._learning: dict[str, tuple[str, subprocess.Popen[bytes]]] = {}

    def start(self, name: str) -> subprocess.Popen[bytes] | None:
        """Start a member; return None while the first process of this kind is still resolving its command line."""
        kind = _kind(name)
        # A killed process leaves its files behind: 60 MB and more.
        shutil.rmtree(temporary_folder(name), ignore_errors=True)
        temporary_folder(name).mkdir(parents=True, exist_ok=True)
        if (example := self._examples.get(kind)) is not None:
            try:
                return _popen(name, self._command_like(example, name), {**example.env, "FLINK_IDENT_STRING": name})
            except OSError:  # this Java is gone; the script finds another
                del self._examples[kind]
        if kind in self._learning:
            return None
        child = _popen(name, self._script(name), _script_env(name))
        if kind not in self._examples:
            self._learning[kind] = (name, child)
        return child

    def learn(self) -> None:
        """Record the command lines of scripts that have become JVMs."""
        for kind, (name, child) in list(self._learning.items()):
            try:
                process = psutil.Process(child.pid)
                command = process.cmdline()
                if child.poll() is None and not (command and Path(command[0]).name == "java"):
                    continue
                if child.returncode is None:
                    self._examples[kind] = Example(name, command, process.environ())
            except psutil.NoSuchProcess:
                pass
            except psutil.Error:
                self._examples[kind] = None  # this system does not report them: use scripts
            del self._learning[kind]

    def _script(self, name: str) -> list[str]:
        scripts = distribution.flink_home() / "bin"
        if name == ZOOKEEPER:
            return zookeeper.command()
        script = "jobmanager.sh" if name in self._plan.ports else "taskmanager.sh"
        options = [part for option in self._options(name) for part in ("-D", option)]
        return [str(scripts / script), "start-foreground", *options]

    def _command_like(self, example: Example, name: str) -> list[str]:
        """Return the example's command with this member's own log, folder and port."""
        options = [f"-Dlog.file={stdout_files.output_file(name).with_suffix('.log')}", *self._options(name)]
        own = {option.partition("=")[0]: option for option in options}
        return [own.get(argument.partition("=")[0], argument) for argument in example.command]

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


def _kind(name: str) -> str:
    return name.partition("-")[0]


def _script_env(name: str) -> dict[str, str]:
    own = f"{JVM_ARGS} {zookeeper.JVM_ARGS}" if name == ZOOKEEPER else JVM_ARGS
    jvm_args = f"{own} {os.environ.get('JVM_ARGS', '')}".strip()
    return {
        **distribution.environment(distribution.CLUSTER_CONF),
        "FLINK_IDENT_STRING": name,
        "JVM_ARGS": jvm_args,
    }


def _popen(name: str, command: list[str], env: dict[str, str]) -> subprocess.Popen[bytes]:
    with stdout_files.output(name) as out:
        return subprocess.Popen(
            command, env=env, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True
        )
