"""`flink-abnormal state` on snapshots of embedded runs: every user name, many users, and what is refused."""

import json
import os
import signal

import pytest
from conftest import alerts, wait_until

# Each reading of a snapshot starts a JVM.
pytestmark = pytest.mark.timeout(600)

NAMES = [
    *("user1", "+I[x]", "+I[", "]", "a]b[", "null", "\\", "quo\"te's", "new\nline", "tab\t", " leading"),
    *("\u0000", "\u2028", "이상행동", "😀", "x" * 1024),
]
MANY = 100_000

ANOTHER_JOB = """
import os, sys
from flink_abnormal.runtime import distribution
os.environ.update(distribution.prepare())
from pyflink.common import Configuration
from pyflink.datastream import StreamExecutionEnvironment
from flink_abnormal.runtime import embedded
from flink_abnormal.core.operators import HEARTBEAT
from flink_abnormal.pipeline.streams import heartbeat
conf = Configuration()
for key, value in {
    **embedded.SETTINGS,
    "execution.checkpointing.interval": "200 ms",
    "execution.checkpointing.dir": sys.argv[1],
    "execution.checkpointing.externalized-checkpoint-retention": "RETAIN_ON_CANCELLATION",
    "execution.checkpointing.num-retained": "1000",  # the JVM takes some more while it ends
}.items():
    conf.set_string(key, value)
env = StreamExecutionEnvironment.get_execution_environment(conf)
heartbeat(env, None, HEARTBEAT).print()
env.execute("another")
"""


@pytest.fixture
def reader(cli, connectors):
    """The command line, where Flink's jars are that read state."""
    cli.env["FLINK_ABNORMAL_CONNECTORS"] = str(connectors)
    return cli


