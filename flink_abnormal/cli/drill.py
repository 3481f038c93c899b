"""`flink-abnormal drill`: break the cluster on purpose, and prove that no alert was lost or doubled."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import orjson
import rich_click as click
from click.core import ParameterSource
from rich.console import Console

from flink_abnormal.cli.options import Duration, PathText
from flink_abnormal.core.errors import MachineError, UsageError
from flink_abnormal.core.source_settings import RandomSettings
from flink_abnormal.drill import local_environment, migrations, runner
from flink_abnormal.drill.faults import BROKERS, KINDS, Kind, plan
from flink_abnormal.drill.observer import DrillError
from flink_abnormal.runtime import python_library
from flink_abnormal.runtime.rest import DEFAULT_PORT

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from types import FrameType

    from flink_abnormal.core.settings import Mode
    from flink_abnormal.drill.environment import Environment
    from flink_abnormal.drill.report import DrillReport


def _targets(verb: str) -> click.Choice[str]:
    return click.Choice([kind.removeprefix(f"{verb} ") for kind in KINDS if kind.startswith(verb)])


def _place_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of every drill to a command."""
    for option in reversed(
        [
            click.option("--on", type=click.Choice(["local", "compose"]), default="local", help="The cluster to use."),
            click.option(
                "--port",
                type=click.IntRange(1, 65535),
                default=DEFAULT_PORT,
                help="Port of the web UI, if the drill starts a cluster of its own.",
            ),
            click.option("--deadline", type=Duration(1000), default="60s", help="The time limit for a recovery."),
            click.option(
                "--json",
                "json_file",
                type=PathText(),
                metavar="FILE",
                help="Also write the report to this file, as JSON.",
            ),
            click.option(
                "--markdown",
                "markdown_file",
                type=click.Path(dir_okay=False),
                help="Also write the report to this file, as Markdown.",
            ),
        ]
    ):
        command = option(command)
    return command


@click.group(invoke_without_command=True)
@click.option("--kill", type=_targets("kill"), multiple=True, help="SIGKILL a process; jobmanager: the leader.")
@click.option("--cut", type=_targets("cut"), multiple=True, help="Cut a TaskManager off the network for a while.")
@click.option(
    "--pause", type=_targets("pause"), multiple=True, help="Freeze a process for longer than the heartbeat timeout."
)
@click.option(
    "--fill", type=_targets("fill"), multiple=True, help="Prevent checkpoints from being written for a while."
)
@click.option("--random", "mixed", is_flag=True, help="A mix of all possible strikes, drawn by --seed.")
@click.option("--times", type=click.IntRange(1, 1000), default=1, help="Number of rounds; with --random, of strikes.")
@click.option("--seed", type=int, default=RandomSettings.seed, help="Seed of the users, the victims and the mix.")
@click.option("--free-slots", is_flag=True, help="Use 3 of 9 slots, so that tasks find a free one. Default: all 9.")
@click.option(
    "--execution-mode", type=click.Choice(["thread", "process"]), help="How Python runs. [default: as for submit]"
)
@click.option("--source", type=click.Choice(["random", "kafka"]), default="random", help="Where events come from.")
@click.option("--sink", type=click.Choice(["files", "kafka"]), default="files", help="Where alerts go.")
@click.option(
    "--time",
    type=click.Choice(["processing", "event"]),
    default="processing",
    help="event: events come out of order, and count in that of their times.",
)
@click.option("--engine", type=click.Choice(["python", "jvm"]), default="python", help="What detects.")
@_place_options
@click.option(
    "--tamper",
    type=click.Choice(["drop", "double"]),
    is_flag=False,
    flag_value="drop",
    help="Tamper with one alert, which the drill must notice. [drop]",
)
@click.pass_context
def drill(context: click.RichContext, /, **values: Any) -> None:
    """Break a cluster while a job runs on it; exit code 1 unless each expected alert was committed exactly once."""
    _end_in_order()
    if context.invoked_subcommand is not None:
        return
    _check_files(values)
    wanted: list[Kind] = [kind for kind in KINDS if kind.partition(" ")[2] in values.get(kind.partition(" ")[0], ())]
    on_kafka = _on_kafka(values)
    ha = "kill jobmanager" in wanted or (values["mixed"] and not wanted)
    with _environment(values, ha=ha, kafka=on_kafka) as environment:
        impossible = dict(environment.impossible())
        if not on_kafka:
            impossible |= dict.fromkeys(BROKERS, "The job does not use Kafka. Give --source kafka --sink kafka.")
        mode = _mode(values, "process" if "kill worker-python" in wanted else "thread")
        if mode == "thread":
            impossible["kill worker-python"] = "Python has no process of its own. Give --execution-mode process."
        kinds = plan(wanted, values["times"], values["seed"], mixed=values["mixed"], impossible=impossible)
        slots = "shared" if values["free_slots"] else "isolated"
        orders = _orders(values, kinds, slots, mode)
        report = _in_order(environment, lambda: runner.run(environment, orders, _say))
    _finish(report, values)


@drill.command()
@_place_options
@click.pass_context
def rescale(context: click.RichContext, /, **_: Any) -> None:
    """Move a running job to another parallelism and the other state backend; no alert may be lost or duplicated."""
    values = _values(context)
    with _environment(values, kafka=_on_kafka(values)) as environment:
        orders = _orders(values, [], "isolated", _mode(values))
        report = _in_order(environment, lambda: migrations.rescale(environment, orders, _say))
    _finish(report, values)


