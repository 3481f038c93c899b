"""Every option of the job in one typed tree; each default is defined here and nowhere else.

A field made by `option(...)` is a command-line flag and a YAML key. `cli/options.py` turns the tree into click options;
a test checks the README's table against it.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from flink_abnormal.core.durations import duration_text
from flink_abnormal.core.errors import UsageError
from flink_abnormal.core.kafka_settings import KafkaSettings, KafkaSourceSettings
from flink_abnormal.core.option import Option, build, option, tree
from flink_abnormal.core.source_settings import FileSettings, FormatSettings, RandomSettings, SourceSettings
from flink_abnormal.core.time_settings import MESSAGE_TIME, TimeSettings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MAX_PARALLELISM: Final = 120
"""Key groups. 120 sends user1, user2 and user3 to three subtasks of three; 128 would leave one idle."""
DEFAULT_PARALLELISM: Final = 3

CHECKPOINT_DIR_VARIABLE: Final = "FLINK_ABNORMAL_CHECKPOINT_DIR"
"""Overrides the default of --checkpoint-dir: in a container, the folder shared by all containers."""

Mode = Literal["thread", "process"]


@dataclass(frozen=True)
class DetectionSettings:
    """Options of the rule, and of what applies it."""

    engine: str = option(
        "python",
        "--engine",
        "choice",
        "What detects: Python, or Java parts that come with it and are faster.",
        choices=("python", "jvm"),
    )
    threshold: int = option(3, "--threshold", "integer", "Abnormal events in a row that raise an alert.", minimum=1)
    within_ms: int | None = option(
        None,
        "--within",
        "duration",
        "The abnormal events in a row must lie within this span of event time. Default: any span.",
        minimum=1,
    )
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
        ("print",), "--sink", "choices", "Where alerts go; may be repeated.", choices=("print", "files", "kafka")
    )
    output: str | None = option(None, "--output", "path", "The folder of --sink files.")
    append: bool = option(False, "--append/--no-append", "flag", "Write into a folder that is not empty.")
    roll_ms: int = option(
        120_000, "--roll", "duration", "files: an unbounded run finishes a file this often.", minimum=1_000
    )
    alerts_topic: str | None = option(None, "--alerts-topic", "text", "kafka: the topic of alerts.")
    dead_letters_topic: str | None = option(
        None, "--dead-letters-topic", "text", "kafka: the topic of unusable records."
    )
    delivery: str = option(
        "exactly-once",
        "--delivery",
        "choice",
        "kafka: exactly-once writes in transactions, which read_committed consumers see with each checkpoint; "
        "at-least-once at once, and again after a recovery.",
        choices=("exactly-once", "at-least-once"),
    )
    transactional_id_prefix: str | None = option(
        None,
        "--transactional-id-prefix",
        "text",
        "kafka: the names of this job's transactions; no other job may have the same. Default: flink-abnormal- and the "
        "topic of alerts.",
    )

    @property
    def in_transactions(self) -> bool:
        """Whether alerts are written in Kafka's transactions."""
        return "kafka" in self.sinks and self.delivery == "exactly-once"

    @property
    def transactional_prefix(self) -> str:
        """The given or the default prefix of this job's transactions."""
        return self.transactional_id_prefix or f"flink-abnormal-{self.alerts_topic}"

    def check(self) -> None:
        """Raise UsageError for conflicting options."""
        if not self.sinks:
            raise UsageError("--sink needs a value: print, files or kafka.")
        if self.output is not None and ":/" in self.output:
            raise UsageError(f"--output takes the path of a folder, not the address {self.output}.")
        if "files" in self.sinks and self.output is None:
            raise UsageError("--sink files writes below --output, which is missing: add --output FOLDER.")
        if "files" not in self.sinks and self.output is not None:
            raise UsageError("--output is used by --sink files only: add --sink files, or leave --output out.")
        if "kafka" in self.sinks and self.alerts_topic is None:
            raise UsageError("--sink kafka writes to --alerts-topic, which is missing: add --alerts-topic NAME.")
        if "kafka" not in self.sinks and (self.alerts_topic or self.dead_letters_topic):
            raise UsageError(
                "--alerts-topic and --dead-letters-topic are used by --sink kafka only: add --sink kafka, or leave "
                "them out."
            )


@dataclass(frozen=True)
class LayoutSettings:
    """Distribution over slots. A parallelism of None means Flink's configured default, else 3."""

    source_parallelism: int | None = option(
        None,
        "--source-parallelism",
        "integer",
        "Subtasks that read or generate events. Default: 3.",
        minimum=1,
        maximum=MAX_PARALLELISM,
    )
    process_parallelism: int | None = option(
        None,
        "--process-parallelism",
        "integer",
        "Subtasks that detect. Default: 3; 1 if embedded Python reads files or topics.",
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

    @property
    def alone(self) -> bool:
        """Whether one subtask reads and one detects: no event has to go elsewhere."""
        return self.source_parallelism == self.process_parallelism == 1


@dataclass(frozen=True)
class StateSettings:
    """State, checkpoints, and Python's execution mode."""

    checkpoint_interval_ms: int = option(
        10_000, "--checkpoint-interval", "duration", "Time between two checkpoints.", minimum=10
    )
    checkpoint_dir: str = option(
        "file:///tmp/flink-checkpoints", "--checkpoint-dir", "path", "Where checkpoints go: a folder or a URI."
    )
    aligned: bool = option(False, "--aligned/--unaligned", "flag", "Align checkpoint barriers.")
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
        "Start from a savepoint or checkpoint; 'latest' is the newest below --checkpoint-dir, 'auto' the same, if "
        "there is one.",
    )

    @property
    def mode(self) -> Mode:
        """The chosen execution mode, else thread, as if the cluster's machines had Python's shared library."""
        return self.execution_mode or "thread"


