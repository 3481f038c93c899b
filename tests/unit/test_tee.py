import subprocess
import sys

PROGRAM = """
import os, sys
from pathlib import Path
from flink_abnormal.runtime import tee
tee.lead(Path(sys.argv[1]))
os.execvp("printf", ["printf", "[ALERT] userId=user1 이상행동 3회 감지!\\\\n"])
"""


def test_what_a_program_prints_goes_on_and_into_the_file(tmp_path):
    file = tmp_path / "taskmanager.out"
    file.write_text("before\n", encoding="utf-8")
    done = subprocess.run([sys.executable, "-c", PROGRAM, file], capture_output=True, timeout=30, check=True)
    line = "[ALERT] userId=user1 이상행동 3회 감지!\n"
    assert done.stdout.decode() == line
    assert file.read_text(encoding="utf-8") == f"before\n{line}"
