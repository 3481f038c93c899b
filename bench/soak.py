"""Does anything grow when a cluster runs for long and is struck again and again? Prints and draws what it measured.

The drill's job, at a high rate, on a local cluster of its own with three JobManagers: a random strike each minute, and
at the end each alert is held against the rule. The guard and the dashboard run beside it, as they do for months.
Meanwhile memory, threads, open files and temporary disk of every process are measured; soak_growth.py says what flat
means. Exit code 1 if something grows, or an alert is missing or doubled.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import orjson
import psutil
import soak_growth
import soak_picture
from rich import box
from rich.console import Console
from rich.table import Table
from soak_growth import FIGURES, Sample
from soak_sampler import Sampler

from flink_abnormal.core.errors import AbnormalError, ClusterError
from flink_abnormal.drill import local_environment, runner
from flink_abnormal.drill.faults import plan
from flink_abnormal.drill.job import INTERVAL_MS
from flink_abnormal.runtime import distribution, local_cluster, python_library
from flink_abnormal.runtime.cluster_state import ClusterState
from flink_abnormal.runtime.process_launcher import temporary_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flink_abnormal.drill.job import DrillJob
    from flink_abnormal.drill.local_environment import LocalEnvironment
    from flink_abnormal.drill.report import DrillReport

SPARED: Final = "taskmanager-1"
WIDTH: Final = 170


class Companion(NamedTuple):
    """A command that runs beside the job for months."""

    name: str
    arguments: list[str]


def main() -> None:
    """Soak, print and write the results, and exit with 1 if there were problems."""
    asked = _asked()
    try:
        problems = _soak(asked)
    except AbnormalError as error:
        print(f"Error: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)
    for problem in problems:
        print(problem)
    print("The soak failed." if problems else "The soak passed: every alert came once, and nothing grows.")
    sys.exit(bool(problems))


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=30, help="how long (default: %(default)s)")
    parser.add_argument("--rate", type=int, default=4000, help="events a second (default: %(default)s)")
    parser.add_argument("--every", type=float, default=60, help="seconds from strike to strike (%(default)s)")
    parser.add_argument(
        "--sample", type=float, default=5, help="seconds from one measurement to the next (%(default)s)"
    )
    parser.add_argument("--deadline", type=float, default=60, help="seconds that a recovery may take (%(default)s)")
    parser.add_argument("--seed", type=int, default=93, help="of users, strikes and victims (%(default)s)")
    parser.add_argument("--port", type=int, default=8081, help="of the first of three web UIs (%(default)s)")
    parser.add_argument("--dashboard-port", type=int, default=8080, help="(default: %(default)s)")
    parser.add_argument("--into", type=Path, help="a folder for table, picture and figures (default: .flink/soak/TIME)")
    return parser.parse_args()


def _soak(asked: argparse.Namespace) -> list[str]:
    """Return one sentence per problem."""
    if local_cluster.running() is not None:
        raise ClusterError("A local cluster is up, and the soak starts its own: flink-abnormal cluster down")
    into = asked.into or distribution.work_folder() / "soak" / time.strftime("%Y%m%d-%H%M%S")
    into.mkdir(parents=True, exist_ok=True)
    with local_environment.opened(asked.port, ha=True, say=_say) as environment:
        soak = Soak(environment, asked)
        report = runner.run(environment, soak.orders(), _say, soak.beside)
        if not report.problems():
            environment.remove(environment.folder)
    return _written(into, report, soak.sampler)


class Soak:
    """Runs the guard, the dashboard and the sampler beside the drill."""

    def __init__(self, environment: LocalEnvironment, asked: argparse.Namespace) -> None:
        self._environment, self._asked = environment, asked
        self._companions: dict[str, psutil.Process] = {}
        work, output = distribution.work_folder(), Path(environment.folder)
        folders = {
            "checkpoints": Path(environment.checkpoints),
            "ha": work / "ha",
            "zookeeper data": work / "zookeeper",
            "log": work / "log",
            "alerts": output / "out",
        }
        self.sampler = Sampler(self._processes, folders, asked.sample)

    def orders(self) -> runner.Orders:
        """Return the drill's parameters."""
        asked = self._asked
        mode = "thread" if python_library.missing() is None else "process"
        impossible = {**self._environment.impossible(), "kill worker-python": "there may be none"}
        count = max(1, int(asked.minutes * 60 / (asked.every + runner.QUIET_SECONDS / runner.FAILURES_IN_A_ROW)))
        return runner.Orders(
            kinds=plan([], count, asked.seed, mixed=True, impossible=impossible),
            seed=asked.seed,
            slots="isolated",
            mode=mode,
            deadline_s=asked.deadline,
            users=max(1, asked.rate * INTERVAL_MS // 1000),
            every_s=asked.every,
            lasts_s=asked.minutes * 60,
            spared=frozenset({SPARED}),
        )

    @contextlib.contextmanager
    def beside(self, job: DrillJob) -> Iterator[None]:
        """Run the guard and the dashboard, and sample."""
        dashboard = ["dashboard", "--port", str(self._asked.dashboard_port)]
        with contextlib.ExitStack() as opened:
            for companion in (Companion("guard", ["keep", *job.arguments()]), Companion("dashboard", dashboard)):
                self._companions[companion.name] = opened.enter_context(_running(companion))
            opened.enter_context(self.sampler)
            yield

    def _processes(self) -> dict[str, tuple[psutil.Process, Path | None]]:
        """Return the running processes; the name of a restarted member stays the same."""
        state = ClusterState.read()
        members = [] if state is None else [state.supervisor, *state.members]
        found: dict[str, tuple[psutil.Process, Path | None]] = {}
        for member in members:
            process = member.process()
            if process is not None:
                folder = None if member.name == "supervisor" else temporary_folder(member.name)
                found[member.name] = (process, folder)
        for name, process in self._companions.items():
            found[name] = (process, None)
        return {**found, "drill": (psutil.Process(), None)}


@contextlib.contextmanager
def _running(companion: Companion) -> Iterator[psutil.Process]:
    """Run a command of flink-abnormal, with its output in a log of its own."""
    log = distribution.work_folder() / "log" / f"soak-{companion.name}.out"
    with log.open("wb") as out:
        command = [sys.executable, "-m", "flink_abnormal", *companion.arguments]
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True)
    try:
        yield psutil.Process(child.pid)
    finally:
        ended = child.poll()
        child.terminate()
        child.wait()
        if ended is not None:
            _say(f"The {companion.name} ended with {ended} before the strikes did: {log}")


