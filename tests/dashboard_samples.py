"""Snapshots of states that take long to bring about, for tests of what is drawn."""

import dataclasses
import time

from dashboard.model import (
    Alarm,
    AlertFigures,
    Checkpoint,
    Checkpoints,
    CheckpointTask,
    Edge,
    Input,
    JobDetail,
    JobManager,
    JobSummary,
    Live,
    LiveUser,
    LogLine,
    LogState,
    Overview,
    Partition,
    SeenAlert,
    Snapshot,
    Subtask,
    TaskManager,
    Vertex,
)
from flink_abnormal.core.recovery import Recovery, Step

AT = 1_795_293_000.0
JOB = "2de774dc8fb9e1e0f2909b8cbdb48dbd"
STORE = "file:/data/checkpoints"
NAME = "Internal Keyed State Abnormal Count Example"


class Items:
    """A list with the reading side of a Tail."""

    def __init__(self, items):
        self.items = list(items)

    def since(self, seq):
        """Return what came later."""
        return [item for item in self.items if item.seq > seq]

    def newest(self, count):
        """Return the last ones."""
        return self.items[-count:]


class SampleCollector:
    """Hands out one snapshot, as of now."""

    def __init__(self, snapshot, log=(), alerts=()):
        self.shown = snapshot
        self.log, self.alerts = Items(log), Items(alerts)
        self.watched, self.wanted = [], []

    def start(self):
        """Nothing runs."""

    def stop(self):
        """Nothing runs."""

    def snapshot(self):
        """Return the snapshot."""
        return self.shown

    def watch(self, job_id):
        """Remember what a page shows."""
        self.watched.append(job_id)

    def dismiss(self, job_name):
        """End the alarm of a failed job."""
        alarms = tuple(each for each in self.shown.alarms if not (each.stands and each.subject == job_name))
        self.shown = dataclasses.replace(self.shown, alarms=alarms)

    def want_checkpoint(self, job_id, checkpoint_id):
        """Remember what a page asked for."""
        self.wanted.append((job_id, checkpoint_id))


def subtasks(workers, shift=0, state="RUNNING", rate=0.2):
    """Return one subtask on each worker."""
    return tuple(
        Subtask(n, state, 0, workers[(n + shift) % len(workers)].id, 120, 120, rate, rate, 0.05 + n / 50, 0.0, 2385)
        for n in range(len(workers))
    )


def vertex(number, name, group, tasks, **more):
    """Return a task that runs."""
    states = {}
    for task in tasks:
        states[task.state] = states.get(task.state, 0) + 1
    return Vertex(f"v{number}", name, group, len(tasks), states, tuple(tasks), AT, 0.6, 0.6, 0.1, 0.0, 6774, **more)


def workers(count, slots=3, free=0):
    """Return TaskManagers."""
    return tuple(
        TaskManager(
            f"taskmanager-{n + 1}-{n:08x}", f"taskmanager-{n + 1}", f"localhost:{40000 + n}", slots, free, AT, AT
        )
        for n in range(count)
    )


def job(found, users=("user1", "user2", "user3"), state="RUNNING"):
    """Return the detection job over these workers."""
    vertices = (
        vertex(0, "Source: Heartbeat -> Start users, Key by user group", "a", subtasks(found)[:1]),
        vertex(1, "Source: Random user events, Key by userId", "a", subtasks(found)),
        vertex(2, "Process: Abnormal count", "b", subtasks(found, 1)),
        vertex(3, "Sink: Print alerts", "c", subtasks(found, 2)),
    )
    live = tuple(LiveUser(user, (7 - n) % 5, "NNANNAANAAA"[n:], AT - n, n % len(found)) for n, user in enumerate(users))
    history = tuple(
        Checkpoint(JOB, n, 0, "FAILED" if n == 14 else "COMPLETED", n == 9, AT - 10 * (20 - n), 0.05 + n / 900,
                   14000 + n * 10, 10, 10, unaligned=True, alignment_s=0.001, restored=n == 12,
                   kept=None if n == 14 else n in (9, 20),
                   path=f"file:/data/checkpoints/{JOB}/chk-{n}", failure="expired" if n == 14 else None)
        for n in range(20, 0, -1)
    )  # fmt: skip
    details = {20: tuple(
        CheckpointTask(v.id, v.name, v.parallelism, v.parallelism, 0.06, 2385, 0.001, 0.02, 0.0, 0.01, (0.05, 0.06))
        for v in vertices
    )}  # fmt: skip
    return JobDetail(
        JOB, NAME, state, AT - 3700, AT, 3700, None, vertices,
        (Edge("v0", "v1", "HASH"), Edge("v1", "v2", "HASH"), Edge("v2", "v3", "FORWARD")),
        {"source": "random", "threshold": "3", "sinks": "print"},
        Checkpoints(AT, 20, 19, 1, 0, 1, history, 0.061, 6144, 10.0, True, True, "hashmap", STORE, details),
        Live(AT, 3, tuple(sorted(live, key=lambda user: -user.count)), 32),
        AlertFigures(25, 0, 1.5, tuple((user, 9 - n) for n, user in enumerate(users)),
                     tuple((AT - 60 * n, n % 4) for n in range(20, 0, -1))),
        input=Input(AT, (Partition("user-events-0", 0, AT - 9, 0.0, 41, 30, holds=True),
                         Partition("user-events-1", 1, AT - 7, 0.02, 120, 118), Partition("user-events-2", 2)),
                    12, True, AT - 9),
    )  # fmt: skip


