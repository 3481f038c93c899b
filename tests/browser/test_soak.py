"""The soak of the page runs; in full (10,000 updates) it is run by hand."""

import re
import subprocess
import sys

import pytest
from conftest import PROJECT


@pytest.mark.usefixtures("chromium")
def test_the_soak_measures_a_page_through_sixty_updates_and_finds_no_more_than_noise():
    program = PROJECT / "bench" / "dashboard_soak.py"
    command = [sys.executable, program, "--updates", "60", "--every", "15", "--allow", "40"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=200)
    assert (done.returncode, done.stderr) == (0, "")
    rows = [[float(cell.replace(",", "")) for cell in line.split()] for line in done.stdout.splitlines()[1:-1]]
    asked = [15, 30, 45, 60]
    assert [updates >= stop for (updates, *_), stop in zip(rows, asked, strict=True)] == [True] * 4
    assert [drawn > updates * 0.9 for updates, drawn, *_ in rows] == [True] * 4
    assert re.fullmatch(
        r"Spread over the last half: heap [\d.]+%, nodes [\d.]+%, renderer [\d.]+%, server [\d.]+%",
        done.stdout.splitlines()[-1],
    )
