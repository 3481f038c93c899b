"""What can't work is said in a sentence, by the container or the command."""

import re

import pytest
from composition import built
from conftest import wait_until
from expected import alerts_of, simulated

pytestmark = pytest.mark.timeout(600)  # images are built beside it


@pytest.fixture(scope="module")
def composition():
    with built("settings", TASKMANAGERS="1") as settings:
        yield settings


@pytest.mark.parametrize(
    ("service", "settings", "sentence"),
    [
        (
            "jobmanager",
            {"CHECKPOINT_DIR": "hdfs://name/checkpoints"},
            "CHECKPOINT_DIR=hdfs://name/checkpoints can't be used: write file:///data/FOLDER (the volume that the "
            "containers share) or s3://BUCKET/FOLDER.",
        ),
        (
            "jobmanager",
            {"JOBMANAGER_MEMORY": "512m"},
            "JOBMANAGER_MEMORY=512m is too little for Flink: at least 768m.",
        ),
        (
            "taskmanager",
            {"TASKMANAGER_LIMIT": "1400m"},
            "The container may use 1400 MiB, and Flink needs 1280 (TASKMANAGER_MEMORY) and Python beside it 256: set "
            "TASKMANAGER_LIMIT to 1536m or more, or lower TASKMANAGER_MEMORY.",
        ),
        ("taskmanager", {"SLOTS": "many"}, "SLOTS=many is not a number from 1 to 100."),
        (
            "zookeeper",
            {},
            "Profile ha changes every container: give it as COMPOSE_PROFILES=ha docker compose up -d, or in .env, not "
            "with --profile.",
        ),
    ],
)
def test_a_setting_that_cannot_work_is_refused(composition, service, settings, sentence):
    # What `up` starts, in the foreground: without waiting for other services, and without a restart.
    refused = composition.run("run", "--rm", "--no-deps", "-T", service, env=settings)
    assert (refused.returncode, refused.stderr.splitlines()[-1]) == (2, f"Error: {sentence}")


def test_an_option_of_the_job_that_cannot_be_is_refused_by_the_guard(composition):
    composition.up("jobmanager", "taskmanager")
    wait_until(lambda: composition.cluster.answers() and composition.cluster.slots().total == 3, "the cluster", 240)
    begun = composition.run("up", "--detach", "--no-deps", "job", env={"JOB_OPTIONS": "--interval soon"})
    assert begun.returncode == 0, begun.stderr
    idles = "The job is not submitted: correct its settings (.env), then run docker compose up -d"
    said = wait_until(lambda: idles in (now := composition.logs("job")).splitlines() and now, "what it idles for")
    said = " ".join(said.replace("│", " ").split())
    assert said.count("Invalid value for '--interval': 'soon' is not a duration such as 500ms, 5s, 2min or 1h.") == 1
    assert composition.exit_code("job") is None


def test_a_job_that_has_finished_is_not_run_again(composition):
    options = "--slots shared --interval 100ms --events 40 --sink files --output /data/out --append"

    def written():
        return composition.inside("jobmanager", "bash", "-c", "cat /data/out/alerts/*.jsonl").splitlines()

    assert composition.run("up", "--detach", env={"JOB_OPTIONS": options}).returncode == 0
    sentence = wait_until(
        lambda: re.search(r"The job has finished and is not started again .*", composition.logs("job")), "its end", 240
    )[0]
    assert re.fullmatch(r".*: to start it anyway, remove /data/checkpoints/finished/[0-9a-f]{16}\.json\.", sentence)
    alerts = written()
    assert len(alerts) == len(alerts_of(simulated(40)))

    assert composition.run("restart", "--timeout", 5, "jobmanager", "job").returncode == 0
    wait_until(lambda: composition.logs("job").splitlines().count(sentence) == 2, "the reason again", 240)
    wait_until(composition.cluster.answers, "the cluster", 240)
    assert composition.cluster.jobs() == []
    assert written() == alerts


def test_too_few_slots_are_waited_for_and_named(composition):
    composition.up()
    sentence = (
        "Waiting: The job needs 9 slots (isolated) and the cluster has 3 free of 3. Cancel a job, start more "
        "TaskManagers, or give --slots shared or a smaller --source-parallelism, --process-parallelism, "
        "--sink-parallelism."
    )
    wait_until(lambda: sentence in composition.logs("job").splitlines(), "the sentence", 120)
    assert composition.run("up", "--detach", "--scale", "taskmanager=3").returncode == 0
    composition.await_job()
