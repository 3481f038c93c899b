import json
import subprocess

import psutil
import pytest
from conftest import wait_until

from flink_abnormal.runtime import distribution
from flink_abnormal.runtime.cluster_state import ClusterState, Member, Plan


@pytest.fixture
def running(tmp_path, monkeypatch):
    """A process that runs, and the cluster's state that names it as its supervisor."""
    monkeypatch.setenv(distribution.HOME_VARIABLE, str(tmp_path))
    (tmp_path / ".flink").mkdir()
    with subprocess.Popen(["sleep", "600"]) as child:
        state = ClusterState(Plan(8081))
        state.supervisor.bind(child.pid)
        state.write()
        yield child
        child.kill()


def kept(**changed):
    """Return the supervisor as it is read from a state in which these values are others; None leaves one out."""
    state = json.loads(ClusterState.file().read_text())
    values = {**state["supervisor"], **changed}
    state["supervisor"] = {name: value for name, value in values.items() if value is not None}
    ClusterState.file().write_text(json.dumps(state))
    return ClusterState.read().supervisor


@pytest.mark.parametrize("hour", [-3600, 0, 3600])
def test_a_process_is_known_after_the_clock_was_set(running, hour):
    found = kept(created=psutil.Process(running.pid).create_time() + hour).process()

    assert found.pid == running.pid


def test_another_process_that_got_the_pid_is_not_the_member(running):
    boot, _, ticks = ClusterState.read().supervisor.birth.partition(":")

    assert kept(birth=f"{boot}:{int(ticks) - 1}").alive() is False
    assert kept(birth=f"another boot:{ticks}").alive() is False


@pytest.mark.parametrize(("later", "alive"), [(0, True), (3600, False)])
def test_a_state_that_knows_the_time_of_day_alone_is_still_read(running, later, alive):
    created = psutil.Process(running.pid).create_time() + later

    assert kept(birth=None, created=created).alive() is alive


def test_a_process_that_has_ended_is_not_alive(running):
    member = ClusterState.read().supervisor
    running.kill()
    wait_until(lambda: psutil.Process(running.pid).status() == psutil.STATUS_ZOMBIE, "its end")
    assert member.alive() is False

    running.wait()
    assert member.alive() is False
    assert Member("never started").alive() is False


def test_the_digest_of_the_code_passes_over_what_an_editor_leaves_and_what_cannot_be_read(tmp_path):
    (tmp_path / "rule.py").write_text("one")
    before = distribution.code_fingerprint(tmp_path)
    (tmp_path / ".#rule.py").symlink_to("kim@host.4711:1764090000")
    (tmp_path / "gone.py").symlink_to("nowhere")
    (tmp_path / "folder.py").mkdir()

    assert distribution.code_fingerprint(tmp_path) == before
    (tmp_path / "rule.py").write_text("two")
    assert distribution.code_fingerprint(tmp_path) != before
