import time
from datetime import datetime, timezone

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reader_model import read
from syslog_headers import HEADERS_OF_SYSTEMS, MARCH

from flink_abnormal.core.model import NO_TIMESTAMP, UserEvent, digest
from flink_abnormal.core.source_settings import FormatSettings
from flink_abnormal.pipeline import formats
from flink_abnormal.pipeline.formats import Rejected
from flink_abnormal.pipeline.formats.sshd import Sshd

UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
HEADER = "Dec 10 06:55:46 LabSZ sshd[24200]: "
FAILED = "Failed password for root from 5.36.59.76 port 42393 ssh2"
MS_2023 = 1_702_191_346_000


def parse(text, year=None):
    return Sshd(year).parse(text.encode())


def events(lines, year=None, user_field="name"):
    """Return the events of the lines of one file, with what the reader hands over."""
    parse = Sshd(year, user_field).parse
    parsed = [parse(*each) for each in read([line.encode() for line in lines])]
    return [event for event in parsed if event is not None]


def counted(lines):
    """Return (user, kind, times) of each event."""
    return [event[:3] for event in events(lines)]


def said(message):
    return parse(HEADER + message)


def test_a_failed_password_is_an_abnormal_event_with_an_id():
    assert said(FAILED) == UserEvent("root", "abnormal", 1, NO_TIMESTAMP, "9ee8daf752ebed447271f240323e653c")


@pytest.mark.parametrize(
    "message",
    [
        "Accepted password for kim from 10.0.0.1 port 22 ssh2",
        "Accepted publickey for kim from 10.0.0.1 port 22 ssh2: RSA SHA256:nThbg6kXUpJWGl7E1IGOCspRomTxdCARLviKw6E5SY8",
        "Accepted keyboard-interactive/pam for kim from ::1 port 22 ssh2",
    ],
)
def test_an_accepted_login_is_a_normal_event(message):
    assert said(message) == UserEvent("kim", "normal", 1, NO_TIMESTAMP, "")


@pytest.mark.parametrize(
    ("header", "year", "milliseconds"),
    [
        ("Dec 10 06:55:46 LabSZ sshd[24200]: ", None, NO_TIMESTAMP),
        ("Dec 10 06:55:46 LabSZ sshd[24200]: ", 2023, MS_2023),
        ("Dec  1 06:55:46 LabSZ sshd[24200]: ", 2023, MS_2023 - 9 * 86_400_000),
        ("Dec 10 06:55:46 LabSZ sshd-session[24200]: ", 2023, MS_2023),
        ("2023-12-10T06:55:46Z LabSZ sshd[24200]: ", None, MS_2023),
        ("2023-12-10T15:55:46.123456+09:00 LabSZ sshd-session[24200]: ", 1999, MS_2023 + 123),
        ("2023-12-10T06:55:46 LabSZ sshd[24200]: ", None, MS_2023),
    ],
)
def test_the_header_tells_the_time_where_it_can(header, year, milliseconds):
    assert parse(header + FAILED, year)[:4] == ("root", "abnormal", 1, milliseconds)


def test_a_header_without_a_zone_is_utc_wherever_the_machine_is(monkeypatch):
    with monkeypatch.context() as elsewhere:
        elsewhere.setenv("TZ", "KST-9")
        time.tzset()
        event = parse(HEADER + FAILED, 2023)
    time.tzset()
    assert event.timestamp == MS_2023


@pytest.mark.parametrize(
    ("header", "year"),
    [
        ("Feb 29 00:00:00 h sshd[1]: ", 2023),
        ("Xyz 10 00:00:00 h sshd[1]: ", 2023),
        ("Dec 10 25:00:00 h sshd[1]: ", 2023),
        ("2023-13-10T00:00:00Z h sshd[1]: ", None),
        ("3월  1 09:00:01 web1 sshd[1]: ", 2024),
        ("Fri 2024-03-01 09:00:01 CST web1 sshd[1]: ", None),
    ],
)
def test_a_time_that_cannot_be_read_loses_no_event_and_is_counted(header, year):
    notes = []
    event = Sshd(year, note=notes.append).parse((header + FAILED).encode())
    assert event[:4] == ("root", "abnormal", 1, NO_TIMESTAMP)
    assert notes == ["understood", "unread-times"]


