"""What an embedded run finds on machines that are not like a developer's."""

import os
import shlex
import shutil
import signal
import subprocess

import psutil
import pytest
from conftest import BIN, PROJECT, lines, wait_until

# The project itself may lie in /tmp.
NO_PROGRAMS = (
    'mount --bind /tmp /tmp; mount -o remount,bind,noexec /tmp; mount --bind "$1" "$1"; '
    'mount --bind "$2" "$2"; mount -o remount,bind,exec "$2"; '
)
PROGRAMS_IN_HOME = 'mount -o remount,bind,exec "$1"; '


@pytest.fixture
def elsewhere(cli):
    """Return a command as it runs where nobody knows the machine's name, and after other `orders`."""
    if subprocess.run(["unshare", "--mount", "--uts", "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("namespaces of one's own need root")

    def command(orders, *arguments):
        script = f"set -e; hostname no-such-name; {orders}exec {shlex.join(map(str, arguments))}"
        return ["unshare", "--mount", "--uts", "sh", "-c", script, "sh", str(cli.folder), str(PROJECT)]

    return command


@pytest.mark.thread_mode
def test_a_run_needs_no_name_of_its_machine_and_no_programs_in_tmp_and_a_sigterm_to_all_of_it_ends_it_quietly(
    cli, elsewhere
):
    run = cli.job("--interval", "50ms", "--state-backend", "rocksdb", "--checkpoint-interval", "500ms", "--no-emit-log")
    command = elsewhere(NO_PROGRAMS + PROGRAMS_IN_HOME, BIN / "flink-abnormal", "run", *run)
    process = cli.start(*command[1:], command=shutil.which(command[0]))
    wait_until(lambda: lines(process.output.read_text(encoding="utf-8"), "[ALERT]"), "the first alert")
    wait_until(lambda: list(cli.checkpoints.glob("*/chk-*/_metadata")), "a checkpoint")
    group = psutil.Process(process.pid).children(recursive=True)

    os.killpg(process.pid, signal.SIGTERM)

    assert process.wait(60) == 0
    said = [line for line in process.output.read_text(encoding="utf-8").splitlines() if not line.startswith("[ALERT]")]
    assert said == [
        "Job: Internal Keyed State Abnormal Count Example",
        "Source random, seed 93; parallelism 3/3/3 (source/process/sink), slots shared; Python in thread mode; "
        "state rocksdb",
        f"Checkpoints: unaligned, below file://{cli.checkpoints}",
        "Stopped. The same command with --from latest continues from the last checkpoint.",
    ]
    assert psutil.wait_procs(group, timeout=60)[1] == []


def test_where_no_temporary_folder_may_hold_programs_rocksdb_is_refused_with_a_sentence(cli, elsewhere):
    run = cli.job("--state-backend", "rocksdb")
    done = subprocess.run(
        elsewhere(NO_PROGRAMS, BIN / "flink-abnormal", "run", *run),
        env=cli.env,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )

    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == (
        f"Error: RocksDB can't be loaded: /tmp and {cli.folder}/.flink/tmp are mounted with noexec. Set TMPDIR to a "
        "folder that is not, or give --state-backend hashmap.\n"
    )


def test_the_second_run_of_an_installation_starts_from_the_classes_of_the_first_and_neither_loads_beam(cli):
    classes = cli.folder / ".flink" / "classes"
    classes.unlink()  # a link to what all tests share

    def started(*options):
        run = cli.start("run", *cli.job("--interval", "100ms", *options))
        wait_until(lambda: lines(run.output.read_text(encoding="utf-8"), "[Source Emit]"), "an event")
        jvm = next(each for each in psutil.Process(run.pid).children() if each.name() == "java")
        mapped = {each.path for process in (psutil.Process(run.pid), jvm) for each in process.memory_maps()}
        return run, jvm, mapped

    first, jvm, mapped = started("--events", 20)
    assert first.wait(60) == 0
    assert psutil.wait_procs([jvm], timeout=60)[1] == []
    assert [path for path in mapped if "apache_beam" in path] == []
    (written,) = classes.iterdir()
    _, _, mapped = started()
    assert str(written.with_suffix(".jsa")) in mapped
    assert [path for path in mapped if "apache_beam" in path] == []
