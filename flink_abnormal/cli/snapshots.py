"""`flink-abnormal state` and `flink-abnormal checkpoints`: a snapshot's content, and the list of snapshots."""

from __future__ import annotations

import heapq
import json
import sys
from datetime import datetime
from typing import TYPE_CHECKING, Final, TypeVar

import rich_click as click
from rich.table import Table
from rich.text import Text

from flink_abnormal.cli import tables
from flink_abnormal.cli.options import PathText
from flink_abnormal.core.errors import UsageError
from flink_abnormal.core.model import one_line
from flink_abnormal.core.operators import ABNORMAL_COUNT_STATE
from flink_abnormal.core.settings import default_checkpoint_dir
from flink_abnormal.core.uris import local_path
from flink_abnormal.snapshots import locate, state_reader, storage
from flink_abnormal.snapshots.listing import ListedCheckpoint, of_job
from flink_abnormal.submission.machine_checks import check_owner
from flink_abnormal.submission.terminal import say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from rich.console import Console

    from flink_abnormal.runtime.rest import Cluster

T = TypeVar("T")
TRIES: Final = 5
WIDE: Final = 150
_KEPT: Final = {None: "", True: "yes", False: "no"}

checkpoint_dir_option = click.option(
    "--checkpoint-dir",
    metavar="PATH",
    type=PathText(),
    default=default_checkpoint_dir(),
    help=f"The folder of retained checkpoints. [default: {default_checkpoint_dir()}]",
)


@click.command()
@click.argument("snapshot", required=False, type=PathText(), metavar="[CHECKPOINT|SAVEPOINT|JOB]")
@checkpoint_dir_option
@click.option("--user", metavar="NAME", help="Only this user's count.")
@click.option("--top", type=click.IntRange(1), metavar="N", help="The N users with the highest counts.")
@click.option("--table", "as_table", is_flag=True, help="A table, not JSON.")
def state(
    jobmanager: str | None,
    snapshot: str | None,
    checkpoint_dir: str,
    user: str | None,
    top: int | None,
    as_table: bool,  # noqa: FBT001
) -> None:
    """Show each user's count in a snapshot: a path, a job's latest, or the latest retained one.

    A user without a value has a count of 0 and is not listed. Only for snapshots taken in thread mode.
    """
    if user is not None and top is not None:
        raise click.UsageError("--user shows one user and --top several: give only one of them.")
    if (folder := local_path(checkpoint_dir)) is not None and folder.exists():
        check_owner(folder)
    path, counts = _read(
        lambda: locate.snapshot(snapshot, jobmanager, checkpoint_dir), lambda rows: _chosen(rows, user, top)
    )
    say(f"Snapshot: {path}")
    if user is not None and not counts:
        say("The snapshot has no value for this user, which means 0.")
        counts = [(user, 0)]
    elif user is None and not any(count for _, count in counts):
        say("All counts are 0: in this snapshot no user's last event is abnormal.")
    _print_table(counts) if as_table else _print_json(counts)


def _read(find: Callable[[], str], take: Callable[[Iterator[tuple[str, int]]], T]) -> tuple[str, T]:
    """Return a snapshot's path and `take`'s result; try a newer one if a running job drops it meanwhile."""
    find()  # report its errors before a JVM starts
    state_reader.start()
    for tries_left in reversed(range(TRIES)):
        path = find()
        try:
            with state_reader.reading(path) as rows:
                return path, take(rows)
        except UsageError:
            if storage.exists(path):
                raise
            if not tries_left:
                break
    raise UsageError(
        f"The running job deletes its checkpoints faster than they can be read, {path} among them: stop it with a "
        "savepoint, or give it a longer --checkpoint-interval."
    )


def _chosen(rows: Iterator[tuple[str, int]], user: str | None, top: int | None) -> list[tuple[str, int]]:
    """Return the rows to show; only these are in memory."""
    if user is not None:
        return [row for row in rows if row[0] == user]
    if top is not None:
        return heapq.nsmallest(top, rows, key=lambda row: (-row[1], row[0]))
    return sorted(rows)


def _print_json(counts: Iterable[tuple[str, int]]) -> None:
    separator = "\n"
    sys.stdout.write("{")
    for user, count in counts:
        value = json.dumps({ABNORMAL_COUNT_STATE: count})
        sys.stdout.write(f"{separator}  {json.dumps(user, ensure_ascii=False)}: {value}")
        separator = ",\n"
    sys.stdout.write("}\n" if separator == "\n" else "\n}\n")