def stop(process):
    """Kill a run and its JVM at once: what it has checkpointed is all that is read."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(60)


def newest(cli):
    whole = [metadata.parent for metadata in cli.checkpoints.glob("*/chk-*/_metadata")]
    return str(max(whole, key=lambda folder: int(folder.name.removeprefix("chk-"))))


def taken(cli, process):
    """Return the newest checkpoint of a run, which is stopped behind its second."""
    wait_until(lambda: list(cli.checkpoints.glob("*/chk-[2-9]/_metadata")), "a second checkpoint", 180)
    stop(process)
    return newest(cli)


def refusal(cli, *arguments):
    done = cli.run("state", *arguments)
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    return done.returncode, done.stderr.splitlines()[-1]


@pytest.mark.thread_mode
def test_every_name_and_count_of_many_users_comes_out_exactly(reader, tmp_path):
    counts = {f"many{n}": 1 for n in range(MANY)} | {name: position + 3 for position, name in enumerate(NAMES)}
    folder = tmp_path / "in"
    folder.mkdir()
    with (folder / "events.jsonl").open("w", encoding="utf-8") as lines:
        lines.write(json.dumps({"userId": "quiet", "isAbnormal": False}) + "\n")
        for name, count in counts.items():
            lines.write((json.dumps({"userId": name, "isAbnormal": True}) + "\n") * count)
    process = reader.start(
        *("run", "--source", "files", "--input", folder, "--follow", "--state-backend", "rocksdb", "--aligned"),
        *("--sink", "files", "--output", tmp_path / "out", "--roll", "1s"),
        *reader.job("--checkpoint-interval", "1s"),
    )
    # A committed alert of the last line: the checkpoint that committed it holds every line.
    last = (NAMES[-1], counts[NAMES[-1]])
    wait_until(lambda: [a for a in alerts(tmp_path / "out") if a[:2] == last], "the last alert", 200)
    stop(process)

    shown = reader.run("state", newest(reader), seconds=200)

    assert shown.returncode == 0, shown.stderr
    assert json.loads(shown.stdout) == {name: {"abnormalCount": count} for name, count in counts.items()}
    top = reader.run("state", "--checkpoint-dir", reader.checkpoints, "--top", 2)
    assert top.stdout == ('{\n  "' + "x" * 1024 + '": {"abnormalCount": 18},\n  "😀": {"abnormalCount": 17}\n}\n')
    one = reader.run("state", "--checkpoint-dir", f"file://{reader.checkpoints}", "--user", "new\nline", "--table")
    assert [line.split("│")[1:3] for line in one.stdout.splitlines() if "│" in line] == [
        [" new\\u000aline ", " 11            "]
    ]
    quiet = reader.run("state", "--checkpoint-dir", reader.checkpoints, "--user", "quiet")
    assert quiet.stdout == '{\n  "quiet": {"abnormalCount": 0}\n}\n'
    assert quiet.stderr.splitlines()[1] == "The snapshot has no value for this user, which means 0."


@pytest.mark.thread_mode
def test_a_snapshot_without_a_count_is_empty(reader):
    process = reader.start(
        "run", *reader.job("--abnormal-rate", 0, "--interval", "50ms", "--checkpoint-interval", "500ms")
    )

    shown = reader.run("state", taken(reader, process))

    assert (shown.returncode, shown.stdout) == (0, "{}\n"), shown.stderr


def test_a_snapshot_of_process_mode_is_refused(reader):
    # Two processes of Python instead of six: each takes seconds to start.
    process_mode = ["--execution-mode", "process", "--source-parallelism", 1, "--process-parallelism", 1]
    options = reader.job(*process_mode, "--interval", "50ms", "--checkpoint-interval", "500ms")
    process = reader.start("run", *options)
    path = taken(reader, process)

    assert refusal(reader, path) == (
        2,
        f"Error: {path} was taken in process mode, whose state only Python's own workers can read. Run the job in "
        "thread mode to read its state.",
    )
    moved = reader.run("run", *reader.job(*process_mode, "--engine", "jvm", "--from", path))
    assert (moved.returncode, moved.stderr) == (
        2,
        f"Error: {path} is not a snapshot of this job: it has no operator 'abnormal-count-jvm-process'. "
        "In process mode each --engine has a state of its own.\n",
    )
    again = reader.start("run", *options, "--from", path)
    wait_until(lambda: newest(reader) != path, "a checkpoint of the run that goes on")
    stop(again)


def test_a_snapshot_of_another_job_is_refused(reader):
    process = reader.start("-c", ANOTHER_JOB, reader.checkpoints.as_uri(), command="python")
    path = taken(reader, process)

    assert refusal(reader, path) == (
        2,
        f"Error: {path} is not a snapshot of this job: it has no operator 'abnormal-count'.",
    )


def test_what_cannot_be_read_is_said_in_a_sentence(reader, tmp_path):
    broken = tmp_path / "chk-1"
    broken.mkdir()
    (broken / "_metadata").write_bytes(b"no snapshot")
    code, said = refusal(reader, broken)
    assert code == 2
    assert said.startswith(f"Error: {broken} can't be read as a snapshot: ")

    assert refusal(reader, tmp_path / "missing") == (
        2,
        f"Error: {tmp_path / 'missing'} is not a snapshot: expected a folder with a file _metadata, such as "
        "…/chk-12 or …/savepoint-….",
    )
    reader.env["FLINK_ABNORMAL_CONNECTORS"] = str(tmp_path)
    assert refusal(reader, broken) == (
        3,
        f"Error: Reading state needs Flink's State Processor API, which is neither on PyPI nor in {tmp_path}. Run "
        "`make connectors`.",
    )


def test_where_there_is_no_checkpoint_the_sentence_says_what_to_name(cli):
    cli.checkpoints.mkdir()
    nowhere = ("--checkpoint-dir", cli.checkpoints)

    assert refusal(cli, *nowhere) == (
        2,
        f"Error: There is no checkpoint below {cli.checkpoints}: name a snapshot, a job or another --checkpoint-dir.",
    )
    code, said = refusal(cli, "abc123", *nowhere)  # another cluster may answer at Flink's own port
    assert (code, said.startswith("Error: Job abc123 has no checkpoint: ")) == (2, True)
    assert said.endswith(f", and there is none below {cli.checkpoints}.")
    both = cli.run("state", "--user", "user1", "--top", "2")
    assert both.returncode == 2
    assert "--user shows one user and --top several: give only one of them." in both.stderr
    listed = cli.run("checkpoints", "abc123", "--json", *nowhere)
    assert (listed.returncode, listed.stdout) == (0, "[]\n")
