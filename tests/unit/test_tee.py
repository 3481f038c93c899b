import re
import resource
import subprocess
import sys

import psutil
from conftest import wait_until

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


LIMITED = """
import os, resource, signal, sys
from pathlib import Path
from flink_abnormal.runtime import tee
resource.setrlimit(resource.RLIMIT_FSIZE, (8, resource.RLIM_INFINITY))
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
tee.lead(Path(sys.argv[1]))
os.execvp("sh", ["sh", "-c", "cat"])
"""


def test_a_file_that_takes_no_more_ends_nobodys_printing(tmp_path):
    # A limit of the file's size stands for a full disk: a write beyond it is refused too.
    file = tmp_path / "taskmanager.out"
    program = subprocess.Popen(
        [sys.executable, "-c", LIMITED, file],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )

    def passes(line):
        program.stdin.write(line)
        program.stdin.flush()
        assert program.stdout.readline() == line

    passes(b"first\n")
    passes(b"second, which is longer\n")
    passes(b"third\n")
    wait_until(lambda: file.read_bytes() == b"first\nse", "what fits")
    for process in (program.pid, *(child.pid for child in psutil.Process(program.pid).children())):
        resource.prlimit(process, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    passes(b"fourth\n")
    program.stdin.close()
    assert program.wait(30) == 0
    wait_until(lambda: file.read_bytes().endswith(b"fourth\n"), "the file at the end")
    # The third line may still have been on its way when the limit was lifted: each byte is there, or counted.
    whole = b"first\nsecond, which is longer\nthird\nfourth\n"
    (lost,) = re.findall(rb"\[(\d+) bytes of this output were lost\]", file.read_bytes())
    assert lost in (b"22", b"28")
    assert file.read_bytes() == whole[:8] + b"\n[%s bytes of this output were lost]\n" % lost + whole[8 + int(lost) :]
