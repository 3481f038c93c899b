"""The command line of `jobs/abnormal.py`, under `flink run` or by itself."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import rich_click as click

from flink_abnormal.cli import command
from flink_abnormal.cli.options import job_options, option_groups
from flink_abnormal.core.errors import UsageError
from flink_abnormal.core.settings import from_values
from flink_abnormal.pipeline.abnormal import ABNORMAL
from flink_abnormal.runtime import distribution, local_cluster
from flink_abnormal.runtime.rest import Cluster
from flink_abnormal.snapshots import finished
from flink_abnormal.submission import launch
from flink_abnormal.submission.terminal import say
from flink_abnormal.submission.wait import wait_for_end

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flink_abnormal.core.settings import Settings


@click.command(name="abnormal.py", context_settings={"help_option_names": ["-h", "--help"]})
@job_options
def job(**values: Any) -> None:
    """Detect abnormal user behaviour: on the cluster of `flink run`, or embedded."""
    inside_flink_run = "PYFLINK_GATEWAY_PORT" in os.environ
    target = launch.FLINK_RUN if inside_flink_run else launch.EMBEDDED
    settings = from_values(values)
    launched = launch.launch(ABNORMAL, settings, target)
    if inside_flink_run:
        cluster, is_application = _cluster(), distribution.APPLICATION_VARIABLE in os.environ
        try:
            if is_application or launch.attached():
                leave = f"The job keeps running. See it with: flink-abnormal status {launched.job_id}"
                wait_for_end(launched, cluster=cluster, leave=leave)
        except UsageError as useless:
            if not is_application:
                raise
            say(f"Error: {useless}")  # it has finished anyway, and must not run again
        if is_application and not cluster.stopped(launched.job_id):
            finished.record(settings, launched.job_id)
    else:
        wait_for_end(launched)


def settings_of(arguments: Sequence[str]) -> Settings:
    """Return the settings of the job's options, as the job itself parses them; raises click's exceptions too."""
    with job.make_context("jobs/abnormal.py", list(arguments)) as context:
        return from_values(context.params)


def _cluster() -> Cluster:
    """Return the cluster that `flink run` submitted to, with all its JobManagers if it is the local one."""
    told = Cluster.at(launch.rest_address())
    state = local_cluster.running_at(told)
    return told if state is None else local_cluster.client(state)


def main() -> None:
    """Run the job; report a user's mistake as one sentence and an exit code."""
    click.rich_click.OPTION_GROUPS = {"abnormal.py": option_groups()}
    command.run(job.main)
