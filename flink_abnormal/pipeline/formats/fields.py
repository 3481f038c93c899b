"""Access to fields of a JSON object by name or path, and their values as text."""

from __future__ import annotations

import re
from typing import Any, Final

from flink_abnormal.core.values import normal_text

MISSING: Final = object()


def find(record: dict[str, Any], name: str) -> Any:
    """Return the value of the field `name`, or MISSING: an exact key wins over a path.

    `actor.id` is the key `id` of the object `actor`; `logins.0` and `logins[0]` are the first element of an array.
    """
    found = record.get(name, MISSING)
    if found is not MISSING or not ("." in name or "[" in name):
        return found
    return _walk(record, re.sub(r"\[(\d+)\]", r".\1", name))


def _walk(node: Any, path: str) -> Any:
    if isinstance(node, list):
        index, _, rest = path.partition(".")
        if not (index.isascii() and index.isdigit() and int(index) < len(node)):
            return MISSING
        return _walk(node[int(index)], rest) if rest else node[int(index)]
    if not isinstance(node, dict):
        return MISSING
    if path in node:
        return node[path]
    for dot in (match.start() for match in re.finditer(r"\.", path)):  # a key may contain dots: {"a.b": {"c": 1}}
        if path[:dot] in node:
            found = _walk(node[path[:dot]], path[dot + 1 :])
            if found is not MISSING:
                return found
    return MISSING


def user_text(value: Any) -> str | None:
    """Return a user's id as text: a string unchanged, a whole number in digits (1042.0 is 1042), else None."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return None
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and exact(value) else None
    return str(value) if isinstance(value, int) else None


def exact(value: float) -> bool:
    """Whether a float can't have lost digits: JSON integers beyond 64 bits become floats."""
    return abs(value) < 2**53


def value_text(value: Any) -> str | None:
    """Return a value's command-line form: 1, 1.0 and "1" are `1`, true and "true" are `true`."""
    if isinstance(value, str):
        return normal_text(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return user_text(value) or repr(value)
    return str(value) if isinstance(value, int) else None


def joined(values: list[str]) -> str:
    r"""Join values as `a|b`; a backslash escapes `|` and `\`, so that results can't collide."""
    return "|".join(value.replace("\\", "\\\\").replace("|", "\\|") for value in values)


def paths(record: Any, limit: int = 20) -> list[str]:
    """Return the paths of an object's values, at most `limit`, as suggestions to the user."""
    found: list[str] = []
    stack: list[tuple[str, Any]] = [("", record)]
    while stack and len(found) < limit:
        path, node = stack.pop()
        if isinstance(node, dict) and node:
            stack += [(f"{path}.{key}" if path else str(key), value) for key, value in reversed(node.items())]
        elif path:
            found.append(path)
    return found
