"""The command line of `jobs/abnormal.py`, under `flink run` or by itself."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path
from typing import Any

import rich_click as click

from flink_abnormal import command, launch
from flink_abnormal.attend import attend
from flink_abnormal.options import job_options, option_groups
from flink_abnormal.runtime import distribution, local
from flink_abnormal.runtime.rest import Cluster
from flink_abnormal.settings import from_values


@click.command(name="abnormal.py", context_settings={"help_option_names": ["-h", "--help"]})
@job_options
def job(**values: Any) -> None:
    """Detect abnormal user behaviour: on the cluster of `flink run`, or embedded."""
    inside_flink_run = "PYFLINK_GATEWAY_PORT" in os.environ
    target = launch.FLINK_RUN if inside_flink_run else launch.EMBEDDED
    launched = launch.launch(from_values(values), target)
    if inside_flink_run:
        finished = os.environ.get(distribution.FINISHED_VARIABLE)
        if finished or launch.attached():
            leave = f"The job goes on. See it with: flink-abnormal status {launched.job_id}"
            attend(launched, cluster=_cluster(), leave=leave)
        if finished:
            Path(finished).write_text(shlex.join(sys.argv[1:]), encoding="utf-8")
    else:
        attend(launched)


def _cluster() -> Cluster:
    """Return the cluster that `flink run` submitted to, with all its JobManagers where it is the local one."""
    told = Cluster.at(launch.rest_address())
    state = local.running_at(told)
    return told if state is None else local.client(state)


def main() -> None:
    """Run the job; a user's mistake is one sentence and an exit code."""
    click.rich_click.OPTION_GROUPS = {"abnormal.py": option_groups()}
    command.run(job.main)
