"""The contrast of every pair of colours that the page puts together, by the formula of WCAG 2."""

import re
from dataclasses import asdict, replace

import dashboard_samples as samples
import pytest

from dashboard.pages import charts, cluster_picture, pipeline_picture
from dashboard.pages.panels import lessons
from dashboard.pages.texts import Texts
from dashboard.pages.theme import DARK, LIGHT, css

TONES = ("accent", "ok", "warn", "bad", "idle")
BOTH = pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
EN = Texts("en")


def luminance(colour):
    """Return the relative luminance of #rrggbb."""
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    """Return the contrast of two colours, 1 to 21."""
    darker, lighter = sorted([luminance(one), luminance(other)])
    return (lighter + 0.05) / (darker + 0.05)


def too_low(colours, pairs, least):
    """Return the pairs of names whose contrast is below `least`."""
    named = asdict(colours)
    return {(one, other): round(contrast(named[one], named[other]), 2) for one, other in pairs
            if contrast(named[one], named[other]) < least}  # fmt: skip


def test_the_formula_gives_the_figures_that_wcag_gives():
    assert (contrast("#ffffff", "#000000"), round(contrast("#ffffff", "#5898d4"), 2)) == (21, 3.06)


@BOTH
def test_text_can_be_read_on_the_ground_and_on_cards(colours):
    pairs = [(text, under) for text in ("text", "muted") for under in ("ground", "card")]
    assert too_low(colours, pairs, 4.5) == {}


@BOTH
def test_each_tone_can_be_read_as_text_on_the_page_on_cards_and_on_its_own_fill(colours):
    pairs = [(tone, under) for tone in TONES for under in ("ground", "card", f"{tone}_fill")]
    assert too_low(colours, pairs, 4.5) == {}


@BOTH
def test_text_can_be_read_on_each_fill(colours):
    pairs = [("text", f"{tone}_fill") for tone in TONES]
    assert too_low(colours, pairs, 4.5) == {}


@BOTH
def test_borders_bars_and_lines_of_shapes_stand_out(colours):
    pairs = [(shape, under) for shape in (*TONES, "shape") for under in ("ground", "card")]
    assert too_low(colours, pairs, 3) == {}


@BOTH
def test_parts_of_one_bar_that_touch_differ_from_the_card_between_them(colours):
    assert too_low(colours, [("bad", "card"), ("warn", "card"), ("ok", "card")], 3) == {}


def test_every_colour_is_a_variable_of_the_style_sheet_in_both_themes():
    light, dark = css().split("\nbody.body--dark ")
    for colours, block in ((LIGHT, light), (DARK, dark)):
        told = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", block))
        assert told == {name.replace("_", "-"): value for name, value in asdict(colours).items()}


def drawn(colours):
    """Return the options of every chart and picture."""
    whole = samples.wounded()
    job = whole.details[samples.JOB]
    worn = replace(whole, taskmanagers=(replace(whole.taskmanagers[0], free=1), *whole.taskmanagers[1:]))
    crowd = samples.many()
    healthy = samples.healthy()
    return {
        "live": charts.live(job.live, EN, colours),
        "durations": charts.checkpoint_durations(job.checkpoints.history, EN, colours),
        "sizes": charts.checkpoint_sizes(job.checkpoints.history, EN, colours),
        "alerts": charts.alerts_per_minute(job.alerts, EN, colours),
        "recoveries": charts.recoveries(whole.recoveries, EN, colours),
        "heatmap": charts.heatmap(crowd.details[samples.JOB], colours),
        "workers": charts.workers(worn, colours, EN)[0],
        "cluster": cluster_picture.draw(worn, job, EN, colours, 700),
        "pipeline": pipeline_picture.draw(job, EN, colours, 700),
        "lesson of a checkpoint": lessons.checkpoint(job, EN, colours, 700),
        "lesson of a recovery": lessons.recovery(whole.recoveries[0], EN, colours, 700),
        "whole cluster": cluster_picture.draw(healthy, healthy.details[samples.JOB], EN, colours, 700),
        "whole pipeline": pipeline_picture.draw(healthy.details[samples.JOB], EN, colours, 700),
    }


def colours_in(options, key=""):
    """Return the values of all keys that end in color."""
    if isinstance(options, dict):
        return {found for name, value in options.items() for found in colours_in(value, name)}
    if isinstance(options, list):
        return {found for value in options for found in colours_in(value, key)}
    return {options} if key.lower().endswith("color") else set()


@BOTH
def test_every_colour_of_every_chart_and_picture_is_the_palettes(colours):
    known = {*asdict(colours).values(), "transparent"}
    foreign = {name: colours_in(options) - known for name, options in drawn(colours).items()}
    assert {name: found for name, found in foreign.items() if found} == {}
    assert {name for name, options in drawn(colours).items() if not colours_in(options)} == set()


@BOTH
def test_no_series_is_left_to_echarts_own_colours(colours):
    uncoloured = []
    for name, options in drawn(colours).items():
        for series in options["series"]:
            items = [series, *(item for item in series["data"] if isinstance(item, dict))]
            if "visualMap" not in options and not any("color" in item.get("itemStyle", {}) for item in items):
                uncoloured.append(name)
    assert uncoloured == []
