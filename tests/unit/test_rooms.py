import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).parents[2]


def test_each_room_imports_only_rooms_below_it():
    """The rules stand in pyproject.toml, under importlinter."""
    done = subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-logo", "--no-cache"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