def test_29_february_is_taken_where_the_year_has_one_or_is_not_known():
    header = "Feb 29 00:00:00 h sshd[1]: "
    assert parse(header + FAILED, 2024).timestamp == 1_709_164_800_000
    assert parse(header + FAILED).timestamp == NO_TIMESTAMP


@pytest.mark.parametrize(
    ("message", "name"),
    [
        ("Failed password for invalid user admin from 1.2.3.4 port 22 ssh2", "admin"),
        ("Failed password for kim from 1.2.3.4 port 22", "kim"),
        ("Failed password for kim from UNKNOWN port 65535 ssh2", "kim"),
        ("Failed password for kim from fe80::1%eth0 port 22 ssh2\r", "kim"),
        ("Failed password for invalid user kim lee from 1.2.3.4 port 22 ssh2", "kim lee"),
        ("Failed password for invalid user love from seoul from 1.2.3.4 port 22 ssh2", "love from seoul"),
        (
            "Failed password for invalid user x from 1.1.1.1 port 22 ssh2 from 1.2.3.4 port 22 ssh2",
            "x from 1.1.1.1 port 22 ssh2",
        ),
        ("Failed password for invalid user  kim  from 1.2.3.4 port 22 ssh2", " kim "),
        ("Failed password for invalid user 한글 from 1.2.3.4 port 22 ssh2", "한글"),
        ("Failed password for invalid user invalid user from 1.2.3.4 port 22 ssh2", "invalid user"),
    ],
)
def test_the_name_is_all_that_stands_before_the_last_address(message, name):
    assert said(message)[:3] == (name, "abnormal", 1)


@UNHURRIED
@given(name=st.text(min_size=1, max_size=1024))
def test_no_name_passes_for_another(name):
    assert said(f"Failed password for invalid user {name} from 1.2.3.4 port 22 ssh2").user_id == name


@pytest.mark.parametrize("times", [1, 5, 100_000])
def test_a_repeated_message_counts_as_often_as_it_says(times):
    repeated = said(f"message repeated {times} times: [ {FAILED}]")
    assert repeated[:3] == ("root", "abnormal", times)


def test_a_repeated_login_counts_too():
    repeated = said("message repeated 2 times: [ Accepted password for kim from 1.2.3.4 port 22 ssh2]")
    assert repeated == UserEvent("kim", "normal", 2, NO_TIMESTAMP, "")


@pytest.mark.parametrize("times", ["100001", "9" * 5000])
def test_too_many_repeats_are_refused(times):
    assert said(f"message repeated {times} times: [ {FAILED}]") == Rejected("a message repeated more than 100000 times")


def test_the_same_message_at_another_time_has_another_id():
    assert said(FAILED).event_id != parse(HEADER.replace("46", "47") + FAILED).event_id


