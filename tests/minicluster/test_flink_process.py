"""The commands of Flink's processes are those that its own scripts become."""

import os
import subprocess
from pathlib import Path

import pytest

from flink_abnormal.runtime import distribution, flink_process, java, process_launcher, stdout_files
from flink_abnormal.runtime.cluster_state import Plan
from flink_abnormal.runtime.supervisor import Supervisor

# Works for Flink's scripts, and writes down the command and the environment of what they become.
WITNESS = """#!/bin/sh
case "$*" in
  *BashJavaUtils* | *-version | *-XshowSettings*) exec {java} "$@" ;;
esac
printf '%s\\n' "$ROOT_LOG_LEVEL" "$MAX_LOG_FILE_NUMBER" "$FLINK_BIN_DIR" "$@" > {told}
"""
ZOOKEEPER = ("--zkConfigFile", "zoo.cfg", "--peerId", "1")
OWN = ("-D", "io.tmp.dirs=here")
APPLICATION = ("--job-classname", "some.Driver", "-py", "job.py", "--", "--interval", "1s")
CONFIGURED = {
    "env.java.opts.jobmanager": "-Xss2m -Done=1",
    "env.java.opts.taskmanager": "-Xss3m",
    "env.java.default-opts.taskmanager": "-Dtwo=2",
    "env.log.level": "DEBUG",
    "env.log.max": 3,
    "taskmanager.numberOfTaskSlots": 2,
}


@pytest.fixture
def environment(tmp_path, monkeypatch):
    """The environment of a cluster's processes, whose Java writes down what it is started with."""
    witness = tmp_path / "java" / "bin" / "java"
    witness.parent.mkdir(parents=True)
    witness.write_text(WITNESS.format(java=java.find() / "bin" / "java", told=tmp_path / "told"))
    witness.chmod(0o755)
    monkeypatch.setenv(distribution.HOME_VARIABLE, str(tmp_path))
    monkeypatch.setenv("HADOOP_CLASSPATH", "/some/hadoop.jar")
    env = distribution.prepare(distribution.CLUSTER_CONF, CONFIGURED)
    return env | {"JAVA_HOME": str(tmp_path / "java"), "JVM_ARGS": "-Dconsole.log.level=OFF -Xlog:disable"}


@pytest.mark.parametrize(
    ("service", "script", "arguments"),
    [
        (flink_process.JOBMANAGER, ("jobmanager.sh", "start-foreground"), OWN),
        (flink_process.APPLICATION, ("standalone-job.sh", "start-foreground"), APPLICATION),
        (flink_process.TASKMANAGER, ("taskmanager.sh", "start-foreground"), OWN),
        (flink_process.ZOOKEEPER, ("flink-console.sh", "zookeeper"), ZOOKEEPER),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_a_process_starts_as_by_flinks_script(environment, tmp_path, service, script, arguments):
    name, *verb = script
    command = [distribution.flink_home() / "bin" / name, *verb, *arguments]
    env = environment | {"FLINK_IDENT_STRING": "me", "FLINK_PID_DIR": str(tmp_path), "HOSTNAME": "host"}
    subprocess.run(command, env=env, stdout=subprocess.DEVNULL, check=True)
    level, most, programs, *expected = (tmp_path / "told").read_text().splitlines()

    launch = flink_process.launch(service, environment)
    found = launch.command(Path(env["FLINK_LOG_DIR"], f"flink-me-{service.name}-0-host.log"), arguments)

    assert found[0] == f"{tmp_path}/java/bin/java"
    assert sorted(map(without_empty_parts, found[1:])) == sorted(map(without_empty_parts, expected))
    assert found[found.index(service.main) :][-len(arguments) :] == list(arguments)
    assert [launch.env[name] for name in ("ROOT_LOG_LEVEL", "MAX_LOG_FILE_NUMBER", "FLINK_BIN_DIR")] == [
        level,
        most,
        programs,
    ]


def without_empty_parts(argument):
    """Return a class path without empty parts, which stand for the folder that a process happens to run in."""
    return os.pathsep.join(filter(None, argument.split(os.pathsep))) if ".jar" in argument else argument


def test_the_first_member_of_a_kind_writes_the_archive_of_its_classes_and_all_use_it(environment, tmp_path):
    def asked(name, service=flink_process.TASKMANAGER):
        return [each.partition("=")[0] for each in process_launcher._archive(service, name, environment)[:1]]

    assert asked("zookeeper", flink_process.ZOOKEEPER) == []
    assert asked("jobmanager", flink_process.JOBMANAGER) == ["-XX:ArchiveClassesAtExit"]
    assert asked("jobmanager-2", flink_process.JOBMANAGER) == []
    assert asked("taskmanager-2") == []
    (write, *_) = process_launcher._archive(flink_process.TASKMANAGER, "taskmanager-1", environment)
    flag, _, archive = write.partition("=")
    assert (flag, Path(archive).parent) == ("-XX:ArchiveClassesAtExit", tmp_path / ".flink" / "classes")
    Path(archive).write_bytes(b"\xf0 complete: not zero at its beginning")
    assert [asked("taskmanager-1"), asked("taskmanager-2")] == [["-XX:SharedArchiveFile"]] * 2


IMPOSSIBLE = (
    "conf/config.yaml: Flink can't divide a taskmanager's memory (taskmanager.memory.*): Sum of configured JVM "
    "Metaspace (256.000mb (268435456 bytes)) and JVM Overhead (192.000mb (201326592 bytes)) exceed configured Total "
    "Process Memory (300.000mb (314572800 bytes))."
)


def test_a_member_whose_memory_cannot_be_divided_is_given_up_with_flinks_reason(environment):
    distribution.prepare(distribution.CLUSTER_CONF, {"taskmanager.memory.process.size": "300m"})
    supervisor = Supervisor(Plan(8140, taskmanagers=1))
    member = supervisor._state.taskmanagers[0]

    supervisor._try_to_start(member)

    assert member.crash_loop
    assert stdout_files.output_file(member.name).read_text() == f"{IMPOSSIBLE}\n"
    assert supervisor._due == {"jobmanager": 0.0}
