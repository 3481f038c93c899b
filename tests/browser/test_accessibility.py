"""What axe-core finds, and what the keyboard reaches."""

import itertools

import pytest
from browser_tools import TABS, go, pick_tab

# What axe-core can't decide itself, and who does. Everything else that it leaves open fails.
EXPLAINED = {
    "svg text": "text of a picture over its shapes: tests/unit/test_dashboard_theme.py computes those pairs of colours",
    "td.strip": "dots, not letters, with their words in aria-label; they have the colour of the table's text",
}
_RUN = """async explained => {
  const found = await axe.run(document, { resultTypes: ['violations', 'incomplete'] });
  const open = found.incomplete.map(rule => ({ ...rule, nodes: rule.nodes.filter(node =>
    !(rule.id === 'color-contrast' && document.querySelector(node.target.join(' '))?.matches(explained))) }));
  return [...found.violations, ...open]
    .flatMap(rule => rule.nodes.map(node => [rule.id, node.html, node.failureSummary]));
}"""
_CONTROLS = """() => [...document.querySelectorAll(
    'a[href], button, input, select, textarea, [tabindex]:not([tabindex="-1"])')]
  .filter(e => e.checkVisibility({ visibilityProperty: true }) && !e.disabled && e.tabIndex >= 0
          && !(e.matches('.q-tab') && e.tabIndex < 0))
  .map((e, place) => { e.dataset.control = place; return place; })"""
_FOCUSED = """() => {
  const e = document.activeElement, style = getComputedStyle(e.closest('.q-field') ?? e);
  const seen = style.outlineStyle === 'solid' && parseFloat(style.outlineWidth) >= 2;
  return [e.dataset.control ?? null, seen, e.outerHTML.slice(0, 160)];
}"""
LOOKS = [("en", True), ("ko", False)]  # each language and each theme once


def problems(page, axe):
    """Return what axe-core finds, and what it leaves open without an explanation."""
    for field in page.locator("input:not([readonly]):visible").all():
        field.fill("u")  # the contrast of an empty field can't be told; all samples have something with a u
    page.evaluate("document.activeElement.blur()")
    page.mouse.move(0, 0)
    page.wait_for_function("() => document.getAnimations().every(one => one.playState !== 'running')")
    page.evaluate(axe)
    return page.evaluate(_RUN, ", ".join(EXPLAINED))


@pytest.mark.parametrize(("language", "dark"), LOOKS)
def test_axe_finds_nothing_on_any_tab(page, server, axe, language, dark):
    go(page, server, "wounded", language=language, dark=dark)
    found = {}
    for tab in TABS:
        pick_tab(page, tab)
        found[tab] = problems(page, axe)
    assert found == {tab: [] for tab in TABS}


@pytest.mark.parametrize("sample", ["empty", "gone", "no-job"])
def test_axe_finds_nothing_while_something_is_missing(page, server, axe, sample):
    go(page, server, sample)
    assert problems(page, axe) == []


def test_axe_finds_nothing_in_a_crowd(page, server, axe):
    go(page, server, "many", dark=True)
    overview = problems(page, axe)
    pick_tab(page, "jobs")
    assert (overview, problems(page, axe)) == ([], [])


def test_axe_does_find_what_cannot_be_read(page, server, axe):
    go(page, server, "healthy")
    page.evaluate("document.querySelector('h1').style.color = '#dddddd'")
    assert [found[0] for found in problems(page, axe)] == ["color-contrast"]


@pytest.mark.parametrize("tab", TABS)
def test_the_tab_key_reaches_every_control_and_shows_where_it_is(page, server, tab):
    go(page, server, "wounded")
    pick_tab(page, tab)
    page.evaluate("document.activeElement.blur()")
    controls = [str(place) for place in page.evaluate(_CONTROLS)]
    reached, unseen = [], []
    for _ in range(len(controls) * 2):
        page.keyboard.press("Tab")
        control, seen, html = page.evaluate(_FOCUSED)
        if control in reached:
            break
        if control is not None:
            reached.append(control)
            if not seen:
                unseen.append(html)
    assert unseen == []
    assert sorted(reached, key=int) == controls


def test_the_arrow_keys_move_among_the_tabs_and_enter_opens_one(page, server):
    go(page, server, "healthy")
    page.locator(".q-tab").first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.get_by_role("log", name="Application log").wait_for()
    assert page.locator(".q-tab[aria-selected=true]").inner_text() == "Alerts and log"


@pytest.mark.parametrize(("language", "told"), [("en", "en-US"), ("ko", "ko-KR")])
def test_the_page_says_its_language_and_that_of_the_link_to_the_other(page, server, language, told):
    go(page, server, "healthy", language=language)
    other = page.locator("a[hreflang]")
    assert page.locator("html").get_attribute("lang") == told
    assert [other.get_attribute("lang"), other.get_attribute("hreflang")] == [{"en": "ko", "ko": "en"}[language]] * 2


def test_headings_begin_with_one_of_level_one_and_skip_none(page, server):
    go(page, server, "wounded")
    for tab in TABS:
        pick_tab(page, tab)
        levels = page.evaluate(
            "() => [...document.querySelectorAll('h1, h2, h3, h4, h5, h6')].filter(e => e.checkVisibility())"
            ".map(e => Number(e.tagName[1]))"
        )
        assert (levels[0], levels.count(1)) == (1, 1)
        assert [pair for pair in itertools.pairwise(levels) if pair[1] > pair[0] + 1] == []
