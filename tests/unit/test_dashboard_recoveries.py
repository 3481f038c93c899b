from dataclasses import dataclass, replace

from dashboard.collect.recoveries import Recoveries
from dashboard.model import (
    Checkpoints,
    Failure,
    JobDetail,
    JobManager,
    JobSummary,
    Snapshot,
    Subtask,
    TaskManager,
    Vertex,
)
from flink_abnormal.core.recovery import Recovery, RestoredCheckpoint, Step

JOB = "job-1"
T = 1_000_000.0
WORKERS = {n: TaskManager(f"tm-{n}", f"TaskManager {n}", f"host:{n}", 3, 0, T, T) for n in (1, 2, 3, 4)}


@dataclass(frozen=True)
class Glance:
    """A job at a look: as it is listed, and what was read of it."""

    id: str
    name: str
    state: str
    running: int
    total: int
    changed: float
    ended: float | None = None
    checkpoints_read: bool = False
    restored: RestoredCheckpoint | None = None
    failures: tuple = ()
    workers: frozenset = frozenset()

    def listed(self):
        first = (self.id, self.name, self.state, T - 100, 100, self.running, self.total)
        return JobSummary(*first, self.ended, changed=self.changed)

    def detail(self):
        subtasks = tuple(Subtask(n, "RUNNING", 0, worker) for n, worker in enumerate(sorted(self.workers)))
        checkpoints = Checkpoints(T, 0, 0, 0, 0, 0, latest_restored=self.restored) if self.checkpoints_read else None
        vertex = Vertex("v", "Task", "", len(subtasks), {}, subtasks)
        return JobDetail(self.id, self.name, self.state, T - 100, T, 100, vertices=(vertex,), checkpoints=checkpoints,
                         failures=self.failures)  # fmt: skip


WHOLE = Glance(
    JOB, "Example", "RUNNING", 10, 10, T - 50, checkpoints_read=True, workers=frozenset({"tm-1", "tm-2", "tm-3"})
)


class Told:
    """Feeds observations, and keeps what was written."""

    def __init__(self, known=()):
        self.kept = {}
        self.recoveries = Recoveries(known, lambda each: self.kept.__setitem__(each.id, each))

    def update(self, at, job=WHOLE, workers=(1, 2, 3), *, up=True, answered=None, **more):
        leader, jobs = more.get("leader", "a:1"), more.get("jobs", True)
        present = tuple(replace(WORKERS[n], heartbeat_at=T + at - 0.3) for n in workers)
        self.recoveries.update(
            Snapshot(
                T + at,
                (),
                "up" if up else "gone",
                T,
                T + at if answered is None else T + answered,
                jobmanagers=() if leader is None else (JobManager(leader, answers=True, leads=True, since=T),),
                taskmanagers=present if up else (),
                jobs=() if job is None else (job.listed(),),
                jobs_at=T + at if jobs else None,
                details={} if job is None else {job.id: job.detail()},
            )
        )

    @property
    def all(self):
        return self.recoveries.view()


def stopped(running=0, state="RESTARTING", **more):
    return replace(WHOLE, state=state, running=running, **more)


def steps(recovery):
    return [(round(step.at - T, 2), step.kind, step.subject, step.number, step.total) for step in recovery.steps]


def test_a_lost_taskmanager_is_told_from_its_last_sign_of_life_to_the_last_task():
    told = Told()
    told.update(0)
    told.update(1)
    failure = Failure(T + 1.2, "gone", None, None)
    told.update(1.5, stopped(4))
    assert told.all[0].cause == "task"
    told.update(2.0, stopped(0), (1, 3))
    told.update(2.5, stopped(0, failures=(failure,)), (1, 3))
    told.update(3.0, stopped(0, "RUNNING", failures=(failure,), restored=RestoredCheckpoint(7, T + 2.8)), (1, 3, 4))
    back = replace(WHOLE, failures=(failure,), restored=RestoredCheckpoint(7, T + 2.8), changed=T + 4.9)
    told.update(5.0, back, (1, 3, 4))

    (recovery,) = told.all
    assert steps(recovery) == [
        (1.2, "noticed", "", 10, 10),
        (1.2, "lost", "TaskManager 2", None, None),
        (2.8, "restored", "", 7, None),
        (3.0, "slots", "TaskManager 4", 3, 9),
        (4.9, "running", "", 10, 10),
    ]
    assert recovery == Recovery(
        1,
        JOB,
        "Example",
        "taskmanager",
        T + 1.2,
        recovery.steps,
        ("TaskManager 2",),
        10,
        10,
        T + 1.2,
        7,
        T + 2.8,
        T + 4.9,
    )
    assert not recovery.open
    assert told.kept == {1: recovery}


def test_a_failed_task_is_a_recovery_of_its_own_cause():
    told = Told()
    told.update(0)
    told.update(0.5, stopped(0))
    told.update(2.0, replace(WHOLE, restored=RestoredCheckpoint(3, T + 1), changed=T + 1.9))

    (recovery,) = told.all
    assert (recovery.cause, recovery.lost, recovery.restored_checkpoint) == ("task", (), 3)
    assert (recovery.noticed_at, recovery.running_at) == (T + 0.5, T + 1.9)


