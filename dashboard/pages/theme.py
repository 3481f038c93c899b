"""The colours of the page and its charts, light and dark, in one place so that tests can compute their contrast."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Final


@dataclass(frozen=True)
class Palette:
    """Colours by meaning; each `..._fill` is the background of a shape with the colour itself as border."""

    ground: str
    card: str
    line: str
    shape: str
    text: str
    muted: str
    accent: str
    accent_fill: str
    ok: str
    ok_fill: str
    warn: str
    warn_fill: str
    bad: str
    bad_fill: str
    idle: str
    idle_fill: str


_COLOURS: Final = {  # light, dark
    "ground": ("#f3f5f8", "#0f141b"),
    "card": ("#ffffff", "#18202a"),
    "line": ("#d5dbe3", "#313c4a"),
    "shape": ("#7d8896", "#75818f"),
    "text": ("#1b2430", "#edf2f8"),
    "muted": ("#55606e", "#a5b1bf"),
    "accent": ("#2456b8", "#82aefc"),
    "accent_fill": ("#e6eefc", "#1b2c4d"),
    "ok": ("#176f3d", "#58c882"),
    "ok_fill": ("#e0f5e7", "#15301f"),
    "warn": ("#875800", "#e0ac3f"),
    "warn_fill": ("#fdf1d3", "#362a10"),
    "bad": ("#b92534", "#ff8b8f"),
    "bad_fill": ("#fde6e7", "#3f1b20"),
    "idle": ("#606a77", "#95a0ad"),
    "idle_fill": ("#eef0f3", "#242d38"),
}
LIGHT: Final = Palette(**{name: light for name, (light, _) in _COLOURS.items()})
DARK: Final = Palette(**{name: dark for name, (_, dark) in _COLOURS.items()})


def palette(*, dark: bool) -> Palette:
    """Return the colours of a theme."""
    return DARK if dark else LIGHT


def css() -> str:
    """Return the palettes as CSS variables, such as `--ok-fill`; Quasar marks a dark page by its body's class."""
    return f":root {{ {_variables(LIGHT)} }}\nbody.body--dark {{ {_variables(DARK)} }}"


def _variables(colours: Palette) -> str:
    return " ".join(f"--{name.replace('_', '-')}: {value};" for name, value in asdict(colours).items())