def recovery(number=1, *, is_open=False):
    """Return a TaskManager's loss."""
    began = AT - 40
    steps = [
        Step(began, "lost", "taskmanager-2"),
        Step(began + 1.2, "noticed", number=9, total=10),
        Step(began + 3.1, "slots", "taskmanager-2"),
        Step(began + 5.5, "restored", number=12),
    ]
    if not is_open:
        steps.append(Step(began + 6.8, "running", total=10))
    return Recovery(number, JOB, NAME, "taskmanager", began, tuple(steps), ("taskmanager-2",), 9, 10, began + 1.2, 12,
                    began + 5.5, None if is_open else began + 6.8)  # fmt: skip


def healthy(users=("user1", "user2", "user3"), **more):
    """Return a whole cluster with the job."""
    found = workers(3)
    shown = job(found, users)
    base = {
        "at": AT + 0.4, "addresses": ("127.0.0.1:8081",), "link": "up", "link_since": AT - 4000, "answered_at": AT,
        "jobmanagers": (JobManager("127.0.0.1:8081", answers=True, leads=True, since=AT - 4000),),
        "overview": Overview(AT, "2.3.0", 3, 9, 0, 1, 0, 0, 0, 2.0), "taskmanagers": found, "taskmanagers_at": AT,
        "jobs": (JobSummary(JOB, NAME, "RUNNING", AT - 3700, 3700, 10, 10),), "jobs_at": AT,
        "details": {JOB: shown}, "recoveries": (recovery(),), "log": LogState(AT, ("taskmanager-1",), 0, None),
    }  # fmt: skip
    return Snapshot(**{**base, **more})


def waiting(subtask):
    """Return a subtask that has no TaskManager yet."""
    return dataclasses.replace(subtask, state="SCHEDULED", taskmanager=None)


def wounded():
    """Return a cluster that has lost a TaskManager."""
    found = workers(3)
    lost = dataclasses.replace(found[1], lost_at=AT - 3)
    shown = job(found)
    restarting = tuple(
        dataclasses.replace(each, states={"SCHEDULED": each.parallelism}, subtasks=tuple(map(waiting, each.subtasks)))
        for each in shown.vertices
    )
    return healthy(
        taskmanagers=(found[0], lost, found[2]),
        overview=Overview(AT, "2.3.0", 2, 6, 3, 1, 0, 0, 0, 2.0),
        details={JOB: dataclasses.replace(shown, vertices=restarting, state="RESTARTING")},
        recoveries=(recovery(2, is_open=True), recovery(1)),
        alarms=(
            Alarm("taskmanager-lost", "critical", AT - 3, None, "taskmanager-2"),
            Alarm("backpressure", "warning", AT - 30, JOB, "Process: Abnormal count", 0.62),
        ),
    )


def calm():
    """Return a local cluster that has lost nothing yet."""
    first, *others = workers(3)
    return healthy(taskmanagers=(dataclasses.replace(first, pid=4711), *others), recoveries=())


def failed():
    """Return a cluster whose job has failed, and that has lost a TaskManager."""
    return healthy(
        jobs=(JobSummary(JOB, NAME, "FAILED", AT - 3700, 3600, 0, 10, AT - 100),),
        alarms=(
            Alarm("job-failed", "critical", AT - 100, JOB, NAME),
            Alarm("taskmanager-lost", "critical", AT - 3, None, "taskmanager-2"),
        ),
    )


def gone():
    """Return a cluster whose JobManager answers no more."""
    return healthy(
        at=AT + 9,
        link="gone",
        jobmanagers=(JobManager("127.0.0.1:8081", answers=False, leads=None, since=AT),),
        alarms=(Alarm("jobmanager-gone", "critical", AT, None, "127.0.0.1:8081"),),
    )


def many():
    """Return 100 TaskManagers and 1,000 subtasks."""
    found = workers(100, 10)
    tasks = tuple(
        Subtask(n, "RUNNING" if n % 97 else "SCHEDULED", 0, found[n % 100].id, 9, 9, 1.0, 1.0, 0.5, 0.1, 100)
        for n in range(1000)
    )
    shown = job(workers(3))
    return healthy(
        taskmanagers=found,
        overview=Overview(AT, "2.3.0", 100, 1000, 0, 1, 0, 0, 0, 2.0),
        details={
            JOB: dataclasses.replace(shown, vertices=(vertex(0, "Process: Abnormal count", "a", tasks),), edges=())
        },
    )


OTHER = "90cd91d7a1b94bdbb3bd0e3c5d0d0a11"


def two_jobs():
    """Return a cluster that runs a second job, whose users have other names."""
    other = dataclasses.replace(job(workers(3), ("anna", "bert")), id=OTHER, name="Another job")
    one = healthy()
    listed = (*one.jobs, JobSummary(OTHER, "Another job", "RUNNING", AT - 60, 60, 10, 10))
    return dataclasses.replace(one, jobs=listed, details={**one.details, OTHER: other})


def empty():
    """Return a page that has found no cluster yet."""
    return Snapshot(time.time(), ("127.0.0.1:8081",), "connecting", AT)


HOSTILE = ("<script>window.x=1</script>", ":window.x=1", "<img src=x onerror=window.x=1>", 'a"]}{b}[c')


def log():
    """Return lines of the seed's form."""
    texts = [
        ("emit", "[Source Emit] UserEvent{userId='user1', isAbnormal=true}"),
        ("alert", "[ALERT] userId=user1 이상행동 3회 감지!"),
        *[("emit", f"[Source Emit] UserEvent{{userId='{user}', isAbnormal=false}}") for user in HOSTILE],
    ]
    return [LogLine(n + 1, AT, "taskmanager-1", kind, text) for n, (kind, text) in enumerate(texts)]


def alerts(users=("user1", "user2", "user3")):
    """Return an alert of each user."""
    return [SeenAlert(n + 1, JOB, AT - n, user, 3 + n, n) for n, user in enumerate(users)]
