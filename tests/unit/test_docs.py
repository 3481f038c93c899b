import re

import pytest
from conftest import PROJECT

PAGES = [*sorted(PROJECT.glob("*.md")), *sorted((PROJECT / "docs").glob("*.md"))]
FILES = {
    "/" + file.relative_to(PROJECT).as_posix() for file in PROJECT.glob("[!.]*/**/*") if file.suffix in (".py", ".js")
}
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def anchor(heading):
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_each_module_that_a_page_names_exists(page):
    named = set(re.findall(r"`([a-z0-9_/-]+\.(?:py|js))`", page.read_text(encoding="utf-8")))
    assert [name for name in sorted(named) if not any(file.endswith(f"/{name}") for file in FILES)] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_each_link_of_a_page_leads_somewhere(page):
    dead = []
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        path, _, section = target.partition("#")
        if "://" in target:
            continue
        file = (page.parent / path).resolve() if path else page
        if not file.exists() or (
            section and section not in map(anchor, HEADING.findall(file.read_text(encoding="utf-8")))
        ):
            dead.append(target)
    assert dead == []


def commands(page):
    """Return the indented lines of a page outside its diagrams, without their comments."""
    text = (PROJECT / page).read_text(encoding="utf-8")
    text = re.sub(r"^```mermaid$.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)
    return [line.split("  #")[0].rstrip() for line in text.splitlines() if line.startswith("    ")]


@pytest.mark.parametrize(
    ("english", "korean"),
    [
        ("README.md", "README.ko.md"),
        ("docs/learn.md", "docs/learn.ko.md"),
        ("docs/cluster.md", "docs/cluster.ko.md"),
        ("docs/recovery.md", "docs/recovery.ko.md"),
        ("docs/dashboard.md", "docs/dashboard.ko.md"),
        ("docs/drills.md", "docs/drills.ko.md"),
        ("docs/kafka.md", "docs/kafka.ko.md"),
        ("docs/event-time.md", "docs/event-time.ko.md"),
        ("docs/sql.md", "docs/sql.ko.md"),
        ("docs/engines.md", "docs/engines.ko.md"),
    ],
)
def test_the_korean_page_has_the_commands_of_the_english_one(english, korean):
    assert commands(korean) == commands(english)