def test_a_jobmanager_that_is_gone_is_told_until_another_leads():
    told = Told()
    told.update(0)
    told.update(1.4, up=False, answered=0)
    assert told.all == ()
    told.update(1.6, up=False, answered=0)
    assert [each.open for each in told.all] == [True]
    told.update(6.0, job=None, leader=None)
    told.update(6.2, stopped(0, "INITIALIZING", checkpoints_read=False), leader="b:2")
    told.update(8.0, replace(WHOLE, restored=RestoredCheckpoint(9, T + 6.5), changed=T + 7.8), leader="b:2")

    (recovery,) = told.all
    assert steps(recovery) == [
        (0.0, "silent", "", None, None),
        (6.0, "leader", "b:2", None, None),
        (6.2, "noticed", "", 10, 10),
        (6.5, "restored", "", 9, None),
        (7.8, "running", "", 10, 10),
    ]
    assert (recovery.cause, recovery.noticed_at, recovery.open) == ("jobmanager", T, False)


def test_a_job_that_no_jobmanager_knows_any_more_is_given_up():
    told = Told()
    told.update(0)
    told.update(2, up=False, answered=0)
    told.update(5, job=None)
    told.update(124, job=None)
    assert told.all[0].open
    told.update(126, job=None)

    assert (told.all[0].failed, told.all[0].steps[-1]) == (True, Step(T + 5, "failed", "forgotten"))


def test_a_job_that_never_ran_as_a_whole_and_is_lost_with_its_jobmanager_is_told_too():
    told = Told()
    told.update(0, stopped(3, "RUNNING"))
    told.update(2, up=False, answered=0)
    told.update(5, job=None)
    told.update(126, job=None)

    assert [(each.cause, each.failed, each.steps[-1].subject) for each in told.all] == [
        ("jobmanager", True, "forgotten")
    ]


def test_a_job_that_the_cluster_lists_no_more_is_lost_also_if_no_silence_was_noticed():
    told = Told()
    told.update(0)
    told.update(1, job=None)
    told.update(121, job=None)
    assert told.all == ()
    told.update(121.1, job=None)

    assert [(each.failed, steps(each)) for each in told.all] == [(True, [(1.0, "failed", "forgotten", None, None)])]


def test_a_taskmanager_that_is_lost_twice_in_one_recovery_is_told_twice():
    told = Told()
    told.update(0)
    told.update(1, stopped(), (1, 3))
    told.update(2, stopped(), (1, 2, 3))
    told.update(2.5, stopped(), (1, 2, 3))
    told.update(3, stopped(), (1, 3))
    told.update(4, stopped(), (1, 2, 3))
    told.update(5, replace(WHOLE, restored=RestoredCheckpoint(7, T + 4.5), changed=T + 5))

    (recovery,) = told.all
    assert [step[:3] for step in steps(recovery) if step[1] in ("lost", "slots")] == [
        (-0.3, "lost", "TaskManager 2"),
        (2.0, "slots", "TaskManager 2"),
        (2.2, "lost", "TaskManager 2"),
        (4.0, "slots", "TaskManager 2"),
    ]
    assert (recovery.began, recovery.lost) == (T - 0.3, ("TaskManager 2",))


def test_a_recovery_goes_on_with_the_job_that_is_submitted_in_the_place_of_a_forgotten_one():
    told = Told()
    told.update(0)
    told.update(2, up=False, answered=0)
    told.update(10, job=None)
    told.update(20, stopped(0, "RUNNING", id="0123456789abcdef", checkpoints_read=False))
    told.update(25, replace(WHOLE, id="0123456789abcdef", restored=RestoredCheckpoint(9, T + 21), changed=T + 24))

    (recovery,) = told.all
    assert steps(recovery) == [
        (0.0, "silent", "", None, None),
        (10.0, "leader", "a:1", None, None),
        (10.0, "forgotten", "", None, None),
        (20.0, "submitted", "01234567", None, None),
        (21.0, "restored", "", 9, None),
        (24.0, "running", "", 10, 10),
    ]
    assert (recovery.job_id, recovery.open, told.kept) == ("0123456789abcdef", False, {1: recovery})


def test_before_the_new_leader_has_told_of_jobs_nothing_is_taken_as_forgotten():
    told = Told()
    told.update(0)
    told.update(2, up=False, answered=0)
    for at in (5, 40, 80):
        told.update(at, jobs=False)

    assert [each.open for each in told.all] == [True]


def test_a_restart_that_fails_again_stays_one_recovery():
    told = Told()
    told.update(0)
    told.update(1, stopped(0))
    told.update(2, replace(WHOLE))  # all run, and the checkpoint that they came from is not known yet
    told.update(2.5, stopped(7, restored=RestoredCheckpoint(5, T + 1.5)))
    told.update(4, replace(WHOLE, restored=RestoredCheckpoint(6, T + 3), changed=T + 3.9))

    (recovery,) = told.all
    assert [(step.kind, step.number) for step in recovery.steps] == [
        ("noticed", 10),
        ("restored", 5),
        ("restored", 6),
        ("running", 10),
    ]
    assert (recovery.restored_checkpoint, recovery.restored_at) == (6, T + 3)


