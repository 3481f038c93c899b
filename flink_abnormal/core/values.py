"""Names and values of fields as written in options."""

from __future__ import annotations

import re
from typing import Final

_SPLIT: Final = re.compile(r"((?:[^\\,]|\\.)*)(?:,|$)", re.DOTALL)
_POINT_ZERO: Final = re.compile(r"(-?(?:0|[1-9]\d*))\.0+")


def split_names(text: str) -> tuple[str, ...]:
    r"""Split a comma-separated list of names; `\,` is a comma within a name, and `\\` a backslash."""
    names = [re.sub(r"\\(.)", r"\1", found) for found in _SPLIT.findall(text)]
    return tuple(name.strip() for name in names if name.strip())


def normal_text(text: str) -> str:
    """Return a command-line value in the form of `value_text`."""
    match = _POINT_ZERO.fullmatch(text)
    return match[1] if match is not None else text
