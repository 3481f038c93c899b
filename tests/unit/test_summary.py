from flink_abnormal.pipeline.summary import Summary

COUNTS = {"abnormal": 6, "normal": 2, "repeated": 1, "skipped": 3, "dead-lettered": 4, "alerts": 5}
FIGURES = "read 14 = valid 7 + skipped 3 + dead-lettered 4; events: abnormal 6, normal 2; alerts 5"


def test_a_run_ends_with_its_figures():
    assert Summary.of(COUNTS).text() == FIGURES


def test_times_that_could_not_be_read_are_told():
    assert Summary.of(COUNTS | {"unread-times": 2}).text() == f"{FIGURES}; times that could not be read: 2"


def test_values_that_never_matched_are_told():
    counts = COUNTS | {"matched FAIL": 3}
    assert Summary.of(counts, ["FAIL"]).text() == FIGURES
    assert Summary.of(counts, ["FAIL", "DENIED", "OK"]).text() == f"{FIGURES}; values that never matched: DENIED, OK"


def test_all_that_is_rare_is_told_in_one_order():
    counts = COUNTS | {"changed-files": 1, "unread-times": 2}
    assert Summary.of(counts, ["OK"]).text() == (
        f"{FIGURES}; files changed after they were read: 1; times that could not be read: 2; "
        "values that never matched: OK"
    )
