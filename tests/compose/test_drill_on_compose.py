"""Drills on the composition: one with a single JobManager, one with three."""

import re

import pytest
from composition import built
from conftest import wait_until

pytestmark = pytest.mark.timeout(1500)


class Place:
    """A composition without a job, and the drill on it."""

    def __init__(self, composition, folder):
        self.composition = composition
        self.report = folder / "report.json"

    def up(self, *services):
        """Bring these services up, to nine slots; returns itself."""
        self.composition.up(*services)
        wait_until(self._whole, "nine slots", 300)
        return self

    def _whole(self):
        cluster = self.composition.cluster
        return cluster.answers() and cluster.slots().total == 9

    def drill(self, *arguments):
        """Run a drill; returns what it said, and its report."""
        return self.composition.drill(self.report, *arguments)


@pytest.fixture(scope="module")
def single(tmp_path_factory):
    with built("drill") as composition:
        yield Place(composition, tmp_path_factory.mktemp("drill")).up("jobmanager", "taskmanager")


@pytest.fixture(scope="module")
def triple(tmp_path_factory):
    masters = ("jobmanager", "jobmanager-2", "jobmanager-3", "zookeeper")
    with built("drill-ha", COMPOSE_PROFILES="ha") as composition:
        yield Place(composition, tmp_path_factory.mktemp("drill")).up(*masters, "taskmanager")


def test_killed_cut_off_and_frozen_taskmanagers_and_a_full_disk_cost_no_alert_and_a_doubled_one_is_found_out(single):
    strikes = ("--kill", "taskmanager", "--cut", "network", "--pause", "taskmanager", "--fill", "disk")

    done, report = single.drill(*strikes, "--tamper", "double")

    assert done.returncode == 1, done.stdout + done.stderr
    assert [strike["kind"] for strike in report["strikes"]] == [
        "kill taskmanager",
        "cut network",
        "pause taskmanager",
        "fill disk",
    ]
    alerts = report["alerts"]
    (alert,) = alerts["doubled"]
    assert (alerts["missing"], alerts["unexpected"], alerts["outOfOrder"]) == ([], [], [])
    assert alerts["committed"] == alerts["expected"] + 1 > 1
    assert f"1 alert is committed more than once: {alert['user_id']} count {alert['count']} " in done.stderr
    victim = report["strikes"][1]["victim"]
    assert f"{victim} is cut off from the network" in done.stdout
    assert f"{victim} is on the network again" in done.stdout
    assert single.composition.inside("jobmanager", "ls", "/data/drill") == ""


def test_a_savepoint_of_the_previous_release_restores_in_containers(single):
    done, report = single.drill("upgrade")

    assert done.returncode == 0, done.stdout + done.stderr
    assert (report["alerts"]["expected"], report["alerts"]["committed"]) == (123, 123)


def test_the_one_jobmanager_is_not_killed(single):
    done, _ = single.drill("--kill", "jobmanager")

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "Error: --kill jobmanager is impossible here: the composition has one JobManager, and its job dies with it. "
        "Bring it up with high availability: COMPOSE_PROFILES=ha docker compose up -d\n"
    )


def test_a_killed_leader_costs_no_alert(triple):
    done, report = triple.drill("--kill", "jobmanager")

    assert done.returncode == 0, done.stdout + done.stderr
    (strike,) = report["strikes"]
    assert strike["victim"] in ("jobmanager", "jobmanager-2", "jobmanager-3")
    next_leader = re.search(r"(\S+) leads now, and knows the job", done.stdout)[1]
    assert next_leader != strike["victim"]
