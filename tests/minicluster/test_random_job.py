import pytest
from conftest import alerts, lines
from expected import alerts_of, simulated, summary_of


@pytest.mark.parametrize(
    ("mode", "backend"),
    [
        pytest.param("thread", "hashmap", marks=pytest.mark.thread_mode),
        ("process", "rocksdb"),  # the other two pairs run on clusters, and read files
    ],
)
def test_a_bounded_random_run_makes_exactly_its_events_and_the_alerts_of_the_rule(cli, tmp_path, mode, backend):
    events = simulated(events=12)

    done = cli.run(
        "run",
        *cli.job("--events", 12, "--interval", "50ms", "--execution-mode", mode, "--state-backend", backend),
        *("--sink", "print", "--sink", "files", "--output", tmp_path / "out"),
    )

    assert done.returncode == 0, done.stderr
    assert f"Python in {mode} mode; state {backend}" in done.stderr
    assert sorted(lines(done.stdout, "[Source Emit]")) == sorted(event.log_line() for event in events)
    printed = sorted(lines(done.stdout, "[ALERT]"))
    assert printed == sorted(f"[ALERT] userId={user} 이상행동 {count}회 감지!" for user, count, _ in alerts_of(events))
    assert alerts(tmp_path / "out") == alerts_of(events)
    assert done.stdout.splitlines()[-1] == summary_of(events)


def test_many_users_share_timers_and_none_of_their_events_is_missing(cli):
    events = simulated(events=4, users=1000)

    done = cli.run("run", *cli.job("--users", 1000, "--events", 4, "--interval", "500ms", "--no-emit-log"))

    assert lines(done.stdout, "[Source Emit]") == []
    assert len(lines(done.stdout, "[ALERT]")) == len(alerts_of(events))
    assert done.stdout.splitlines()[-1] == summary_of(events)


def test_a_millisecond_interval_makes_every_event(cli):
    events = simulated(events=2000)

    done = cli.run(
        "run", *cli.job("--events", 2000, "--interval", "1ms", "--no-emit-log", "--checkpoint-interval", "1s")
    )

    assert done.stdout.splitlines()[-1] == summary_of(events)


def test_threshold_seed_and_rate_reach_the_job(cli):
    events = simulated(events=6, users=2, seed=5, rate=0.9)

    done = cli.run(
        "run",
        *cli.job("--users", 2, "--events", 6, "--interval", "10ms", "--seed", 5, "--abnormal-rate", 0.9),
        *("--threshold", 2, "--source-parallelism", 1, "--process-parallelism", 2, "--sink-parallelism", 1),
    )

    assert "parallelism 1/2/1" in done.stderr
    assert done.stdout.splitlines()[-1] == summary_of(events, threshold=2)
