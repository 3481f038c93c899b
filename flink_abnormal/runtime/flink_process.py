"""The commands of Flink's processes: those that its scripts (jobmanager.sh, flink-console.sh …) would become.

Before a script becomes a process, it starts four JVMs and two hundred small programs, which read config.yaml and
calculate the memory: two seconds of CPU. Here one JVM calculates the memory, by Flink's own code, once for all
processes of a service. A test compares the commands.
"""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from flink_abnormal.core.errors import UsageError
from flink_abnormal.runtime import distribution, java

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SECURITY_MANAGER_JAVA: Final = 18
"""From this version on, Java has to be told that Flink may set a security manager."""
_RESULT: Final = "BASH_JAVA_UTILS_EXEC_RESULT:"


class Service(NamedTuple):
    """A kind of process: Flink's name for it, its main class, and how Flink calls its memory and its own JVM options.

    ZooKeeper has neither memory settings nor options of its own.
    """

    name: str
    main: str
    memory: str = ""
    options: str = ""


JOBMANAGER: Final = Service(
    "standalonesession", "org.apache.flink.runtime.entrypoint.StandaloneSessionClusterEntrypoint", "JM", "jobmanager"
)
APPLICATION: Final = JOBMANAGER._replace(
    name="standalonejob", main="org.apache.flink.container.entrypoint.StandaloneApplicationClusterEntryPoint"
)
TASKMANAGER: Final = Service(
    "taskexecutor", "org.apache.flink.runtime.taskexecutor.TaskManagerRunner", "TM", "taskmanager"
)
ZOOKEEPER: Final = Service("zookeeper", "org.apache.flink.runtime.zookeeper.FlinkZooKeeperQuorumPeer")


class Launch(NamedTuple):
    """How processes of a service start: their JVM's options, main class and settings, and their environment."""

    jvm: list[str]
    main: list[str]
    env: dict[str, str]

    def command(self, log: Path, arguments: Iterable[str] = (), jvm: Iterable[str] = ()) -> list[str]:
        """Return the command of one process, with its log file, and with arguments of its own and of its JVM's."""
        return [*self.jvm, *jvm, f"-Dlog.file={log}", *self.main, *arguments]


def launch(service: Service, env: Mapping[str, str]) -> Launch:
    """Return how a service starts in an environment of `distribution`; raise UsageError if its memory is impossible."""
    conf = Path(env["FLINK_CONF_DIR"])
    settings = distribution.settings(conf / "config.yaml")
    options = ["-XX:+IgnoreUnrecognizedVMOptions", *_jvm_options(settings, "all")]
    if (java.version(Path(env["JAVA_HOME"])) or 0) >= SECURITY_MANAGER_JAVA:
        options.append("-Djava.security.manager=allow")
    if service.options:
        options += _jvm_options(settings, service.options)
    log4j = f"file:{conf / 'log4j-console.properties'}"
    options += [f"-Dlog4j.configuration={log4j}", f"-Dlog4j.configurationFile={log4j}"]
    options += [f"-Dlogback.configurationFile=file:{conf / 'logback-console.xml'}"]
    memory, configured, report = _memory(service, env) if service.memory else ([], [], "")
    program = [_java(env), *shlex.split(env.get("JVM_ARGS", "")), *memory, *options]
    start = ["-classpath", _classpath(env), service.main]
    if service.memory:
        start += ["--configDir", str(conf), *configured]
    logging = {
        "ROOT_LOG_LEVEL": str(settings.get("env.log.level", "INFO")),
        "MAX_LOG_FILE_NUMBER": str(settings.get("env.log.max", 10)),
    }
    own = {"FLINK_BIN_DIR": str(distribution.flink_home() / "bin"), "FLINK_INHERITED_LOGS": report}
    return Launch(program, start, {**logging, **env, **own})


def _jvm_options(settings: Mapping[str, object], whose: str) -> list[str]:
    """Return the JVM options that config.yaml gives to all processes, or to those of one kind."""
    keys = (f"env.java.default-opts.{whose}", f"env.java.opts.{whose}")
    return [option for key in keys for option in shlex.split(str(settings.get(key, "")))]


def _classpath(env: Mapping[str, str]) -> str:
    jars = sorted(
        Path(env["FLINK_LIB_DIR"]).glob("*.jar"), key=lambda jar: (jar.name.startswith("flink-dist"), jar.name)
    )
    return ":".join([*map(str, jars), *filter(None, [env.get("HADOOP_CLASSPATH")])])


def _memory(service: Service, env: Mapping[str, str]) -> tuple[list[str], list[str], str]:
    """Return the JVM's options and Flink's settings for a process's memory, and how Flink calculated them."""
    utilities = distribution.flink_home() / "bin" / "bash-java-utils.jar"
    (dist,) = Path(env["FLINK_LIB_DIR"]).glob("flink-dist*.jar")
    command = [_java(env), "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-classpath", f"{utilities}:{dist}"]
    command += ["org.apache.flink.runtime.util.bash.BashJavaUtils", f"GET_{service.memory}_RESOURCE_PARAMS"]
    done = subprocess.run(
        [*command, "--configDir", env["FLINK_CONF_DIR"]], env=dict(env), capture_output=True, text=True, check=False
    )
    lines = (done.stdout + done.stderr).splitlines()
    if done.returncode != 0:
        reasons = [line for line in lines if "Exception" in line]
        raise UsageError(
            f"conf/config.yaml: Flink can't divide a {service.options}'s memory ({service.options}.memory.*): "
            f"{(reasons or lines or ['no reason given'])[-1].rpartition('Exception: ')[2]}"
        )
    options, settings = (line.removeprefix(_RESULT).split() for line in lines if line.startswith(_RESULT))
    return options, settings, "\n".join(line for line in lines if not line.startswith(_RESULT))


def _java(env: Mapping[str, str]) -> str:
    return str(Path(env["JAVA_HOME"], "bin", "java"))