@pytest.mark.parametrize(
    "line",
    [
        "",
        "no log line",
        f"and {FAILED}",
        f"Dec 10 06:55:46 LabSZ cron[1]: {FAILED}",
        f"Dec 10 06:55:46 LabSZ {FAILED}",
        f"Dec 10 06:55:46 LabSZ cron[1]: sshd[1]: {FAILED}",
        f"{HEADER}sshd[1]: {FAILED}",
        f"<86>1 2024-03-01T09:00:01Z web1 app 1 - - sshd[1]: {FAILED}",
        f"<86>1 2024-03-01T09:00:01Z web1 app 1 - - {FAILED}",
        f" {HEADER}{FAILED}",
        f"{HEADER} {FAILED}",
        f"{HEADER}{FAILED} and more",
        f"{HEADER}Failed none for kim from 1.2.3.4 port 22 ssh2",
        f"{HEADER}Failed publickey for kim from 1.2.3.4 port 22 ssh2",
        f"{HEADER}Failed publickey for invalid user kim from 1.2.3.4 port 22 ssh2: RSA SHA256:x",
        f"{HEADER}Failed hostbased for kim from 1.2.3.4 port 22 ssh2: RSA 8c:e3",
        f"{HEADER}Failed gssapi-with-mic for kim from 1.2.3.4 port 22 ssh2",
        f"{HEADER}Postponed keyboard-interactive for kim from 1.2.3.4 port 22 ssh2 [preauth]",
        f"{HEADER}Partial publickey for kim from 1.2.3.4 port 22 ssh2",
        f"{HEADER}Accepted key RSA SHA256:x found at /home/kim/.ssh/authorized_keys:1",
        f"{HEADER}Disconnecting: Too many authentication failures for kim [preauth]",
        f"{HEADER}error: maximum authentication attempts exceeded for kim from 1.2.3.4 port 22 ssh2 [preauth]",
        f"{HEADER}Connection closed by authenticating user kim 1.2.3.4 port 22 [preauth]",
        f"{HEADER}PAM 2 more authentication failures; logname= uid=0 euid=0 tty=ssh ruser= rhost=1.2.3.4  user=kim",
        f"{HEADER}fatal: PAM: pam_setcred(): Failure setting user credentials",
        f"{HEADER}Invalid user error: PAM: Authentication failure for root from 1.2.3.4 from 5.6.7.8 port 22",
        f"{HEADER}Failed password for root last message repeated 9 times",
        f"{HEADER}Invalid user kim from 1.2.3.4",
        f"{HEADER}Invalid user Accepted password for root from 1.1.1.1 port 22 ssh2 from 1.2.3.4 port 22",
        f"{HEADER}Connection closed by 1.2.3.4 [preauth]",
        f"{HEADER}pam_unix(sshd:auth): check pass; user unknown",
        f"{HEADER}message repeated 2 times: [ Connection closed by 1.2.3.4]",
        f"{HEADER}message repeated 0 times: [ {FAILED}]",
    ],
)
def test_what_is_no_login_is_skipped(line):
    assert parse(line) is None


@pytest.mark.parametrize("who", ["", "invalid user "])
def test_an_empty_name_is_refused(who):
    assert said(f"Failed password for {who} from 1.2.3.4 port 22 ssh2") == Rejected("the userId is empty")


def test_a_name_above_1024_characters_is_refused():
    assert said(f"Failed password for {'x' * 1025} from 1.2.3.4 port 22 ssh2") == Rejected(
        "a userId of 1025 characters; at most 1024 are allowed"
    )


def test_bytes_that_are_no_utf8_are_refused():
    assert Sshd().parse(b"Dec 10 \xff") == Rejected("not UTF-8: invalid start byte at byte 7")
    assert Sshd().parse(b"Dec 10 \xe2\x82") == Rejected("not UTF-8: unexpected end of data at byte 7")


def test_a_line_above_a_mebibyte_is_refused():
    assert Sshd().parse(b"x" * 10_000_000) == Rejected("a line of 10000000 bytes; at most 1048576 are read")


def test_the_settings_name_the_parser_and_its_year():
    chosen = formats.parser(FormatSettings(format="sshd", year=2023))
    assert chosen((HEADER + FAILED).encode()).timestamp == MS_2023


HEADERS = st.just(HEADER) | st.builds(
    "{}-{:02}-{:02}T{} h sshd[1]: ".format,
    st.integers(1970, 2100),
    st.integers(0, 99),
    st.integers(0, 99),
    st.text("0123456789:.+-WTZ", min_size=1, max_size=20),
)


@UNHURRIED
@given(
    data=st.binary()
    | st.builds(lambda header, message: (header + message).encode(), HEADERS, st.just(FAILED) | st.text()),
    year=st.none() | st.integers(1970, 9999),
)
def test_no_bytes_at_all_raise(data, year):
    assert isinstance(Sshd(year).parse(data), UserEvent | Rejected | None)


def test_the_text_of_a_key_behind_an_accepted_login_is_no_part_of_the_name():
    line = (
        b"Dec 10 06:55:46 host sshd[1]: Accepted publickey for kim from 1.1.1.1 port 22 ssh2: "
        b"ED25519-CERT SHA256:x ID a from b port 1 ssh2: (serial 1) CA"
    )

    assert Sshd().parse(line) == UserEvent("kim", "normal", 1, NO_TIMESTAMP, "")


