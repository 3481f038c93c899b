"""The ticker: windows over a feed of prices. Imports no Flink, as `abnormal.py`."""

from __future__ import annotations

from importlib import import_module
from typing import Any, Final

from flink_abnormal.core.job import Job
from flink_abnormal.jvm.jar import KAFKA_CONNECTOR


def _build(*arguments: Any) -> None:
    import_module("flink_abnormal.pipeline.ticker_graph").build(*arguments)


TICKER: Final = Job(
    "Upbit Ticker Aggregates",
    "jobs/ticker.py",
    check_machine=lambda _: "",
    folders=lambda _: {},
    connectors=lambda _: {"jobs/ticker.py": KAFKA_CONNECTOR},
    check_start=lambda *_: None,
    proof=lambda _: None,
    goal=None,
    build=_build,
)
