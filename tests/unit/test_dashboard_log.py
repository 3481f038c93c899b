from itertools import pairwise

import pytest

from dashboard.collect import log
from dashboard.collect.tail import Tail
from dashboard.model import SeenAlert
from flink_abnormal.core.published import parse_alert_line


def lines(begin, end):
    return "".join(f"line {n}\n" for n in range(begin, end)).encode()


def read(reader, content, now=0.0):
    found = reader.read(content, now, 1.0)
    return found.lines, found.dropped


def test_new_lines_are_read_once_and_a_line_that_is_not_whole_waits():
    reader = log.Reader()

    assert read(reader, b"one\ntwo\nthr") == (["one", "two"], 0)
    assert read(reader, b"one\ntwo\nthr") == ([], 0)
    assert read(reader, b"one\ntwo\nthree\n") == (["three"], 0)


def test_of_a_long_output_the_last_lines_are_read_first(monkeypatch):
    monkeypatch.setattr(log, "FIRST_BYTES", 20)
    reader = log.Reader()

    assert read(reader, lines(0, 100)) == (["line 98", "line 99"], 0)


def test_what_is_skipped_of_a_flood_is_counted(monkeypatch):
    monkeypatch.setattr(log, "NEW_BYTES", 20)
    reader = log.Reader()
    read(reader, lines(0, 10))

    assert read(reader, lines(0, 90)) == (["line 88", "line 89"], len(lines(10, 88)))


def test_an_output_that_was_shortened_goes_on_where_it_was_read():
    note = b"[The first 80 bytes of this output were dropped, to keep it below 64 MiB]\n"
    reader = log.Reader()
    read(reader, lines(0, 12))

    assert read(reader, note + lines(0, 14)[80:]) == (["line 12", "line 13"], 0)


def test_what_was_dropped_before_it_was_read_is_counted():
    note = b"[The first 90 bytes of this output were dropped, to keep it below 64 MiB]\n"
    reader = log.Reader()
    read(reader, lines(0, 10))

    assert read(reader, note + b"later\n") == (["later"], 20)


def test_a_new_file_under_the_same_name_is_read_from_its_beginning():
    reader = log.Reader()
    read(reader, lines(0, 10))

    assert read(reader, b"new\n") == (["new"], 0)


def test_a_process_that_writes_on_behind_its_predecessor_repeats_nothing():
    old = log.Reader()
    read(old, lines(0, 10))

    assert read(log.Reader([log.Reader(), old]), lines(0, 12)) == (["line 10", "line 11"], 0)
    assert read(log.Reader([old]), b"another machine\n" * 20)[0] == ["another machine"] * 20


def test_only_what_stood_there_before_the_first_look_may_be_old():
    reader = log.Reader()
    assert [reader.read(content, 0.0, 1.0).first for content in (b"", b"a\n", b"a\nb\n")] == [True, False, False]

    assert log.Reader([reader]).read(b"a\nb\nc\n", 0.0, 1.0) == log.Printed(["c"], 0, first=False)


def test_odd_bytes_and_long_lines_do_no_harm():
    reader = log.Reader()

    found, _ = read(reader, b"\xff\xfe\n" + b"x" * 5000 + b"\na\xe2\x80\xa8b\r\n")
    assert found == ["\ufffd\ufffd", "x" * 2000, "a\u2028b\r"]


def test_long_files_are_read_rarely_and_short_ones_each_second():
    reader = log.Reader()
    reader.read(b"x\n", 10.0, 1.0)
    assert reader.due_at == 11.0
    reader.read(b"x\n" * 2**20, 11.0, 0.25)
    assert reader.due_at == 11.0 + 8.0


@pytest.mark.parametrize(
    ("line", "kind", "alert"),
    [
        ("[Source Emit] UserEvent{userId='user1', isAbnormal=true}", "emit", None),
        ("[ALERT] userId=user1 이상행동 3회 감지!", "alert", ("user1", 3)),
        ("[ALERT] userId=a 이상행동 1회 감지! 이상행동 4회 감지!", "alert", ("a 이상행동 1회 감지!", 4)),
        ("[ALERT] userId=<script> 이상행동 x회 감지!", "alert", None),
        ("[DEAD LETTER] file: why", "dead-letter", None),
        ("java.lang.Exception", "other", None),
        (" [ALERT] userId=user1 이상행동 3회 감지!", "other", None),
    ],
)
def test_lines_are_told_apart_by_their_beginning(line, kind, alert):
    assert (log.kind(line), parse_alert_line(line)) == (kind, alert)


def seen(seq):
    return SeenAlert(seq, "job", 0.0, "u", 3)


def test_a_tail_keeps_the_newest_and_gives_what_is_new():
    tail = Tail(5)
    added = [tail.add(seen) for _ in range(8)]

    assert [each.seq for each in added] == list(range(8))
    assert [each.seq for each in tail.since(-1)] == [3, 4, 5, 6, 7]
    assert [each.seq for each in tail.since(5)] == [6, 7]
    assert tail.since(7) == tail.since(99) == []
    assert [each.seq for each in tail.newest(2)] == [6, 7]
    assert tail.newest(0) == []
    assert len(tail.newest(99)) == 5


def test_a_tail_goes_on_behind_what_was_remembered():
    tail = Tail(3, [seen(4), seen(7), seen(9)], 10)
    tail.add(seen)

    assert [each.seq for each in tail.since(5)] == [7, 9, 10]
    assert all(a.seq < b.seq for a, b in pairwise(tail.newest(3)))