def test_a_job_without_checkpoints_is_running_again_after_a_while():
    told = Told()
    told.update(0)
    told.update(1, stopped(0))
    told.update(2, replace(WHOLE, changed=T + 1.9))
    told.update(6.9, WHOLE)
    assert told.all[0].open
    told.update(7.1, WHOLE)

    assert (told.all[0].running_at, told.all[0].restored_checkpoint) == (T + 1.9, None)


def test_what_a_user_ends_is_no_recovery():
    for states in (("CANCELLING", "CANCELED"), ("CANCELED",), ("FINISHED",)):
        told = Told()
        told.update(0)
        for at, state in enumerate(states, 1):
            told.update(at, stopped(0, state, ended=T + at))
        told.update(9, job=None)
        assert told.all == ()


def test_a_job_that_fails_for_good_is_told_as_that():
    told = Told()
    told.update(0)
    told.update(1, stopped(0, "FAILED", ended=T + 0.9))

    (recovery,) = told.all
    assert (recovery.failed, recovery.open, recovery.steps[-1]) == (True, False, Step(T + 0.9, "failed", "FAILED"))


def test_a_job_that_runs_again_under_its_id_has_recoveries_again():
    told = Told()
    told.update(0)
    told.update(1, stopped(0, "CANCELED", ended=T + 1))
    told.update(2, stopped(0, "INITIALIZING"))
    told.update(3)
    assert told.all == ()
    told.update(4, stopped(0))

    assert [each.open for each in told.all] == [True]


def test_a_job_that_only_starts_is_no_recovery():
    told = Told()
    told.update(0, stopped(0, "INITIALIZING"))
    told.update(1, stopped(4, "RUNNING"))
    told.update(2, WHOLE)
    told.update(3, WHOLE)

    assert told.all == ()


def test_a_job_that_is_started_from_a_snapshot_is_no_recovery():
    told = Told()
    told.update(0, stopped(0, "RUNNING", restored=RestoredCheckpoint(40, T - 1, savepoint=True)))
    told.update(2, replace(WHOLE, restored=RestoredCheckpoint(40, T - 1, savepoint=True)))
    told.update(3, replace(WHOLE, restored=RestoredCheckpoint(40, T - 1, savepoint=True)))

    assert told.all == ()


def test_a_restart_too_short_to_be_seen_is_told_by_the_checkpoint_it_left():
    told = Told()
    told.update(0)
    told.update(1)
    told.update(2, replace(WHOLE, restored=RestoredCheckpoint(5, T + 1.5), changed=T + 1.8))

    (recovery,) = told.all
    assert (recovery.noticed_at, recovery.restored_at, recovery.running_at) == (T + 1.5, T + 1.5, T + 1.8)


def test_a_recovery_from_before_the_dashboard_began_is_told_once_as_far_as_flink_remembers():
    past = replace(
        WHOLE, restored=RestoredCheckpoint(5, T - 95), failures=(Failure(T - 99, "x", None, None),), changed=T - 90
    )
    told = Told()
    told.update(0, replace(past, checkpoints_read=False, restored=None))
    told.update(1, past)
    told.update(2, past)

    (recovery,) = told.all
    assert (recovery.began, recovery.restored_checkpoint, recovery.running_at) == (T - 99, 5, T - 90)

    again = Told([recovery])
    again.update(3, past)
    assert again.all == (recovery,)


def test_an_open_recovery_goes_on_after_a_restart_of_the_dashboard():
    before = Told()
    before.update(0)
    before.update(1, stopped(0))
    before.update(1.5, stopped(0), (1, 2))
    told = Told(before.all)
    told.update(4, replace(WHOLE, restored=RestoredCheckpoint(2, T + 2), changed=T + 3.5), (1, 2, 4))

    (recovery,) = told.all
    assert (recovery.id, recovery.lost, recovery.restored_checkpoint, recovery.running_at) == (
        1,
        ("TaskManager 3",),
        2,
        T + 3.5,
    )
    assert told.kept == {1: recovery}


def test_an_open_recovery_of_a_job_that_is_gone_is_closed_after_a_restart_of_the_dashboard():
    before = Told()
    before.update(0)
    before.update(1, stopped(0))
    told = Told(before.all)
    told.update(4, job=None)
    told.update(125, job=None)

    assert (told.all[0].failed, told.all[0].steps[-1].subject) == (True, "forgotten")


def test_a_taskmanager_that_the_job_does_not_use_is_not_told_as_lost():
    told = Told()
    told.update(0, workers=(1, 2, 3, 4))
    told.update(1, stopped(3), workers=(1, 2, 3))
    told.update(2, replace(WHOLE, restored=RestoredCheckpoint(2, T + 1.5), changed=T + 1.9))

    assert (told.all[0].cause, told.all[0].lost) == ("task", ())
