"""The drill on the composition: members are containers, and a strike hits the JVM inside one.

`docker kill` would not do: a container killed from outside stays down, whatever its restart policy. For brokers, which
are to stay down for a while, it does.
"""

from __future__ import annotations

import contextlib
import io
import os
import signal
import subprocess
import tarfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn, cast

import docker
from docker.errors import DockerException

from flink_abnormal.core.errors import ClusterError, MachineError
from flink_abnormal.drill import inside
from flink_abnormal.drill.environment import Bootstrap, Hit, last_words
from flink_abnormal.drill.observer import POLL_SECONDS, DrillError
from flink_abnormal.runtime import distribution, names
from flink_abnormal.runtime.bounded import Address
from flink_abnormal.runtime.limits import flink_setting
from flink_abnormal.runtime.rest import Cluster

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from docker.models.containers import Container

    from flink_abnormal.drill.faults import Kind

PROJECT: Final = "flink-abnormal"
DRILL_PROJECT: Final = "flink-abnormal-drill"
LABEL: Final = "com.docker.compose"
WEB_PORT: Final = "8081/tcp"
KAFKA_PORT: Final = 9092
KAFKA_PORT_OUTSIDE: Final = "19092/tcp"
DOCKER_SECONDS: Final = 180
UP_SECONDS: Final = 1800.0
DOWN_SECONDS: Final = 120.0
REGISTER_SECONDS: Final = 180.0
FLINK_USER: Final = 9999


