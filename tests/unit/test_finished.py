from flink_abnormal.cli.job import settings_of
from flink_abnormal.snapshots import finished


def key(*options):
    return finished.key(settings_of(options))


def test_a_job_that_has_finished_is_recorded_for_its_own_options_only(tmp_path):
    place = ("--checkpoint-dir", f"file://{tmp_path}/checkpoints")
    done = settings_of([*place, "--events", "20", "--interval", "1s"])
    assert finished.recorded(done) is False
    there = finished.record(done, "3f2a")
    assert there == f"{tmp_path}/checkpoints/finished/{finished.key(done)}.json"
    assert finished.recorded(done) is True
    # The order of options is none of theirs, nor is the snapshot that a start goes on from.
    assert finished.recorded(settings_of(["--interval", "1s", "--from", "auto", "--events", "20", *place])) is True
    assert finished.recorded(settings_of([*place, "--events", "21", "--interval", "1s"])) is False
    assert finished.recorded(
        settings_of(["--checkpoint-dir", str(tmp_path), "--events", "20", "--interval", "1s"])
    ) is (False)


def test_a_seed_that_is_drawn_is_the_same_option_each_time():
    assert key("--seed", "random") == key("--seed", "random")
    assert len({key("--seed", "random"), key("--seed", "1"), key(), key("--threshold", "4")}) == 4


def test_an_option_with_its_default_changes_nothing_so_that_a_later_release_may_add_some():
    assert key("--threshold", "3", "--users", "3") == key()
