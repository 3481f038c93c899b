"""Recovery: the loss, when it was noticed, the restored checkpoint, and the duration of each part."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from nicegui import ui

from dashboard.pages import charts, strike, words
from dashboard.pages.view import Card, Chart, replace_classes, visible

if TYPE_CHECKING:
    from dashboard.pages.texts import Texts
    from dashboard.pages.view import View
    from flink_abnormal.core.recovery import Recovery, Step, StepKind

SHOWN: Final = 10
_ICONS: Final = {
    "lost": ("bad", "bolt"),
    "noticed": ("warn", "visibility"),
    "silent": ("bad", "wifi_off"),
    "leader": ("accent", "star"),
    "forgotten": ("warn", "help"),
    "submitted": ("accent", "publish"),
    "restored": ("accent", "restore"),
    "slots": ("ok", "add_circle"),
    "running": ("ok", "check_circle"),
    "failed": ("bad", "cancel"),
}
_WHY: Final[dict[StepKind, str]] = {"noticed": "why-all-stop", "restored": "why-one-checkpoint"}
"""A learner's question at a step."""


class RecoveriesPanel:
    """The newest recoveries, each with its timeline, and a chart to compare them."""

    def __init__(self, texts: Texts) -> None:
        with ui.element("div").classes("grid"):
            with Card(texts("recovery"), texts) as self._card:
                self._stories = [Story()]
            with Card(texts("recovery-chart"), texts) as self._chart_card:
                self._chart = Chart("240px", label=texts("recovery-chart"))

    def show(self, view: View) -> None:
        """Show the recoveries, newest first."""
        found = view.snapshot.recoveries[:SHOWN]
        self._card.age.show(view.snapshot.jobs_at, view.now)
        while len(self._stories) < len(found):
            with self._card.frame:
                self._stories.append(Story())
        self._stories[0].show(next(iter(found), None), view)
        for story, recovery in zip(self._stories[1:], [*found[1:], *[None] * SHOWN], strict=False):
            visible(story.frame, recovery is not None)
            if recovery is not None:
                story.show(recovery, view)
        ended = [each for each in view.snapshot.recoveries if each.running_at is not None]
        visible(self._chart_card.frame, bool(ended))
        if ended:
            self._chart_card.age.show(view.snapshot.jobs_at, view.now)
            description = view.texts("recovery-chart")
            self._chart.show(charts.recoveries(ended, view.texts, view.colours), description)


class Story:
    """One recovery: a line of summary, and its timeline."""

    def __init__(self) -> None:
        self._shown: object = None
        self.frame = ui.element("div").classes("w-full nicegui-column")
        with self.frame:
            with ui.element("div").classes("w-full nicegui-column") as self._none:
                self._hint = ui.label().classes("note")
                with ui.element("code") as self._code:
                    self._command = ui.label().style("display: inline")
            with ui.row().classes("head") as self._head:
                self._what = ui.label().style("font-weight: 650")
                self._sum = ui.label().classes("pill ok")
                self._when = ui.label().classes("note")
            self._timeline = ui.element("ol").classes("steps")

    def show(self, recovery: Recovery | None, view: View) -> None:
        """Show a recovery, or a hint if there was none."""
        texts = view.texts
        visible(self._none, recovery is None)
        visible(self._head, recovery is not None)
        visible(self._timeline, recovery is not None)
        if recovery is None:
            self._tell_how(view)
            return
        self._what.text = f"{texts(f'cause-{recovery.cause}')}: {', '.join(recovery.lost) or recovery.job_name}"
        text, colour = summary(recovery, view.now, texts)
        self._sum.text = text
        replace_classes(self._sum, f"pill {colour}")
        self._when.text = words.moment(recovery.began)
        if (recovery.id, recovery.steps) != self._shown:
            self._shown = (recovery.id, recovery.steps)
            self._draw(recovery, texts)

    def _tell_how(self, view: View) -> None:
        """Show how to lose a TaskManager on purpose."""
        found = strike.how(view.snapshot, view.job)
        told = [view.texts("recovery-none")]
        if found is not None:
            place = {"name": found.victim.name, "host": found.victim.host}
            told.append(view.texts("recovery-try" if found.command else "recovery-try-there", **place))
        self._hint.text = " ".join(told)
        self._command.text = (found.command if found else None) or ""
        visible(self._code, bool(self._command.text))

    def _draw(self, recovery: Recovery, texts: Texts) -> None:
        self._timeline.clear()
        with self._timeline:
            for step in recovery.steps:
                colour, icon = _ICONS[step.kind]
                with ui.element("li"):
                    ui.label(f"+{max(step.at - recovery.began, 0):.1f} {texts('unit-s')}").classes("after")
                    ui.icon(icon).classes(f"dot {colour}")
                    with ui.element("div"):
                        ui.label(sentence(step, texts)).classes("told")
                        if step.kind in _WHY:
                            ui.label(texts(_WHY[step.kind])).classes("note")


def summary(recovery: Recovery, now: float, texts: Texts) -> tuple[str, str]:
    """Return a recovery's status, and its tone."""
    if recovery.failed:
        return texts("recovery-failed"), "bad"
    if recovery.running_at is None:
        return texts("recovering", duration=words.elapsed(now - recovery.began, texts)), "warn"
    return texts("recovered-in", duration=words.duration(recovery.running_at - recovery.began, texts)), "ok"


def sentence(step: Step, texts: Texts) -> str:
    """Return a step's sentence."""
    key = f"step-{step.kind}"
    if (step.kind == "noticed" and step.number is None) or (step.kind == "leader" and not step.subject):
        return texts(f"{key}-bare")
    if step.kind == "failed" and step.subject == "forgotten":
        return texts(f"{key}-forgotten")
    return texts(key, subject=step.subject, number=step.number, total=step.total)
