"""Flink's Prometheus reporter: on every process of a composition, and of a local cluster that asks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from flink_abnormal.core.published import LIVE_ALERTS, LIVE_USERS

if TYPE_CHECKING:
    from flink_abnormal.runtime.cluster_state import Plan

DEFAULT_PORT: Final = 9249
SPARE_PORTS: Final = 10  # others may hold some of the range
REPORTER: Final = "metrics.reporter.prom"


def at(ports: str) -> dict[str, Any]:
    """Return the Flink settings that let a process serve /metrics on the first free port of a range, or on the one.

    The reporter can't be bound to one address.
    """
    return {
        f"{REPORTER}.factory.class": "org.apache.flink.metrics.prometheus.PrometheusReporterFactory",
        f"{REPORTER}.port": ports,
        f"{REPORTER}.filter.excludes": f"*:{LIVE_USERS},{LIVE_ALERTS}",  # text, which would be served as 0
    }


def reporter(plan: Plan) -> dict[str, Any]:
    """Return the Flink settings that let each process of a local cluster serve /metrics on a port of its own."""
    return at(ports(plan))


def ports(plan: Plan) -> str:
    """Return the range of ports of a local cluster's processes, such as 9249-9262."""
    first = plan.metrics_port or DEFAULT_PORT
    return f"{first}-{first + len(plan.members) + SPARE_PORTS - 1}"
