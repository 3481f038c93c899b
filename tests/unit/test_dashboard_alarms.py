from dataclasses import replace

import pytest

from dashboard.collect.alarms import Alarms
from dashboard.collect.failed_jobs import FailedJobs
from dashboard.model import (
    Alarm,
    Checkpoint,
    Checkpoints,
    Edge,
    Input,
    JobDetail,
    JobManager,
    JobSummary,
    Overview,
    Partition,
    Snapshot,
    Subtask,
    TaskManager,
    Vertex,
)
from flink_abnormal.core.recovery import Recovery, Step

T = 1_000_000.0
JOB = "job-1"
A, B = (JobManager(f"{name}:1", answers=True, leads=None, since=T) for name in "ab")
RUNNING = JobSummary(JOB, "Example", "RUNNING", T - 100, 100, 4, 4)
OVERVIEW = Overview(T, "2.3.0", 3, 9, 0, 1, 0, 0, 0, 1.0)


def subtasks(records, state="RUNNING"):
    return (Subtask(0, state, 0, "tm-1", 0, records),)


def detail(at=0.0, records=0, history=(), **more):
    interval, state = more.get("interval", 10.0), more.get("state", "RUNNING")
    parameters, back = more.get("parameters", ()), more.get("back")
    vertices = (
        Vertex("h", "Source: Heartbeat", "", 1, {state: 1}, subtasks(int(at) + 1)),
        Vertex("s", "Source: Events", "", 1, {state: 1}, subtasks(records, state)),
        Vertex("p", "Process", "", 1, {state: 1}, subtasks(0), backpressured=back),
    )
    checkpoints = Checkpoints(T + at, 0, 0, 0, 0, 0, tuple(history), interval_s=interval)
    edges = (Edge("h", "s", "HASH"), Edge("s", "p", "HASH"))
    return JobDetail(
        JOB, "Example", "RUNNING", T - 100, T + at, 100, None, vertices, edges, dict(parameters), checkpoints
    )


def facts(at, *, job=RUNNING, link="up", **more):
    answered = T + at if link == "up" else T
    return replace(
        Snapshot(T + at, (), link, T, answered, jobs=(job,), overview=OVERVIEW, jobmanagers=(A,)),
        **{"details": {JOB: detail(at, records=int(at * 10))}, **more},
    )


def done(number, at, status="COMPLETED", failure=None):
    return Checkpoint(JOB, number, 0, status, False, T + at, 0.5, 1, 4, 4, failure=failure)


def kinds(alarms):
    return [alarm.kind for alarm in alarms]


def test_all_slots_taken_by_tasks_that_run_is_no_alarm():
    alarms = Alarms()

    assert [alarms.update(facts(at)) for at in range(20)] == [()] * 20


def test_no_checkpoint_for_three_intervals():
    alarms = Alarms()
    quiet = [alarms.update(facts(at, details={JOB: detail(at, at, [done(1, -5)])})) for at in range(31)]
    late = alarms.update(facts(32, details={JOB: detail(32, 32, [done(1, -5)])}))
    again = alarms.update(facts(33, details={JOB: detail(33, 33, [done(2, 31), done(1, -5)])}))

    assert quiet == [()] * 31
    assert late == (Alarm("no-checkpoint", "critical", T, JOB, "Example", 32.0),)
    assert again == ()


def test_a_failed_checkpoint_stays_until_one_completes():
    alarms = Alarms()
    failed = [done(3, 2, "FAILED", "expired"), done(2, 1, "FAILED"), done(1, 0)]
    seen = alarms.update(facts(3, details={JOB: detail(3, 3, failed)}))
    after = alarms.update(facts(4, details={JOB: detail(4, 4, [done(4, 3), *failed])}))

    assert seen == (Alarm("checkpoint-failed", "warning", T + 1.5, JOB, "3", 3),)
    assert after == ()


FAILED = replace(RUNNING, state="FAILED", ended=T + 5)
NOTHING = {"jobs": (), "details": {}}
HAS_FAILED = (Alarm("job-failed", "critical", T + 5, JOB, "Example"),)


def test_a_job_that_is_being_restarted_and_one_that_failed():
    alarms = Alarms()
    broken = replace(RUNNING, state="RESTARTING", running=1)
    recovery = Recovery(1, JOB, "Example", "task", T - 2, ())

    assert alarms.update(facts(0, job=broken, recoveries=(recovery,))) == (
        Alarm("job-restarting", "warning", T - 2, JOB, "Example", 3),
    )
    assert alarms.update(facts(6, job=FAILED)) == HAS_FAILED


