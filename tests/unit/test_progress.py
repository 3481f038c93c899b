import pytest

from flink_abnormal.core.job import Goal
from flink_abnormal.core.settings import Settings
from flink_abnormal.core.source_settings import FileSettings, RandomSettings
from flink_abnormal.pipeline.abnormal import ABNORMAL
from flink_abnormal.submission.progress import Figures, goal, text


@pytest.mark.parametrize(
    ("given", "before", "now", "line"),
    [
        (
            Goal("lines", size=200_000_000),
            Figures(0, 0, 0, 0),
            Figures(10, 500_000, 50_000_000, 1_234),
            "Read 500,000 lines, 50.0 MB of 200.0 MB (25%); 1,234 alerts; 50,000 lines a second; about 30 s left",
        ),
        (
            Goal("events", 6_000),
            Figures(10, 600, 0, 5),
            Figures(20, 1_200, 0, 10),
            "Made 1,200 of 6,000 events (20%); 10 alerts; 60 events a second; about 1 min left",
        ),
        (  # compressed, or resumed
            Goal("lines"),
            Figures(0, 0, 0, 0),
            Figures(10, 20, 3_000_000, 0),
            "Read 20 lines, 3.0 MB; 0 alerts; 2 lines a second",
        ),
        (  # a restart counts anew
            Goal("events", 100),
            Figures(0, 50, 0, 2),
            Figures(10, 0, 0, 0),
            "Made 0 of 100 events (0%); 0 alerts; 0 events a second",
        ),
    ],
)
def test_progress_is_how_much_of_what_at_which_rate_and_what_is_left(given, before, now, line):
    assert text(given, before, now) == line


def test_what_a_run_has_before_it_is_known_where_it_has_an_end_and_begins_it(tmp_path):
    (tmp_path / "a.jsonl").write_bytes(b"x" * 70)
    (tmp_path / "b.jsonl").write_bytes(b"x" * 30)
    files = Settings("files", files=FileSettings(str(tmp_path)))
    simulated = Settings(random=RandomSettings(users=5, events=20))

    assert goal(ABNORMAL, files, resumes=False) == Goal("lines", size=100)
    assert goal(ABNORMAL, files, resumes=True) == Goal("lines")
    assert goal(ABNORMAL, simulated, resumes=False) == Goal("events", 100)
    assert goal(ABNORMAL, simulated, resumes=True) == Goal("events")
    assert goal(ABNORMAL, Settings(), resumes=False) is None
    (tmp_path / "c.jsonl.gz").write_bytes(b"x")
    assert goal(ABNORMAL, files, resumes=False) == Goal("lines")
