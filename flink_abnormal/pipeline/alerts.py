"""What is written of an alert, by Python: each function has a twin among the Java parts."""

from __future__ import annotations

from typing import Any

from pyflink.datastream import MapFunction

from flink_abnormal.core.model import Alert
from flink_abnormal.core.published import rule_text
from flink_abnormal.pipeline import kafka
from flink_abnormal.pipeline.stdout import write_line


class PrintAlerts(MapFunction):
    """Prints alerts as the seed's lines."""

    def map(self, value: tuple[Any, ...]) -> str:
        """Print one alert."""
        line = Alert(*value).log_line()
        write_line(line)
        return line


class AlertToJson(MapFunction):
    """Turns an alert into a line of JSON."""

    def map(self, value: tuple[Any, ...]) -> str:
        """Return the line without its line break."""
        return Alert(*value).to_json()


class AlertToMessage(MapFunction):
    """Turns an alert into a message: JSON under the user's key, with its id and rule as headers."""

    def __init__(self, within_ms: int | None) -> None:
        self._within_ms = within_ms

    def map(self, value: tuple[Any, ...]) -> tuple[bytes, str]:
        """Return the value and the envelope of KafkaOutput."""
        alert = Alert(*value)
        headers = [
            ("alertId", alert.alert_id.encode()),
            ("rule", rule_text(alert.threshold, self._within_ms).encode()),
        ]
        return alert.to_json().encode(), kafka.envelope(alert.user_id.encode(errors="surrogatepass"), headers)
