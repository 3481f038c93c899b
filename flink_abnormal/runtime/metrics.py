"""Flink's Prometheus reporter on the processes of a local cluster."""

from __future__ import annotations

from typing import Any, Final

from ruamel.yaml import YAML

from flink_abnormal.runtime import distribution

DEFAULT_PORT: Final = 9249
SPARE_PORTS: Final = 10  # others may hold some of the range
REPORTER: Final = "metrics.reporter.prom"


def reporter(first_port: int, processes: int) -> dict[str, Any]:
    """Return the Flink settings that let each process serve /metrics on a port of its own, from `first_port` on.

    The reporter takes the first port of the range that is free. It can't be bound to one address.
    """
    return {
        f"{REPORTER}.factory.class": "org.apache.flink.metrics.prometheus.PrometheusReporterFactory",
        f"{REPORTER}.port": f"{first_port}-{first_port + processes + SPARE_PORTS - 1}",
    }


def ports() -> str | None:
    """Return the range of ports with which the local cluster was started, such as 9249-9262, or None."""
    written = distribution.work_folder() / distribution.CLUSTER_CONF / "config.yaml"
    if not written.is_file():
        return None
    found = YAML(typ="safe").load(written.read_text(encoding="utf-8")).get(f"{REPORTER}.port")
    return None if found is None else str(found)
