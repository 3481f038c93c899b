"""Options of Kafka: the connection, which source and sink share, and each one's own."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from flink_abnormal.core.errors import UsageError
from flink_abnormal.core.option import option
from flink_abnormal.core.source_settings import SourceSettings

_ADDRESS: Final = re.compile(r"(\[[0-9a-fA-F:.]+\]|[^\s,:/]+):(\d{1,5})")
_SECRET: Final = re.compile(r"password|jaas|secret|\.key$", re.IGNORECASE)
"""Client properties whose values are secrets, and would be shown in the list of processes."""
_PAIR: Final = re.compile(r"((?:\\.|[^\\=:\s])*)\s*[=:]?\s*(.*)", re.DOTALL)
_ESCAPE: Final = re.compile(r"\\(u[0-9a-fA-F]{4}|.)")
OFFSETS: Final = ("earliest", "latest", "committed")


@dataclass(frozen=True)
class KafkaSettings:
    """The connection to a Kafka cluster."""

    bootstrap: str | None = option(
        None, "--bootstrap", "text", "Brokers to ask for all others: HOST:PORT, several separated by commas."
    )
    properties: tuple[str, ...] = option(
        (), "--kafka-property", "repeated", "A property of Kafka's Java clients, KEY=VALUE; may be repeated."
    )
    properties_file: str | None = option(
        None, "--kafka-properties", "path", "A file of such properties, one per line; the place for secrets."
    )

    @property
    def given(self) -> bool:
        """Whether any of these options is given."""
        return bool(self.bootstrap or self.properties or self.properties_file)

    def addresses(self) -> list[tuple[str, int]]:
        """Return the (host, port) of each broker in --bootstrap; raise UsageError for anything else."""
        found = []
        for text in str(self.bootstrap).split(","):
            match = _ADDRESS.fullmatch(text.strip())
            if match is None or not 0 < int(match[2]) < 2**16:
                raise UsageError(f"--bootstrap takes HOST:PORT, or several separated by commas, not {text.strip()!r}.")
            found.append((match[1].strip("[]"), int(match[2])))
        return found

    def file_text(self) -> str:
        """Return the content of --kafka-properties; raise UsageError if it can't be read."""
        if self.properties_file is None:
            return ""
        try:
            return Path(self.properties_file).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
            raise UsageError(f"--kafka-properties {self.properties_file} can't be read: {why}.") from None

    def text(self) -> str:
        """Return all properties as the text of such a file; flags, which override the file, come last."""
        return "\n".join((self.file_text(), *self.properties))

    def check(self, *, used: bool) -> None:
        """Raise UsageError for a missing or unused connection, or a secret on the command line."""
        if not used and self.given:
            raise UsageError(
                "--bootstrap, --kafka-property and --kafka-properties belong to --source kafka and --sink kafka: add "
                "one of these, or leave them out."
            )
        if used and self.bootstrap is None:
            raise UsageError("Kafka needs --bootstrap, which is missing: add --bootstrap HOST:PORT.")
        if used:
            self.addresses()
        for text in self.properties:
            key, equals, _ = text.partition("=")
            if not equals or not key.strip():
                raise UsageError(f"--kafka-property takes KEY=VALUE, not {key!r}.")
            if _SECRET.search(key):
                raise UsageError(
                    f"--kafka-property {key}: a secret on the command line is visible in the list of processes. Write "
                    "it to a file that only you can read, and give --kafka-properties FILE."
                )


@dataclass(frozen=True)
class KafkaSourceSettings(SourceSettings):
    """Options of the Kafka source."""

    topics: tuple[str, ...] = option((), "--topic", "texts", "Topics to read, separated by commas.")
    topic_pattern: str | None = option(
        None, "--topic-pattern", "text", "Read all topics that match this regular expression, new ones too."
    )
    group: str = option(
        "flink-abnormal", "--group", "text", "The consumer group under which offsets are committed, for others to see."
    )
    start: str = option(
        "earliest",
        "--start",
        "text",
        "Where a job without a snapshot begins: earliest, latest, committed (the group's offsets, else earliest), or a "
        "time such as 2026-01-31T09:00:00Z.",
    )
    until: str | None = option(
        None,
        "--until",
        "text",
        "End at the records that exist at the start (latest), or before a time. Default: never.",
    )

    @property
    def bounded(self) -> bool:
        """Whether --until ends the run."""
        return self.until is not None

    def published(self) -> dict[str, str]:
        """Return the group and the topics; the others belong to simulated users."""
        topics = self.topic_pattern or ",".join(self.topics)
        return {"users": "", "interval": "", "seed": "", "group": self.group, "topics": topics}

    def check(self, *, chosen: bool) -> None:
        """Raise UsageError for a missing or unused topic, or a bad time."""
        if not chosen:
            if self.topics or self.topic_pattern:
                raise UsageError(
                    "--topic and --topic-pattern are read by --source kafka only: add --source kafka, or leave them "
                    "out."
                )
            return
        if bool(self.topics) == bool(self.topic_pattern):
            raise UsageError("--source kafka reads either --topic NAME or --topic-pattern REGEX: give one of them.")
        if self.topic_pattern is not None:
            try:
                re.compile(self.topic_pattern)
            except re.error as error:
                raise UsageError(f"--topic-pattern {self.topic_pattern!r} is no regular expression: {error}.") from None
        if self.start not in OFFSETS:
            epoch_ms(self.start, "--start", ", ".join(OFFSETS))
        if self.until not in (None, "latest"):
            epoch_ms(str(self.until), "--until", "latest")


def java_properties(text: str) -> dict[str, str]:
    """Return the content of a file of Java properties."""
    found = {}
    lines = iter(re.split(r"\r\n|\r|\n", text))
    for each in lines:
        line = each.lstrip()
        if line.startswith(("#", "!")):
            continue
        while (len(line) - len(line.rstrip("\\"))) % 2:
            line = line[:-1] + next(lines, "").lstrip()
        if (pair := _PAIR.fullmatch(line)) is not None and line:
            found[_ESCAPE.sub(_unescaped, pair[1])] = _ESCAPE.sub(_unescaped, pair[2])
    return found


def _unescaped(escape: re.Match[str]) -> str:
    code = escape[1]
    return chr(int(code[1:], 16)) if len(code) > 1 else {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}.get(code, code)


def for_connector(text: str) -> str:
    """Return properties with Kafka's classes, such as login modules, under the names they have in the connector."""
    return re.sub(r"(?<![\w.])org\.apache\.kafka\.", "org.apache.flink.kafka.shaded.org.apache.kafka.", text)


def epoch_ms(text: str, flag: str, words: str) -> int:
    """Return a time, in ISO 8601 with a zone or in epoch milliseconds, as the latter; raise UsageError for another."""
    if text.isascii() and text.isdigit():
        return int(text)
    try:
        time = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        time = None
    if time is None or time.tzinfo is None:
        raise UsageError(f"{flag} takes {words}, or a time with its zone such as 2026-01-31T09:00:00Z, not {text!r}.")
    return int(time.timestamp() * 1000)
