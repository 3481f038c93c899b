"""What `make soak` calls flat, and that it measures what processes and folders really need."""

import contextlib
import subprocess
import sys
import threading

import psutil
import pytest
from conftest import wait_until
from soak_growth import MIB, Growth, Sample, problems, rows
from soak_sampler import Sampler

# It grows, opens files and starts threads when it is told to.
GROWING = """
import sys, threading, time
kept = []
print("ready", flush=True)
for line in sys.stdin:
    kept += [bytes(range(256)) * 2**18, *(open("/dev/null") for _ in range(100))]
    for _ in range(30):
        threading.Thread(target=time.sleep, args=(600,), daemon=True).start()
    print("grown", flush=True)
"""


def curve(name, megabytes, pid=1):
    """Return a sample for each second."""
    return [Sample(at, name, pid, rss=int(each * MIB)) for at, each in enumerate(megabytes)]


def test_a_process_that_needs_more_in_the_last_quarter_than_in_the_half_before_grows():
    found = rows(curve("leaking", range(100, 201)))

    assert [(row.name, row.lives, row.growths) for row in found] == [
        ("leaking", 1, {"rss": Growth(170 * MIB, 198 * MIB, 200 * MIB)})
    ]
    assert problems(found) == ["leaking grows: RSS MiB 170 before, 198 in the last quarter"]


def test_a_process_that_warms_up_and_then_stays_is_flat():
    assert problems(rows(curve("warm", [*range(25), *[600] * 76]))) == []


def test_a_process_that_was_killed_and_begins_small_is_flat_and_not_shrinking_either():
    lives = [*[300] * 20, *[600] * 10]
    samples = [sample._replace(pid=1 + int(sample.at) // 30) for sample in curve("killed", lives * 4)]

    (row,) = rows(samples)

    assert (row.lives, row.growths["rss"]) == (4, Growth(600 * MIB, 600 * MIB, 600 * MIB))


def test_jobmanagers_are_judged_by_the_one_that_needs_the_most_whichever_leads():
    stands_by_then_leads, leads_then_stands_by = [300] * 80 + [600] * 20, [600] * 80 + [300] * 20
    taking_turns = [
        *curve("jobmanager-1", stands_by_then_leads, pid=1),
        *curve("jobmanager-2", leads_then_stands_by, pid=2),
    ]
    leaking = [*curve("jobmanager-1", range(300, 400), pid=1), *curve("jobmanager-2", range(400, 800, 4), pid=2)]

    assert problems(rows(taking_turns)) == []
    assert problems(rows(leaking)) == ["any jobmanager grows: RSS MiB 680 before, 788 in the last quarter"]


def test_a_process_whose_each_life_needs_more_grows():
    samples = [
        sample._replace(pid=1 + int(sample.at) // 30)
        for sample in curve("inheriting", [500] * 30 + [550] * 30 + [600] * 30 + [700] * 30)
    ]

    assert problems(rows(samples)) == ["inheriting grows: RSS MiB 600 before, 700 in the last quarter"]


@pytest.mark.parametrize("name", ["log", "alerts"])
def test_what_grows_by_design_is_shown_and_not_judged(name):
    samples = [Sample(at, name, 0, disk=at * 10 * MIB) for at in range(101)]

    (row,) = rows(samples)

    assert (row.lives, row.growths["disk"].most) == (0, 1000 * MIB)
    assert problems([row]) == []


def test_a_process_that_came_for_the_last_quarter_only_has_nothing_to_be_held_against():
    late = [sample for sample in curve("late", range(101)) if sample.at > 80]

    assert rows([*curve("other", [1] * 101), *late])[1].growths == {}


@contextlib.contextmanager
def growing():
    """Give a real process that grows by 64 MiB, 100 files and 30 threads for each line it is sent."""
    command = [sys.executable, "-c", GROWING]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        try:
            child.stdout.readline()
            yield child
        finally:
            child.kill()


def test_the_sampler_measures_real_processes_and_folders_and_follows_a_name_through_a_restart(tmp_path):
    (tmp_path / "deep").mkdir()
    lock, current = threading.Lock(), {}

    def processes():
        with lock:
            return {name: (process, tmp_path) for name, process in current.items()}

    def settled(sampler, count):
        wait_until(lambda: len(sampler.samples) > count, "a sample", 30)
        before = len(sampler.samples)
        wait_until(lambda: len(sampler.samples) > before + 3, "another round of samples", 30)
        return [each for each in sampler.samples[before:] if each.name == "child"][-1]

    with growing() as first, growing() as second:
        current["child"] = psutil.Process(first.pid)
        sampler = Sampler(processes, {"folder": tmp_path}, 0.05)
        with sampler:
            small = settled(sampler, 0)
            first.stdin.write("grow\n")
            first.stdin.flush()
            assert first.stdout.readline() == "grown\n"
            (tmp_path / "deep" / "file").write_bytes(b"x" * 8 * MIB)
            grown = settled(sampler, len(sampler.samples))
            with lock:
                current["child"] = psutil.Process(second.pid)
            again = settled(sampler, len(sampler.samples))

    assert [thread.name for thread in threading.enumerate() if thread.name == "sampler"] == []
    assert (small.pid, grown.pid, again.pid) == (first.pid, first.pid, second.pid)
    assert 60 * MIB < grown.rss - small.rss < 80 * MIB
    assert 60 * MIB < grown.pss - small.pss < 80 * MIB
    assert (grown.threads - small.threads, grown.files - small.files) == (30, 100)
    assert (again.threads, again.files) == (small.threads, small.files)
    assert 8 * MIB <= grown.disk - small.disk < 9 * MIB
    folder = [each for each in sampler.samples if each.name == "folder"]
    assert {(each.pid, each.rss, each.threads) for each in folder} == {(0, None, None)}
    assert folder[-1].disk == grown.disk
