"""The entrypoint of the composition's containers: `python -m flink_abnormal.cli.entrypoint ROLE`.

Settings come from the environment (.env.example lists them); unusable ones are refused with a sentence in the
container's log before a JVM starts. ROLE is `jobmanager`, `taskmanager`, `zookeeper`, `bucket` (creates the
checkpoints' bucket), `topics` (creates Kafka's), `produce`, `keep` (the job's guard) or `dashboard`; anything else runs
as a command. A guard with nothing to do idles: Docker would restart it again and again if it ended.

The standard output of JobManagers and TaskManagers goes to the container's log and to the file that the web UI shows;
Flink's own log goes to standard error, so that the file contains only the job's lines.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

import rich_click as click

from flink_abnormal.cli.job import settings_of
from flink_abnormal.cli.kafka import PARTITIONS, TICKER_TOPICS, TOPICS
from flink_abnormal.core.errors import AbnormalError, MachineError, UsageError
from flink_abnormal.runtime import distribution, flink_process, kafka_clients, metrics, names, s3, tee, zookeeper
from flink_abnormal.runtime.limits import (
    FLINK_KEYS,
    JOBMANAGER,
    TASKMANAGER,
    Role,
    check_memory,
    check_slots,
    memory_limit,
)
from flink_abnormal.runtime.profiles import LEADER, WEB_PORT, addresses, check_profile, profiles
from flink_abnormal.snapshots import finished, storage

if TYPE_CHECKING:
    from collections.abc import Mapping

ZOOKEEPER_PORT: Final = 2181
DATA: Final = Path("/data")
"""The containers' shared volume."""
ZOOKEEPER_DATA: Final = DATA / "zookeeper"
OUTDATED: Final = DATA / "zookeeper.outdated"
"""Marks that a JobManager without ZooKeeper has run the job since: ZooKeeper's state must not be restored."""
HISTORY: Final = DATA / "dashboard" / "history.sqlite"
TAKEN: Final = ("ha", "zookeeper", "dashboard")
"""Folders beside the checkpoints with other content."""
IDLE: Final = ["sleep", "infinity"]
REMOVE_HA: Final = "docker compose --profile ha rm --stop --force jobmanager-2 jobmanager-3 zookeeper"


def overrides(environ: Mapping[str, str], hostname: str) -> dict[str, Any]:
    """Return a container's overrides of conf/config.yaml; raise UsageError if one is invalid."""
    jobmanager = environ.get("JOBMANAGER", LEADER)
    settings: dict[str, Any] = {
        "jobmanager.rpc.address": jobmanager,
        "jobmanager.bind-host": "0.0.0.0",  # noqa: S104 - the containers' own network; compose publishes on 127.0.0.1
        "rest.address": jobmanager,
        "rest.bind-address": "0.0.0.0",  # noqa: S104
        "rest.port": WEB_PORT,
        # A container's name survives rejoining the network; its address does not.
        "taskmanager.host": hostname,
        "taskmanager.bind-host": "0.0.0.0",  # noqa: S104
        **metrics.at(str(metrics.DEFAULT_PORT)),
        **{key: environ[name] for name, key in FLINK_KEYS.items() if environ.get(name)},
    }
    check_slots(environ)
    if "application" in profiles(environ):
        settings["execution.shutdown-on-application-finish"] = False  # the web UI still shows how the job ended
    if "ha" in profiles(environ):
        folder = f"{checkpoint_dir(environ).rpartition('/')[0]}/{TAKEN[0]}"
        settings |= zookeeper.flink_settings(f"zookeeper:{ZOOKEEPER_PORT}", folder, "flink-abnormal")
    return settings


def checkpoint_dir(environ: Mapping[str, str]) -> str:
    """Return CHECKPOINT_DIR; raise UsageError if no container could write there."""
    told = environ.get("CHECKPOINT_DIR") or "file:///data/checkpoints"
    wanted = re.fullmatch(r"(?:file:///data|s3://[^/@]+)/([^/]+(?:/[^/]+)*)/*", told)
    folders = wanted[1].split("/") if wanted else [".."]
    if {".", ".."} & set(folders):
        raise UsageError(
            f"CHECKPOINT_DIR={s3.without_keys(told)} can't be used: write file:///data/FOLDER (the volume that the "
            "containers share) or s3://BUCKET/FOLDER."
        )
    if folders[0] in TAKEN:
        raise UsageError(
            f"CHECKPOINT_DIR={told} can't be used: {folders[0]} is used for something else. Name another folder."
        )
    return told.rstrip("/")


