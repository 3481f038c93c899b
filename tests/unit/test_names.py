"""One name for a TaskManager, whoever tells of it."""

import subprocess

import pytest

from flink_abnormal.runtime import names
from flink_abnormal.runtime.cluster_state import Plan
from flink_abnormal.runtime.process_launcher import Launcher


def test_each_process_of_a_name_has_an_id_of_its_own_that_tells_the_name():
    ids = {names.resource_id("taskmanager-2") for _ in range(100)}

    assert len(ids) == 100
    assert {names.name_of(each) for each in ids} == {"taskmanager-2"}


@pytest.mark.parametrize(
    "foreign", ["localhost:40001-abc123", "taskmanager-2", "taskmanager-2-xyz", "3f2a-0123abcd", ""]
)
def test_an_id_that_somebody_else_made_tells_no_name(foreign):
    assert names.name_of(foreign) is None


def test_a_local_taskmanager_is_started_under_its_name_and_a_jobmanager_under_flinks():
    launcher = Launcher(Plan(8140))
    told = {name: launcher._options(name) for name in ("jobmanager", "taskmanager-2")}
    ids = {name: [each.partition("=")[2] for each in options if each.startswith("taskmanager.resource-id=")]
           for name, options in told.items()}  # fmt: skip

    assert {name: [names.name_of(each) for each in found] for name, found in ids.items()} == {
        "jobmanager": [],
        "taskmanager-2": ["taskmanager-2"],
    }


@pytest.mark.parametrize(
    ("answer", "name"),
    [
        ("172.18.0.4      flink-abnormal-taskmanager-2.flink-abnormal_default\n", "taskmanager-2"),
        ("172.18.0.4      flink-abnormal-drill-taskmanager-12.flink-abnormal-drill_default\n", "taskmanager-12"),
        ("172.18.0.4      flink_taskmanager_1.net\n", "taskmanager-1"),
        ("172.18.0.4      2585497674a9\n", None),
        ("", None),
    ],
)
def test_a_container_learns_its_number_from_the_dns_of_its_network(monkeypatch, answer, name):
    # No mock could tell what Docker's DNS says: the composition's tests see the real one.
    asked = subprocess.CompletedProcess([], 0, stdout=answer)
    monkeypatch.setattr(names.subprocess, "run", lambda *_, **__: asked)

    assert names.of_container("localhost") == name
