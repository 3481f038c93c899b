"""Options of the sources, and of the records that they give."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Final

from flink_abnormal.core.durations import duration_text
from flink_abnormal.core.errors import UsageError
from flink_abnormal.core.option import option
from flink_abnormal.core.values import normal_text, split_names

SSHD_FIELDS: Final = ("name", "address")
"""Possible parts of a user in --format sshd."""


class DrawnSeed(int):
    """A seed drawn by `--seed random`, different on each run."""


class SourceSettings(ABC):
    """What the options of every source provide."""

    @property
    @abstractmethod
    def bounded(self) -> bool:
        """Whether the input ends by itself."""

    @property
    def reads_records(self) -> bool:
        """Whether events are parsed from records, using `FormatSettings`."""
        return True

    @abstractmethod
    def check(self, *, chosen: bool) -> None:
        """Raise UsageError for invalid options, or options of a source that is not chosen."""

    @abstractmethod
    def published(self) -> dict[str, str]:
        """Return the job parameters `users`, `interval` and `seed`; empty if they do not apply."""


@dataclass(frozen=True)
class RandomSettings(SourceSettings):
    """Options of the simulated users."""

    users: int = option(3, "--users", "integer", "How many users to simulate.", minimum=1, maximum=1_000_000)
    interval_ms: int = option(
        5_000, "--interval", "duration", "Time between two events of a user, from 1ms.", minimum=1
    )
    abnormal_rate: float = option(0.3, "--abnormal-rate", "rate", "Share of abnormal events, 0 to 1.")
    seed: int = option(93, "--seed", "seed", "Makes the events repeatable; 'random' draws one each time.")
    events: int | None = option(
        None, "--events", "integer", "End after this many events per user. Default: never.", minimum=1
    )
    emit_log: bool = option(True, "--emit-log/--no-emit-log", "flag", "Print each event as it is generated.")

    @property
    def bounded(self) -> bool:
        """Whether --events limits the run."""
        return self.events is not None

    @property
    def reads_records(self) -> bool:
        """False: events are generated."""
        return False

    def check(self, *, chosen: bool) -> None:  # noqa: ARG002
        """Raise UsageError for a rate outside 0 to 1."""
        if not 0 <= self.abnormal_rate <= 1:
            raise UsageError(f"--abnormal-rate is a share from 0 to 1, not {self.abnormal_rate}.")

    def published(self) -> dict[str, str]:
        """Return the options that make the run repeatable."""
        return {"users": str(self.users), "interval": duration_text(self.interval_ms), "seed": str(self.seed)}


@dataclass(frozen=True)
class FileSettings(SourceSettings):
    """Options of the file source."""

    input: str | None = option(None, "--input", "path", "A file or a folder to read; needed by --source files.")
    follow: bool = option(False, "--follow/--no-follow", "flag", "Continue with files that are moved into the folder.")
    forget_ms: int = option(
        86_400_000,
        "--forget",
        "duration",
        "follow: forget a file that has been gone this long; one of its name then counts as new.",
        minimum=1_000,
    )

    @property
    def bounded(self) -> bool:
        """Whether the run ends with the files present at the start."""
        return not self.follow

    def published(self) -> dict[str, str]:
        """Return empty values: these options belong to simulated users."""
        return {"users": "", "interval": "", "seed": ""}

    def check(self, *, chosen: bool) -> None:
        """Raise UsageError if --input is missing, or given with another source."""
        if chosen and self.input is None:
            raise UsageError("--source files reads from --input, which is missing: add --input FILE or FOLDER.")
        if not chosen and self.input is not None:
            raise UsageError("--input is read by --source files only: add --source files, or leave --input out.")


@dataclass(frozen=True)
class FormatSettings:
    """How records are parsed, independent of the source."""

    format: str = option("jsonl", "--format", "choice", "What a line contains.", choices=("jsonl", "sshd"))
    user_field: str | None = option(
        None,
        "--user-field",
        "text",
        "The field that names the user, or several separated by commas. Default: userId, for sshd name.",
    )
    abnormal_field: str = option(
        "isAbnormal", "--abnormal-field", "text", "jsonl: the field that marks abnormal events."
    )
    abnormal_values: tuple[str, ...] = option(
        (), "--abnormal-values", "texts", "jsonl: values that mean abnormal, separated by commas. Default: true."
    )
    normal_values: tuple[str, ...] = option(
        (), "--normal-values", "texts", "jsonl: values that mean normal. If given alone, any other is abnormal."
    )
    timestamp_field: str = option(
        "timestamp",
        "--timestamp-field",
        "text",
        "jsonl: the field that holds the time. kafka: @message-time is the message's own.",
    )
    year: int | None = option(
        None,
        "--year",
        "integer",
        "sshd: the year of a file's first line, if headers have none.",
        minimum=1970,
        maximum=9999,
    )

    @property
    def values(self) -> tuple[str, ...]:
        """The values of --abnormal-values and --normal-values."""
        return tuple(map(normal_text, (*self.abnormal_values, *self.normal_values))) if self.format == "jsonl" else ()

    def check(self) -> None:
        """Raise UsageError for impossible user fields or values."""
        names = split_names(self.user_field or "name")
        if not names:
            raise UsageError("--user-field names no field: write a name, or several separated by commas.")
        if self.format == "sshd" and self.user_field is not None and (other := set(names) - set(SSHD_FIELDS)):
            raise UsageError(
                f"--user-field of --format sshd takes name, address, or name,address, not {', '.join(sorted(other))}."
            )
        if both := set(map(normal_text, self.abnormal_values)) & set(map(normal_text, self.normal_values)):
            raise UsageError(
                f"--abnormal-values and --normal-values both contain {', '.join(sorted(both))}: a value can mean only "
                "one of them."
            )
