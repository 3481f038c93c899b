"""Both languages, both themes, a desk's screen and a phone's."""

import re

import pytest
from browser_tools import TABS, card, go, pick_tab, settle

from dashboard.pages import texts
from dashboard.pages.theme import DARK, LIGHT

LOOKS = [("en", True), ("ko", False)]  # each language and each theme once
WIDTHS = (1280, 390)
ALL = texts.keys()
# A key with a hyphen that no text contains would be seen if it stood for its text.
TOLD = " ".join(text for key in ALL for text in texts.both(key))
KEYS = {key for key in ALL if "-" in key and key not in TOLD}
ARGUMENTS = set(re.findall(r"\{[a-z_]+\}", TOLD))
_WORDS = """() => [document.body.innerText, ...[...document.querySelectorAll('[aria-label], [placeholder], [title]')]
  .flatMap(e => [e.ariaLabel, e.getAttribute('placeholder'), e.title])].filter(Boolean).join(' ')"""
_OVERFLOW = "() => [document.documentElement.scrollWidth - innerWidth, document.body.scrollWidth - innerWidth]"


def unfilled(told):
    """Return names of texts, and of arguments, that stand where their text should."""
    words = set(re.findall(r"[a-z]+(?:-[a-z]+)+", told))
    return sorted(words & KEYS) + sorted(set(re.findall(r"\{[a-z_]+\}", told)) & ARGUMENTS)


def colour(page, script):
    """Return a computed colour as #rrggbb."""
    found = re.findall(r"\d+", page.evaluate(script))
    return "#" + "".join(f"{int(part):02x}" for part in found[:3])


def test_a_key_that_is_left_over_would_be_found():
    assert unfilled("tab-overview exactly-once as of {duration} ago") == ["tab-overview", "{duration}"]


@pytest.mark.parametrize(("language", "dark"), LOOKS)
def test_every_tab_is_told_in_full_and_fits_the_screen(page, server, language, dark):
    go(page, server, "wounded", language=language, dark=dark)
    assert {place: told for place, told in told_and_fitting(page, TABS).items() if told != ([], 0)} == {}


def test_a_crowd_is_told_in_full_and_fits_the_screen(page, server):
    go(page, server, "many", language="ko")
    found = told_and_fitting(page, ("overview", "jobs", "learn"))
    assert {place: told for place, told in found.items() if told != ([], 0)} == {}


def told_and_fitting(page, tabs):
    """Return the keys left over and the pixels beyond the screen, for each tab and width."""
    found = {}
    for tab in tabs:
        pick_tab(page, tab)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            settle(page)
            found[tab, width] = (unfilled(page.evaluate(_WORDS)), max(0, *page.evaluate(_OVERFLOW)))
    return found


@pytest.mark.parametrize("sample", ["empty", "gone", "no-job", "failed", "calm"])
@pytest.mark.parametrize("language", ["en", "ko"])
def test_what_is_missing_is_told_in_full_and_fits_a_phone(page, server, language, sample):
    page.set_viewport_size({"width": 390, "height": 900})
    go(page, server, sample, language=language)
    assert (unfilled(page.evaluate(_WORDS)), max(0, *page.evaluate(_OVERFLOW))) == ([], 0)


def test_the_korean_page_names_its_tabs_and_cards_in_korean(page, server):
    go(page, server, "healthy", language="ko")
    assert page.locator(".q-tab").all_inner_texts() == [texts.both(f"tab-{tab}")[1] for tab in TABS]
    assert page.locator("section.card h2:visible").all_inner_texts() == [
        "실시간 스트림 처리 파이프라인",
        "클러스터 아키텍처",
        "실시간 상태: abnormalCount",
        "장애 복구",
    ]
    assert page.locator(".tile .note").all_inner_texts()[0:2] == ["TaskManager", "총 슬롯"]


def test_the_switch_turns_page_and_pictures_dark_without_a_reload_and_back(page, server):
    go(page, server, "healthy")
    seen = []
    for name, colours in (("Dark", DARK), ("Light", LIGHT)):
        page.get_by_role("button", name=name, exact=True).click()
        card(page, "Cluster").locator(f'svg text[fill="{colours.text}"]').first.wait_for()
        ground = colour(page, "getComputedStyle(document.body).backgroundColor")
        surface = colour(page, "getComputedStyle(document.querySelector('.card')).backgroundColor")
        seen.append((ground, surface) == (colours.ground, colours.card))
    assert seen == [True, True]
    assert page.evaluate("window.stayed") is True


def test_the_link_to_the_other_language_keeps_the_dark_theme(page, server):
    go(page, server, "healthy")
    page.get_by_role("button", name="Dark", exact=True).click()
    page.locator("a[hreflang=ko][href='/ko?dark=1']").click()
    page.locator("a[hreflang=en]").wait_for()
    assert page.url == f"{server.url}/ko?dark=1"
    assert colour(page, "getComputedStyle(document.body).backgroundColor") == DARK.ground
    page.locator("a[hreflang=en]").click()
    page.locator("a[hreflang=ko]").wait_for()
    assert page.url == f"{server.url}/?dark=1"
