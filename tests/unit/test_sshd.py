import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flink_abnormal import formats
from flink_abnormal.formats import Rejected
from flink_abnormal.formats.sshd import Sshd
from flink_abnormal.model import NO_TIMESTAMP, UserEvent
from flink_abnormal.settings import FileSettings

UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
HEADER = "Dec 10 06:55:46 LabSZ sshd[24200]: "
FAILED = "Failed password for root from 5.36.59.76 port 42393 ssh2"
MS_2023 = 1_702_191_346_000


def parse(text, year=None):
    return Sshd(year).parse(text.encode())


def said(message):
    return parse(HEADER + message)


def test_a_failed_password_is_an_abnormal_event_with_an_id():
    assert said(FAILED) == UserEvent("root", "abnormal", 1, NO_TIMESTAMP, "41eb3288298a5ca956eca0ff87c946b9")


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
    ("header", "year", "reason"),
    [
        ("Feb 29 00:00:00 h sshd[1]: ", 2023, "there is no 'Feb 29 00:00:00' in the year 2023"),
        ("Xyz 10 00:00:00 h sshd[1]: ", 2023, "there is no 'Xyz 10 00:00:00' in the year 2023"),
        ("Dec 10 25:00:00 h sshd[1]: ", 2023, "there is no 'Dec 10 25:00:00' in the year 2023"),
        ("2023-13-10T00:00:00Z h sshd[1]: ", None, "the timestamp '2023-13-10T00:00:00Z' is not ISO 8601"),
    ],
)
def test_a_time_that_never_was_is_refused(header, year, reason):
    assert parse(header + FAILED, year) == Rejected(reason)


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
        FAILED,
        f"Dec 10 06:55:46 LabSZ cron[1]: {FAILED}",
        f"Dec 10 06:55:46 LabSZ sshd: {FAILED}",
        f" {HEADER}{FAILED}",
        f"{HEADER} {FAILED}",
        f"{HEADER}{FAILED} and more",
        f"{HEADER}Failed none for kim from 1.2.3.4 port 22 ssh2",
        f"{HEADER}Failed publickey for kim from 1.2.3.4 port 22 ssh2",
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
    chosen = formats.parser(FileSettings(format="sshd", year=2023))
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
