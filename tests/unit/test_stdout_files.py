from flink_abnormal.runtime import stdout_files


def appended(file, count, start=0):
    """Write numbered lines of ten bytes, as a process would, and return them."""
    lines = b"".join(b"line %04d\n" % number for number in range(start, start + count))
    with file.open("ab") as out:
        out.write(lines)
    return lines


def test_an_output_below_its_limit_stays_as_it_is(tmp_path):
    lines = appended(tmp_path / "out", 100)

    stdout_files.shorten(tmp_path / "out", limit=1000, kept=100)

    assert (tmp_path / "out").read_bytes() == lines


def test_a_long_output_keeps_its_last_whole_lines_and_says_how_much_it_lost(tmp_path):
    lines = appended(tmp_path / "out", 101)

    stdout_files.shorten(tmp_path / "out", limit=1000, kept=55)

    note = b"[The first 960 bytes of this output were dropped, to keep it below 0 MiB]\n"
    assert (tmp_path / "out").read_bytes() == note + lines[960:]


def test_a_second_shortening_counts_what_the_first_dropped(tmp_path):
    appended(tmp_path / "out", 101)
    stdout_files.shorten(tmp_path / "out", limit=1000, kept=55)
    lines = appended(tmp_path / "out", 100, start=101)

    stdout_files.shorten(tmp_path / "out", limit=1000, kept=55)

    note = b"[The first 1960 bytes of this output were dropped, to keep it below 0 MiB]\n"
    assert (tmp_path / "out").read_bytes() == note + lines[-50:]


def test_a_process_goes_on_to_write_behind_what_was_kept(tmp_path):
    file = tmp_path / "out"
    with file.open("ab", buffering=0) as out:
        out.write(b"old line \n" * 200)
        stdout_files.shorten(file, limit=1000, kept=15)
        out.write(b"new line\n")

    assert file.read_bytes().splitlines()[1:] == [b"old line ", b"new line"]


def test_a_reader_goes_on_where_it_was_after_lines_before_it_were_dropped(tmp_path):
    file = tmp_path / "out"
    lines = appended(file, 101)
    before = stdout_files.read(file, 0)

    stdout_files.shorten(file, limit=1000, kept=55)
    new = appended(file, 2, start=101)

    assert before == (0, lines)
    assert stdout_files.read(file, 1010) == (1010, new)
    begin, place = stdout_files.locate(file.read_bytes(), 1010)
    assert (begin, file.read_bytes()[place:]) == (1010, new)
    assert stdout_files.read(file, 0) == (960, lines[960:] + new)


def test_a_line_longer_than_what_is_kept_leaves_the_note_alone(tmp_path):
    (tmp_path / "out").write_bytes(b"x" * 2000 + b"\n")

    stdout_files.shorten(tmp_path / "out", limit=1000, kept=55)

    assert stdout_files.read(tmp_path / "out", 0) == (2001, b"")


def test_an_output_that_is_not_there_yet_is_passed_over(tmp_path):
    stdout_files.shorten(tmp_path / "out")

    assert list(tmp_path.iterdir()) == []