class ComposeEnvironment:
    """The composition with a project's name."""

    name = "compose"
    cancel = "docker compose exec jobmanager flink-abnormal cancel"

    def __init__(self, client: docker.DockerClient, project: str) -> None:
        self._docker, self._project = client, project
        self._networks: dict[str, dict[str, Any]] = {}
        self._members = {_member(each): each for each in running(client, project)}
        self._environment = _environment(self._members["jobmanager"])
        self._brokers = [name for name, each in self._members.items() if _is_broker(each)]
        self._policies: dict[str, Any] = {}
        first, *others = [
            Address("127.0.0.1", int(ports[0]["HostPort"]))
            for each in self._members.values()
            if (ports := each.attrs["NetworkSettings"]["Ports"].get(WEB_PORT))
        ]
        self.cluster = Cluster(*first, others)
        stamp = f"{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}"
        self.folder = f"/data/drill/{stamp}"
        store = self._environment.get("CHECKPOINT_DIR", "")
        self.checkpoints = f"{store}/drill-{stamp}" if store.startswith("s3:") else f"{self.folder}/checkpoints"

    @property
    def slots(self) -> int:
        """The number of slots once every TaskManager is registered."""
        workers = [name for name in self._members if name.startswith("taskmanager")]
        return len(workers) * int(flink_setting(self._environment, "SLOTS"))

    def impossible(self) -> Mapping[Kind, str]:
        """Return the strikes that are impossible here, and why."""
        no: dict[Kind, str] = {}
        if "zookeeper-1" not in self._members:
            no["kill jobmanager"] = (
                "the composition has one JobManager, and its job dies with it. Bring it up with high availability: "
                "COMPOSE_PROFILES=ha docker compose up -d"
            )
        if not self.checkpoints.startswith("/"):
            no["fill disk"] = f"checkpoints go to {self.checkpoints}, not to a folder."
        return no

    def command(self, arguments: Sequence[str], seconds: float) -> str:  # noqa: ARG002 - Docker's client has its own
        """Run `flink-abnormal` in the JobManager's container; return its output."""
        return self._run("jobmanager", ["flink-abnormal", *arguments])

    def member_of(self, taskmanager: str) -> str | None:
        """Return the container with this id."""
        name = names.name_of(taskmanager)
        return name if name in self._members else None

    def leader(self) -> str | None:
        """Return the leading JobManager."""
        if "zookeeper-1" not in self._members:
            return "jobmanager"
        for member in self._members:
            if member.startswith("jobmanager"):
                with contextlib.suppress(ClusterError):  # a struck one is not up yet
                    return self._run(member, ["python", "-m", "flink_abnormal.runtime.leader_lookup"]).strip()
        return None

    def missing(self) -> str | None:
        """Return a container that does not run or fails its health check, with the reason."""
        return next((f"{member} {why}" for member in self._members if (why := self._ailment(member))), None)

    def registered(self) -> bool:
        """Whether every TaskManager is registered, and every broker answers."""
        return (
            self.cluster.answers()
            and self.cluster.slots().total >= self.slots
            and not any(map(self._ailment, self._brokers))
        )

    def _ailment(self, member: str) -> str:
        """Run a container's health check; return what is wrong with it, or nothing.

        Docker runs the check every few seconds only, which would count as time of the recovery.
        """
        try:
            with _answers():
                self._members[member].reload()
            state, config = (self._members[member].attrs[part] for part in ("State", "Config"))
            if not state["Running"]:
                return f"is {state['Status']} {state['Error']}".rstrip()
            if check := health_check(config):
                self._run(member, check)
        except ClusterError as error:
            return f"fails its health check: {error}"
        return ""

    def kill(self, member: str) -> Hit:
        """SIGKILL a container's JVM; of a broker the container, which stays down."""
        if member not in self._brokers:
            return self._strike(member, signal.SIGKILL, "jvm", f"the JVM of {member} is dead")
        with _answers():
            self._members[member].kill()
        return Hit(time.time(), f"{member} is dead")

    def brokers(self) -> Sequence[str]:
        """Return the names of the brokers' containers."""
        return self._brokers

    def bootstrap(self) -> Bootstrap:
        """Return the brokers' addresses: ports that are published on this machine, and names inside."""
        if not self._brokers:
            raise ClusterError(
                "The composition has no Kafka brokers. Bring it up with them: COMPOSE_PROFILES=kafka docker compose "
                "up -d"
            )
        published = [
            self._members[broker].attrs["NetworkSettings"]["Ports"][KAFKA_PORT_OUTSIDE][0] for broker in self._brokers
        ]
        return Bootstrap(
            ",".join(f"127.0.0.1:{each['HostPort']}" for each in published),
            ",".join(f"{broker}:{KAFKA_PORT}" for broker in self._brokers),
        )

    def revive(self, member: str) -> Hit:
        """Start a broker's container again."""
        with _answers():
            self._members[member].start()
        return Hit(time.time(), f"{member} is started again")

    def fill(self, member: str) -> Hit:
        """Forbid a broker's JVM to write to files; it is not restarted before there is room."""
        broker, never = self._members[member], {"Name": "no"}
        with _answers():
            broker.reload()
            self._policies[member] = broker.attrs["HostConfig"]["RestartPolicy"]
            broker.update(restart_policy=cast("Any", never))
        self._limit_files(member, "0")
        return Hit(time.time(), f"{member} has no room left on its disk")

    def free(self, member: str) -> Hit:
        """Start a broker that has ended, or allow it to write again."""
        broker = self._members[member]
        with _answers():
            broker.update(restart_policy=self._policies.pop(member))
            broker.reload()
        if broker.status == "running":
            self._limit_files(member, "unlimited")
            return Hit(time.time(), f"{member} has room again")
        return self.revive(member)._replace(text=f"{member} had ended; it has room again, and is started")

    def kill_python_worker(self, member: str) -> Hit:
        """SIGKILL the busiest Python worker of a TaskManager."""
        return self._strike(member, signal.SIGKILL, "worker", f"a Python worker of {member} is dead")

    def pause(self, member: str) -> Hit:
        """SIGSTOP a container's JVM."""
        return self._strike(member, signal.SIGSTOP, "jvm", f"the JVM of {member} is frozen")

    def resume(self, member: str) -> Hit:
        """SIGCONT a container's JVM."""
        return self._strike(member, signal.SIGCONT, "jvm", f"the JVM of {member} wakes up")

    def cut(self, member: str) -> Hit:
        """Disconnect a container from its networks."""
        container = self._members[member]
        with _answers():
            container.reload()
            self._networks[member] = container.attrs["NetworkSettings"]["Networks"]
            for each in self._networks[member].values():
                self._docker.networks.get(each["NetworkID"]).disconnect(container)
        return Hit(time.time(), f"{member} is cut off from the network")

    def join(self, member: str) -> Hit:
        """Reconnect a container, under its old names."""
        with _answers():
            for each in self._networks.get(member, {}).values():
                network = self._docker.networks.get(each["NetworkID"])
                network.connect(self._members[member], aliases=each["Aliases"])
        self._networks.pop(member, None)
        return Hit(time.time(), f"{member} is on the network again")

    def cut_brokers(self, member: str) -> Hit:
        """Make the brokers' addresses unreachable from a container."""
        with _answers():
            for broker in self._brokers:
                self._members[broker].reload()
        networks = [self._members[broker].attrs["NetworkSettings"]["Networks"] for broker in self._brokers]
        addresses = [each["IPAddress"] for found in networks for each in found.values()]
        self._routes(member, "; ".join(f"ip route replace unreachable {address}" for address in addresses))
        return Hit(time.time(), f"{member} is cut off from {', '.join(self._brokers)}")

    def join_brokers(self, member: str) -> Hit:
        """Make them reachable again."""
        self._routes(member, "ip route flush type unreachable")
        return Hit(time.time(), f"{member} reaches them again")

    def plant(self, folder: str, names: Sequence[str]) -> Hit:
        """Create empty files for names that do not exist."""
        self._shell('for name; do [ -e "$name" ] || : > "$name"; done', folder, names)
        return Hit(time.time(), "checkpoints can no longer be written: files block their folders")

    def clear(self, folder: str, names: Sequence[str]) -> Hit:
        """Remove the planted files."""
        self._shell('for name; do [ ! -f "$name" ] || rm "$name"; done', folder, names)
        return Hit(time.time(), "checkpoints can be written again")

    def read(self, folder: str) -> dict[str, bytes]:
        """Return the finished files of a folder."""
        with _answers():
            chunks, _ = self._members["jobmanager"].get_archive(folder)
            packed = io.BytesIO(b"".join(chunks))
        found = {}
        with tarfile.open(fileobj=packed) as archive:
            for each in archive:
                name, content = Path(each.name).name, archive.extractfile(each)
                if content is not None and not name.startswith("."):
                    found[name] = content.read()
        return found

    def write(self, folder: str, name: str, content: bytes) -> None:
        """Replace a file."""
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as archive:
            info = tarfile.TarInfo(name)
            info.size, info.uid, info.gid = len(content), FLINK_USER, FLINK_USER
            archive.addfile(info, io.BytesIO(content))
        with _answers():
            self._members["jobmanager"].put_archive(folder, packed.getvalue())

    def bring(self, folder: Path) -> str:
        """Copy the files of a folder into the volume."""
        there = f"{self.folder}/{folder.name}"
        self._run("jobmanager", ["mkdir", "-p", there])
        for file in folder.iterdir():
            self.write(there, file.name, file.read_bytes())
        return there

    def remove(self, folder: str) -> None:
        """Remove a folder and its contents."""
        self._run("jobmanager", ["rm", "-rf", folder])

    def _shell(self, script: str, folder: str, names: Sequence[str]) -> None:
        self._run("jobmanager", ["sh", "-c", f'cd "$0" && {script}', folder, *names])

    def _strike(self, member: str, number: signal.Signals, what: str, text: str) -> Hit:
        script = Path(inside.__file__).read_text(encoding="utf-8")
        try:
            pid, at = self._run(member, ["python", "-c", script, str(int(number)), what]).split()
        except ClusterError as error:
            raise DrillError(f"{member} could not be struck: {error}") from None
        return Hit(float(at), f"{text} (pid {pid} in its container)")

    def _limit_files(self, member: str, most: str) -> None:
        """Set the size in bytes above which a container's JVM can't write to a file."""
        java = "$(grep -lx java /proc/[0-9]*/comm | cut -d/ -f3)"
        self._run(member, ["sh", "-c", f'prlimit --fsize={most}: --pid "{java}"'])

    def _routes(self, member: str, script: str) -> None:
        """Change a container's routes, from one that shares its network: itself it may not."""
        container = self._members[member]
        with _answers():
            self._docker.containers.run(
                container.attrs["Image"],
                ["-ec", script],
                entrypoint="sh",
                network_mode=f"container:{container.id}",
                cap_add=["NET_ADMIN"],
                user="root",
                remove=True,
            )

    def _run(self, member: str, command: Sequence[str]) -> str:
        """Run a command in a container and return its standard output; raise ClusterError if it fails."""
        with _answers():
            done = self._members[member].exec_run(list(command), demux=True)
        out, err = (bytes(part or b"").decode(errors="replace") for part in done.output)
        if done.exit_code:
            raise ClusterError(last_words(err) or f"{command[0]} ended with {done.exit_code} in {member}")
        return out


