"""The first tab: tiles, pictures, alarms, and the newest recovery."""

import re

import pytest
from browser_tools import card, go, picture
from dashboard_samples import HOSTILE

from dashboard.pages import pictures
from dashboard.pages.texts import Texts
from dashboard.pages.theme import DARK, LIGHT


def tiles(page):
    """Return the (name, value) of each tile."""
    return [tuple(tile.split("\n")) for tile in page.locator(".tile").all_inner_texts()]


def shapes(page, title, colour):
    """Return whether each shape with a border of this colour is dashed."""
    found = card(page, title).locator(f'svg path[stroke="{colour}"][fill]:not([fill="none"])').all()
    return [shape.get_attribute("stroke-dasharray") is not None for shape in found]


def test_the_tiles_show_the_clusters_figures(page, server):
    go(page, server, "healthy")
    assert tiles(page) == [
        ("TaskManagers", "3"),
        ("Slots", "9"),
        ("Free slots", "0"),
        ("Slots in use", "100 %"),
        ("Running jobs", "1"),
        ("Checkpoints", "20"),
        ("Completed", "19"),
        ("Failed", "1"),
    ]


def test_what_is_not_known_is_a_dash_and_no_zero(page, server):
    go(page, server, "no-job")
    assert tiles(page)[4:] == [("Running jobs", "1"), ("Checkpoints", "–"), ("Completed", "–"), ("Failed", "–")]


def test_the_cluster_picture_names_who_is_there_and_what_runs_in_each_slot(page, server):
    page.set_viewport_size({"width": 1440, "height": 900})  # room for every letter
    go(page, server, "healthy")
    assert " ".join(picture(page, "Cluster")) == (
        "JobManager · leads 127.0.0.1:8081 "
        "taskmanager-1 localhost:40000 "
        "Slot 1 Random user events [1] +1 Slot 2 Abnormal count [3] Slot 3 Print alerts [2] "
        "taskmanager-2 localhost:40001 "
        "Slot 1 Random user events [2] Slot 2 Abnormal count [1] Slot 3 Print alerts [3] "
        "taskmanager-3 localhost:40002 "
        "Slot 1 Random user events [3] Slot 2 Abnormal count [2] Slot 3 Print alerts [1]"
    )
    assert shapes(page, "Cluster", LIGHT.bad) == []
    assert card(page, "Cluster").locator("[role=img]").get_attribute("aria-label") == (
        "1 JobManagers, 3 TaskManagers alive, 0 lost."
    )


def test_a_taskmanager_turns_dead_before_the_viewers_eyes_and_comes_back(page, server):
    go(page, server, "healthy")
    server.show("wounded")
    page.locator("svg text", has_text="lost 3 s ago").wait_for()
    assert " ".join(picture(page, "Cluster")).count("taskmanager-2 lost 3 s ago") == 1
    assert shapes(page, "Cluster", LIGHT.bad) == [True]
    assert shapes(page, "Cluster", LIGHT.ok) == [False, False]
    server.show("healthy")
    page.locator("svg text", has_text="localhost:40001").wait_for()
    assert shapes(page, "Cluster", LIGHT.bad) == []
    assert page.evaluate("window.stayed") is True


def test_the_pipeline_shows_the_flow_with_its_rates_and_each_users_subtask(page, server):
    go(page, server, "healthy")
    told = " ".join(picture(page, "Pipeline"))
    assert told == (
        "Heartbeat Subtask 1 0.2/s "
        "Random user events Subtask 1 0.2/s Subtask 2 0.2/s Subtask 3 0.2/s "
        "key_by (userId) user1 user2 user3 "
        "Abnormal count Subtask 1 0.2/s Subtask 2 0.2/s Subtask 3 0.2/s "
        "Print alerts Subtask 1 0.2/s Subtask 2 0.2/s Subtask 3 0.2/s "
        "0.6/s 0.6/s 0.6/s 0.6/s"  # on the lines between the tasks
    )
    lines = card(page, "Pipeline").locator(f'svg path[stroke="{LIGHT.accent}"][fill="none"]')
    assert lines.count() == 3  # a line from each user to its subtask


def test_alarms_stand_on_top_the_critical_first_and_go_when_it_is_over(page, server):
    go(page, server, "wounded")
    alarms = page.get_by_role("status", name="Alarms")
    assert alarms.locator(".what:visible").all_inner_texts() == [
        "TaskManager lost: taskmanager-2",
        "Process: Abnormal count is backpressured 62 % of the time",
    ]
    looks = [re.sub(r"\d\d:\d\d:\d\d", "…", note) for note in alarms.locator(".note:visible").all_inner_texts()]
    assert looks == [
        "since …. Check its log and the machine's memory. The job continues once there are enough slots.",
        "since …. What comes after it is too slow: see which task is busiest.",
    ]
    server.show("healthy")
    alarms.locator(".what").first.wait_for(state="hidden")
    assert alarms.inner_text().strip() == ""


