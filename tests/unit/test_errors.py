import pytest

from flink_abnormal.errors import cause

PY4J = "An error occurred while calling o6.open.\n"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("no file\nmore", "no file"),
        (
            f"{PY4J}: java.io.FileNotFoundException: /chk-1 (No such file)\n\tat a.b(C.java:1)\n",
            "/chk-1 (No such file)",
        ),
        (
            f"{PY4J}: a.b.JobException: it failed\n\tat a.b(C.java:1)\nCaused by: a.b.First: why\n\tat a.b(C.java:1)\n"
            "Caused by: java.lang.IllegalStateException: the reason\n\tat a.b(C.java:1)\n",
            "the reason",
        ),
    ],
)
def test_the_cause_is_the_innermost_reason_in_one_line(text, reason):
    assert cause(RuntimeError(text)) == reason
