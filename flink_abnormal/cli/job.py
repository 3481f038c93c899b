"""The command lines of `jobs/abnormal.py` and `jobs/ticker.py`, under `flink run` or by themselves."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

import rich_click as click

from flink_abnormal.cli import command
from flink_abnormal.cli.options import add_options, job_options, option_groups
from flink_abnormal.core import ticker_settings
from flink_abnormal.core.errors import UsageError
from flink_abnormal.core.settings import from_values
from flink_abnormal.pipeline.abnormal import ABNORMAL
from flink_abnormal.pipeline.ticker import TICKER
from flink_abnormal.runtime import distribution, local_cluster
from flink_abnormal.runtime.rest import Cluster
from flink_abnormal.snapshots import finished
from flink_abnormal.submission import launch
from flink_abnormal.submission.terminal import say
from flink_abnormal.submission.wait import wait_for_end

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from flink_abnormal.core.job import Job, JobSettings
    from flink_abnormal.core.settings import Settings


@click.command(name="abnormal.py", context_settings={"help_option_names": ["-h", "--help"]})
@job_options
def abnormal(**values: Any) -> None:
    """Detect abnormal user behaviour: on the cluster of `flink run`, or embedded."""
    _run(ABNORMAL, from_values(values))


@click.command(name="ticker.py", context_settings={"help_option_names": ["-h", "--help"]})
@add_options(ticker_settings.options())
def ticker(**values: Any) -> None:
    """Aggregate prices in windows of five minutes: on the cluster of `flink run`, or embedded."""
    _run(TICKER, ticker_settings.from_values(values))


class Script(NamedTuple):
    """A job, its command line, and what makes settings of the command line's values."""

    job: Job
    command: click.Command
    from_values: Callable[[Mapping[str, Any]], JobSettings]

    def settings(self, arguments: Sequence[str]) -> JobSettings:
        """Return the settings of these options, as the job itself parses them; raises click's exceptions too."""
        with self.command.make_context(self.job.script, list(arguments)) as context:
            return self.from_values(context.params)


SCRIPTS: Final = (Script(ABNORMAL, abnormal, from_values), Script(TICKER, ticker, ticker_settings.from_values))


def settings_of(arguments: Sequence[str]) -> Settings:
    """Return the settings of the options of `jobs/abnormal.py`; raises click's exceptions too."""
    return cast("Settings", SCRIPTS[0].settings(arguments))


def _run(job: Job, settings: JobSettings) -> None:
    inside_flink_run = "PYFLINK_GATEWAY_PORT" in os.environ
    target = launch.FLINK_RUN if inside_flink_run else launch.EMBEDDED
    launched = launch.launch(job, settings, target)
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


def _cluster() -> Cluster:
    """Return the cluster that `flink run` submitted to, with all its JobManagers if it is the local one."""
    told = Cluster.at(launch.rest_address())
    state = local_cluster.running_at(told)
    return told if state is None else local_cluster.client(state)


def main(job: click.Command = abnormal) -> None:
    """Run a job's command line; report a user's mistake as one sentence and an exit code."""
    click.rich_click.OPTION_GROUPS = {"abnormal.py": option_groups()}
    command.run(job.main)
