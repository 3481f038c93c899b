"""Patterns in Java's notation, which match there what they match in Python."""

from __future__ import annotations

import re
from typing import Final

_CLASSES: Final = {
    "d": r"\p{Nd}",
    "s": r"\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000",
    "w": r"\p{L}\p{N}_",
}
"""What Python's classes contain, as parts of a class in brackets: Java's own contain other letters."""
_WORD: Final = f"[{_CLASSES['w']}]"
_BOUNDARY: Final = rf"(?:(?<={_WORD})(?!{_WORD})|(?<!{_WORD})(?={_WORD}))"
_PART: Final = re.compile(r"\[\^\\W|\[\^?|\\.|\(\?P<\w+>|\(\?P=\w+\)|\)[*+](?![?+])|.", re.DOTALL)


def java_pattern(pattern: re.Pattern[str]) -> str:
    """Return the pattern; names of its groups have no underscores.

    For each round of a repeated group Java's matcher recurses, until its stack overflows. A possessive group does not:
    all are made so, and no pattern here needs their way back.
    """
    flags = "d" + ("s" if pattern.flags & re.DOTALL else "") + ("iu" if pattern.flags & re.IGNORECASE else "")
    texts, closing = [f"(?{flags})"], ""
    for part in _PART.findall(pattern.pattern):
        if closing:
            texts.append(closing if part == "]" else _in_brackets(part))
            closing = "" if part == "]" else closing
        elif part.startswith("["):
            excludes = part == r"[^\W"  # the letters of \w without what follows
            texts.append(f"[{_CLASSES['w']}&&[^" if excludes else part)
            closing = "]]" if excludes else "]"
        else:
            texts.append(_outside(part))
    return "".join(texts)


def _in_brackets(part: str) -> str:
    if part in (r"\D", r"\S", r"\W"):
        raise ValueError(f"{part} in brackets is not translated")
    return rf"\{part}" if part == "[" else _CLASSES.get(part[1:], part)


def _outside(part: str) -> str:
    if part == r"\b":
        return _BOUNDARY
    if part[0] == "\\" and part[1].lower() in _CLASSES:
        return f"[{'^' if part[1].isupper() else ''}{_CLASSES[part[1].lower()]}]"
    if part.startswith("(?P="):
        return f"\\k<{part[4:-1].replace('_', '')}>"
    if part.startswith("(?P<"):
        return f"(?<{part[4:].replace('_', '')}"
    return f"{part}+" if part in (")*", ")+") else part