@pytest.mark.parametrize("header", HEADERS_OF_SYSTEMS, ids=repr)
@pytest.mark.parametrize(
    ("message", "event"),
    [
        (FAILED, ("root", "abnormal", 1)),
        ("Accepted publickey for kim from 10.0.0.1 port 22 ssh2: RSA SHA256:x", ("kim", "normal", 1)),
        (f"message repeated 2 times: [ {FAILED}]", ("root", "abnormal", 2)),
        ("Invalid user kim from 10.0.0.1 port 22", None),
    ],
    ids=["failed", "accepted", "repeated", "other"],
)
def test_each_header_that_a_system_writes_is_read(header, message, event):
    parsed = parse(header + message, 2024)
    assert parsed == (None if event is None else (*event, HEADERS_OF_SYSTEMS[header], parsed.event_id))


@pytest.mark.parametrize("header", HEADERS_OF_SYSTEMS, ids=repr)
def test_no_name_forges_a_login_behind_any_header(header):
    forged = "Accepted password for root from 1.1.1.1 port 22 ssh2"
    for typed in (forged, f"sshd[1]: {forged}", f": {forged}", f"x: sshd[1]: {forged}", f"- - {forged}"):
        assert parse(f"{header}Invalid user {typed} from 1.2.3.4 port 22") is None


def test_a_month_that_is_no_utf8_loses_no_event():
    latin = "Mär  1 09:00:01 web1 sshd[2420]: ".encode("latin-1")
    assert Sshd().parse(latin + FAILED.encode())[:4] == ("root", "abnormal", 1, NO_TIMESTAMP)
    assert Sshd().parse(latin + FAILED.replace("root", "k\xff").encode("latin-1")) == Rejected(
        "not UTF-8: invalid continuation byte at byte 1"
    )


@pytest.mark.parametrize(
    ("message", "name"),
    [
        ("error: PAM: Authentication failure for kim from 192.0.2.7", "kim"),
        ("error: PAM: Authentication failure for kim from 192.0.2.7 [preauth]", "kim"),
        ("error: PAM: authentication error for kim from host.example.com via 192.0.2.8", "kim"),
        ("error: PAM: Authentication error for illegal user kim from 192.0.2.7", "kim"),
        (
            "error: PAM: User not known to the underlying authentication module for illegal user kim from 192.0.2.7 ",
            "kim",
        ),
        ("error: PAM: Have exhausted maximum number of retries for service for kim from 192.0.2.7", "kim"),
        ("error: PAM: Permission denied for invalid user a for b from c from 192.0.2.7", "a for b from c"),
        ("Failed keyboard-interactive/pam for kim from 192.0.2.7 port 33723 ssh2", "kim"),
        ("Failed keyboard-interactive/pam for invalid user kim from 192.0.2.7 port 33723 ssh2", "kim"),
        ("Failed keyboard-interactive/bsdauth for kim from 192.0.2.7 port 33723 ssh2", "kim"),
        ("Failed keyboard-interactive for kim from 192.0.2.7 port 33723 ssh2", "kim"),
        ("Failed password for illegal user kim from 192.0.2.7 port 33723 ssh2", "kim"),
        ("Failed password for kim from 192.0.2.7", "kim"),
        ("Failed password for kim from 192.0.2.7 port 33723 ssh2 [preauth]", "kim"),
    ],
)
def test_what_sshd_writes_of_a_failed_login_is_an_abnormal_event(message, name):
    assert said(message)[:3] == (name, "abnormal", 1)


PAM = "error: PAM: Authentication failure for {} from 192.0.2.7"
ANSWER = "Failed keyboard-interactive/pam for {} from 192.0.2.7 port 33723 ssh2"


def log(*messages, host="bsd1", pid=1):
    return [f"Mar  1 09:00:{second:02} {host} sshd[{pid}]: {message}" for second, message in enumerate(messages)]


