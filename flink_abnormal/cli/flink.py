"""The console script `flink`: Flink's own command line with this project's Java, configuration and Python.

`flink run -py jobs/abnormal.py OPTIONS` is checked first: the script, its options, the cluster, its slots. Then Flink
runs, and its output stays as it is.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import Final, NamedTuple

import rich_click as click
from click.exceptions import Exit

from flink_abnormal.cli import command
from flink_abnormal.cli.job import SCRIPTS
from flink_abnormal.core.errors import ClusterError, UsageError
from flink_abnormal.pipeline.abnormal import ABNORMAL
from flink_abnormal.runtime import discovery, distribution, local_cluster
from flink_abnormal.runtime.rest import Cluster
from flink_abnormal.submission import preflight
from flink_abnormal.submission.machine_checks import check_machine
from flink_abnormal.submission.terminal import say

WITH_VALUE: Final = {
    *("-c", "--class", "-C", "--classpath", "-p", "--parallelism", "-s", "--fromSavepoint", "-cm", "--claimMode"),
    *("-m", "--jobmanager", "-t", "--target", "-e", "--executor", "-D", "-z", "--zookeeperNamespace"),
    *("-py", "--python", "-pyfs", "--pyFiles", "-pym", "--pyModule", "-pyreq", "--pyRequirements"),
    *("-pyarch", "--pyArchives", "-pyexec", "--pyExecutable", "-pyclientexec", "--pyClientExecutable"),
    *("-pypath", "--pyPythonPath", "-rm", "--restoreMode"),
}
WITHOUT_VALUE: Final = {
    *("-d", "--detached", "-n", "--allowNonRestoredState", "-sae", "--shutdownOnAttachedExit", "-v", "--verbose"),
    *("-h", "--help"),
}


class Run(NamedTuple):
    """The arguments of `flink run`: Flink's own, the Python script (None if it is no Python job), the script's."""

    flink: list[str]
    script: str | None
    script_arguments: list[str]

    def value(self, *names: str) -> str | None:
        """Return the value of one of Flink's options."""
        for name, value in zip(self.flink, self.flink[1:], strict=False):
            if name in names:
                return value
        return None

    def command_line(self) -> list[str]:
        """Return the arguments with `--` before the script's: Flink would parse `--from` as its `--fromSavepoint`."""
        return [*self.flink, *(["--"] if self.script and self.script_arguments else []), *self.script_arguments]


def split(arguments: list[str]) -> Run:
    """Split Flink's options from the script's, which begin at the first that Flink does not know."""
    arguments, position, script = list(arguments), 0, None
    while position < len(arguments):
        name = arguments[position]
        if name == "--":
            return Run(arguments[:position], script, arguments[position + 1 :])
        if (joined := re.fullmatch(r"(-p)(\d+)|(--\w+)=(.*)", name)) is not None:
            option, value = (joined[1], joined[2]) if joined[1] else (joined[3], joined[4])
            if option in WITH_VALUE:
                arguments[position : position + 1] = [option, value]
                continue
        if name in WITH_VALUE and position + 1 < len(arguments):
            if name in ("-py", "--python"):
                script = arguments[position + 1]
            position += 2
        elif name.startswith("-D") or name in WITHOUT_VALUE:
            position += 1
        else:
            break
    return Run(arguments[:position], script, arguments[position:])


def check(run: Run) -> Run:
    """Raise if `flink run` of this project's job can't succeed; return it with the execution mode for this machine."""
    if run.script is None:
        return run
    if not Path(run.script).is_file():
        raise UsageError(f"-py {run.script} does not exist. From the project's folder it is {ABNORMAL.script}.")
    scripts = {(distribution.project() / each.job.script).resolve(): each for each in SCRIPTS}
    chosen = scripts.get(Path(run.script).resolve())
    if chosen is None:
        return run
    settings = chosen.settings(run.script_arguments)
    if run.value("-t", "--target") not in (None, "remote"):
        return run
    address = run.value("-m", "--jobmanager")
    cluster = Cluster.at(address) if address else discovery.find(None)
    check_machine(chosen.job, settings)
    parallelism = run.value("-p", "--parallelism")
    if parallelism is not None and not parallelism.isdecimal():
        raise UsageError(f"-p takes a number of subtasks, not {parallelism!r}.")
    settled = preflight.check(chosen.job, cluster, settings, say, int(parallelism) if parallelism else None)
    return run._replace(script_arguments=[*run.script_arguments, "--execution-mode", settled.state.mode])


def _environment(arguments: list[str]) -> dict[str, str]:
    """Return the environment of Flink's command line, with the local cluster's settings if it is up.

    With high availability these resolve to the leader, and Flink would ignore another cluster's address.
    """
    elsewhere = {"-m", "--jobmanager"} & {argument.split("=")[0] for argument in arguments}
    state = local_cluster.running()
    if state is None or (state.plan.ha and elsewhere):
        return distribution.prepare()
    return distribution.environment(distribution.CLUSTER_CONF)


def main() -> None:
    """Check, then become Flink's own command line."""
    command.run(_become_flink)


def _become_flink() -> None:
    arguments = sys.argv[1:]
    try:
        env = _environment(arguments)
        if arguments[:1] == ["run"]:
            run = check(split(arguments[1:]))
            arguments = ["run", *run.command_line()]
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except Exit as done:  # --help of the job
        sys.exit(done.exit_code)
    script = distribution.flink_home() / "bin" / "flink"
    try:
        os.execve(script, [str(script), *arguments], env)  # noqa: S606
    except OSError as error:
        raise ClusterError(f"{script} can't be run: {error.strerror}") from None