def job_arguments(environ: Mapping[str, str]) -> list[str]:
    """Return the job's options from the environment."""
    arguments = ["--checkpoint-dir", checkpoint_dir(environ)]
    for name, flag in (("STATE_BACKEND", "--state-backend"), ("CHECKPOINT_INTERVAL", "--checkpoint-interval")):
        if environ.get(name):
            arguments += [flag, environ[name]]
    try:
        return arguments + shlex.split(environ.get("JOB_OPTIONS", ""))
    except ValueError as error:
        raise UsageError(f"JOB_OPTIONS={environ['JOB_OPTIONS']} can't be split into words: {error}.") from None


def jobmanager(environ: Mapping[str, str]) -> Role:
    """Return the JobManager of a session or, in application mode, one that runs only the job.

    A finished application is not run again with the same options: its JobManager shows an empty session.
    """
    if "application" not in profiles(environ):
        return JOBMANAGER
    options = [*job_arguments(environ), "--from", storage.AUTO]
    settings = settings_of(options)
    if finished.recorded(settings):
        print(finished.sentence(settings), file=sys.stderr)
        return JOBMANAGER
    script = distribution.project() / "jobs" / "abnormal.py"
    driver = ("--job-classname", "org.apache.flink.client.python.PythonDriver", "-py", str(script))
    return JOBMANAGER._replace(service=flink_process.APPLICATION, arguments=(*driver, "--", *options))


def run_flink(role: Role, environ: Mapping[str, str]) -> NoReturn:
    """Become a Flink process, with its standard output copied to two places."""
    checkpoint_dir(environ)
    check_zookeeper(role, environ)
    check_memory(role, environ, memory_limit())
    hostname = socket.gethostname()
    own = {names.SETTING: names.resource_id(names.of_container(hostname) or hostname)} if role is TASKMANAGER else {}
    env = distribution.prepare(distribution.CLUSTER_CONF, overrides(environ, hostname) | own)
    if "application" in profiles(environ):
        env[distribution.APPLICATION_VARIABLE] = "1"
    launch = flink_process.launch(role.service, env)
    log = distribution.work_folder() / "log" / f"flink-container-{role.service.name}-0-{hostname}.log"
    tee.lead(log.with_suffix(".out"))
    become(launch.command(log, role.arguments), launch.env)


def become(command: list[str], env: Mapping[str, str]) -> NoReturn:
    """Become a JVM, so that the container ends with it."""
    os.execve(command[0], command, env)  # noqa: S606


def check_zookeeper(role: Role, environ: Mapping[str, str]) -> None:
    """Prevent a JobManager from restoring a job from ZooKeeper if one without ZooKeeper has run it since.

    A running ZooKeeper and its data are left alone; the data is dropped at its next start.
    """
    if role.memory != JOBMANAGER.memory:
        return
    if "ha" not in profiles(environ) and ZOOKEEPER_DATA.exists():
        OUTDATED.touch()
        print(
            "What the three JobManagers stored about their job is outdated: the job continues from its newest snapshot."
        )
        if answers("zookeeper", ZOOKEEPER_PORT):
            print(f"They are still running beside the cluster, and use memory. Remove them: {REMOVE_HA}")
    elif "ha" in profiles(environ) and OUTDATED.exists():
        raise UsageError(
            "A ZooKeeper from before the last start without profile ha is still running, and would restore the job as "
            f"it was then. Remove it, and start again: {REMOVE_HA}"
        )


def forget_outdated() -> None:
    """Drop ZooKeeper's data if it is marked as outdated; called before ZooKeeper starts."""
    if OUTDATED.exists():
        shutil.rmtree(ZOOKEEPER_DATA, ignore_errors=True)
        OUTDATED.unlink()


def answers(host: str, port: int) -> bool:
    """Whether anything listens at the address."""
    try:
        with socket.create_connection((host, port), timeout=2):
            return True
    except OSError:
        return False


def dashboard(environ: Mapping[str, str]) -> list[str]:
    """Return the dashboard's command, with every JobManager of the profiles."""
    listen = ["--host", "0.0.0.0", "--history", str(HISTORY)]  # noqa: S104 - compose publishes it on 127.0.0.1
    return ["flink-abnormal", "dashboard", "--jobmanager", addresses(environ), *listen]