@contextlib.contextmanager
def _answers() -> Iterator[None]:
    """Turn errors of Docker's client into a ClusterError."""
    try:
        yield
    except (DockerException, OSError) as error:
        raise ClusterError(f"Docker refused: {str(error).splitlines()[0]}") from None


def running(client: docker.DockerClient, project: str) -> list[Container]:
    """Return the running JobManagers, brokers, TaskManagers and ZooKeeper of a composition, JobManagers first."""
    found = client.containers.list(filters={"label": [f"{LABEL}.project={project}", f"{LABEL}.oneoff=False"]})
    wanted = ("jobmanager", "kafka", "taskmanager", "zookeeper")
    return sorted((each for each in found if _member(each).startswith(wanted)), key=_member)


def _member(container: Container) -> str:
    """Return the service's name, with the replica's number if the service may have several."""
    labels = container.labels
    service = str(labels[f"{LABEL}.service"])
    alone = service.startswith(("jobmanager", "kafka"))
    return service if alone else f"{service}-{labels[f'{LABEL}.container-number']}"


def health_check(config: Mapping[str, Any]) -> list[str]:
    """Return the command of a container's health check; empty if it has none, or an override file disables it."""
    kind, *command = config.get("Healthcheck", {}).get("Test", ["NONE"])
    return ["sh", "-c", *command] if kind == "CMD-SHELL" else command


