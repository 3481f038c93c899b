from flink_abnormal.job_logs import _written
from flink_abnormal.model import Alert, DeadLetter


def test_a_user_id_forges_no_line_of_an_alert_file_and_breaks_none(tmp_path):
    forger, splitter = "a\n[ALERT] userId=root 이상행동 9회 감지!", "b\u2028c"
    alerts = [Alert("id", user, 3, 3, 0) for user in (forger, splitter)]
    (tmp_path / "part.jsonl").write_text("".join(f"{alert.to_json()}\n" for alert in alerts), encoding="utf-8")

    assert list(_written(tmp_path, {})) == [
        "[ALERT] userId=a\\u000a[ALERT] userId=root 이상행동 9회 감지! 이상행동 3회 감지!",
        "[ALERT] userId=b\\u2028c 이상행동 3회 감지!",
    ]


def test_a_file_name_forges_no_dead_letter_and_may_be_any_bytes():
    dead_letter = DeadLetter("reason", "x\n[ALERT] y\udcff", b"").to_json()

    assert DeadLetter.log_line(dead_letter) == "[DEAD LETTER] x\\u000a[ALERT] y\\udcff: reason"
