import pytest

from flink_abnormal.core.errors import MEANINGS, cause, root

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


def test_a_field_that_new_jvms_lack_is_translated_to_the_library_that_pemja_could_not_load():
    text = (
        "java.lang.RuntimeException: java.lang.NoSuchFieldException: loadedLibraryNames\n\tat pemja.utils.a(C.java:1)\n"
        "Caused by: java.lang.NoSuchFieldException: loadedLibraryNames\n\tat java.base/a.b(C.java:2)\n\t... 19 more\n"
    )
    assert cause(RuntimeError(text)) == MEANINGS["loadedLibraryNames"]


RANDOM_IDS = ("0f8fad5b-d9cb-469f-a165-70867728950e", "7c9e6679-7425-40de-944b-e07fc1f90ae7")


@pytest.mark.parametrize(
    ("failures", "reason"),
    [
        (["a.b.C: why"], "why"),
        (["a.b.C: why", "a.b.C: why", "a.b.D: why"], "why"),
        ([f"a.b.C: .part-{name}-0: why" for name in RANDOM_IDS], f".part-{RANDOM_IDS[0]}-0: why"),
        (["a.b.C: what came of it", "a.b.C: something", "a.b.C: why"], "why; in the end: what came of it"),
    ],
)
def test_the_first_of_failures_that_followed_one_another_is_not_hidden_behind_the_last(failures, reason):
    assert root(failures) == reason
