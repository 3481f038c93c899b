"""Flink's Prometheus reporter: on every process of the composition, and optionally of a local cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from flink_abnormal.core.published import LIVE_ALERTS, LIVE_USERS

if TYPE_CHECKING:
    from flink_abnormal.runtime.cluster_state import Plan

DEFAULT_PORT: Final = 9249
SPARE_PORTS: Final = 10  # other programs may occupy part of the range
REPORTER: Final = "metrics.reporter.prom"


def at(ports: str) -> dict[str, Any]:
    """Return the Flink settings for serving /metrics on the first free port of a range, or on a single port.

    The reporter can't be bound to one address.
    """
    return {
        f"{REPORTER}.factory.class": "org.apache.flink.metrics.prometheus.PrometheusReporterFactory",
        f"{REPORTER}.port": ports,
        f"{REPORTER}.filter.excludes": f"*:{LIVE_USERS},{LIVE_ALERTS}",  # text, which would be served as 0
    }


def reporter(plan: Plan) -> dict[str, Any]:
    """Return the Flink settings for serving /metrics on one port per process of a local cluster."""
    return at(ports(plan))


def ports(plan: Plan) -> str:
    """Return the range of a local cluster's metrics ports, such as 9249-9262."""
    first = plan.metrics_port or DEFAULT_PORT
    return f"{first}-{first + len(plan.members) + SPARE_PORTS - 1}"