def guard(environ: Mapping[str, str]) -> list[str]:
    """Return the command of the job's guard; without a job to guard, print why and return one that idles."""
    try:
        check_profile("keep", environ)
        arguments = job_arguments(environ)
        settings_of(arguments)
    except AbnormalError as error:
        print(f"Error: {error}", file=sys.stderr)
    except click.ClickException as error:
        error.show()
    else:
        if "application" not in profiles(environ):
            return ["flink-abnormal", "keep", "--stay", "--jobmanager", addresses(environ), *arguments]
        print("Application mode: the JobManager runs the job itself, and no guard is needed.")
        return IDLE
    print("The job is not submitted: correct its settings (.env), then run docker compose up -d", file=sys.stderr)
    return IDLE


def run_zookeeper() -> NoReturn:
    """Become the ZooKeeper that the JobManagers share."""
    forget_outdated()
    env = distribution.prepare(distribution.CLUSTER_CONF, overrides(os.environ, socket.gethostname()))
    ZOOKEEPER_DATA.mkdir(parents=True, exist_ok=True)
    zookeeper.write_conf(ZOOKEEPER_DATA, ZOOKEEPER_PORT, "0.0.0.0")  # noqa: S104
    launch = flink_process.launch(flink_process.ZOOKEEPER, env | {"JVM_ARGS": zookeeper.JVM_ARGS})
    become(launch.command(distribution.work_folder() / "log" / "zookeeper.log", zookeeper.arguments()), launch.env)


def make_bucket(environ: Mapping[str, str]) -> None:
    """Create the bucket of CHECKPOINT_DIR if it is missing, and report it."""
    told = checkpoint_dir(environ)
    if not s3.is_s3(told):
        print(f"CHECKPOINT_DIR={told} is not in the S3 store, which stays empty: write s3://flink/checkpoints.")
        return
    bucket, _ = s3.split(told)
    made = s3.make_bucket(bucket)
    print(f"Created the bucket {bucket}." if made else f"The bucket {bucket} already exists.")


def brokers(environ: Mapping[str, str]) -> list[str]:
    """Return the addresses of the composition's Kafka brokers; raise UsageError for an impossible number."""
    told = environ.get("KAFKA_BROKERS") or "3"
    if told not in ("1", "2", "3"):
        raise UsageError(f"KAFKA_BROKERS={told} can't be used: the composition has 1 to 3 brokers.")
    return [f"kafka-{number}:9092" for number in range(1, int(told) + 1)]


def make_topics(environ: Mapping[str, str]) -> None:
    """Create the topics of the jobs that are missing."""
    found = brokers(environ)
    topics = (*TOPICS, *TICKER_TOPICS)
    kafka_clients.create_topics(",".join(found), topics, PARTITIONS, len(found))
    print(f"Topics: {', '.join(topics)}, {PARTITIONS} partitions each")


def producer(environ: Mapping[str, str]) -> list[str]:
    """Return the command of the producer."""
    options = environ.get("PRODUCE_OPTIONS", "")
    try:
        more = shlex.split(options)
    except ValueError as error:
        raise UsageError(f"PRODUCE_OPTIONS={options} can't be split into words: {error}.") from None
    return ["flink-abnormal", "produce", "--bootstrap", ",".join(brokers(environ)), *more]


def command(role: str, rest: list[str]) -> list[str]:
    """Return the command of a role that is not one of Flink's."""
    if role == "keep":
        return guard(os.environ)
    if role == "dashboard":
        return [*dashboard(os.environ), *rest]
    if role == "produce":
        return producer(os.environ)
    return [role, *rest]


def take(role: str, rest: list[str]) -> None:
    """Perform a role, or become its process."""
    if role != "keep":  # a guard that can't guard idles
        check_profile(role, os.environ)
    if role == "jobmanager":
        run_flink(jobmanager(os.environ), os.environ)
    if role == "taskmanager":
        run_flink(TASKMANAGER, os.environ)
    if role == "zookeeper":
        run_zookeeper()
    if role == "bucket":
        make_bucket(os.environ)
    elif role == "topics":
        make_topics(os.environ)
    elif role != "application":
        becomes = command(role, rest)
        os.execvp(becomes[0], becomes)  # noqa: S606


def main(arguments: list[str]) -> None:
    """Perform a role, with its options."""
    try:
        take(arguments[0], arguments[1:])
    except AbnormalError as error:
        print(f"Error: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except OSError as error:
        print(f"Error: {arguments[0]} can't be run: {error.strerror}", file=sys.stderr)
        sys.exit(MachineError.exit_code)


if __name__ == "__main__":
    main(sys.argv[1:])
