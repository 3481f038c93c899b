"""What is seen over REST, as the sentences of a recovery."""

from flink_abnormal.core.recovery import RestoredCheckpoint
from flink_abnormal.drill.timeline import FailedCheckpointsTimeline, Observation, RecoveryTimeline

STRUCK = 1000.0
BEFORE = Observation(
    STRUCK, "RUNNING", running=17, total=17, slots=9, restored=None, completed=12, failed=0, newest=12, leader="one"
)
RESTORING = "restoring from checkpoint 12, the newest: all tasks, since they exchange events"


def at(seconds, **changes):
    return BEFORE._replace(at=STRUCK + seconds, **changes)


def told(timeline, *observations):
    return [(line.seconds, line.text) for seen in observations for line in timeline.add(seen)]


def test_a_lost_worker_is_told_from_the_loss_to_the_end():
    timeline = RecoveryTimeline(BEFORE, STRUCK)
    restored = RestoredCheckpoint(12, STRUCK + 2.25)

    lines = told(
        timeline,
        at(0.25),
        at(2.0, running=0),
        at(2.5, running=0, restored=restored),
        at(3.0, running=0, restored=restored, slots=6),
        at(6.0, running=3, restored=restored, slots=9),
        at(7.5, restored=restored),
    )

    assert lines == [
        (2.0, "JobManager noticed: 17 of 17 tasks are not running"),
        (2.25, RESTORING),
        (3.0, "3 slots are gone, 6 are left"),
        (6.0, "3 slots are back: a TaskManager has registered"),
        (7.5, "all 17 tasks run again"),
    ]
    assert told(timeline, at(7.6, restored=restored)) == []
    assert timeline.done
    assert (timeline.noticed_s, timeline.not_running, timeline.restored, timeline.recovered_s) == (2.0, 17, 12, 7.5)
    assert timeline.failure is None


def test_the_end_is_told_once_the_checkpoint_is_known_with_the_time_at_which_it_came():
    timeline = RecoveryTimeline(BEFORE, STRUCK)

    lines = told(timeline, at(1.0, running=0), at(2.0), at(2.5, restored=RestoredCheckpoint(12, STRUCK + 1.5)))

    assert lines[-2:] == [(1.5, RESTORING), (2.0, "all 17 tasks run again")]
    assert timeline.recovered_s == 2.0


def test_tasks_that_stop_again_have_not_recovered():
    timeline = RecoveryTimeline(BEFORE, STRUCK)
    restored = RestoredCheckpoint(12, STRUCK + 4)

    told(timeline, at(1.0, running=0), at(2.0), at(3.0, running=5))
    assert not timeline.done
    told(timeline, at(5.0, restored=restored))

    assert timeline.recovered_s == 5.0


def test_a_job_that_goes_on_untouched_is_not_called_recovered():
    timeline = RecoveryTimeline(BEFORE, STRUCK)

    assert told(timeline, at(1.0), at(30.0)) == []
    assert not timeline.done


def test_a_lost_leader_is_told_with_the_one_that_follows():
    timeline = RecoveryTimeline(BEFORE, STRUCK)
    gone = Observation(STRUCK + 0.5)

    lines = told(
        timeline,
        gone,
        gone._replace(at=STRUCK + 1),
        at(6.0, running=0, leader="jobmanager-2"),
        at(8.0, running=17, restored=RestoredCheckpoint(12, STRUCK + 6.5)),
    )

    assert lines == [
        (0.5, "no JobManager leads"),
        (6.0, "jobmanager-2 leads now, and knows the job"),
        (6.0, "JobManager noticed: 17 of 17 tasks are not running"),
        (6.5, RESTORING),
        (8.0, "all 17 tasks run again"),
    ]


def test_the_new_leader_is_waited_for_a_while_and_costs_no_time():
    def story_of(leader):
        timeline = RecoveryTimeline(BEFORE, STRUCK)
        restored = RestoredCheckpoint(12, STRUCK + 6.5)
        lines = told(
            timeline,
            Observation(STRUCK + 0.5),
            at(6.0, running=0, leader=None),
            at(8.0, restored=restored, leader=None),
            at(18.0, restored=restored, leader=leader),
        )
        assert timeline.recovered_s == 8.0
        return lines[-2:]

    end = (8.0, "all 17 tasks run again")
    assert story_of("jobmanager-2") == [(6.0, "jobmanager-2 leads now, and knows the job"), end]
    assert story_of(None) == [(6.0, "a JobManager leads now, and knows the job"), end]


def test_a_job_that_ended_never_recovers():
    timeline = RecoveryTimeline(BEFORE, STRUCK)

    assert told(timeline, at(1.0, state="FAILED", running=0)) == [(1.0, "the job is FAILED")]
    assert timeline.done
    assert timeline.failure == "the job is FAILED"


def test_a_strike_that_lasts_is_taken_back_after_its_time():
    assert [RecoveryTimeline(BEFORE, STRUCK, lasts_s=8.0).undo_due(STRUCK + s) for s in (7.9, 8.0)] == [False, True]
    assert not RecoveryTimeline(BEFORE, STRUCK).undo_due(STRUCK + 100)


def test_failed_checkpoints_are_counted_while_the_tasks_go_on():
    timeline = FailedCheckpointsTimeline(BEFORE, STRUCK)

    lines = told(timeline, at(0.5), at(1.0, failed=1), at(3.0, failed=3))
    assert lines == [
        (1.0, "1 checkpoint has failed; all 17 tasks keep running"),
        (3.0, "3 checkpoints have failed; all 17 tasks keep running"),
    ]
    assert not timeline.done
    assert timeline.undo_due(STRUCK + 3)

    assert told(timeline, at(4.0, failed=3, completed=13, newest=16)) == [(4.0, "checkpoint 16 has completed")]
    assert timeline.done
    assert (timeline.noticed_s, timeline.not_running, timeline.restored, timeline.recovered_s) == (1.0, 0, None, 4.0)


def test_a_checkpoint_that_completes_before_the_disk_is_free_again_counts_for_nothing():
    timeline = FailedCheckpointsTimeline(BEFORE, STRUCK)

    assert told(timeline, at(0.2, completed=13, newest=13)) == []
    assert not timeline.undo_due(STRUCK + 0.2)
    assert not timeline.done


def test_a_full_disk_that_restarts_the_job_has_failed_the_drill():
    timeline = FailedCheckpointsTimeline(BEFORE, STRUCK)

    told(timeline, at(1.0, running=4, state="RESTARTING"))

    assert timeline.done
    assert timeline.failure == "the job did not continue: it is RESTARTING, 13 tasks are not running"
