"""Every option of the job in one typed tree; each default is defined here and nowhere else.

A field made by `option(...)` is a command-line flag and a YAML key. `cli/options.py` turns the tree into click options;
a test checks the README's table against it.
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from flink_abnormal.core.durations import duration_text
from flink_abnormal.core.errors import UsageError
from flink_abnormal.core.values import normal_text, split_names

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MAX_PARALLELISM: Final = 120
"""Key groups. 120 sends user1, user2 and user3 to three subtasks of three; 128 would leave one idle."""
DEFAULT_PARALLELISM: Final = 3

CHECKPOINT_DIR_VARIABLE: Final = "FLINK_ABNORMAL_CHECKPOINT_DIR"
"""Overrides the default of --checkpoint-dir: in a container, the folder shared by all containers."""

SSHD_FIELDS: Final = ("name", "address")
"""Possible parts of a user in --format sshd."""

Mode = Literal["thread", "process"]


class DrawnSeed(int):
    """A seed drawn by `--seed random`, different on each run."""


class Option(NamedTuple):
    """A field's flag, kind of value and one-line help."""

    flag: str
    kind: Literal["choice", "choices", "duration", "flag", "integer", "path", "rate", "seed", "text", "texts"]
    help: str
    choices: tuple[str, ...] = ()
    minimum: int | None = None
    maximum: int | None = None


