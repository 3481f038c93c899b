"""The settings as command-line options: the same for `run`, `submit` and `flink run -py jobs/abnormal.py`."""

from __future__ import annotations

import difflib
import errno
import os
import re
import secrets
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import rich_click as click
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from flink_abnormal.core import settings as tree
from flink_abnormal.core.durations import UNITS_MS, duration_text
from flink_abnormal.core.source_settings import DrawnSeed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from flink_abnormal.core.option import Option

MULTIPLE: Final = ("choices", "repeated")
LONGEST_MS: Final = 366 * 24 * 3_600_000


class Duration(click.ParamType):  # type: ignore[type-arg]
    """`1ms`, `5s`, `2min`, `1h`, `0.5s`: whole milliseconds."""

    name = "duration"

    def __init__(self, minimum: int | None) -> None:
        self._minimum = minimum or 1

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return milliseconds, or fail with the expected format."""
        if isinstance(value, int | float):  # a bare number in a YAML file
            self.fail(f"{value!r} has no unit: write {value}s or {value}ms.", param, ctx)
        match = re.fullmatch(r"(\d{1,12}(?:\.\d{1,12})?)\s*([a-z]+)", str(value).strip())
        if match is None or match[2] not in UNITS_MS:
            self.fail(f"{value!r} is not a duration such as 500ms, 5s, 2min or 1h.", param, ctx)
        milliseconds = Decimal(match[1]) * UNITS_MS[match[2]]
        if milliseconds != int(milliseconds) or milliseconds < self._minimum:
            self.fail(f"{value!r} is too short: at least {self._minimum}ms, in whole milliseconds.", param, ctx)
        if milliseconds > LONGEST_MS:
            self.fail(f"{value!r} is too long: at most {duration_text(LONGEST_MS)}.", param, ctx)
        return int(milliseconds)


class Seed(click.ParamType):  # type: ignore[type-arg]
    """A whole number, or `random`."""

    name = "integer|random"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the seed; `random` draws one, which the job prints so that the run can be repeated."""
        if value == "random":
            return DrawnSeed(secrets.randbelow(2**31))
        try:
            return int(str(value))
        except ValueError:
            self.fail(f"{value!r} is neither a whole number nor 'random'.", param, ctx)


class TextList(click.ParamType):  # type: ignore[type-arg]
    """Comma-separated words."""

    name = "text,text…"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, ...]:  # noqa: ARG002
        """Return the words; a YAML list is used as it is."""
        if isinstance(value, list | tuple):
            return tuple("true" if v is True else "false" if v is False else str(v) for v in value)
        if isinstance(value, bool):
            return ("true",) if value else ("false",)
        return tuple(word.strip() for word in str(value).split(",") if word.strip())