@pytest.mark.parametrize(
    ("lines", "attempts"),
    [
        (log(*[PAM.format("kim")] * 3), 3),
        (log(*[ANSWER.format("kim")] * 3), 3),
        (log(*[PAM.format("kim"), ANSWER.format("kim")] * 3), 3),
        (log(PAM.format("illegal user kim"), "Postponed keyboard-interactive", ANSWER.format("invalid user kim")), 1),
        (log(PAM.format("kim"), PAM.format("kim"), PAM.format("kim"), PAM.format("kim"), ANSWER.format("kim")), 4),
        (log(PAM.format("kim"), ANSWER.format("kim"), ANSWER.format("kim")), 2),
        (log(PAM.format("kim"), f"message repeated 2 times: [ {PAM.format('kim')}]", ANSWER.format("kim")), 3),
        (log(PAM.format("kim"), f"message repeated 3 times: [ {ANSWER.format('kim')}]"), 3),
        (
            [*log(PAM.format("kim")), "Mar  1 09:00:09 bsd1 last message repeated 2 times", *log(ANSWER.format("kim"))],
            3,
        ),
        (["<38>1 - h sshd 7 - - " + PAM.format("kim"), "<38>1 - h sshd 7 - - " + ANSWER.format("kim")], 1),
        ([PAM.format("kim"), ANSWER.format("kim")], 1),
    ],
)
def test_an_attempt_counts_once_if_two_lines_tell_of_it(lines, attempts):
    assert sum(times for _, _, times in counted(lines)) == attempts


def test_the_attempts_of_two_processes_and_of_two_hosts_are_told_apart():
    one, other = log(PAM.format("kim"), ANSWER.format("kim")), log(PAM.format("lee"), ANSWER.format("lee"), pid=2)
    remote = log(PAM.format("park"), ANSWER.format("park"), host="bsd2")
    mixed = [one[0], other[0], remote[0], remote[1], other[1], one[1]]
    assert counted(mixed) == [("kim", "abnormal", 1), ("lee", "abnormal", 1), ("park", "abnormal", 1)]


def test_an_attempt_that_pam_told_of_and_that_was_repeated_no_time_is_none():
    assert counted(log(PAM.format("kim"), f"message repeated 0 times: [ {ANSWER.format('kim')}]")) == [
        ("kim", "abnormal", 1)
    ]


def test_an_answer_of_another_name_than_pam_told_of_counts():
    assert counted(log(PAM.format("kim"), ANSWER.format("lee"))) == [("kim", "abnormal", 1), ("lee", "abnormal", 1)]


@pytest.mark.parametrize(
    "repetition",
    [
        "Mar  1 09:00:05 web1 last message repeated 2 times",
        "Mar  1 09:00:05 web1 last message repeated 2 times.",
        "Mar  1 09:00:05 --- last message repeated 2 times ---",
        "Mar  1 09:00:05 web1 --- last message repeated 2 times ---",
        "Mar  1 09:00:05 web1 auth|security:info last message repeated 2 times",
        "Mar  1 09:00:05 <auth.info> web1 last message repeated 2 times",
        "<86>Mar  1 09:00:05 web1 last message repeated 2 times",
        "2024-03-01T09:00:05+00:00 web1 last message repeated 2 times",
        "<38>1 2024-03-01T09:00:05+00:00 web1 syslogd - - - last message repeated 2 times",
        "<38>1 2024-03-01T09:00:05+00:00 web1 - - - - last message repeated 2 times",
        "Mar  1 09:00:05 web1 sshd: Last message 'Failed password' repeated 2 times, suppressed by syslog-ng on web1",
        "Mar  1 09:00:05 web1 sshd[1]: Last message 'Failed password' repeated 2 times, suppressed by syslog-ng on h",
    ],
)
def test_a_last_message_is_repeated_as_often_as_it_says(repetition):
    aix = "auth|security:info " if "security" in repetition else ""
    first = f"Mar  1 09:00:01 web1 {aix}sshd[1]: {FAILED}"
    once, again = events([first, repetition], 2024)
    assert once[:4] == ("root", "abnormal", 1, MARCH)
    assert again[:4] == ("root", "abnormal", 2, MARCH + 4000)
    assert again.event_id == digest(repetition.encode())


