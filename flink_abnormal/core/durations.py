"""Durations as users write them: 500ms, 5s, 2min, 1h."""

from __future__ import annotations

from typing import Final

UNITS_MS: Final = {"ms": 1, "s": 1_000, "sec": 1_000, "m": 60_000, "min": 60_000, "h": 3_600_000}


def duration_text(milliseconds: int) -> str:
    """Return the shortest notation of a duration."""
    for unit in ("h", "min", "s"):
        if milliseconds % UNITS_MS[unit] == 0:
            return f"{milliseconds // UNITS_MS[unit]}{unit}"
    return f"{milliseconds}ms"
