"""The composition's profiles, and their JobManagers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flink_abnormal.core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

INSIDE: Final = "FLINK_ABNORMAL_CONTAINER"
"""Set in every container of the image."""
JOBMANAGERS: Final = ("jobmanager", "jobmanager-2", "jobmanager-3")
LEADER: Final = JOBMANAGERS[0]
"""The name of the JobManager, or of the first of several."""
WEB_PORT: Final = 8081


def profiles(environ: Mapping[str, str]) -> set[str]:
    """Return the profiles in COMPOSE_PROFILES, which compose passes on."""
    return {name.strip() for name in environ.get("COMPOSE_PROFILES", "").split(",")} - {""}


def check_profile(role: str, environ: Mapping[str, str]) -> None:
    """Raise UsageError if profiles exclude each other, or if only a profile's own containers know of it."""
    if {"ha", "application"} <= profiles(environ):
        raise UsageError("Profiles ha and application can't be combined: choose one in COMPOSE_PROFILES.")
    standby = environ.get("JOBMANAGER", LEADER) != LEADER
    profile = "application" if role == "application" else "ha" if role == "zookeeper" or standby else ""
    if profile and profile not in profiles(environ):
        raise UsageError(
            f"Profile {profile} changes every container: give it as COMPOSE_PROFILES={profile} docker compose up -d, "
            "or in .env, not with --profile."
        )


def addresses(environ: Mapping[str, str]) -> str:
    """Return the HOST:PORT of every JobManager of the profiles, comma-separated."""
    names = JOBMANAGERS if "ha" in profiles(environ) else JOBMANAGERS[:1]
    return ",".join(f"{name}:{WEB_PORT}" for name in names)
