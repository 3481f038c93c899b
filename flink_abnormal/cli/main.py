"""`flink-abnormal`: run the job, submit it to a cluster, manage both."""

from __future__ import annotations

from datetime import datetime
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any

import rich_click as click

from flink_abnormal import __version__
from flink_abnormal.cli import command, tables
from flink_abnormal.cli.cluster import cluster
from flink_abnormal.cli.drill import drill
from flink_abnormal.cli.job import settings_of
from flink_abnormal.cli.kafka import consume, kafka, produce
from flink_abnormal.cli.options import PathText, job_options, option_groups
from flink_abnormal.cli.snapshots import checkpoints, state
from flink_abnormal.cli.sql import sql
from flink_abnormal.cli.watermarks import watermarks
from flink_abnormal.core.errors import UsageError
from flink_abnormal.core.model import one_line
from flink_abnormal.core.published import Parameters
from flink_abnormal.core.settings import from_values
from flink_abnormal.core.uris import folder_uri
from flink_abnormal.pipeline.abnormal import ABNORMAL
from flink_abnormal.runtime import discovery
from flink_abnormal.snapshots import storage
from flink_abnormal.submission import guard, launch, preflight
from flink_abnormal.submission.logs import follow
from flink_abnormal.submission.machine_checks import check_machine
from flink_abnormal.submission.terminal import say
from flink_abnormal.submission.wait import wait_for_end

if TYPE_CHECKING:
    from flink_abnormal.runtime.rest import Cluster, JobStatus

jobmanager_option = click.option(
    "--jobmanager",
    metavar="HOST:PORT",
    envvar="FLINK_ABNORMAL_JOBMANAGER",
    help="The cluster; several JobManagers are separated by commas. "
    "[default: $FLINK_ABNORMAL_JOBMANAGER, else the local one, else 127.0.0.1:8081]",
)
job_argument = click.argument("job", required=False)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@click.version_option(__version__, prog_name="flink-abnormal")
def cli() -> None:
    """Detect abnormal user behaviour in a stream of events, on Apache Flink.

    Exit codes: 0 success, 2 wrong option or input, 3 problem on this machine, 4 problem with the cluster, 5 job failed.
    """


cli.add_command(cluster)
cli.add_command(drill)
cli.add_command(kafka)
cli.add_command(produce)
cli.add_command(consume)
cli.add_command(jobmanager_option(state))
cli.add_command(jobmanager_option(checkpoints))
cli.add_command(jobmanager_option(watermarks))
cli.add_command(jobmanager_option(sql))
for verb in entry_points(group="flink_abnormal.verbs"):  # of packages above this one: the dashboard
    cli.add_command(jobmanager_option(verb.load()))


@cli.command()
@job_options
def run(**values: Any) -> None:
    """Run the job embedded, in this process and a JVM of its own, until it ends or Ctrl-C."""
    wait_for_end(launch.launch(ABNORMAL, from_values(values), launch.EMBEDDED))


@cli.command()
@jobmanager_option
@click.option(
    "--detached/--attached", help="Return once the job is submitted, or wait for its end. [default: attached]"
)
@job_options
def submit(jobmanager: str | None, detached: bool, **values: Any) -> None:  # noqa: FBT001
    """Submit the job to a cluster. Attached, Ctrl-C leaves the job running."""
    settings = from_values(values)
    check_machine(ABNORMAL, settings)
    target = discovery.find(jobmanager)
    settings = preflight.check(ABNORMAL, target, settings, say)
    launched = launch.launch(ABNORMAL, settings, launch.Target("cluster", target.host, target.port))
    print(f"Submitted job {launched.job_id}", flush=True)
    if not detached:
        leave = f"The job keeps running. See it with: flink-abnormal status {launched.job_id}"
        wait_for_end(launched, cluster=target, leave=leave)


@cli.command(name="keep", context_settings={"ignore_unknown_options": True})
@jobmanager_option
@click.option(
    "--stay", is_flag=True, help="Do not exit: report why there is nothing to guard, and wait for a job to run."
)
@click.argument("options", nargs=-1, type=click.UNPROCESSED)
def keep_job(jobmanager: str | None, stay: bool, options: tuple[str, ...]) -> None:  # noqa: FBT001
    """Guard the job: submit it from its newest snapshot unless it is running, and again if the cluster loses it.

    OPTIONS are those of submit, except --from and --detached. Exits when the job has finished or was cancelled.
    """
    if chosen := {"--from", "--detached", "--attached"} & {option.partition("=")[0] for option in options}:
        raise UsageError(f"keep chooses {', '.join(sorted(chosen))} itself: leave it out.")
    options = (*options, "--from", storage.AUTO)
    say(guard.Guard(ABNORMAL.name, discovery.find(jobmanager), options, settings_of(options)).run(stay=stay))