def _written(into: Path, report: DrillReport, sampler: Sampler) -> list[str]:
    """Print and write the results; return the problems."""
    rows = soak_growth.rows(sampler.samples)
    problems = report.problems() + soak_growth.problems(rows)
    strikes = [struck.at - sampler.began for struck in report.strikes if struck.at is not None]
    with (into / "samples.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([Sample._fields, *sampler.samples])
    (into / "report.json").write_bytes(orjson.dumps(report.to_json(), option=orjson.OPT_INDENT_2))
    soak_picture.draw(sampler.samples, strikes, into / "soak.png")
    console = Console(width=WIDTH)
    console.print(*report.tables(), _table(rows), sep="\n")
    verdict = "\n".join(f"- {problem}" for problem in problems) or report.verdict()
    with (into / "soak.md").open("w", encoding="utf-8") as file:
        file.write(f"# Soak\n\n{_what(report, sampler)}\n\n{verdict}\n\n![The curves](soak.png)\n")
        table = _table(rows)
        table.box = box.MARKDOWN
        Console(file=file, width=WIDTH).print(table)
    print(report.verdict())
    print(f"Table, picture and figures: {into}")
    return problems


def _what(report: DrillReport, sampler: Sampler) -> str:
    minutes = max(sample.at for sample in sampler.samples) / 60
    return f"{minutes:.0f} minutes, {len(report.strikes)} strikes, seed {report.seed}; {SPARED} was spared."


def _table(rows: list[soak_growth.Row]) -> Table:
    """Return each figure as: in the half before the last quarter → in the last quarter (maximum of the run)."""
    table = Table("Process", "Lives", *(figure.title for figure in FIGURES))
    for row in rows:
        table.add_row(row.name, str(row.lives or ""), *(soak_growth.cell(row, figure) for figure in FIGURES))
    return table


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # cluster and job are ended either way
    os.environ.pop("FLINK_ABNORMAL_JOBMANAGER", None)  # so that the guard and the dashboard find the soak's own cluster
    main()