def option(default: Any, flag: str, kind: Any, help: str, **more: Any) -> Any:  # noqa: A002
    """Return a dataclass field that is also a command-line option."""
    return field(default=default, metadata={"option": Option(flag, kind, help, **more)})


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
    seed: int = option(93, "--seed", "seed", "Makes the events repeatable; 'random' takes another each time.")
    events: int | None = option(
        None, "--events", "integer", "End after this many events of each user. Default: never.", minimum=1
    )
    emit_log: bool = option(True, "--emit-log/--no-emit-log", "flag", "Print each event as it is made.")

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
    follow: bool = option(False, "--follow/--no-follow", "flag", "Go on with files that are moved into the folder.")
    forget_ms: int = option(
        86_400_000,
        "--forget",
        "duration",
        "follow: forget a file that has been gone this long; one of its name is new then.",
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

    format: str = option("jsonl", "--format", "choice", "What a line holds.", choices=("jsonl", "sshd"))
    user_field: str | None = option(
        None,
        "--user-field",
        "text",
        "The field that names the user, or several with commas between. Default: userId, for sshd name.",
    )
    abnormal_field: str = option("isAbnormal", "--abnormal-field", "text", "jsonl: the field that tells abnormal.")
    abnormal_values: tuple[str, ...] = option(
        (), "--abnormal-values", "texts", "jsonl: values that mean abnormal, with commas between. Default: true."
    )
    normal_values: tuple[str, ...] = option(
        (), "--normal-values", "texts", "jsonl: values that mean normal. Alone: any other is abnormal."
    )
    timestamp_field: str = option("timestamp", "--timestamp-field", "text", "jsonl: the field that tells the time.")
    year: int | None = option(
        None,
        "--year",
        "integer",
        "sshd: the year of a file's first line, for headers that have none.",
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
            raise UsageError("--user-field names no field: write a name, or several with commas between.")
        if self.format == "sshd" and self.user_field is not None and (other := set(names) - set(SSHD_FIELDS)):
            raise UsageError(
                f"--user-field of --format sshd takes name, address, or name,address, not {', '.join(sorted(other))}."
            )
        if both := set(map(normal_text, self.abnormal_values)) & set(map(normal_text, self.normal_values)):
            raise UsageError(
                f"--abnormal-values and --normal-values both hold {', '.join(sorted(both))}: a value means one of them."
            )


@dataclass(frozen=True)
class DetectionSettings:
    """Options of the rule."""

    threshold: int = option(3, "--threshold", "integer", "Abnormal events in a row that raise an alert.", minimum=1)
    live: bool = option(
        True,
        "--live/--no-live",
        "flag",
        "Publish users' counts and the latest alerts as metrics.",
    )


@dataclass(frozen=True)
class SinkSettings:
    """Destinations of alerts and dead letters."""

    sinks: tuple[str, ...] = option(
        ("print",), "--sink", "choices", "Where alerts go; may be given twice.", choices=("print", "files")
    )
    output: str | None = option(None, "--output", "path", "The folder of --sink files.")
    append: bool = option(False, "--append/--no-append", "flag", "Write into a folder that is not empty.")
    roll_ms: int = option(
        120_000, "--roll", "duration", "files: an endless run finishes a file this often.", minimum=1_000
    )

    def check(self) -> None:
        """Raise UsageError for conflicting options."""
        if not self.sinks:
            raise UsageError("--sink needs a value: print, files, or both.")
        if self.output is not None and ":/" in self.output:
            raise UsageError(f"--output takes the path of a folder, not the address {self.output}.")
        if "files" in self.sinks and self.output is None:
            raise UsageError("--sink files writes below --output, which is missing: add --output FOLDER.")
        if "files" not in self.sinks and self.output is not None:
            raise UsageError("--output is used by --sink files only: add --sink files, or leave --output out.")


@dataclass(frozen=True)
class LayoutSettings:
    """Distribution over slots. A parallelism of None means Flink's configured default, else 3."""

    source_parallelism: int | None = option(
        None,
        "--source-parallelism",
        "integer",
        "Subtasks that read or make events. Default: 3.",
        minimum=1,
        maximum=MAX_PARALLELISM,
    )
    process_parallelism: int | None = option(
        None,
        "--process-parallelism",
        "integer",
        "Subtasks that detect. Default: 3.",
        minimum=1,
        maximum=MAX_PARALLELISM,
    )
    sink_parallelism: int | None = option(
        None,
        "--sink-parallelism",
        "integer",
        "Subtasks that write. Default: 3.",
        minimum=1,
        maximum=MAX_PARALLELISM,
    )
    slots: str | None = option(
        None,
        "--slots",
        "choice",
        "isolated: source, process and sink in slots of their own; shared: one slot holds all three. "
        "Default: isolated on a cluster, shared embedded.",
        choices=("isolated", "shared"),
    )


@dataclass(frozen=True)
class StateSettings:
    """State, checkpoints, and Python's execution mode."""

    checkpoint_interval_ms: int = option(
        10_000, "--checkpoint-interval", "duration", "Time between two checkpoints.", minimum=10
    )
    checkpoint_dir: str = option(
        "file:///tmp/flink-checkpoints", "--checkpoint-dir", "path", "Where checkpoints go: a folder or a URI."
    )
    aligned: bool = option(False, "--aligned/--unaligned", "flag", "Let checkpoint barriers wait for one another.")
    backend: str = option(
        "hashmap", "--state-backend", "choice", "Where state lives while the job runs.", choices=("hashmap", "rocksdb")
    )
    execution_mode: Mode | None = option(
        None,
        "--execution-mode",
        "choice",
        "thread: Python inside the JVM; process: beside it. Default: thread, or process if Python's shared library is "
        "missing.",
        choices=("thread", "process"),
    )
    restore_from: str | None = option(
        None,
        "--from",
        "path",
        "Start from a savepoint or checkpoint; 'latest' is the newest below --checkpoint-dir, 'auto' the same if any.",
    )

    @property
    def mode(self) -> Mode:
        """The chosen execution mode, else thread, as if the cluster's machines had Python's shared library."""
        return self.execution_mode or "thread"


@dataclass(frozen=True)
class Settings:
    """All options of the job."""

    source: str = option("random", "--source", "choice", "Where events come from.", choices=("random", "files"))
    random: RandomSettings = field(default_factory=RandomSettings)
    files: FileSettings = field(default_factory=FileSettings)
    records: FormatSettings = field(default_factory=FormatSettings)
    detection: DetectionSettings = field(default_factory=DetectionSettings)
    sink: SinkSettings = field(default_factory=SinkSettings)
    layout: LayoutSettings = field(default_factory=LayoutSettings)
    state: StateSettings = field(default_factory=StateSettings)

    @property
    def sources(self) -> dict[str, SourceSettings]:
        """The options of each source, by name."""
        return {"random": self.random, "files": self.files}

    @property
    def chosen_source(self) -> SourceSettings:
        """The options of the chosen source."""
        return self.sources[self.source]

    @property
    def bounded(self) -> bool:
        """Whether the input ends by itself."""
        return self.chosen_source.bounded

    @property
    def values(self) -> tuple[str, ...]:
        """The values expected in the input, if any are configured."""
        return self.records.values if self.chosen_source.reads_records else ()

    def check(self) -> None:
        """Raise UsageError for conflicting options."""
        for name, source in self.sources.items():
            source.check(chosen=name == self.source)
        self.records.check()
        self.sink.check()


GROUPS: Final = {
    "Source: random": RandomSettings,
    "Source: files": FileSettings,
    "Records": FormatSettings,
    "Detection": DetectionSettings,
    "Sinks": SinkSettings,
    "Parallelism and slots": LayoutSettings,
    "State and fault tolerance": StateSettings,
}


def options() -> Iterator[tuple[str, str, Option, Any]]:
    """Yield (group, name, option, default) of each option; names are unique across the tree."""
    for owner, title in [(Settings, "Source"), *((kind, title) for title, kind in GROUPS.items())]:
        for each in fields(owner):
            if "option" in each.metadata:
                yield title, each.name, each.metadata["option"], each.default


def default_checkpoint_dir() -> str:
    """Return the value of --checkpoint-dir if it is not given."""
    return os.environ.get(CHECKPOINT_DIR_VARIABLE) or StateSettings.checkpoint_dir


def from_values(values: Mapping[str, Any]) -> Settings:
    """Return checked settings from the values of all options, by name."""
    branches: dict[str, Any] = {}
    for each in fields(Settings):
        if "option" in each.metadata:
            branches[each.name] = values[each.name]
        else:
            kind: Any = each.default_factory
            branches[each.name] = kind(**{leaf.name: values[leaf.name] for leaf in fields(kind)})
    settings = Settings(**branches)
    settings.check()
    return settings
