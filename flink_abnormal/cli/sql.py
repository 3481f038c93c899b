"""`flink-abnormal sql`: Flink's SQL client, with Kafka, on a cluster."""

from __future__ import annotations

import os

import rich_click as click

from flink_abnormal.core.errors import ClusterError
from flink_abnormal.jvm.jar import KAFKA_CONNECTOR
from flink_abnormal.runtime import discovery, distribution


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def sql(jobmanager: str | None, arguments: tuple[str, ...]) -> None:
    """Open Flink's SQL client on a cluster; ARGUMENTS are its own, such as -f FILE for a file of statements."""
    distribution.require(distribution.SQL_GATEWAY, "The SQL client", "SQL gateway")
    distribution.require(KAFKA_CONNECTOR, "The SQL client", "connector")
    cluster = discovery.find(jobmanager)
    cluster.slots()  # the client itself would tell of a missing cluster in a trace, at the first statement
    env = distribution.prepare()
    env["FLINK_OPT_DIR"] = str(distribution.link_sql())
    script = distribution.flink_home() / "bin" / "sql-client.sh"
    target = (f"-Drest.address={cluster.host}", f"-Drest.port={cluster.port}", "-Dexecution.target=remote")
    command = [str(script), *target, "-j", str(distribution.connector(KAFKA_CONNECTOR)), *arguments]
    try:
        os.execve(script, command, env)  # noqa: S606
    except OSError as error:
        raise ClusterError(f"{script} can't be run: {error.strerror}") from None
