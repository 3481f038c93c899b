"""Command-line tables: if one is too wide for the terminal, each row is a block of lines, and nothing is cut."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

PIPE_WIDTH: Final = 180
"""The width for a file or another program, which has none of its own: a row stays one line for `grep`."""


def show(headers: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print rows under their headers, as wide as the output allows; ids stay whole, to be copied."""
    table, kept = Table(*headers), list(rows)
    for row in kept:
        table.add_row(*(Text(cell, overflow="fold", no_wrap=True) for cell in row))
    out = console()
    if out.measure(table, options=out.options.update(max_width=100_000)).maximum <= out.width:
        out.print(table)
    else:
        _print_blocks(headers, kept)


def console() -> Console:
    """Return the console for tables: as wide as the terminal, or as COLUMNS."""
    known = sys.stdout.isatty() or os.environ.get("COLUMNS", "").isdecimal()
    return Console() if known else Console(width=PIPE_WIDTH)


def _print_blocks(headers: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    for row in rows:
        first, *others = zip(headers, row, strict=True)
        print(f"{first[0]} {first[1]}")
        for header, cell in others:
            if cell:
                print(f"  {header}: {cell}")