def _environment(container: Container) -> dict[str, str]:
    """Return a container's environment variables."""
    return dict(each.partition("=")[::2] for each in container.attrs["Config"]["Env"])


def _is_broker(container: Container) -> bool:
    """Whether a broker runs in it: with KAFKA_BROKERS=1 two of the three containers idle."""
    known = _environment(container)
    return _member(container).startswith("kafka") and int(known["KAFKA_NODE_ID"]) <= int(known["KAFKA_BROKERS"])


@contextlib.contextmanager
def opened(port: int, *, ha: bool, say: Callable[[str], None], kafka: bool = False) -> Iterator[ComposeEnvironment]:
    """Open the running composition, or start one under its own name, with brokers if `kafka`, as long as the drill."""
    try:
        client = docker.from_env(timeout=DOCKER_SECONDS)
        client.ping()
    except (DockerException, OSError):
        raise MachineError(
            "Docker does not answer: install it, start it, and check that `docker info` works for this user."
        ) from None
    project = os.environ.get("COMPOSE_PROJECT_NAME", PROJECT)
    if running(client, project):
        yield _registered(ComposeEnvironment(client, project))
        return
    say("The composition is not up: starting one for the drill" + (" with three JobManagers" if ha else ""))
    try:
        _up(port, ha=ha, kafka=kafka)
        yield _registered(ComposeEnvironment(client, DRILL_PROJECT))
    finally:
        _compose(["--profile", "*", "down", "--volumes", "--remove-orphans", "--timeout", "2"], {}, DOWN_SECONDS)


def _registered(environment: ComposeEnvironment) -> ComposeEnvironment:
    """Wait until every TaskManager is registered, and every broker answers."""
    deadline = time.monotonic() + REGISTER_SECONDS
    while not environment.registered():
        if time.monotonic() > deadline:
            raise ClusterError(
                f"Not all containers are ready within {REGISTER_SECONDS:.0f} s: see docker compose logs."
            )
        time.sleep(POLL_SECONDS)
    return environment


def _up(port: int, *, ha: bool, kafka: bool) -> None:
    profiles = {name for name in os.environ.get("COMPOSE_PROFILES", "").split(",") if name}
    profiles |= {name for name, wanted in (("ha", ha), ("kafka", kafka)) if wanted}
    ports = {"WEB_PORT": str(port), "WEB_PORT_2": str(port + 1), "WEB_PORT_3": str(port + 2)}
    services = ["jobmanager", "taskmanager", *(["jobmanager-2", "jobmanager-3", "zookeeper"] if ha else [])]
    services += ["kafka-1", "kafka-2", "kafka-3"] if kafka else []
    done = _compose(["up", "--detach", *services], {"COMPOSE_PROFILES": ",".join(profiles), **ports}, UP_SECONDS)
    if done.returncode:
        raise ClusterError(f"docker compose up failed: {last_words(done.stderr)}")


def _compose(arguments: Sequence[str], environment: Mapping[str, str], seconds: float) -> Any:
    try:
        return subprocess.run(
            ["docker", "compose", "--project-name", DRILL_PROJECT, *arguments],
            cwd=distribution.project(),
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=seconds,
            check=False,
            start_new_session=True,  # Ctrl-C belongs to the drill, which takes the composition down in order
        )
    except FileNotFoundError:
        raise MachineError("`docker compose` is not installed.") from None
    except subprocess.TimeoutExpired:
        _too_slow(arguments, seconds)


def _too_slow(arguments: Sequence[str], seconds: float) -> NoReturn:
    raise ClusterError(f"docker compose {arguments[0]} did not end within {seconds:.0f} s.")