@drill.command()
@_place_options
@click.pass_context
def swap(context: click.RichContext, /, **_: Any) -> None:
    """Move a running job to the JVM engine and back; no alert may be lost or duplicated."""
    values = _values(context)
    if _mode(values) == "process":
        raise UsageError(
            "Only in thread mode can a job move between engines, and this drill's would run in process mode."
        )
    with _environment(values, kafka=_on_kafka(values)) as environment:
        orders = _orders(values, [], "isolated", _mode(values))
        report = _in_order(environment, lambda: migrations.swap(environment, orders, _say))
    _finish(report, values)


@drill.command()
@_place_options
@click.option("--savepoint", type=PathText(), metavar="FOLDER", help="Its folder. [default: the project's own]")
@click.pass_context
def upgrade(context: click.RichContext, /, savepoint: str | None, **_: Any) -> None:
    """Resume from a savepoint of the previous release; the alerts after it must follow the rule."""
    values = _values(context)
    if _on_kafka(values):
        raise UsageError("The previous release had no Kafka: drill rescale moves a job with its transactions.")
    with _environment(values) as environment:
        folder = Path(savepoint).absolute() if savepoint else migrations.kept_savepoint()
        report = _in_order(
            environment, lambda: migrations.upgrade(environment, folder, values["deadline"] / 1000, _say)
        )
    _finish(report, values)


def _mode(values: dict[str, Any], usual: Mode = "thread") -> Mode:
    """Return the execution mode of the drill's job: the chosen one, else the usual one if the machine supports it."""
    here = values["on"] == "local" and python_library.missing() is not None
    return values["execution_mode"] or ("process" if here else usual)


def _values(context: click.Context) -> dict[str, Any]:
    """Return the options of a drill without strikes, including those given to `drill` itself."""
    above = context.parent.params if context.parent is not None else {}
    for name in ("kill", "cut", "pause", "fill", "mixed", "tamper"):
        if above.get(name):
            flag = "random" if name == "mixed" else name
            raise UsageError(f"drill {context.info_name} has no strikes: leave --{flag} out.")
    given = {
        name: value
        for name, value in context.params.items()
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE
    }
    _check_files({**above, **given})
    return {**above, **given}


def _check_files(values: dict[str, Any]) -> None:
    """Raise MachineError if the report could not be written at the end."""
    for option in ("json", "markdown"):
        file = values[f"{option}_file"]
        try:
            if file is not None:
                Path(file).touch()
        except OSError as error:
            raise MachineError(f"--{option} {file} can't be written: {error.strerror}.") from None


def _in_order(environment: Environment, exercised: Callable[[], DrillReport]) -> DrillReport:
    """Run the drill, and remove its job's files unless they help to find out why the drill failed."""
    stays = False
    try:
        report = exercised()
        stays = bool(report.problems()) and not report.tampered
    finally:
        if stays:
            _say(f"The job's files are kept for inspection: {environment.folder}")
        else:
            environment.remove(environment.folder)
    return report


def _environment(
    values: dict[str, Any], *, ha: bool = False, kafka: bool = False
) -> AbstractContextManager[Environment]:
    if values["on"] == "local":
        return local_environment.opened(values["port"], ha=ha, say=_say, kafka=kafka)
    from flink_abnormal.drill import compose_environment  # noqa: PLC0415 - Docker's client, needed only here

    return compose_environment.opened(values["port"], ha=ha, say=_say, kafka=kafka)


def _on_kafka(values: dict[str, Any]) -> bool:
    """Whether the drill's job reads from Kafka and writes to it; raise UsageError for what does not go together."""
    if (values["source"] == "kafka") != (values["sink"] == "kafka"):
        raise UsageError("A drill on Kafka both reads from it and writes to it: give --source kafka --sink kafka.")
    if values["time"] == "event" and values["sink"] != "kafka":
        raise UsageError("A drill in event time reads its events from Kafka: give --source kafka --sink kafka.")
    return bool(values["sink"] == "kafka")


def _orders(values: dict[str, Any], kinds: list[Kind], slots: str, mode: Mode) -> runner.Orders:
    return runner.Orders(
        kinds,
        values["seed"],
        slots,
        mode,
        values["deadline"] / 1000,
        values["tamper"],
        kafka=values["sink"] == "kafka",
        event_time=values["time"] == "event",
        engine=values["engine"],
    )


def _finish(report: DrillReport, values: dict[str, Any]) -> None:
    """Show the report and write it; raise DrillError if the drill failed."""
    if report.strikes:
        console = Console(width=max(120, Console().width))
        for table in report.tables():
            console.print()
            console.print(table)
    if values["json_file"] is not None:
        Path(values["json_file"]).write_bytes(orjson.dumps(report.to_json(), option=orjson.OPT_INDENT_2))
    if values["markdown_file"] is not None:
        Path(values["markdown_file"]).write_text(report.to_markdown(), encoding="utf-8")
    if report.tampered:
        _say(f"Tampered behind the drill's back: {report.tampered}")
    problems = report.problems()
    if problems:
        raise DrillError(f"The drill failed. {'; '.join(problems)}")
    _say(f"The drill passed: {report.verdict()}")


def _say(text: str) -> None:
    print(text, flush=True)


def _end_in_order() -> None:
    """Let Ctrl-C and SIGTERM end the drill through its clean-up, with the exit code that shells assign to them."""

    def end(number: int, _frame: FrameType | None) -> NoReturn:
        for each in (signal.SIGINT, signal.SIGTERM):
            signal.signal(each, signal.SIG_IGN)
        print("Stopping: undoing what the drill did", file=sys.stderr, flush=True)
        sys.exit(128 + number)

    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, end)
