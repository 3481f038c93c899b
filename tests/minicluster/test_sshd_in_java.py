"""sshd's lines in Java, held against formats/sshd.py: the same events, ids and counts, and the same lines refused."""

import collections
import functools
import os
from pathlib import Path

import pytest
from expected import set_apart
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from reader_model import read
from syslog_headers import HEADERS_OF_SYSTEMS

from flink_abnormal.core.model import NO_TIMESTAMP, Message, UserEvent
from flink_abnormal.core.source_settings import FormatSettings
from flink_abnormal.pipeline.formats import sshd, syslog
from flink_abnormal.pipeline.formats.sshd import Sshd

EXAMPLES = 200
OPTIONS = {
    "plain": {},
    "with a year": {"year": 2024},
    "name and address": {"year": 2023, "user_field": "name,address"},
    "of messages": {"year": 2024, "of_messages": True},
}
NAMES = [
    "kim",
    "invalid user ",
    "invalid user kim",
    "illegal user a from b port 1",
    "김철수",
    "a|b\\",
    "",
    "\U0001f600",
]
NAMES += ["x" * 1024, "x" * 1025, "\x1c", "\u3000", "from 1.1.1.1", "root from 1.2.3.4 port 22 ssh2", "a\nb", "\udcff"]
MESSAGES = [
    "Failed password for {} from 192.0.2.7 port 4 ssh2",
    "Failed password for {} from 192.0.2.7",
    "Failed password for {} from 192.0.2.7 port  ssh2",
    "Failed password for {} from  port 4 ssh2",
    "Failed password for {}from 192.0.2.7 port 4 ssh2",
    "Failed password for {} from a b port 4 ssh2",
    "Failed keyboard-interactive/pam for {} from 192.0.2.7 port 4 ssh2",
    "Failed keyboard-interactive/bsdauth for {} from 192.0.2.7 port 4 ssh2 [preauth]",
    "Failed none for {} from 192.0.2.7 port 4 ssh2",
    "Accepted password for {} from 192.0.2.7 port 4 ssh2",
    "Accepted publickey for {} from ::1 port 4 ssh2: RSA SHA256:x from b port 1",
    "error: PAM: Authentication failure for {} from 192.0.2.7",
    "PAM: User not known to the underlying authentication module for illegal user {} from h via 192.0.2.7 ",
    "PAM {} more authentication failures",
    "Connection closed by {}",
]
PAM = "error: PAM: Authentication failure for {} from 192.0.2.7"
ANSWER = "Failed keyboard-interactive/pam for {} from 192.0.2.7 port 4 ssh2"
TIMES = st.sampled_from(["1", "0", "2", "7", "100000", "100001", "0000005", "٣", "1" * 20])
REPEATS = [
    "message repeated {} times: [ {}]",
    "message repeated {} time: [ {}] ",
    "last message repeated {} times",
    "--- last message repeated {} times ---",
    "Last Message '{1}' repeated {0} times, suppressed by syslog-ng on h",
    "laſt meſſage repeated {} times.",
]
ODD = [
    *[""] * 4,
    " ",
    "\t",
    "\x1f",
    "\x85",
    "\ufeff",
    "sshd[1]: ",
    "Mar  1 09:00:01 ",
    "\udc80",
    "é",
    "²",
    "\u2028",
    "[",
    "x: ",
]
LETTERS = st.characters(max_codepoint=0x500)
OTHERS = ["Mar  1 09:00:01 web1 ", "Xyz 10 00:00:00 h sshd[1]: ", "<38>1 - h app 7 - - ", "Mar  1 09:00:01 h cron[1]: "]
ODD_HEADERS = [f"Mar  1 09:00:01{blank}web1{blank}sshd[7]:{blank}" for blank in "\x1f\x85\u3000\u200b\t"]
ODD_HEADERS += [f"Mar  1 09:00:01 web1 sshd{letter}[7]: " for letter in "²é\u203f\u0301٣Ⅷ"]
ODD_HEADERS += [
    f"{time} web1 sshd[7]: " for time in ("Feb 29 09:00:01", "Mar 99 09:00:01", "Mar 01 24:00:00", "Mar  0 0:000:00")
]
ODD_HEADERS += [
    f"{time} web1 sshd[7]: " for time in ("Mar ٣1 09:00:01", "arA  1 09:00:01", "Dec 31 23:59:60", "Jan  1 99:99:99")
]
ODD_HEADERS += ["2024-03-01T09:00:01Z  sshd[7]: ", "2024-03-01T sshd[7]: ", "Mar  1 09:00:01 web1: sshd[7]: "]
ODD_HEADERS += [
    f"Mar  1 09:00:01 web1 sshd{name} " for name in ("[]:", "[7]", "[7:", "-session[7]:", "-sessio[7]:", "[x]:")
]
ODD_ENDS = [
    " ",
    "\r",
    " [preauth]",
    " port 4",
    " port 4 ssh2",
    " from 1.2.3.4 port 5 ssh2",
    " from",
    " ssh2",
    "\x7f",
    "é",
]
HEADERS = st.one_of(
    st.sampled_from([*HEADERS_OF_SYSTEMS, *OTHERS]),
    *(st.from_regex(pattern, alphabet=LETTERS) for pattern in syslog.PATTERNS),
)
WHOLE = st.one_of(*(st.from_regex(pattern, fullmatch=True, alphabet=LETTERS) for pattern in sshd.PATTERNS.values()))
MESSAGE = st.one_of(st.builds(str.format, st.sampled_from(MESSAGES), st.sampled_from(NAMES)), WHOLE)
REPEATED = st.one_of(MESSAGE, st.builds(str.format, st.sampled_from(REPEATS), TIMES, MESSAGE))