class PathText(click.ParamType):  # type: ignore[type-arg]
    """A path, or a folder's address; expands `~` to the home, since shells do so only at the beginning of a word."""

    name = "path"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the path, or fail if no file system could contain it."""
        path = os.path.expanduser(str(value))  # noqa: PTH111 - pathlib would drop what distinguishes an address
        if not path.strip():
            self.fail("a path is missing.", param, ctx)
        try:
            os.lstat(path)
        except ValueError:
            self.fail(f"{path!r} can't be a path: it contains a null byte.", param, ctx)
        except OSError as error:
            if error.errno == errno.ENAMETOOLONG:
                self.fail(f"{path[:60]!r}… is too long for a path.", param, ctx)
        return path


def _click_type(option: Option) -> Any:
    kinds: dict[str, Callable[[], Any]] = {
        "choice": lambda: click.Choice(option.choices),
        "choices": lambda: click.Choice(option.choices),
        "duration": lambda: Duration(option.minimum),
        "flag": lambda: bool,
        "integer": lambda: click.IntRange(option.minimum, option.maximum),
        "path": PathText,
        "rate": lambda: click.FloatRange(0, 1),
        "repeated": lambda: str,
        "seed": Seed,
        "text": lambda: str,
        "texts": TextList,
    }
    return kinds[option.kind]()


def _click_default(option: Option, default: Any) -> Any:
    if option.kind == "duration" and default is not None:
        return duration_text(default)
    return list(default) if option.kind in MULTIPLE else default


def default_text(option: Option, default: Any) -> str:
    """Return a default as a user would type it; empty if the help already states it."""
    if default is None or default == ():
        return ""
    if option.kind == "duration":
        return duration_text(default)
    if option.kind == "flag":
        on, off = option.flag.split("/")
        return (on if default else off).removeprefix("--")
    return ", ".join(default) if isinstance(default, tuple) else str(default)


def _load_config(ctx: click.Context, param: click.Parameter, path: str | None) -> str | None:
    """Use a YAML file's values as defaults, so that flags override them."""
    if path is None:
        return None
    try:
        with open(path, encoding="utf-8") as file:  # noqa: PTH123
            values = YAML(typ="safe").load(file)
    except OSError as error:
        raise click.BadParameter(f"{path!r} can't be read: {error.strerror}.", ctx, param) from None
    except (YAMLError, ValueError) as error:  # not UTF-8, or an invalid date
        raise click.BadParameter(f"{path!r} is not YAML: {str(error).splitlines()[0]}.", ctx, param) from None
    except RecursionError:
        raise click.BadParameter(f"{path!r} is nested too deeply.", ctx, param) from None
    if values is None:
        values = {}
    if not isinstance(values, dict):
        raise click.BadParameter(f"{path!r} must contain lines such as `users: 5`.", ctx, param)
    names = {_key(option): name for _, name, option, _ in tree.options()}
    kinds = {_key(option): option.kind for _, _, option, _ in tree.options()}
    for key, value in values.items():
        if key not in names:
            near = difflib.get_close_matches(str(key), names, 1)
            hint = f" Did you mean {near[0]!r}?" if near else f" Known options: {', '.join(sorted(names))}."
            raise click.BadParameter(f"{path!r} has an unknown option {key!r}.{hint}", ctx, param)
        if (wrong := _misfit(kinds[key], value)) is not None:
            raise click.BadParameter(f"{path!r}: {key} {wrong}", ctx, param)
    ctx.default_map = {names[key]: _listed(names[key], value) for key, value in values.items()}
    return path


def _misfit(kind: str, value: Any) -> str | None:
    """Return why a YAML value can't be one of this kind of option, or None; its content is checked later."""
    if value is None:
        return "has no value: give it one, or leave the line out."
    if kind in ("choices", "repeated", "texts") and isinstance(value, list):
        wrong = [each for each in value if isinstance(each, dict | list) or each is None]
        return f"takes a list of values, not of {wrong[0]!r}." if wrong else None
    if kind == "integer" and (isinstance(value, bool) or not isinstance(value, int)):
        return f"takes a whole number, not {value!r}."
    if kind in ("choice", "choices", "path", "text") and not isinstance(value, str):
        return f"takes text, not {value!r}: put it in quotes."
    if kind == "flag" and not isinstance(value, bool):
        return f"takes true or false, not {value!r}."
    if isinstance(value, dict | list):
        return f"takes one value, not {value!r}."
    return None


def _key(option: Option) -> str:
    return option.flag.split("/")[0].removeprefix("--")


def _listed(name: str, value: Any) -> Any:
    return [value] if name in ("sinks", "properties") and isinstance(value, str) else value


def add_options(options: Iterable[tuple[str, str, Option, Any]]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return a decorator that adds options to a click command; values arrive under the settings' names."""
    found = list(options)

    def add(command: Callable[..., Any]) -> Callable[..., Any]:
        for _, name, option, default in reversed(found):
            shown = default_text(option, default)
            command = click.option(
                option.flag,
                name,
                type=_click_type(option),
                default=tree.default_checkpoint_dir() if name == "checkpoint_dir" else _click_default(option, default),
                multiple=option.kind in MULTIPLE,
                help=f"{option.help} [default: {shown}]" if shown else option.help,
            )(command)
        return command

    return add


def job_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add every option of the job, and --config, to a click command."""
    command = add_options(tree.options())(command)
    return click.option(
        "--config",
        "config",
        type=PathText(),
        is_eager=True,
        expose_value=False,
        callback=_load_config,
        help="A YAML file of options, named as here without the dashes; flags take precedence.",
    )(command)


def option_groups() -> Any:
    """Return the groups under which the help lists the options."""
    groups: dict[str, list[str]] = {}
    for title, _, option, _ in tree.options():
        groups.setdefault(title, []).append(option.flag.split("/")[0])
    groups["Source"].append("--config")
    return [{"name": title, "options": flags} for title, flags in groups.items()]
