"""What runs in a container of the composition: `python -m flink_abnormal.runtime.container ROLE`.

Settings come from the environment (.env.example lists them); what can't work is refused with a sentence in the
container's log before a JVM starts. ROLE is `jobmanager`, `taskmanager`, `zookeeper`, `bucket` (makes the one of the
checkpoints), `keep` (the guard of the job) or `dashboard`; anything else is run as a command.

A JobManager's and a TaskManager's standard output goes to the container's log and to the file that the web UI shows;
Flink's own log goes to standard error, so that the file holds the job's lines alone.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, NoReturn

from flink_abnormal.errors import AbnormalError, MachineError, UsageError
from flink_abnormal.runtime import distribution, metrics, snapshots, store, tee, zookeeper

if TYPE_CHECKING:
    from collections.abc import Mapping

JOBMANAGERS: Final = ("jobmanager", "jobmanager-2", "jobmanager-3")
LEADER: Final = JOBMANAGERS[0]
"""The name of the JobManager, or of the first of several."""
WEB_PORT: Final = 8081
ZOOKEEPER_PORT: Final = 2181
ZOOKEEPER_DATA: Final = Path("/data/zookeeper")
HISTORY: Final = Path("/data/dashboard/history.sqlite")
PYTHON_MEGABYTES: Final = 256
"""Room for thread-mode Python beside Flink's own accounting: an allowance, not a measured need."""
SMALLEST_MEGABYTES: Final = {"JOBMANAGER_MEMORY": 768, "TASKMANAGER_MEMORY": 768}
FLINK_KEYS: Final = {
    "JOBMANAGER_MEMORY": "jobmanager.memory.process.size",
    "TASKMANAGER_MEMORY": "taskmanager.memory.process.size",
    "SLOTS": "taskmanager.numberOfTaskSlots",
}
"""Settings that stand in conf/config.yaml too: it holds their defaults."""
_UNITS: Final = {"": 1 / 1024**2, "k": 1 / 1024, "m": 1, "g": 1024}


class Role(NamedTuple):
    """A Flink process.

    Its script in Flink's bin folder, Flink's name of the service, the setting of its memory, and the Python it holds.
    """

    script: str
    arguments: tuple[str, ...]
    service: str
    memory: str
    python_megabytes: int


JOBMANAGER: Final = Role("jobmanager.sh", ("start-foreground",), "standalonesession", "JOBMANAGER_MEMORY", 0)
FINISHED: Final = Path("/data/application.finished")
TASKMANAGER: Final = Role(
    "taskmanager.sh", ("start-foreground",), "taskexecutor", "TASKMANAGER_MEMORY", PYTHON_MEGABYTES
)


def overrides(environ: Mapping[str, str], hostname: str) -> dict[str, Any]:
    """Return the Flink settings of a container, over conf/config.yaml; raise UsageError where one can't be."""
    jobmanager = environ.get("JOBMANAGER", LEADER)
    settings: dict[str, Any] = {
        "jobmanager.rpc.address": jobmanager,
        "jobmanager.bind-host": "0.0.0.0",  # noqa: S104 - the containers' own network; compose publishes on 127.0.0.1
        "rest.address": jobmanager,
        "rest.bind-address": "0.0.0.0",  # noqa: S104
        "rest.port": WEB_PORT,
        # A container's name stays when it joins the network again; its address does not.
        "taskmanager.host": hostname,
        "taskmanager.bind-host": "0.0.0.0",  # noqa: S104
        **metrics.at(str(metrics.DEFAULT_PORT)),
        **{key: environ[name] for name, key in FLINK_KEYS.items() if environ.get(name)},
    }
    check_slots(environ)
    if "application" in profiles(environ):
        settings["execution.shutdown-on-application-finish"] = False  # the web UI goes on showing how the job ended
    if "ha" in profiles(environ):
        storage = f"{checkpoint_dir(environ).rpartition('/')[0]}/ha"
        settings |= zookeeper.flink_settings(f"zookeeper:{ZOOKEEPER_PORT}", storage, "flink-abnormal")
    return settings


def profiles(environ: Mapping[str, str]) -> set[str]:
    """Return the profiles that COMPOSE_PROFILES names; compose passes it on."""
    return {name.strip() for name in environ.get("COMPOSE_PROFILES", "").split(",")} - {""}