@cli.command(name="list")
@jobmanager_option
def list_jobs(jobmanager: str | None) -> None:
    """List the cluster's jobs, the newest first."""
    target = discovery.find(jobmanager)
    with target.understood():
        rows = [_row(job) for job in target.jobs()]
    tables.show(("Job", "Name", "State", "Started", "Tasks running"), rows)


def _row(job: JobStatus) -> tuple[str, ...]:
    started = datetime.fromtimestamp(job.start_ms / 1000).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    return job.id, one_line(job.name), job.state, started, f"{job.tasks['running']} of {job.tasks['total']}"


@cli.command()
@jobmanager_option
@job_argument
def status(jobmanager: str | None, job: str | None) -> None:
    """Show a job: its state, the state of its tasks, its checkpoints. Default: the running one."""
    target = discovery.find(jobmanager)
    with target.understood():
        _show(target, target.job(job))


def _show(target: Cluster, found: JobStatus) -> None:
    details = target.get(f"/jobs/{found.id}")
    print(f"{found.id}  {found.name}: {found.state}")
    rows = []
    for vertex in details["vertices"]:
        states = ", ".join(f"{count} {state}" for state, count in vertex["tasks"].items() if count)
        rows.append((one_line(vertex["name"]), str(vertex["parallelism"]), states))
    tables.show(("Operator", "Subtasks", "State of the tasks"), rows)
    kept = target.get(f"/jobs/{found.id}/checkpoints")
    if "counts" in kept:
        counts, latest = kept["counts"], kept["latest"]
        print(f"Checkpoints: {counts['completed']} completed, {counts['failed']} failed, {counts['restored']} restored")
        if latest["completed"]:
            last = latest["completed"]
            print(f"Latest: #{last['id']}, {last['end_to_end_duration']} ms, {last['external_path']}")
    reasons = target.get(f"/jobs/{found.id}/exceptions")["exceptionHistory"]["entries"]
    if reasons:
        print(f"Last failure: {reasons[0]['stacktrace'].splitlines()[0]}")


@cli.command()
@jobmanager_option
@click.option("--all", "everything", is_flag=True, help="Every line the job prints, not only alerts and dead letters.")
@click.option("--no-follow", is_flag=True, help="Print the lines so far and exit.")
@job_argument
def logs(jobmanager: str | None, job: str | None, everything: bool, no_follow: bool) -> None:  # noqa: FBT001
    """Follow the alerts of a job on a cluster, until it ends or Ctrl-C."""
    target = discovery.find(jobmanager)
    follow(target, target.job(job), everything=everything, once=no_follow)


@cli.command()
@jobmanager_option
@job_argument
def cancel(jobmanager: str | None, job: str | None) -> None:
    """Cancel a job; its last checkpoint is kept for --from latest."""
    target = discovery.find(jobmanager)
    found = _running(target, job)
    target.cancel(found.id)
    target.await_end(found.id)
    print(f"Cancelled job {found.id}")


@cli.command()
@jobmanager_option
@click.option(
    "--savepoint",
    type=PathText(),
    metavar="FOLDER",
    help="Where the savepoint goes. [default: savepoints/ in --checkpoint-dir]",
)
@job_argument
def stop(jobmanager: str | None, job: str | None, savepoint: str | None) -> None:
    """Stop a job with a savepoint, from which --from restarts it, even on the other state backend."""
    target = discovery.find(jobmanager)
    found = _running(target, job)
    if savepoint is not None:
        folder = folder_uri(savepoint)
    elif kept := Parameters.parse(target.job_parameters(found.id)).checkpoint_dir:
        folder = f"{kept}/savepoints"
    else:
        raise UsageError(
            f"Job {found.id} is not one of this project's: name its savepoint's folder with --savepoint FOLDER."
        )
    print(f"Stopped job {found.id}; savepoint {target.stop(found.id, folder)}")


def _running(target: Cluster, wanted: str | None) -> JobStatus:
    """Return the named job, or the running one; raise UsageError if it has ended."""
    found = target.job(wanted)
    if not found.running:
        raise UsageError(f"Job {found.id} is not running: it is {found.state}.")
    return found


def main() -> None:
    """Run the command line; report a user's mistake as one sentence and an exit code, never as a traceback."""
    click.rich_click.OPTION_GROUPS = {f"flink-abnormal {verb}": option_groups() for verb in ("run", "submit")}
    command.run(cli.main)


if __name__ == "__main__":
    main()
