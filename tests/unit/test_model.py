import base64
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flink_abnormal.core.model import ABNORMAL, NO_TIMESTAMP, Alert, DeadLetter, Rule, UserEvent, digest, one_line

FORGED = "kim\n[ALERT] userId=root 이상행동 9회 감지!"
CONTROLS = [*range(32), *range(127, 160), 0x2028, 0x2029]


def alert(user="user1", timestamp=1_700_000_000_000):
    return Alert.of(UserEvent(user, ABNORMAL, 1, timestamp, "seq:2"), 3, Rule())


def test_an_alert_is_one_json_object():
    assert alert().to_json() == (
        '{"alertId":"25ede4bef1f8fb3cc3e382b4f5b5910d","userId":"user1","count":3,"threshold":3,'
        '"timestamp":1700000000000,"message":"[ALERT] userId=user1 이상행동 3회 감지!"}'
    )


def test_an_alert_without_a_timestamp_has_null_for_it():
    assert alert(timestamp=NO_TIMESTAMP).to_json() == (
        '{"alertId":"25ede4bef1f8fb3cc3e382b4f5b5910d","userId":"user1","count":3,"threshold":3,'
        '"timestamp":null,"message":"[ALERT] userId=user1 이상행동 3회 감지!"}'
    )


def test_the_time_zero_is_a_timestamp():
    assert json.loads(alert(timestamp=0).to_json())["timestamp"] == 0


def test_the_json_of_an_alert_keeps_the_user_id_as_it_is_and_stays_one_line():
    text = alert(FORGED).to_json()
    assert "\n" not in text
    assert json.loads(text)["userId"] == FORGED


def test_a_dead_letter_is_one_json_object():
    letter = DeadLetter("not JSON", "/in/a.jsonl", b"\xff\x00nope", 7, 6)
    assert letter.to_json() == (
        '{"reason":"not JSON","source":"/in/a.jsonl","line":7,"bytes":6,"truncated":false,"raw":"/wBub3Bl"}'
    )


def test_a_dead_letter_of_a_line_that_was_too_long_to_hold_tells_its_whole_length():
    record = json.loads(DeadLetter("too long", "/in/a.jsonl", b"xx", 7, 5_000_000).to_json())
    assert (record["bytes"], record["truncated"], record["raw"]) == (5_000_000, True, "eHg=")


@pytest.mark.parametrize(("size", "kept", "truncated"), [(0, 0, False), (4096, 4096, False), (4097, 4096, True)])
def test_a_dead_letter_keeps_at_most_4096_bytes(size, kept, truncated):
    raw = bytes(n % 256 for n in range(size))
    assert json.loads(DeadLetter("why", "where", raw).to_json()) == {
        "reason": "why",
        "source": "where",
        "line": None,
        "bytes": size,
        "truncated": truncated,
        "raw": base64.b64encode(raw[:kept]).decode(),
    }


def shown(raw):
    return DeadLetter.log_line(DeadLetter("why", "where", raw).to_json())


def test_a_dead_letter_is_printed_as_one_line_with_what_is_no_utf8_escaped():
    assert shown(b"a\xffb\n[ALERT]") == r"[DEAD LETTER] where: why (11 bytes): a\xffb\u000a[ALERT]"


def test_a_printed_dead_letter_names_the_file_and_the_line():
    letter = DeadLetter("why", "/in/a.jsonl", b"x", 7, 1)
    assert DeadLetter.log_line(letter.to_json()) == "[DEAD LETTER] /in/a.jsonl:7: why (1 bytes): x"


def test_a_printed_dead_letter_is_cut_at_120_characters():
    assert shown("한".encode() * 120) == f"[DEAD LETTER] where: why (360 bytes): {'한' * 120}"
    assert shown("한".encode() * 121) == f"[DEAD LETTER] where: why (363 bytes): {'한' * 120}…"


def test_a_printed_dead_letter_tells_the_size_of_the_whole_record():
    assert shown(b"x" * 5000) == f"[DEAD LETTER] where: why (5000 bytes): {'x' * 120}…"


def test_a_user_id_with_a_line_break_forges_no_line():
    assert alert(FORGED).log_line() == (
        r"[ALERT] userId=kim\u000a[ALERT] userId=root 이상행동 9회 감지! 이상행동 3회 감지!"
    )
    assert UserEvent(FORGED, ABNORMAL, 1, 0, "").log_line() == (
        r"[Source Emit] UserEvent{userId='kim\u000a[ALERT] userId=root 이상행동 9회 감지!', isAbnormal=true}"
    )


def test_control_characters_and_line_separators_are_escaped():
    assert [one_line(chr(code)) for code in CONTROLS] == [f"\\u{code:04x}" for code in CONTROLS]


@pytest.mark.parametrize("text", ["", "user1", "한글 이름", "😀", "a b", "C:\\u000a", "\xa0"])
def test_other_text_stays_as_it_is(text):
    assert one_line(text) == text


@settings(deadline=None)
@given(text=st.text())
def test_any_text_becomes_at_most_one_line(text):
    assert len(one_line(text).splitlines()) <= 1


def test_a_digest_is_128_bits_in_hex():
    assert digest(b"") == "e3b0c44298fc1c149afbf4c8996fb924"