def check_profile(role: str, environ: Mapping[str, str]) -> None:
    """Raise UsageError for profiles that exclude each other, or that only the containers in them were told of."""
    if {"ha", "application"} <= profiles(environ):
        raise UsageError("Profiles ha and application can't be had together: choose one in COMPOSE_PROFILES.")
    standby = environ.get("JOBMANAGER", LEADER) != LEADER
    profile = "application" if role == "application" else "ha" if role == "zookeeper" or standby else ""
    if profile and profile not in profiles(environ):
        raise UsageError(
            f"Profile {profile} changes every container: give it as COMPOSE_PROFILES={profile} docker compose up -d, "
            "or in .env, and not by --profile."
        )


def checkpoint_dir(environ: Mapping[str, str]) -> str:
    """Return CHECKPOINT_DIR; raise UsageError where no container could write there."""
    told = environ.get("CHECKPOINT_DIR") or "file:///data/checkpoints"
    if not re.fullmatch(r"(file:///|s3://)[^/].*", told):
        raise UsageError(
            f"CHECKPOINT_DIR={told} can't be used: write file:///data/FOLDER (the volume that the containers share) "
            "or s3://BUCKET/FOLDER."
        )
    return told.rstrip("/")


def flink_setting(environ: Mapping[str, str], name: str) -> str:
    """Return one of FLINK_KEYS as it is told, or as conf/config.yaml has it; raise UsageError where neither says it."""
    told = environ.get(name) or distribution.settings().get(FLINK_KEYS[name])
    if told is None:
        raise UsageError(f"conf/config.yaml holds no {FLINK_KEYS[name]}: set {name}.")
    return str(told)


def megabytes(environ: Mapping[str, str], name: str) -> int:
    """Return a setting such as 1280m or 2g in MiB; raise UsageError where it is none."""
    told = flink_setting(environ, name)
    match = re.fullmatch(r"(\d+)\s*([kmg]?)b?", told.strip().lower())
    if match is None:
        raise UsageError(f"{name}={told} is no amount of memory: write {flink_setting({}, name)} or 2g.")
    return int(int(match[1]) * _UNITS[match[2]])


def check_memory(role: Role, environ: Mapping[str, str], limit_megabytes: int | None) -> None:
    """Raise UsageError where Flink would not start, or the kernel would kill the process later."""
    size = megabytes(environ, role.memory)
    smallest = SMALLEST_MEGABYTES[role.memory]
    if size < smallest:
        raise UsageError(f"{role.memory}={size}m is too little for Flink: at least {smallest}m.")
    needed = size + role.python_megabytes
    if limit_megabytes is not None and needed > limit_megabytes:
        beside = f" and Python beside it {role.python_megabytes}" if role.python_megabytes else ""
        raise UsageError(
            f"The container may use {limit_megabytes} MiB, and Flink needs {size} ({role.memory}){beside}: "
            f"set {role.memory.replace('_MEMORY', '_LIMIT')} to {needed}m or more, or {role.memory} lower."
        )


def memory_limit() -> int | None:
    """Return how many MiB this container may use, or None where nothing limits it."""
    for file in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        try:
            told = Path(file).read_text(encoding="ascii").strip()
        except OSError:
            continue
        # Version 1 of the kernel's groups writes "no limit" as a number beyond any machine.
        return None if told == "max" or int(told) >= 2**60 else int(told) // 1024**2
    return None


def check_slots(environ: Mapping[str, str]) -> None:
    """Raise UsageError where SLOTS is no number that a TaskManager can have."""
    told = flink_setting(environ, "SLOTS")
    if not told.isdecimal() or not 1 <= int(told) <= 100:  # noqa: PLR2004
        raise UsageError(f"SLOTS={told} is no number from 1 to 100.")


def job_arguments(environ: Mapping[str, str]) -> list[str]:
    """Return the options of the job that the settings give."""
    arguments = ["--checkpoint-dir", checkpoint_dir(environ)]
    for name, flag in (("STATE_BACKEND", "--state-backend"), ("CHECKPOINT_INTERVAL", "--checkpoint-interval")):
        if environ.get(name):
            arguments += [flag, environ[name]]
    try:
        return arguments + shlex.split(environ.get("JOB_OPTIONS", ""))
    except ValueError as error:
        raise UsageError(f"JOB_OPTIONS={environ['JOB_OPTIONS']} can't be split into words: {error}.") from None


