"""Durations as users and Flink's settings write them: 500ms, 5s, 2 min, 1h."""

from __future__ import annotations

import re
from typing import Final

UNITS_MS: Final = {"ms": 1, "s": 1_000, "sec": 1_000, "m": 60_000, "min": 60_000, "h": 3_600_000}
_FLINKS_MS: Final = {**UNITS_MS, "": 1, "d": 86_400_000}
_DURATION: Final = re.compile(r"\s*(\d{1,15})\s*([a-z]*)\s*", re.IGNORECASE)


def duration_text(milliseconds: int) -> str:
    """Return the shortest notation of a duration."""
    for unit in ("h", "min", "s"):
        if milliseconds % UNITS_MS[unit] == 0:
            return f"{milliseconds // UNITS_MS[unit]}{unit}"
    return f"{milliseconds}ms"


def duration_s(text: str) -> float | None:
    """Return the seconds of a duration, None of anything else; without a unit it is milliseconds, as for Flink."""
    found = _DURATION.fullmatch(text)
    unit = None if found is None else _FLINKS_MS.get(found[2].lower())
    return None if found is None or unit is None else int(found[1]) * unit / 1000
