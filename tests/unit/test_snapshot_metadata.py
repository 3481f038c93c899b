import pytest

from flink_abnormal.core.errors import UsageError
from flink_abnormal.core.settings import from_values, options
from flink_abnormal.pipeline.abnormal import ABNORMAL
from flink_abnormal.snapshots import metadata
from flink_abnormal.snapshots.metadata import SnapshotMetadata

ENGINES = ("python", "jvm")
OPTIONS = {
    "random": {},
    "files": {"source": "files", "input": "x", "follow": True},
    "in time": {"source": "files", "input": "x", "follow": True, "time": "event"},
}
PROVES = {"random": "heartbeat", "files": "file-source", "in time": "file-source"}
AHEAD = {"random": "random-source", "files": "parse", "in time": "event-order"}


@pytest.fixture
def check(monkeypatch):
    """Checks a checkpoint of a job in thread mode, with records behind some operators; uids stand for Flink's ids."""
    monkeypatch.setattr(metadata, "_id", lambda uid: uid)

    def run(name, engine, *sending, **more):
        operators = {"abnormal-count", PROVES[name], *({"event-order"} if name == "in time" else ()), *sending}
        monkeypatch.setattr(metadata, "read", lambda _: SnapshotMetadata(operators, {*sending}, set()))
        given = {option: default for _, option, _, default in options()} | OPTIONS[name] | {"engine": engine} | more
        settings = from_values(given)
        metadata.check("chk-7", settings, ABNORMAL.proof(settings))

    return run


@pytest.mark.parametrize("name", OPTIONS)
def test_a_checkpoint_starts_a_job_of_its_engine_with_and_without_events_on_their_way(check, name):
    check(name, "python")
    check(name, "jvm")
    check(name, "python", "user-key", "abnormal-count")
    check(name, "jvm", AHEAD[name], "abnormal-count")


@pytest.mark.parametrize("name", OPTIONS)
def test_events_on_their_way_in_the_form_of_another_engine_or_release_are_refused_instead_of_lost(check, name):
    for engine, foreign in (("jvm", "user-key"), ("python", AHEAD[name]), *((e, "key-by-user") for e in ENGINES)):
        with pytest.raises(UsageError) as refused:
            check(name, engine, "abnormal-count", foreign)

        assert str(refused.value) == (
            "chk-7 contains events on their way, in the form of the other --engine, of another parallelism or of an "
            "earlier release: go on with that. Only a savepoint can move to another."
        )


def test_events_that_the_parse_step_sends_to_be_ordered_are_in_the_form_of_every_engine(check):
    for engine in ENGINES:
        check("in time", engine, "parse")


def test_events_on_their_way_to_several_subtasks_are_refused_where_one_reads_and_one_detects(check):
    alone = {"source_parallelism": 1, "process_parallelism": 1}
    check("files", "jvm", "abnormal-count", **alone)

    with pytest.raises(UsageError, match="contains events on their way"):
        check("files", "jvm", "parse", **alone)