def spoiled(text):
    """Return texts like this one, some of them with something odd in it."""
    return st.builds(
        lambda at, odd: text[: int(at * len(text))] + odd + text[int(at * len(text)) :],
        st.floats(0, 1),
        st.sampled_from(ODD),
    )


def encoded(text):
    return text.encode(errors="surrogateescape")


LINE = st.builds(str.__add__, HEADERS, REPEATED).flatmap(spoiled).map(encoded)
USUAL = "Mar  1 09:00:01 web1 sshd[7]: "
BEFORE = st.one_of(st.just(b""), st.builds(str.__add__, st.just(USUAL), MESSAGE).map(encoded), LINE)
FIRST = st.sampled_from([b"", b"Mar  1 09:00:01 web1", b"Dec 31 09:00:01 web1 \xea\xb9", b"2024 Dec 31 09:00:01 web1"])


@pytest.fixture(scope="module")
def knows(java_parts):
    """Whether Java knows all letters of a text: each of its releases, and of Python's, has its own Unicode."""
    from pyflink.java_gateway import get_gateway

    character = get_gateway().jvm.java.lang.Character
    letter = functools.cache(lambda code: character.isDefined(code))  # noqa: PLW0108 - Py4J's are no functions
    return lambda text: all(each.isascii() or letter(ord(each)) for each in text)


@pytest.fixture(scope="module")
def java_parser(java_parts):
    """Makes the Java parser of some options: a function that returns what a line is, and what was noted."""
    from pyflink.java_gateway import get_gateway

    from flink_abnormal.pipeline import parse_step

    tuples = get_gateway().jvm.org.apache.flink.api.java.tuple

    def make(*, of_messages=False, **given):
        parser = parse_step.sshd_lines(FormatSettings(format="sshd", **given), of_messages, java_parts)

        def parse(*lines):
            tally, parsed = java_parts.new("Tally"), []
            parser.open(tally)
            for line, before, first in lines:
                record = (
                    tuples.Tuple6(line, b"", "t", 0, 5, 0)
                    if of_messages
                    else tuples.Tuple7(line, "log", 1, "", before, first, 0)
                )
                outcome = parser.parse(record, line, 0, len(line))
                event = (java_parts.field(parser, name) for name in ("user", "kind", "times", "time", "id"))
                parsed.append(UserEvent(*event) if outcome == 0 else None if outcome == 1 else "refused")
            return parsed, dict(java_parts.field(tally, "sums"))

        return parse

    return make


def python_parser(*, of_messages=False, year=None, user_field="name"):
    message = Message(b"", "t", 0, 5, 0) if of_messages else None

    def parse(*lines):
        notes = []
        parser = Sshd(year, user_field, notes.append)
        parsed = [parser.parse(*each, message) for each in lines]
        return [p if p is None or isinstance(p, UserEvent) else "refused" for p in parsed], dict(
            collections.Counter(notes)
        )

    return parse


def without_time(parsed, notes):
    """Return all but what depends on a time that Java may read otherwise (`test_event_time_parts`)."""
    parsed = [each._replace(timestamp=NO_TIMESTAMP) if isinstance(each, UserEvent) else each for each in parsed]
    return parsed, {name: number for name, number in notes.items() if name != "unread-times"}


