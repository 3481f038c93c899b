"""A drill's report: a table, a verdict, and the same as JSON. Pure, except for printing."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from io import StringIO
from statistics import median
from typing import TYPE_CHECKING, Any, Final

from rich import box
from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from flink_abnormal.drill.timeline import Line
    from flink_abnormal.drill.verification import Comparison

MARKDOWN_WIDTH: Final = 240


@dataclass
class StrikeResult:
    """A strike and its result; seconds count from the strike, None for what did not occur.

    `at` is the strike's time in epoch seconds.
    """

    kind: str
    victim: str
    tasks: int
    slots: int
    slots_used: int
    slots_total: int
    noticed_s: float | None = None
    not_running: int = 0
    restored_checkpoint: int | None = None
    recovered_s: float | None = None
    failure: str | None = None
    timeline: list[Line] = field(default_factory=list)
    at: float | None = None


@dataclass
class DrillReport:
    """The whole drill."""

    drill: str
    on: str
    seed: int
    slots: str
    strikes: list[StrikeResult] = field(default_factory=list)
    alerts: Comparison | None = None
    tampered: str | None = None
    failures: list[str] = field(default_factory=list)

    def problems(self) -> list[str]:
        """Return one sentence per problem."""
        found = [f"{each.kind}: {each.failure}" for each in self.strikes if each.failure] + self.failures
        return found + (self.alerts.sentences() if self.alerts is not None else ["The alerts were not compared."])

    def medians(self) -> dict[str, dict[str, float]]:
        """Return each kind of strike's median seconds until noticed and until recovered."""
        kinds = list(dict.fromkeys(each.kind for each in self.strikes))
        return {
            kind: found for kind in kinds if (found := _medians([each for each in self.strikes if each.kind == kind]))
        }

    def to_json(self) -> dict[str, Any]:
        """Return the report in types that JSON supports."""
        strikes = [
            {**asdict(each), "timeline": [{"seconds": round(s, 2), "text": text} for s, text in each.timeline]}
            for each in self.strikes
        ]
        for each in strikes:
            for key in ("at", "noticed_s", "recovered_s"):
                each[key] = None if each[key] is None else round(each[key], 2)
        return {
            "drill": self.drill,
            "on": self.on,
            "seed": self.seed,
            "slots": self.slots,
            "verdict": "failed" if self.problems() else "passed",
            "problems": self.problems(),
            "strikes": strikes,
            "medians": self.medians(),
            "alerts": _alerts(self.alerts),
            "tampered": self.tampered,
        }

    def tables(self) -> list[Table]:
        """Return a table of all strikes, and one of the medians if a kind was struck more than once."""
        each = self._strikes()
        return [each, self._medians()] if len(self.strikes) > len({struck.kind for struck in self.strikes}) else [each]

    def to_markdown(self) -> str:
        """Return the verdict and the tables as Markdown."""
        page = Console(file=StringIO(), width=MARKDOWN_WIDTH)
        for table in reversed(self.tables()):  # the summary comes first
            table.box = box.MARKDOWN
            page.print(table)
        verdict = "\n".join(f"- {each}" for each in self.problems()) or self.verdict()
        rows = "\n".join(line.strip() for line in str(page.file.getvalue()).splitlines())  # type: ignore[attr-defined]
        return f"# Drill: {self.drill}\n\nOn: {self.on}; seed {self.seed}; slots {self.slots}.\n\n{verdict}\n{rows}\n"

    def _strikes(self) -> Table:
        table = Table("", "Strike", "Victim", "Slots used", "Noticed", "Not running", "Restored from", "All well after")
        for number, each in enumerate(self.strikes, 1):
            table.add_row(
                str(number),
                each.kind,
                each.victim,
                f"{each.slots_used} of {each.slots_total}",
                _seconds(each.noticed_s),
                str(each.not_running),
                "-" if each.restored_checkpoint is None else f"checkpoint {each.restored_checkpoint}",
                each.failure or _seconds(each.recovered_s),
            )
        return table

    def _medians(self) -> Table:
        table = Table("Strike", "Times", "Noticed, median", "All well after, median", "Longest")
        for kind, found in self.medians().items():
            struck = [each for each in self.strikes if each.kind == kind]
            longest = max(each.recovered_s for each in struck if each.recovered_s is not None)
            noticed, recovered = _seconds(found["noticed_s"]), _seconds(found["recovered_s"])
            table.add_row(kind, str(len(struck)), noticed, recovered, _seconds(longest))
        return table

    def verdict(self) -> str:
        """Return what a passed drill has proven, in one sentence."""
        compared = self.alerts
        if compared is None:
            return "The alerts were not compared."
        struck = f", after {len(self.strikes)} strike{'s' * (len(self.strikes) != 1)}" if self.strikes else ""
        return (
            f"{compared.committed} alerts committed, {compared.expected} expected{struck}: none missing, none twice, "
            "each user's counts in order."
        )


def _medians(struck: list[StrikeResult]) -> dict[str, float] | None:
    noticed = [each.noticed_s for each in struck if each.noticed_s is not None]
    recovered = [each.recovered_s for each in struck if each.recovered_s is not None]
    if not noticed or not recovered:
        return None
    return {"noticed_s": round(median(noticed), 2), "recovered_s": round(median(recovered), 2)}


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f} s"


def _alerts(compared: Comparison | None) -> dict[str, Any] | None:
    if compared is None:
        return None
    return {
        "expected": compared.expected,
        "committed": compared.committed,
        "missing": [alert._asdict() for alert in compared.missing],
        "doubled": [alert._asdict() for alert in compared.doubled],
        "unexpected": compared.unexpected,
        "outOfOrder": compared.out_of_order,
    }