def test_what_is_repeated_is_the_line_before_of_the_same_host():
    lines = [
        f"Mar  1 09:00:01 web1 sshd[1]: {FAILED}",
        f"Mar  1 09:00:02 web2 sshd[2]: {FAILED.replace('root', 'kim')}",
        "Mar  1 09:00:05 web1 last message repeated 2 times",
        "Mar  1 09:00:06 web1 last message repeated 3 times",
        "Mar  1 09:00:07 web2 last message repeated 1 time",
    ]
    assert counted(lines) == [
        ("root", "abnormal", 1),
        ("kim", "abnormal", 1),
        ("root", "abnormal", 2),
        ("root", "abnormal", 3),
        ("kim", "abnormal", 1),
    ]


@pytest.mark.parametrize(
    "lines",
    [
        ["Mar  1 09:00:05 web1 last message repeated 2 times"],
        ["Mar  1 09:00:01 web1 cron[1]: job", "Mar  1 09:00:05 web1 last message repeated 2 times"],
        ["Mar  1 09:00:01 web1 sshd[1]: Connection closed", "Mar  1 09:00:05 web1 last message repeated 2 times"],
        [f"{HEADER}{FAILED}"[:5], "last message repeated 2 times"],
    ],
)
def test_nothing_comes_of_a_repetition_of_what_is_no_login(lines):
    assert events(lines) == []


def test_a_repetition_of_a_line_that_is_no_utf8_is_refused_too():
    line = (HEADER + FAILED.replace("root", "k\xff")).encode("latin-1")
    parsed = [Sshd().parse(*each) for each in read([line, b"Dec 10 06:55:47 LabSZ last message repeated 2 times"])]
    assert parsed == [
        Rejected(f"not UTF-8: invalid start byte at byte {line.index(255)}"),
        Rejected("the line that it repeats is not UTF-8"),
    ]


def test_a_last_message_is_not_repeated_without_bound():
    assert events([HEADER + FAILED, "Dec 10 06:55:47 LabSZ last message repeated 100001 times"])[1] == Rejected(
        "a message repeated more than 100000 times"
    )


@pytest.mark.parametrize(
    ("field", "user"), [("name", "root"), ("address", "5.36.59.76"), ("name,address", "root|5.36.59.76")]
)
def test_the_name_the_address_or_both_make_the_user(field, user):
    assert [event.user_id for event in events([HEADER + FAILED], user_field=field)] == [user]
    chosen = formats.parser(FormatSettings(format="sshd", user_field=field))
    assert chosen((HEADER + FAILED).encode()).user_id == user


def times(days, year):
    return [
        datetime.fromtimestamp(event.timestamp / 1000, timezone.utc).date().isoformat()
        for event in events([f"{day} 00:00:01 web1 sshd[1]: {FAILED}" for day in days], year)
    ]


@pytest.mark.parametrize(
    ("days", "dates"),
    [
        (["Dec 30", "Dec 31", "Jan  1", "Jan 02"], ["2023-12-30", "2023-12-31", "2024-01-01", "2024-01-02"]),
        (["Dec 31", "Feb 29", "Nov 30"], ["2023-12-31", "2024-02-29", "2024-11-30"]),
        (["Mar  1", "Feb 28"], ["2023-03-01", "2023-02-28"]),
        (["Jan  1", "Dec 31"], ["2023-01-01", "2023-12-31"]),
    ],
)
def test_january_behind_december_is_of_the_next_year(days, dates):
    assert times(days, 2023) == dates


def test_a_repetition_in_january_of_a_line_in_december_is_of_the_next_year():
    lines = [f"Dec 31 23:59:59 web1 sshd[1]: {FAILED}", "Jan  1 00:00:05 web1 last message repeated 2 times"]
    december, january = events(lines, 2023)
    assert january.timestamp - december.timestamp == 6000


def test_a_line_of_sshd_is_noted_as_understood_though_it_is_no_login():
    notes = []
    parse = Sshd(note=notes.append).parse
    for message in ("Connection closed by 1.2.3.4", FAILED):
        parse((HEADER + message).encode())
    assert notes == ["understood"]
    assert Sshd(note=notes.append).parse(b"Dec 10 06:55:46 LabSZ cron[1]: job") is None
    assert notes == ["understood"]