def _print_table(counts: Iterable[tuple[str, int]]) -> None:
    table = Table("User", ABNORMAL_COUNT_STATE)
    for user, count in counts:
        table.add_row(Text(one_line(user), overflow="fold"), str(count))
    tables.console().print(table)


@click.command()
@click.argument("job", required=False)
@checkpoint_dir_option
@click.option("--json", "as_json", is_flag=True, help="JSON, not a table.")
def checkpoints(jobmanager: str | None, job: str | None, checkpoint_dir: str, as_json: bool) -> None:  # noqa: FBT001
    """List a job's checkpoints and savepoints, and which it was restored from. Default: the running job.

    If no cluster answers, or it has no such job: what is retained below --checkpoint-dir.
    """
    cluster = locate.reachable(jobmanager)
    listed = None if cluster is None else _of_cluster(cluster, job)
    if listed is None:
        say(f"{_why_not(cluster, job)}. What is retained below {checkpoint_dir}:")
        kept = storage.retained(checkpoint_dir)
        listed = [ListedCheckpoint.of_retained(each) for each in kept if each.job.startswith(job or "")]
    if as_json:
        print(json.dumps([each._asdict() for each in listed], indent=2))
    else:
        _print_checkpoints(listed)


def _of_cluster(cluster: Cluster, job: str | None) -> list[ListedCheckpoint] | None:
    """Return a job's checkpoints from a cluster, or None if it knows no such job."""
    if not any(each.id.startswith(job or "") for each in cluster.jobs()):
        return None
    known = cluster.job(job)
    say(f"Job: {known.id}, {known.state}")
    with cluster.understood():
        return of_job(known.id, cluster.get(f"/jobs/{known.id}/checkpoints"))


def _why_not(cluster: Cluster | None, job: str | None) -> str:
    if cluster is None:
        return "No cluster answers"
    return f"The cluster at {cluster.address} has no job{f' {job}' if job else ''}"


def _print_checkpoints(listed: Iterable[ListedCheckpoint]) -> None:
    console, rows = tables.console(), list(listed)
    if console.width >= WIDE:
        _print_wide(console, rows)
    else:
        _print_narrow(console, rows)


def _print_wide(console: Console, rows: Iterable[ListedCheckpoint]) -> None:
    table = Table("Id", "Kind", "Status", "Still there", "Triggered", "Duration", "Size", "Restored", "Path")
    for each in rows:
        table.add_row(
            _text(each.id),
            each.kind,
            each.status,
            _KEPT[each.kept],
            _time(each.triggeredMs),
            "" if each.durationMs is None else f"{each.durationMs} ms",
            "" if each.sizeBytes is None else _size(each.sizeBytes),
            _time(each.restoredMs),
            Text(one_line(each.path or ""), overflow="fold"),
        )
    console.print(table)


def _print_narrow(console: Console, rows: Iterable[ListedCheckpoint]) -> None:
    """Print the same on a narrow terminal: fewer columns, and the paths of retained snapshots below."""
    rows = list(rows)
    table = Table("Id", "Status", "Triggered", "Duration", "Size")
    for each in rows:
        kept = "" if each.kept is None else ", still there" if each.kept else ", dropped"
        table.add_row(
            _text(each.id) + ("" if each.kind == "checkpoint" else f" {each.kind}"),
            f"{each.status}{kept}" + (f", restored {_time(each.restoredMs)}" if each.restoredMs else ""),
            _time(each.triggeredMs),
            "" if each.durationMs is None else f"{each.durationMs} ms",
            "" if each.sizeBytes is None else _size(each.sizeBytes),
        )
    console.print(table)
    for each in rows:
        if each.path is not None and each.kept is not False:
            print(f"{_text(each.id)} {one_line(each.path)}".strip())


def _text(number: int | None) -> str:
    return "" if number is None else str(number)


def _time(milliseconds: float | None) -> str:
    if milliseconds is None:
        return ""
    return datetime.fromtimestamp(milliseconds / 1000).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def _size(count: int) -> str:
    kibi = 1024
    return (
        f"{count} B" if count < kibi else f"{count / kibi:.1f} KB" if count < kibi**2 else f"{count / kibi**2:.1f} MB"
    )
