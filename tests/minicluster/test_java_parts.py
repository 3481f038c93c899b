import pytest

from flink_abnormal.jvm.jar import Jars
from flink_abnormal.runtime import distribution

NO_OFFSET = -1
LONGEST = 100
REPEATED = b"Mar  1 09:00:05 web1 last message repeated 2 times"
PAM = b"Mar  1 09:00:06 web1 sshd[7]: error: PAM: Authentication failure for kim from 192.0.2.7"
FAILED = b"Mar  1 09:00:06 web1 sshd[7]: Failed keyboard-interactive/pam for kim from 192.0.2.7 port 4 ssh2"
LOG = [
    b"an odd first line",
    b"Mar  1 09:00:01 web1 sshd[2]: Failed password for kim from 192.0.2.7 port 4 ssh2",
    b"Mar  1 09:00:02 web2 CRON[3]: session opened",
    REPEATED,
    PAM,
    b"Mar  1 09:00:06 web1 sshd[8]: error: PAM: Authentication failure for lee from 192.0.2.8",
    FAILED,
]


@pytest.fixture(scope="module")
def parts(flink_environment):
    """The module that makes objects of Java parts, in a process whose JVM runs."""
    from flink_abnormal.jvm import parts

    return parts


@pytest.fixture
def read(java_parts, tmp_path):
    """Reads a file of these bytes from a number of lines on, as the records of one split."""
    from pyflink.common import Types
    from pyflink.java_gateway import get_gateway

    jvm = get_gateway().jvm
    files = jvm.org.apache.flink.connector.file.src

    def read(content, *, skip=None, syslog=False, blocks=False):
        file = tmp_path / "log"
        file.write_bytes(content)
        lines = java_parts.new("LineFormat", Types.STRING().get_java_type_info(), LONGEST, 4, syslog, syslog, blocks)
        split = files.FileSourceSplit("1", jvm.org.apache.flink.core.fs.Path(str(file)), 0, 0, 0, 0)
        if skip is None:
            reader = lines.createReader(None, split)
        else:
            position = files.util.CheckpointedPosition(NO_OFFSET, skip)
            reader = lines.restoreReader(None, split.updateWithCheckpointedPosition(position))
        found = []
        while (batch := reader.readBatch()) is not None:
            while (each := batch.next()) is not None:
                line, *others = (each.getRecord().getField(place) for place in range(7))
                found.append((bytes(line), *others, each.getRecordSkipCount()))
        reader.close()
        return found

    return read


def test_the_same_texts_give_the_same_jar_byte_for_byte(parts, tmp_path):
    jars = []
    for name in ("first", "second"):
        parts.build(Jars(tmp_path / name, distribution.connectors()))
        jars += (tmp_path / name).glob("*.jar")

    first, second = jars
    assert (first.name, first.read_bytes()) == (second.name, second.read_bytes())


@pytest.mark.parametrize("skip", [None, 0, 2, 5])
def test_a_line_ends_where_flinks_own_text_format_ends_it_and_is_numbered_from_there(read, skip):
    ends = b"a\n\nb\r\r\nc\rd\r\n" + b"e" * 101 + b"\n" + b"f" * 100
    lines = [b"a", b"", b"b", b"", b"c", b"d", b"eeee", b"f" * 100]

    found = read(ends, skip=skip)

    numbers = range(1, 9)
    assert [(line, number, read_by_now) for line, _, number, *_, read_by_now in found] == list(
        zip(lines, numbers, numbers, strict=True)
    )[skip or 0 :]
    assert [(problem, size) for *_, problem, _, _, size, _ in found[-2:]] == [
        ("a line of 101 bytes; at most 100 are read", 101),
        ("", 100),
    ]


@pytest.mark.parametrize("skip", [None, 0, 2, 5])
def test_lines_come_in_blocks_up_to_one_with_a_problem_and_after_a_restore_from_the_next_one_on(read, skip):
    content = b"\n\na\r\nb\n" + b"e" * 101 + b"\nf\n\ng"

    found = read(content, skip=skip, blocks=True)

    first = {None: b"\n\na\nb", 0: b"\n\na\nb", 2: b"a\nb"}.get(skip)
    before = [] if first is None else [(first, (skip or 0) + 1, "", len(first), 4)]
    long = [] if skip == 5 else [(b"eeee", 5, "a line of 101 bytes; at most 100 are read", 101, 5)]
    assert [
        (line, number, problem, size, read_by_now) for line, _, number, problem, _, _, size, read_by_now in found
    ] == [
        *before,
        *long,
        (b"f\n\ng", 6, "", 4, 8),
    ]


def test_lines_are_whole_across_blocks_and_across_reads_of_the_file(read):
    lines = [str(number).encode() * 9 for number in range(20_000)]

    for end in (b"\n", b"\r", b"\r\n"):
        found = read(end.join(lines), blocks=True)
        assert b"\n".join(block for block, *_ in found).split(b"\n") == lines
        assert [number for _, _, number, *_ in found][1:] == [1 + read_by_now for *_, read_by_now in found][:-1]


@pytest.mark.parametrize("skip", [None, 3, 5, 6])
def test_a_line_that_refers_to_an_earlier_one_comes_with_it_also_after_a_restore_between_the_two(read, skip):
    found = read(b"\n".join(LOG), skip=skip, syslog=True)

    assert {number: bytes(before) for _, _, number, _, before, *_ in found if bytes(before)} == {
        number: before for number, before in {4: LOG[1], 7: PAM}.items() if number > (skip or 0)
    }
    assert [bytes(first) for *_, first, _, _ in found][-1] == LOG[1][:64]