def is_set_apart(line):
    header = syslog.header(line.decode(errors="surrogateescape"))
    return header is not None and set_apart(header.time)


@pytest.mark.parametrize("name", OPTIONS)
def test_a_line_of_a_log_is_the_same_in_java(java_parser, knows, name):
    in_java, in_python = java_parser(**OPTIONS[name]), python_parser(**OPTIONS[name])
    seen = collections.Counter()

    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
    @given(line=LINE, before=BEFORE, first=FIRST)
    @example(line=b"", before=b"", first=b"")
    @example(line=b"\xff", before=b"", first=b"")
    @example(line=b"\xed\xa0\x80\xf4\x90\x80\x80\xc0\x80\xe2\x82sshd", before=b"", first=b"")
    def check(line, before, first):
        if not knows((line + before).decode(errors="replace")):
            return
        if OPTIONS[name].get("of_messages"):
            before = first = b""
        expected = in_python((line, before, first))
        seen[type(expected[0][0]).__name__] += 1
        found = in_java((line, before, first))
        assert (without_time(*found) if is_set_apart(line) else found) == (
            without_time(*expected) if is_set_apart(line) else expected
        )

    check()
    assert all(seen[kind] >= EXAMPLES / 20 for kind in ("UserEvent", "NoneType")), seen


@pytest.mark.parametrize("of_messages", [False, True])
@pytest.mark.parametrize("user_field", ["name", "address", "name,address"])
def test_each_message_behind_each_header_is_the_same_in_java(java_parser, user_field, of_messages):
    given = {"year": 2024, "user_field": user_field, "of_messages": of_messages}
    messages = [message.format(name) for message in MESSAGES for name in NAMES]
    pam = encoded(USUAL + PAM.format("kim"))
    lines = [(f"{header}{messages[0]}", b"") for header in [*HEADERS_OF_SYSTEMS, *OTHERS, *ODD_HEADERS]]
    lines += [(f"{USUAL}{message}", before) for message in messages for before in (b"", pam)]
    lines += [(USUAL + repeat.format(2, messages[-1]), encoded(USUAL + messages[0])) for repeat in REPEATS]
    lines += [(USUAL + REPEATS[0].format(times, ANSWER.format("kim")), pam) for times in range(3)]
    lines += [(USUAL + messages[0] + end, b"") for end in ODD_ENDS]
    first = b"Mar  1 09:00:01 web1"
    lines = [(encoded(line), *((b"", b"") if of_messages else (before, first))) for line, before in lines]

    assert java_parser(**given)(*lines) == python_parser(**given)(*lines)


@pytest.mark.parametrize(
    "line",
    [
        "<38>1 - h sshd 7 - [" + 'a="x" ' * 30_000 + f"] {MESSAGES[0]}",
        "<38>1 - h sshd 7 - " + "[]" * 100_000 + f" {MESSAGES[0]}",
        "<38>1 - h sshd 7 - [" + '"' + "\\\\" * 50_000,
        USUAL + MESSAGES[0].format("a\U0001f600" * 50_000),
        USUAL + MESSAGES[0].format("a from b port 1 " * 10_000),
        USUAL + REPEATS[0].format(2, MESSAGES[0].format(" from " * 20_000)),
        "Mar  1 09:00:01 " + "w " * 50_000 + MESSAGES[0],
        "Mar  1 09:00:01 " + "w:" * 50_000 + f" sshd[1]: {MESSAGES[0]}",
        "x" * 200_000 + " sshd[1]: " + MESSAGES[0],
        MESSAGES[0] + "\x1f" * 200_000 + "x",
        "Failed \xff" * 20_000,
        "x" * 1024 * 1024 + "Failed ",
    ],
    ids=range(12),
)
def test_a_long_line_is_the_same_in_java(java_parser, line):
    record = (encoded(line), b"", b"")
    assert java_parser()(record) == python_parser()(record)


@pytest.mark.skipif("FLINK_ABNORMAL_SSHD_LOG" not in os.environ, reason="the shared real log is missing")
@pytest.mark.parametrize("year", [None, 2015])
def test_the_real_log_is_the_same_in_java(java_parser, year):
    lines = list(read(Path(os.environ["FLINK_ABNORMAL_SSHD_LOG"], "OpenSSH_2k.log").read_bytes().splitlines()))

    found, noted = java_parser(year=year)(*lines)

    assert (found, noted) == python_parser(year=year)(*lines)
    assert (len(found), sum(isinstance(each, UserEvent) for each in found), noted) == (2000, 521, {"understood": 1})
