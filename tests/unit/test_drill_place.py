"""Where a drill takes place, and what is said where it can't."""

import pytest

from flink_abnormal.drill.compose_environment import health_check


@pytest.mark.parametrize("host", ["unix:///nowhere/docker.sock", "tcp://127.0.0.1:1", "nonsense"])
def test_docker_that_does_not_answer_is_told_in_a_sentence(cli, host):
    done = cli.run("drill", "--on", "compose", "--fill", "disk", env={"DOCKER_HOST": host})

    assert (done.returncode, done.stdout, done.stderr) == (
        3,
        "",
        "Error: Docker does not answer: install it, start it, and check that `docker info` works for this user.\n",
    )


@pytest.mark.parametrize(
    ("config", "command"),
    [
        ({"Healthcheck": {"Test": ["CMD", "curl", "http://localhost"]}}, ["curl", "http://localhost"]),
        ({"Healthcheck": {"Test": ["CMD-SHELL", "curl localhost"]}}, ["sh", "-c", "curl localhost"]),
        ({"Healthcheck": {"Test": ["NONE"]}}, []),
        ({}, []),
    ],
)
def test_a_containers_health_check_is_run_if_it_has_one(config, command):
    assert health_check(config) == command
