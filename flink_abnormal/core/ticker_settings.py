"""Every option of the ticker, the second job."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from flink_abnormal.core.errors import UsageError
from flink_abnormal.core.kafka_settings import OFFSETS, KafkaSettings, epoch_ms
from flink_abnormal.core.option import Option, build, option, tree
from flink_abnormal.core.settings import MAX_PARALLELISM, LayoutSettings, StateSettings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

TICKER_TOPIC: Final = "upbit-ticker"
AGGREGATES_TOPIC: Final = "upbit-ticker-aggregates"
DEAD_LETTERS_TOPIC: Final = "upbit-ticker-dead-letters"


@dataclass(frozen=True)
class TickerOptions:
    """What is read, and where the aggregates go."""

    topic: str = option(TICKER_TOPIC, "--topic", "text", "The topic of ticks.")
    aggregates_topic: str = option(AGGREGATES_TOPIC, "--aggregates-topic", "text", "The topic of aggregates.")
    dead_letters_topic: str = option(
        DEAD_LETTERS_TOPIC, "--dead-letters-topic", "text", "The topic of unusable and late ticks."
    )
    price_above: int = option(50_000_000, "--price-above", "integer", "Print ticks above this price.", minimum=0)
    group: str = option("flink-abnormal-ticker", "--group", "text", "The consumer group, for others to see.")
    start: str = option(
        "earliest", "--start", "text", "Where a job without a snapshot begins: earliest, latest, committed or a time."
    )
    until: str | None = option(None, "--until", "text", "End at the ticks that exist at the start (latest).")
    idleness_ms: int = option(
        30_000, "--idleness", "duration", "A partition that is silent this long is not waited for.", minimum=100
    )
    delivery: str = option(
        "exactly-once", "--delivery", "choice", "How aggregates are written.", choices=("exactly-once", "at-least-once")
    )
    transactional_id_prefix: str = option(
        "flink-abnormal-ticker", "--transactional-id-prefix", "text", "The names of this job's transactions."
    )
    parallelism: int = option(
        3, "--parallelism", "integer", "Subtasks of each step.", minimum=1, maximum=MAX_PARALLELISM
    )


@dataclass(frozen=True)
class TickerSettings:
    """All options of the ticker."""

    ticker: TickerOptions = field(default_factory=TickerOptions)
    kafka: KafkaSettings = field(default_factory=KafkaSettings)
    state: StateSettings = field(default_factory=StateSettings)

    @property
    def layout(self) -> LayoutSettings:
        """One slot holds a subtask of every step."""
        each = self.ticker.parallelism
        return LayoutSettings(each, each, each, "shared")

    @property
    def embedded_layout(self) -> LayoutSettings:
        """The same: no Python takes part."""
        return self.layout

    @property
    def bounded(self) -> bool:
        """Whether --until ends the run."""
        return self.ticker.until is not None

    @property
    def transactions(self) -> str:
        """The prefix of the job's transactions, or empty if it has none."""
        return self.ticker.transactional_id_prefix if self.ticker.delivery == "exactly-once" else ""

    def description(self) -> str:
        """Return what the job reads."""
        return f"Topic {self.ticker.topic}"

    def published(self) -> dict[str, str]:
        """Return the options that watchers see."""
        return {"source": "kafka", "topics": self.ticker.topic, "live": "false", "sinks": "kafka"}

    def check(self) -> None:
        """Raise UsageError for conflicting options."""
        self.kafka.check(used=True)
        if self.ticker.start not in OFFSETS:
            epoch_ms(self.ticker.start, "--start", ", ".join(OFFSETS))
        if self.ticker.until not in (None, "latest"):
            raise UsageError(f"--until takes latest, not {self.ticker.until!r}.")


GROUPS: Final = {"Kafka": KafkaSettings, "Ticker": TickerOptions, "State and fault tolerance": StateSettings}


def options() -> Iterator[tuple[str, str, Option, Any]]:
    """Yield (group, name, option, default) of each option."""
    return tree(TickerSettings, "", GROUPS)


def from_values(values: Mapping[str, Any]) -> TickerSettings:
    """Return checked settings from the values of all options, by name."""
    settings: TickerSettings = build(TickerSettings, values)
    settings.check()
    return settings