@dataclass(frozen=True)
class Settings:
    """All options of the job."""

    source: str = option(
        "random", "--source", "choice", "Where events come from.", choices=("random", "files", "kafka")
    )
    random: RandomSettings = field(default_factory=RandomSettings)
    files: FileSettings = field(default_factory=FileSettings)
    kafka_source: KafkaSourceSettings = field(default_factory=KafkaSourceSettings)
    kafka: KafkaSettings = field(default_factory=KafkaSettings)
    records: FormatSettings = field(default_factory=FormatSettings)
    time: TimeSettings = field(default_factory=TimeSettings)
    detection: DetectionSettings = field(default_factory=DetectionSettings)
    sink: SinkSettings = field(default_factory=SinkSettings)
    layout: LayoutSettings = field(default_factory=LayoutSettings)
    state: StateSettings = field(default_factory=StateSettings)

    @property
    def sources(self) -> dict[str, SourceSettings]:
        """The options of each source, by name."""
        return {"random": self.random, "files": self.files, "kafka": self.kafka_source}

    @property
    def chosen_source(self) -> SourceSettings:
        """The options of the chosen source."""
        return self.sources[self.source]

    @property
    def bounded(self) -> bool:
        """Whether the input ends by itself."""
        return self.chosen_source.bounded

    @property
    def embedded_layout(self) -> LayoutSettings:
        """The layout of an embedded run: its one JVM has one Python lock, for which several detectors would queue."""
        at_full_speed = self.chosen_source.reads_records and self.detection.engine == "python"
        if at_full_speed and self.state.mode == "thread" and self.layout.process_parallelism is None:
            return replace(self.layout, process_parallelism=1)
        return self.layout

    @property
    def transactions(self) -> str:
        """The prefix of the job's transactions, or empty if it has none."""
        return self.sink.transactional_prefix if self.sink.in_transactions else ""

    def description(self) -> str:
        """Return what the job reads, for its first line."""
        seed = self.chosen_source.published()["seed"]
        return f"Source {self.source}{f', seed {seed}' if seed else ''}"

    def published(self) -> dict[str, str]:
        """Return the options that watchers see of this job alone (`core/published.py`)."""
        output = str(Path(self.sink.output).absolute()) if self.sink.output else ""
        return {
            "source": self.source,
            **self.chosen_source.published(),
            "time": self.time.time,
            "engine": self.detection.engine,
            "threshold": str(self.detection.threshold),
            "within": duration_text(self.detection.within_ms) if self.detection.within_ms else "",
            "live": str(self.detection.live).lower(),
            "sinks": ",".join(self.sink.sinks),
            "output": output,
        }

    @property
    def values(self) -> tuple[str, ...]:
        """The values expected in the input, if any are configured."""
        return self.records.values if self.chosen_source.reads_records else ()

    def check(self) -> None:
        """Raise UsageError for conflicting options."""
        for name, source in self.sources.items():
            source.check(chosen=name == self.source)
        self.kafka.check(used=self.source == "kafka" or "kafka" in self.sink.sinks)
        self.records.check()
        self.time.check(reads_records=self.chosen_source.reads_records)
        if self.detection.within_ms is not None and not self.time.event:
            raise UsageError("--within is a span of event time: add --time event, or leave it out.")
        if self.records.timestamp_field == MESSAGE_TIME and self.source != "kafka":
            raise UsageError(f"--timestamp-field {MESSAGE_TIME} is the time of a Kafka message: add --source kafka.")
        self.sink.check()
        if self.chosen_source.reads_records and self.sink.sinks == ("kafka",) and not self.sink.dead_letters_topic:
            raise UsageError(
                "--sink kafka has no place for unusable records: add --dead-letters-topic NAME, or another --sink."
            )


GROUPS: Final = {
    "Source: random": RandomSettings,
    "Source: files": FileSettings,
    "Source: kafka": KafkaSourceSettings,
    "Kafka": KafkaSettings,
    "Records": FormatSettings,
    "Event time": TimeSettings,
    "Detection": DetectionSettings,
    "Sinks": SinkSettings,
    "Parallelism and slots": LayoutSettings,
    "State and fault tolerance": StateSettings,
}


def options() -> Iterator[tuple[str, str, Option, Any]]:
    """Yield (group, name, option, default) of each option; names are unique across the tree."""
    return tree(Settings, "Source", GROUPS)


def default_checkpoint_dir() -> str:
    """Return the value of --checkpoint-dir if it is not given."""
    return os.environ.get(CHECKPOINT_DIR_VARIABLE) or StateSettings.checkpoint_dir


def from_values(values: Mapping[str, Any]) -> Settings:
    """Return checked settings from the values of all options, by name."""
    settings: Settings = build(Settings, values)
    settings.check()
    return settings