@pytest.mark.parametrize("state", ["RUNNING", "FINISHED", "CANCELED"])
def test_a_failed_job_stands_until_one_of_its_name_that_was_started_later_runs(state):
    alarms = Alarms()
    another = replace(RUNNING, id="job-2", name="Another", started=T + 6)
    earlier = replace(RUNNING, id="job-0")
    waits = replace(RUNNING, id="job-2", started=T + 6, running=3)
    alarms.update(facts(6, job=FAILED))

    days = 86_400 * 30
    assert alarms.update(replace(facts(days), **NOTHING)) == HAS_FAILED  # Flink has forgotten it
    assert alarms.update(facts(days, link="gone"))[-1:] == HAS_FAILED
    assert alarms.update(replace(facts(days), jobs=(another, earlier, FAILED), details={})) == HAS_FAILED
    assert alarms.update(replace(facts(days), jobs=(waits, FAILED), details={})) == HAS_FAILED
    again = replace(waits, running=4, state=state)
    assert alarms.update(replace(facts(days), jobs=(again, FAILED), details={})) == ()
    assert alarms.update(replace(facts(days), jobs=(FAILED,), details={})) == ()


def test_a_job_that_fails_again_and_again_is_one_alarm():
    alarms = Alarms()
    alarms.update(facts(6, job=FAILED))
    again = replace(FAILED, id="job-2", started=T + 6, ended=T + 9)

    (told,) = alarms.update(replace(facts(10), jobs=(again, FAILED), details={}))

    assert (told, told.key) == (replace(HAS_FAILED[0], job_id="job-2"), HAS_FAILED[0].key)


def test_a_failed_job_that_a_person_dismisses_is_over_until_one_fails_again():
    failed = FailedJobs((), lambda _: None)
    alarms = Alarms(failed)
    alarms.update(facts(6, job=FAILED))
    failed.dismiss("Another")
    assert alarms.update(facts(6, job=FAILED)) == HAS_FAILED

    failed.dismiss("Example")

    assert alarms.update(facts(7, job=FAILED)) == ()
    again = replace(FAILED, id="job-2", started=T + 6, ended=T + 9)
    assert alarms.update(replace(facts(10), jobs=(again, FAILED), details={})) == (
        Alarm("job-failed", "critical", T + 9, "job-2", "Example"),
    )


def test_a_failed_job_is_remembered_and_so_is_that_it_is_over():
    kept = {}

    def start():
        return Alarms(FailedJobs(kept.values(), lambda each: kept.__setitem__(each.name, each)))

    start().update(facts(6, job=FAILED))
    assert start().update(Snapshot(T + 9, (), "connecting", T)) == HAS_FAILED
    again = replace(RUNNING, id="job-2", started=T + 6)
    start().update(replace(facts(10), jobs=(again, FAILED), details={}))

    assert start().update(facts(11, job=FAILED)) == ()


@pytest.mark.parametrize(("state", "told"), [("forgotten", 1), ("FAILED", 1), ("CANCELED", 0), ("FINISHED", 0)])
def test_a_job_that_was_lost_with_its_jobmanager_until_one_of_its_name_runs(state, told):
    alarms = Alarms()
    open_, steps = Recovery(1, JOB, "Example", "jobmanager", T - 9, ()), (Step(T - 5, "failed", state),)
    lost = replace(open_, failed=True, steps=steps)
    later = replace(RUNNING, id="job-2", started=T - 8)

    assert alarms.update(replace(facts(0, recoveries=(open_,)), **NOTHING)) == (
        Alarm("job-restarting", "warning", T - 9, JOB, "Example"),
    )
    stands = (Alarm("job-failed", "critical", T - 9, JOB, "Example"),)[:told]
    assert alarms.update(replace(facts(1, recoveries=(lost,)), **NOTHING)) == stands
    assert alarms.update(replace(facts(86_400, recoveries=()), **NOTHING)) == stands
    assert alarms.update(replace(facts(86_401, recoveries=(lost,)), jobs=(later,), details={})) == ()


def test_a_lost_taskmanager_until_as_many_are_there_again():
    one, two = (TaskManager(f"tm-{n}", f"TaskManager {n}", "h", 3, 0, T) for n in (1, 2))
    lost, new = replace(two, lost_at=T + 1), replace(two, id="tm-3", name="TaskManager 3")
    alarms = Alarms()
    assert alarms.update(facts(0, taskmanagers=(one, two))) == ()

    assert alarms.update(facts(2, taskmanagers=(one, lost))) == (
        Alarm("taskmanager-lost", "critical", T + 1, None, "TaskManager 2", 1),
    )
    assert alarms.update(facts(12, taskmanagers=(one, lost, new))) == ()
    assert alarms.update(facts(200, taskmanagers=(one,), details={})) == ()


def test_a_lost_taskmanager_for_ten_seconds_where_another_was_there_at_once():
    one, two = (TaskManager(f"tm-{n}", f"TaskManager {n}", "h", 3, 0, T) for n in (1, 2))
    lost, new = replace(two, lost_at=T + 1), replace(two, id="tm-3", name="TaskManager 3")
    alarms = Alarms()
    assert alarms.update(facts(0, taskmanagers=(one, two))) == ()

    seen = [alarms.update(facts(at, taskmanagers=(one, lost, new))) for at in (1, 10.9, 11)]
    told = (Alarm("taskmanager-lost", "critical", T + 1, None, "TaskManager 2", 1),)
    assert seen == [told, told, ()]


