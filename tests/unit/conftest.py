"""What collectors are tested with: a Flink that answers as it is told, and collectors that end with the test."""

import threading

import pytest
from fake_flink import FakeFlink

from dashboard.collect.collector import Collector
from dashboard.collect.history import History


@pytest.fixture
def flink():
    with FakeFlink() as fake:
        yield fake


@pytest.fixture
def collect(tmp_path):
    """Start collectors; they are stopped with the test, and leave no thread."""
    started = []

    def start(addresses, **more):
        history = History(tmp_path / "history.db")
        collector = Collector(addresses, history, **more)
        collector.start()
        started.append((collector, history))
        return collector

    yield start
    for collector, history in started:
        collector.stop()
        collector.stop()
        history.close()
    assert [each.name for each in threading.enumerate() if each.name.startswith("dashboard-")] == []
