"""`flink-abnormal dashboard`: the web page of a cluster at work."""

from __future__ import annotations

import contextlib
import importlib.util
import socket
from pathlib import Path
from typing import Final

import rich_click as click

from dashboard import webhook_url
from flink_abnormal.cli.options import PathText
from flink_abnormal.core.errors import MachineError
from flink_abnormal.runtime import discovery, distribution

DEFAULT_PORT: Final = 8080
LOCAL: Final = "127.0.0.1"


@click.command()
@click.option("--host", default=LOCAL, help=f"The address to listen on. [default: {LOCAL}]")
@click.option("--port", type=click.IntRange(1, 65535), default=DEFAULT_PORT, help=f"[default: {DEFAULT_PORT}]")
@click.option(
    "--allow-host",
    "hosts",
    metavar="NAME",
    multiple=True,
    help="A host name, besides localhost, under which browsers may open the page; repeatable.",
)
@click.option(
    "--history", type=PathText(), metavar="FILE", help="The file for its history. [default: .flink/dashboard.sqlite]"
)
@click.option(
    "--webhook",
    metavar="URL",
    envvar=webhook_url.VARIABLE,
    help=f"Receives each change of an alarm as JSON. [default: ${webhook_url.VARIABLE}, else none]",
)
def dashboard(
    jobmanager: str | None, host: str, port: int, hosts: tuple[str, ...], history: str | None, webhook: str | None
) -> None:
    """Serve the dashboard: state, checkpoints and recovery as they happen. It waits for a cluster."""
    if importlib.util.find_spec("nicegui") is None:
        raise MachineError("The dashboard needs NiceGUI: pip install -e '.[dashboard]', or make setup.")
    if webhook:
        webhook_url.check(webhook)
    cluster = discovery.find(jobmanager)
    _check_port(host, port)
    # NiceGUI takes half a second to import, so only this command imports it.
    from dashboard.app import Serving, serve  # noqa: PLC0415
    from dashboard.collect.collector import Collector  # noqa: PLC0415
    from dashboard.collect.history import History  # noqa: PLC0415
    from dashboard.security import LOCAL_HOSTS  # noqa: PLC0415

    kept = History(Path(history) if history else distribution.work_folder() / "dashboard.sqlite")
    collector = Collector(cluster.address, kept, webhook=webhook or None)
    shown = LOCAL if host in ("0.0.0.0", "::") else host  # noqa: S104 - only if requested
    print(f"The dashboard of {cluster.address} is at http://{shown}:{port} (Ctrl-C ends it)", flush=True)
    with contextlib.suppress(KeyboardInterrupt):  # the regular end
        serve(Serving(host, port, (*LOCAL_HOSTS, host, *hosts)), collector)


def _check_port(host: str, port: int) -> None:
    """Raise MachineError if nothing can listen there: the server's own message is a traceback."""
    try:
        with socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET):
            pass
    except OSError as error:
        reason = str(error.strerror).partition(" (")[0]  # Python adds the address, which the sentence below contains
        raise MachineError(
            f"The dashboard can't listen on {host}:{port}: {reason}. "
            "Stop what listens there, or choose another port: flink-abnormal dashboard --port 8090"
        ) from None
