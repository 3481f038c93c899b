import os

import pytest

from flink_abnormal.core.fingerprints import Fingerprint, change, hidden, take


def write(path, text, changed_ns=1_700_000_000_123_456_789):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    os.utime(path, ns=(changed_ns, changed_ns))
    return str(path)


def test_a_file_is_found_by_its_own_path(tmp_path):
    file = write(tmp_path / "a.jsonl", "12345")
    assert take(file) == {file: Fingerprint(5, 1_700_000_000_123_456_789)}


def test_the_files_of_a_folder_are_found_at_any_depth(tmp_path):
    first = write(tmp_path / "a.jsonl", "1")
    second = write(tmp_path / "day" / "hour" / "b.log", "22", 7)
    assert take(str(tmp_path)) == {
        first: Fingerprint(1, 1_700_000_000_123_456_789),
        second: Fingerprint(2, 7),
    }


def test_names_that_start_with_a_dot_or_an_underscore_are_left_out(tmp_path):
    seen = write(tmp_path / "a_.jsonl", "1")
    for name in (".a.jsonl", "_a.jsonl", ".day/a.jsonl", "_day/a.jsonl", "day/_tmp/deep/a.jsonl"):
        write(tmp_path / name, "1")
    assert list(take(str(tmp_path))) == [seen]


@pytest.mark.parametrize(("name", "is_hidden"), [(".a", True), ("_a", True), ("a.b_c", False), ("a", False)])
def test_flink_passes_over_hidden_names(name, is_hidden):
    assert hidden(name) is is_hidden


def test_an_empty_folder_and_a_missing_one_have_no_files(tmp_path):
    assert take(str(tmp_path)) == {}
    assert take(str(tmp_path / "missing")) == {}


def test_a_file_that_vanishes_during_the_look_is_left_out(tmp_path):
    (tmp_path / "gone.jsonl").symlink_to(tmp_path / "missing")
    assert take(str(tmp_path)) == {}


def test_an_unchanged_file_is_not_told_of(tmp_path):
    file = write(tmp_path / "a.jsonl", "1")
    assert change(take(file)[file], take(file)[file]) is None


@pytest.mark.parametrize(("text", "changed_ns", "size"), [("1234", 5, 4), ("12", 6, 2), ("", 6, 0)])
def test_a_file_that_grew_or_was_written_over_is_told_of(tmp_path, text, changed_ns, size):
    file = write(tmp_path / "a.jsonl", "12", 5)
    before = take(file)[file]
    write(tmp_path / "a.jsonl", text, changed_ns)
    assert change(before, take(file)[file]) == (
        f"the file changed after it was read (2 bytes, now {size}) and is not read again: move files in whole"
    )


def test_a_fingerprint_is_read_back_from_its_text():
    fingerprint = Fingerprint(2**40, 1_700_000_000_123_456_789)
    assert fingerprint.text() == "1099511627776:1700000000123456789"
    assert Fingerprint.parse(fingerprint.text()) == fingerprint


def test_what_can_not_be_looked_at_and_links_that_lead_in_a_circle_are_left_out(tmp_path):
    seen = write(tmp_path / "a.jsonl", "1")
    (tmp_path / "dead").symlink_to("nowhere")
    (tmp_path / "circle").symlink_to("circle")
    (tmp_path / "self").symlink_to(".")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / os.fsdecode(b"\xff.jsonl")).write_text("1")
    assert list(take(str(tmp_path))) == [seen]