def test_the_newest_recovery_tells_what_was_lost_and_how_it_goes_on(page, server):
    go(page, server, "wounded")
    assert card(page, "Recovery").locator(".head").nth(1).inner_text().split("\n")[:2] == [
        "TaskManager lost: taskmanager-2",
        "recovering for 40 s",
    ]
    assert steps(page) == [
        ("+0.0 s", "taskmanager-2 is lost"),
        ("+1.2 s", "JobManager noticed: 9 of 10 tasks are not running"),
        ("+3.1 s", "taskmanager-2 has registered"),
        ("+5.5 s", "restoring from checkpoint 12"),
    ]
    server.show("healthy")
    page.get_by_text("running again after 6.8 s").wait_for()
    assert steps(page)[4:] == [("+6.8 s", "all 10 tasks run again")]


def steps(page):
    """Return the (time, sentence) of each step of the recovery that is shown."""
    found = card(page, "Recovery").locator("ol li").all()
    return [tuple(step.locator(".after, .told").all_inner_texts()) for step in found]


@pytest.mark.parametrize(
    ("language", "told"),
    [
        (
            "en",
            "All tasks stop, even those that did not fail: they exchange events with the lost ones, and each count is "
            "right only if every task goes back to the same checkpoint.",
        ),
        (
            "ko",
            "장애가 없던 태스크도 모두 멈춥니다. 서로 이벤트를 주고받으므로, 모든 태스크가 같은 체크포인트로 돌아가야 "
            "카운트가 정확합니다.",
        ),
    ],
)
def test_the_recovery_says_why_all_tasks_stop(page, server, language, told):
    go(page, server, "wounded", language=language)
    assert page.locator("ol:visible li").nth(1).locator(".note").inner_text() == told


def test_before_anything_was_lost_the_page_says_what_to_type_to_lose_the_worker_that_does_the_most(page, server):
    go(page, server, "calm")
    shown = card(page, "Recovery")
    assert (shown.locator(".note:visible").inner_text(), shown.locator("code").inner_text()) == (
        "Nothing has been lost since this dashboard started. To see it happen, kill taskmanager-1 in a terminal; it is "
        "restarted automatically:",
        "kill -9 4711",
    )


@pytest.mark.parametrize(("dark", "colours"), [(False, LIGHT), (True, DARK)])
def test_pictures_have_the_colours_of_the_theme(page, server, dark, colours):
    go(page, server, "healthy", dark=dark)
    told = page.locator("svg text").evaluate_all("all => [...new Set(all.map(e => e.getAttribute('fill')))].sort()")
    assert told == sorted({colours.text, colours.muted})


def test_the_live_state_shows_each_users_count_and_last_events(page, server):
    go(page, server, "healthy")
    rows = card(page, "Live state: abnormalCount").locator("tbody tr").all()
    assert [row.locator("td").all_inner_texts()[:3] for row in rows] == [
        ["user1", "2", "○○●○○●●○●●●"],
        ["user2", "1", "○●○○●●○●●●"],
        ["user3", "0", "●○○●●○●●●"],
    ]
    assert picture(page, "Live state: abnormalCount")[:3] == ["user3", "user2", "user1"]


def test_a_hundred_taskmanagers_and_a_thousand_subtasks_are_heatmaps(page, server):
    go(page, server, "many")
    cells = {
        title: card(page, title).locator(f'svg path[fill="{LIGHT.ok}"], svg path[fill="{LIGHT.warn}"]').count()
        for title in ("Cluster", "Pipeline")
    }
    legend = 1
    assert cells == {"Cluster": 100 + legend, "Pipeline": 1000 + 2 * legend}
    notes = [card(page, title).locator(".note").inner_text() for title in cells]
    assert notes == [
        Texts("en")("many-workers", limit=pictures.MOST_NODES),
        Texts("en")("many-subtasks", limit=pictures.MOST_NODES),
    ]


def test_hostile_user_ids_stand_in_the_pictures_as_they_are(page, server):
    go(page, server, "hostile")
    short = [pictures.shorten(user).replace(" ", "") for user in HOSTILE]
    for title in ("Pipeline", "Live state: abnormalCount"):
        told = re.sub(r"[\s\u200b]", "", "".join(picture(page, title)))  # long ones are broken into lines
        assert [told.count(user) for user in short] == [1, 1, 1, 1]