def jobmanager(environ: Mapping[str, str]) -> Role:
    """Return the JobManager of a session, or in application mode the one that runs the job and nothing else.

    An application whose job has finished is not run again with the same options: its JobManager shows an empty session.
    """
    if "application" not in profiles(environ):
        return JOBMANAGER
    options = [*job_arguments(environ), "--from", snapshots.AUTO]
    if FINISHED.is_file() and FINISHED.read_text(encoding="utf-8") == shlex.join(options):
        print(f"The job has finished and is not started again: for that, remove {FINISHED}.", file=sys.stderr)
        return JOBMANAGER
    FINISHED.unlink(missing_ok=True)
    script = distribution.project() / "jobs" / "abnormal.py"
    driver = ("--job-classname", "org.apache.flink.client.python.PythonDriver", "-py", str(script))
    arguments = ("start-foreground", *driver, "--", *options)
    return JOBMANAGER._replace(script="standalone-job.sh", arguments=arguments, service="standalonejob")


def run_flink(role: Role, environ: Mapping[str, str]) -> NoReturn:
    """Become a process of Flink, with its standard output led to two places."""
    checkpoint_dir(environ)
    if role is JOBMANAGER and "ha" not in profiles(environ) and ZOOKEEPER_DATA.exists():
        # Else the next start with three JobManagers would bring the job back as it was then.
        print("What three JobManagers knew of their job is forgotten: it goes on from its newest snapshot.")
        shutil.rmtree(ZOOKEEPER_DATA, ignore_errors=True)
    check_memory(role, environ, memory_limit())
    hostname = socket.gethostname()
    env = distribution.prepare(distribution.CLUSTER_CONF, overrides(environ, hostname))
    env |= {"FLINK_IDENT_STRING": "container", distribution.FINISHED_VARIABLE: str(FINISHED)}
    tee.lead(distribution.work_folder() / "log" / f"flink-container-{role.service}-0-{hostname}.out")
    script = distribution.flink_home() / "bin" / role.script
    os.execve(script, [str(script), *role.arguments], env)  # noqa: S606


def dashboard(environ: Mapping[str, str]) -> list[str]:
    """Return the command of the dashboard, which watches every JobManager that the profiles give."""
    names = JOBMANAGERS if "ha" in profiles(environ) else JOBMANAGERS[:1]
    addresses = ",".join(f"{name}:{WEB_PORT}" for name in names)
    listen = ["--host", "0.0.0.0", "--history", str(HISTORY)]  # noqa: S104 - compose publishes it on 127.0.0.1
    return ["flink-abnormal", "dashboard", "--jobmanager", addresses, *listen]


def run_zookeeper() -> NoReturn:
    """Become the ZooKeeper that the JobManagers share."""
    env = distribution.prepare(distribution.CLUSTER_CONF, overrides(os.environ, socket.gethostname()))
    ZOOKEEPER_DATA.mkdir(parents=True, exist_ok=True)
    zookeeper.write_conf(ZOOKEEPER_DATA, ZOOKEEPER_PORT, "0.0.0.0")  # noqa: S104
    command = zookeeper.command()
    os.execve(command[0], command, env | {"JVM_ARGS": zookeeper.JVM_ARGS})  # noqa: S606


def make_bucket(environ: Mapping[str, str]) -> None:
    """Make the bucket of CHECKPOINT_DIR where it is missing, and say so."""
    told = checkpoint_dir(environ)
    if not store.is_s3(told):
        print(f"CHECKPOINT_DIR={told} is not in the S3 store, which stays empty: write s3://flink/checkpoints.")
        return
    bucket, _ = store.split(told)
    made = store.make_bucket(bucket)
    print(f"Made the bucket {bucket}." if made else f"The bucket {bucket} is there.")


def main(arguments: list[str]) -> None:
    """Take a role."""
    role, rest = arguments[0], arguments[1:]
    try:
        check_profile(role, os.environ)
        if role == "jobmanager":
            run_flink(jobmanager(os.environ), os.environ)
        if role == "taskmanager":
            run_flink(TASKMANAGER, os.environ)
        if role == "zookeeper":
            run_zookeeper()
        if role == "application" or (role == "keep" and "application" in profiles(os.environ)):
            print("Application mode: the JobManager runs the job itself, and no guard is needed.")
            return
        if role == "bucket":
            make_bucket(os.environ)
            return
        command = arguments
        if role == "keep":
            command = ["flink-abnormal", "keep", *job_arguments(os.environ), *rest]
        if role == "dashboard":
            command = [*dashboard(os.environ), *rest]
        os.execvp(command[0], command)  # noqa: S606
    except AbnormalError as error:
        print(f"Error: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except OSError as error:
        print(f"Error: {MachineError(f'{arguments[0]} can not be run: {error.strerror}')}", file=sys.stderr)
        sys.exit(MachineError.exit_code)


if __name__ == "__main__":
    main(sys.argv[1:])
