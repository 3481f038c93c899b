import subprocess
import sys

import pytest
from conftest import PROJECT

JOB = "0123456789abcdef0123456789abcdef"
PATH = f"file:///tmp/flink-checkpoints/{JOB}/chk-12345"
SHOWS = f"""
from flink_abnormal.cli import tables
tables.show(("Job", "Name", "Path"), [("{JOB}", "A job with a name", "{PATH}"), ("two", "[bold]", "")])
"""


def shown(columns):
    """Return what is printed into a pipe where COLUMNS is this, or nothing."""
    env = {"COLUMNS": columns} if columns else {}
    done = subprocess.run(
        [sys.executable, "-c", SHOWS],
        cwd=PROJECT,
        env=env,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
    )
    return done.stdout


def test_a_table_that_is_too_wide_is_blocks_of_lines_in_which_nothing_is_cut():
    assert shown("60") == f"Job {JOB}\n  Name: A job with a name\n  Path: {PATH}\nJob two\n  Name: [bold]\n"


@pytest.mark.parametrize("columns", ["140", ""])
def test_a_table_that_fits_or_goes_to_another_program_has_a_line_for_each_row(columns):
    rows = [line.split("│")[1:-1] for line in shown(columns).splitlines() if "│" in line]

    assert [[cell.strip() for cell in row] for row in rows] == [[JOB, "A job with a name", PATH], ["two", "[bold]", ""]]
