"""Flink's Prometheus reporter on the processes of a local cluster."""

from __future__ import annotations

from typing import Any, Final

DEFAULT_PORT: Final = 9249
SPARE_PORTS: Final = 10  # others may hold some of the range
REPORTER: Final = "metrics.reporter.prom"


def ports(first_port: int, processes: int) -> str:
    """Return the range of ports, such as 9249-9262, of which each process takes the first that is free."""
    return f"{first_port}-{first_port + processes + SPARE_PORTS - 1}"


def reporter(first_port: int, processes: int) -> dict[str, Any]:
    """Return the Flink settings that let each process serve /metrics; the reporter can't be bound to one address."""
    return {
        f"{REPORTER}.factory.class": "org.apache.flink.metrics.prometheus.PrometheusReporterFactory",
        f"{REPORTER}.port": ports(first_port, processes),
    }
