"""Names, uids and state of all operators: what users see, and what outlives the code.

The promise to later releases, in thread mode: the operator `abnormal-count` has a ValueState `abnormalCount` of type
LONG under the key userId of type STRING (a Row of that one field, which is how PyFlink keys a stream); no value means
0. A test fails if any of this changes. With `--within` there is another operator, `abnormal-within`, in its place.

Process mode stores Python's own bytes, on which thread mode would fail and restart for ever. So stateful Python
operators have different uids in process mode: a snapshot of one mode can't be mistaken for the other's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from flink_abnormal.core.settings import Mode


class Operator(NamedTuple):
    """An operator's uid, which ties it to its state, and its name, which users see."""

    uid: str
    name: str

    def uid_in(self, mode: Mode) -> str:
        """Return the uid of a stateful Python operator in an execution mode."""
        return self.uid if mode == "thread" else f"{self.uid}-process"


ABNORMAL_COUNT_STATE: Final = "abnormalCount"

HEARTBEAT: Final = Operator("heartbeat", "Heartbeat")
START_USERS: Final = Operator("start-users", "Start users")
KEY_BY_GROUP: Final = Operator("key-by-group", "Key by user group")
RANDOM_SOURCE: Final = Operator("random-source", "Source: Random user events")
FILE_SOURCE: Final = Operator("file-source", "Lines of files")
KAFKA_SOURCE: Final = Operator("kafka-source", "Kafka messages")
PARSE: Final = Operator("parse", "Parse lines")
REFUSED: Final = Operator("refused", "Why lines are refused")
WATCH_HEARTBEAT: Final = Operator("watch-heartbeat", "Watch heartbeat")
KEY_BY_FOLDER: Final = Operator("key-by-folder", "Key by folder")
WATCH: Final = Operator("watch", "Watch files that were read")
EVENT_ORDER: Final = Operator("event-order", "Events in order of time")
LATE_EVENTS: Final = Operator("late-events", "Late events")
KEY_BY_USER: Final = Operator("user-key", "Key by userId")
KEY_BY_USER_IN_PYTHON: Final = Operator("key-by-user", KEY_BY_USER.name)
"""The same in earlier releases, where other operators stood beside it."""
DETECTOR: Final = Operator("abnormal-count", "Process: Abnormal count")
WITHIN: Final = Operator("abnormal-within", DETECTOR.name)


def detector(engine: str, mode: Mode, within_ms: int | None) -> Operator:
    """Return the operator with the counts: one for both engines in thread mode, one for each in process mode."""
    operator = DETECTOR if within_ms is None else WITHIN
    apart = engine == "jvm" and mode == "process"
    return operator._replace(uid=f"{operator.uid}-jvm") if apart else operator


LIVE: Final = Operator("live", "Live counts")
PRINT_ALERTS: Final = Operator("print-alerts", "Sink: Print alerts")
PRINT_DEAD_LETTERS: Final = Operator("print-dead-letters", "Sink: Print dead letters")
ALERTS_TO_JSON: Final = Operator("alerts-to-json", "Alerts to JSON")
ALERT_FILES: Final = Operator("alert-files", "Alert files")
DEAD_LETTER_FILES: Final = Operator("dead-letter-files", "Dead letter files")
ALERTS_TO_KAFKA: Final = Operator("alerts-to-kafka", "Alerts to Kafka")
ALERT_TOPIC: Final = Operator("alert-topic", "Alert topic")
DEAD_LETTERS_TO_KAFKA: Final = Operator("dead-letters-to-kafka", "Dead letters to Kafka")
DEAD_LETTER_TOPIC: Final = Operator("dead-letter-topic", "Dead letter topic")
TALLY_PROJECTION: Final = Operator("tally-events", "Kind and times of events")
TALLY_ALERTS: Final = Operator("tally-alerts", "Number of alerts")
TALLY: Final = Operator("tally", "Tally at the end")
CHECK_FILES: Final = Operator("check-files", "Check files that were read")
TALLY_START: Final = Operator("tally-start", "Zero")
KEY_BY_RUN: Final = Operator("key-by-run", "Key by run")
SUMMARY: Final = Operator("summary", "Sink: Print summary")
