"""`flink-abnormal drill`: break the cluster on purpose, and prove that no alert was lost or doubled."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import orjson
import rich_click as click
from rich.console import Console

from flink_abnormal.drill import exercise, local_field
from flink_abnormal.drill.kinds import KINDS, Kind, plan
from flink_abnormal.drill.watch import DrillError
from flink_abnormal.errors import MachineError
from flink_abnormal.options import Duration
from flink_abnormal.runtime.rest import DEFAULT_PORT
from flink_abnormal.settings import RandomSettings

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from types import FrameType

    from flink_abnormal.drill.field import Field
    from flink_abnormal.drill.report import Report
    from flink_abnormal.settings import Mode


def _targets(verb: str) -> click.Choice[str]:
    return click.Choice([kind.removeprefix(f"{verb} ") for kind in KINDS if kind.startswith(verb)])


@click.group(invoke_without_command=True)
@click.option("--kill", type=_targets("kill"), multiple=True, help="SIGKILL; jobmanager: the one that leads.")
@click.option("--cut", type=_targets("cut"), multiple=True, help="Take a TaskManager off the network for a while.")
@click.option("--pause", type=_targets("pause"), multiple=True, help="Freeze one for longer than its heartbeat may be.")
@click.option("--fill", type=_targets("fill"), multiple=True, help="Let no checkpoint be written for a while.")
@click.option("--random", "mixed", is_flag=True, help="A mix of all strikes that are possible, drawn by --seed.")
@click.option("--times", type=click.IntRange(1, 1000), default=1, help="Rounds; strikes in all with --random.")
@click.option("--seed", type=int, default=RandomSettings.seed, help="Of the users, the victims and the mix.")
@click.option("--free-slots", is_flag=True, help="Use 3 of 9 slots, so that tasks find a free one. Default: all 9.")
@click.option("--execution-mode", type=click.Choice(["thread", "process"]), help="How Python runs. [default: thread]")
@click.option("--on", type=click.Choice(["local", "compose"]), default="local", help="Which cluster.")
@click.option("--port", type=click.IntRange(1, 65535), default=DEFAULT_PORT, help="Of a cluster started for the drill.")
@click.option("--deadline", type=Duration(1000), default="60s", help="What a recovery may take.")
@click.option("--json", "json_file", type=click.Path(dir_okay=False), help="Write the report to this file, too.")
@click.option("--tamper", type=click.Choice(["drop", "double"]), help="Cheat with one alert: the drill must notice.")
@click.pass_context
def drill(context: click.RichContext, /, **values: Any) -> None:
    """Break a cluster while a job runs on it; exit code 1 unless each expected alert was committed exactly once."""
    _end_in_order()
    if context.invoked_subcommand is not None:
        return
    wanted: list[Kind] = [kind for kind in KINDS if kind.partition(" ")[2] in values.get(kind.partition(" ")[0], ())]
    with _field(values, ha="kill jobmanager" in wanted or (values["mixed"] and not wanted)) as field:
        impossible = dict(field.impossible())
        mode: Mode = values["execution_mode"] or ("process" if "kill worker-python" in wanted else "thread")
        if mode == "thread":
            impossible["kill worker-python"] = "Python runs in no process of its own. Give --execution-mode process."
        kinds = plan(wanted, values["times"], values["seed"], mixed=values["mixed"], impossible=impossible)
        slots = "shared" if values["free_slots"] else "isolated"
        orders = exercise.Orders(kinds, values["seed"], slots, mode, values["deadline"] / 1000, values["tamper"])
        report = exercise.run(field, orders, _say)
        if not report.problems() or report.tampered:
            field.remove(field.folder)
    _finish(report, values["json_file"])


def _field(values: dict[str, Any], *, ha: bool) -> AbstractContextManager[Field]:
    if values["on"] == "local":
        return local_field.opened(values["port"], ha=ha, say=_say)
    from flink_abnormal.drill import compose_field  # noqa: PLC0415 - Docker's client, which only this needs

    return compose_field.opened(values["port"], ha=ha, say=_say)


def _finish(report: Report, json_file: str | None) -> None:
    """Show the report and write it; raise DrillError where the drill failed."""
    if report.strikes:
        console = Console(width=max(120, Console().width))
        console.print()
        console.print(report.table())
    if json_file is not None:
        try:
            Path(json_file).write_bytes(orjson.dumps(report.to_json(), option=orjson.OPT_INDENT_2))
        except OSError as error:
            raise MachineError(f"--json {json_file} can't be written: {error.strerror}.") from None
    if report.tampered:
        _say(f"Tampered behind the drill's back: {report.tampered}")
    problems = report.problems()
    if problems:
        raise DrillError(f"The drill failed. {'; '.join(problems)}")
    _say(f"The drill passed: {report.verdict()}")


def _say(text: str) -> None:
    print(text, flush=True)


def _end_in_order() -> None:
    """Let Ctrl-C and SIGTERM end the drill through its clean-up, with the exit code that shells give them."""

    def end(number: int, _frame: FrameType | None) -> NoReturn:
        for each in (signal.SIGINT, signal.SIGTERM):
            signal.signal(each, signal.SIG_IGN)
        print("Ending: taking back what the drill did", file=sys.stderr, flush=True)
        sys.exit(128 + number)

    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, end)