def test_tasks_that_wait_for_a_slot():
    alarms = Alarms()
    starting = replace(RUNNING, running=2, waiting=2)

    assert alarms.update(facts(0, job=starting)) == ()  # that alone is a moment of every start
    assert alarms.update(facts(2, job=starting)) == (Alarm("no-free-slot", "warning", T + 2, JOB, "Example", 2),)
    assert alarms.update(facts(3, job=starting, overview=replace(OVERVIEW, free=1))) == ()


def test_tasks_that_wait_within_a_recovery_are_no_alarm_of_their_own_unless_it_lasts():
    alarms = Alarms()
    waiting = {"job": replace(RUNNING, running=2, waiting=2)}
    recovery = Recovery(1, JOB, "Example", "taskmanager", T, ())

    told = {at: kinds(alarms.update(facts(at, recoveries=(recovery,), **waiting))) for at in (0, 3, 59.9, 60, 62)}

    alone = ["job-restarting"]
    assert told == {0: alone, 3: alone, 59.9: alone, 60: alone, 62: [*alone, "no-free-slot"]}


def test_backpressure_that_lasts():
    alarms = Alarms()
    seen = [alarms.update(facts(at, details={JOB: detail(at, at, back=0.6)})) for at in range(6)]

    assert [kinds(each) for each in seen] == [[]] * 5 + [["backpressure"]]
    assert seen[-1] == (Alarm("backpressure", "warning", T + 5, JOB, "Process", 0.6),)
    assert alarms.update(facts(6, details={JOB: detail(6, 6, back=0.5)})) == ()


@pytest.mark.parametrize(("parameters", "patience"), [({}, 30), ({"interval": "10s"}, 60), ({"interval": "1s"}, 30)])
def test_a_source_that_gives_nothing_although_its_heartbeat_ticks(parameters, patience):
    alarms = Alarms()

    def update(at, **more):
        given = detail(at, 7, interval=None, parameters=parameters, **more)
        return alarms.update(facts(at, details={JOB: given}))

    update(0)
    assert update(patience) == ()
    assert update(patience + 1) == (Alarm("source-idle", "warning", T, JOB, "Example", patience + 1.0),)
    assert update(patience + 2, state="FINISHED") == ()


def test_event_time_that_stands_still_while_records_come():
    alarms = Alarms()

    def update(at, records, event_time, *, in_event_time=True):
        partitions = (Partition("events-0", 0, event_time, 0.0, holds=True), Partition("events-1", 0, T))
        read = Input(T + at, partitions, 7, in_event_time, event_time)
        given = replace(detail(at, records, interval=None), input=read)
        return [each for each in alarms.update(facts(at, details={JOB: given})) if each.kind == "event-time-stands"]

    for at in range(0, 61, 20):
        assert update(at, at + 1, T - 9) == []
    assert update(61, 62, T - 9) == [Alarm("event-time-stands", "warning", T, JOB, "events-0", 61.0)]
    assert update(62, 63, T - 8) == []
    assert update(200, 63, T - 8) == []  # nothing came meanwhile
    assert update(201, 64, T - 8, in_event_time=False) == []


def test_transactions_that_brokers_had_aborted_are_an_alarm_until_the_job_is_restarted():
    alarms = Alarms()

    def update(at, lost):
        return alarms.update(facts(at, details={JOB: replace(detail(at, at, interval=None), lost_transactions=lost)}))

    assert update(0, 0) == ()
    assert update(1, 2) == (Alarm("transactions-lost", "critical", T + 1, JOB, "Example", 2),)
    assert update(2, 2) == (Alarm("transactions-lost", "critical", T + 1, JOB, "Example", 2),)
    assert update(3, 0) == ()


def test_nobody_answers_and_what_was_known_stays():
    alarms = Alarms()
    failed = [done(3, 2, "FAILED", "expired")]
    alarms.update(facts(3, details={JOB: detail(3, 3, failed)}))

    seen = alarms.update(facts(5, link="gone"))

    assert seen == (
        Alarm("jobmanager-gone", "critical", T, None, "a:1"),
        Alarm("checkpoint-failed", "warning", T + 2.5, JOB, "3", 3),
    )
    assert kinds(alarms.update(facts(6))) == []


def test_a_jobmanager_that_is_gone_while_another_leads():
    alarms = Alarms()
    gone = replace(B, answers=False, since=T + 1)

    assert alarms.update(facts(6, jobmanagers=(A, gone))) == ()
    assert alarms.update(facts(7, jobmanagers=(A, gone))) == (Alarm("jobmanager-gone", "warning", T + 1, None, "b:1"),)
    assert alarms.update(facts(8, jobmanagers=(A, B))) == ()


def test_a_cluster_that_never_was_there_is_no_alarm():
    assert Alarms().update(Snapshot(T, (), "connecting", T)) == ()
