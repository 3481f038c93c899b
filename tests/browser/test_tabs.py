"""What can be done on the other tabs: searching, filtering, pausing, picking."""

import re

import pytest
from browser_tools import card, go, pick_tab, settle
from conftest import wait_until
from dashboard_samples import HOSTILE, OTHER

EMITTED = [f"[Source Emit] UserEvent{{userId='{user}', isAbnormal=false}}" for user in HOSTILE]
LOG = ["[Source Emit] UserEvent{userId='user1', isAbnormal=true}", "[ALERT] userId=user1 이상행동 3회 감지!", *EMITTED]


def rows(page, title):
    """Return the texts of the cells of a table, row by row."""
    return [row.locator("td").all_inner_texts() for row in card(page, title).locator("tbody tr").all()]


def lines(page, name):
    """Return the lines of a stream, the newest first, without their times."""
    found = page.get_by_role("log", name=name, exact=True).locator("div").all_inner_texts()
    return [re.sub(r"^\d\d:\d\d:\d\d  ", "", line) for line in found]


def choose(page, field, option):
    """Pick an option of a field."""
    page.get_by_role("combobox", name=field).click()
    page.get_by_role("option", name=option, exact=True).click()
    settle(page)


def test_jobs_are_listed_with_their_state_and_how_many_tasks_run(page, server):
    go(page, server, "healthy")
    pick_tab(page, "jobs")
    job = rows(page, "Jobs")[0]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", job.pop(3))
    assert job == [
        "2de774dc8fb9e1e0f2909b8cbdb48dbd",
        "Internal Keyed State Abnormal Count Example",
        "RUNNING",
        "1 h 1 min",
        "10 of 10 run",
    ]


def test_each_task_and_each_subtask_tells_its_own_state_and_place(page, server):
    go(page, server, "healthy")
    pick_tab(page, "jobs")
    name = "Process: Abnormal count"
    assert rows(page, "Tasks")[2] == [name, "3", "3 RUNNING", "0.6", "0.6", "6.6 KB", "10 %", "0 %"]
    assert rows(page, "Subtasks")[4:7] == [
        [name, "1", "RUNNING", "1", "taskmanager-2", "0.2", "0.2", "2.3 KB", "5 %", "0 %"],
        [name, "2", "RUNNING", "1", "taskmanager-3", "0.2", "0.2", "2.3 KB", "7 %", "0 %"],
        [name, "3", "RUNNING", "1", "taskmanager-1", "0.2", "0.2", "2.3 KB", "9 %", "0 %"],
    ]


_EDGES = """cells => cells.map(cell => {
  const box = cell.getBoundingClientRect();
  const seen = box.width > 0 && box.left >= 0 && box.right <= innerWidth;
  return [getComputedStyle(cell, '::before').content, cell.textContent, seen];
})"""


def test_on_a_phone_the_table_of_tasks_shows_all_its_figures_with_their_names(page, server):
    page.set_viewport_size({"width": 390, "height": 900})
    go(page, server, "healthy", language="ko")
    pick_tab(page, "jobs")
    row = card(page, "실시간 태스크 상태").locator("tbody tr", has_text="Abnormal count")
    figures = [
        ("서브태스크", "3"),
        ("상태", "3 RUNNING"),
        ("입력 /초", "0.6"),
        ("출력 /초", "0.6"),
        ("체크포인트 크기", "6.6 KB"),
        ("사용률", "10 %"),
        ("백프레셔", "0 %"),
    ]
    assert row.locator("td:not(:first-child)").evaluate_all(_EDGES) == [
        [f'"{name}"', figure, True] for name, figure in figures
    ]


@pytest.mark.parametrize("tab", ["overview", "jobs", "alerts", "checkpoints"])
def test_on_a_phone_no_cell_of_any_table_is_beyond_the_edge(page, server, tab):
    page.set_viewport_size({"width": 390, "height": 900})
    go(page, server, "wounded")
    pick_tab(page, tab)

    def fits():
        cells = page.locator("td:visible").evaluate_all(_EDGES)
        return len(cells) > 5 and all(seen for _, _, seen in cells)

    wait_until(fits, "a table whose cells are all within the edge", 10)  # it is drawn in steps


def test_the_states_are_the_tasks_own_while_the_job_restarts(page, server):
    go(page, server, "wounded")
    pick_tab(page, "jobs")
    assert [row[2] for row in rows(page, "Tasks")] == ["1 SCHEDULED", "3 SCHEDULED", "3 SCHEDULED", "3 SCHEDULED"]
    assert {(row[2], row[4]) for row in rows(page, "Subtasks")} == {("SCHEDULED", "–")}


def test_the_search_finds_one_of_a_thousand_subtasks(page, server):
    go(page, server, "many")
    pick_tab(page, "jobs")
    canvas = card(page, "Subtasks").locator("canvas").first
    assert canvas.bounding_box()["height"] > 300  # ten rows of a hundred cells
    page.get_by_role("textbox", name="Search", exact=True).fill("1000")
    card(page, "Subtasks").locator("tbody tr").nth(1).wait_for(state="detached")
    assert [row[:5] for row in rows(page, "Subtasks")] == [
        ["Process: Abnormal count", "1000", "RUNNING", "1", "taskmanager-100"]
    ]
    settle(page)
    assert len(rows(page, "Subtasks")) == 1  # the next update leaves the search as it is


def test_alerts_are_searched_by_user(page, server):
    go(page, server, "healthy")
    pick_tab(page, "alerts")
    assert lines(page, "Alerts") == [f"[ALERT] userId=user{n} 이상행동 {n + 2}회 감지!" for n in (3, 2, 1)]
    page.get_by_role("textbox", name="Search by user").fill("user2")
    page.get_by_role("log", name="Alerts", exact=True).locator("div:only-child").wait_for()
    assert lines(page, "Alerts") == ["[ALERT] userId=user2 이상행동 4회 감지!"]


def test_the_log_is_filtered_by_kind_and_by_text(page, server):
    go(page, server, "healthy")
    pick_tab(page, "alerts")
    assert lines(page, "Application log") == LOG[::-1]
    choose(page, "Show", "[ALERT]")
    assert lines(page, "Application log") == [LOG[1]]
    choose(page, "Show", "[Source Emit]")
    page.get_by_role("textbox", name="Filter").fill("user1")
    settle(page)
    assert lines(page, "Application log") == [LOG[0]]


def test_the_log_stands_still_while_paused_and_catches_up(page, server):
    go(page, server, "healthy")
    pick_tab(page, "alerts")
    page.get_by_role("button", name="Pause").click()
    page.get_by_role("button", name="Resume").wait_for()
    server.log("[Source Emit] new")
    settle(page)
    assert lines(page, "Application log") == LOG[::-1]
    page.get_by_role("button", name="Resume").click()
    page.get_by_role("button", name="Pause").wait_for()
    settle(page)
    assert lines(page, "Application log") == ["[Source Emit] new", *LOG[::-1]]


def test_a_new_line_of_the_log_appears_on_top_by_itself(page, server):
    go(page, server, "healthy")
    pick_tab(page, "alerts")
    server.log("[Source Emit] new")
    page.get_by_text("[Source Emit] new").wait_for()
    assert lines(page, "Application log") == ["[Source Emit] new", *LOG[::-1]]
    assert card(page, "Application log").locator(".note").inner_text() == (
        "The end of the standard output of taskmanager-1."
    )


def test_checkpoints_tell_failures_savepoints_and_what_was_restored(page, server):
    go(page, server, "healthy")
    pick_tab(page, "checkpoints")
    told = {row[0]: (*row[1:4], row[9]) for row in rows(page, "History")}
    card(page, "History").get_by_role("button", name="Next page").click()
    card(page, "History").get_by_text("#10", exact=True).wait_for()
    told |= {row[0]: (*row[1:4], row[9]) for row in rows(page, "History")}
    gone = "no, replaced by a newer one"
    usual = ("checkpoint", "COMPLETED", gone, "")
    assert len(told) == 20
    assert {key: value for key, value in told.items() if value != usual} == {
        "#20": ("checkpoint", "COMPLETED", "yes", ""),
        "#14": ("checkpoint", "FAILED", "–", "expired"),
        "#12": ("checkpoint", "COMPLETED", gone, "used for a restore"),
        "#9": ("savepoint", "COMPLETED", "yes", ""),
    }


def test_the_details_are_those_of_the_newest_checkpoint_until_another_is_picked(page, server):
    go(page, server, "healthy")
    pick_tab(page, "checkpoints")
    sizes = [row[3] for row in rows(page, "Checkpoint 20, task by task")]
    choose(page, "Task by task for checkpoint", "17")
    page.get_by_text("17 B").first.wait_for()
    picked = [row[3] for row in rows(page, "Checkpoint 17, task by task")]
    assert (sizes, picked) == (["2.3 KB"] * 4, ["17 B"] * 4)


def test_a_checkpoint_that_is_picked_belongs_to_its_job(page, server):
    go(page, server, "two-jobs")
    pick_tab(page, "checkpoints")
    choose(page, "Task by task for checkpoint", "17")
    card(page, "Checkpoint 17, task by task").wait_for()
    choose(page, "Job", f"{OTHER[:8]} · RUNNING")
    card(page, "Checkpoint 20, task by task").wait_for()


@pytest.mark.parametrize("sample", ["healthy", "wounded"])
def test_the_recovery_tab_keeps_every_recovery_with_its_seconds(page, server, sample):
    go(page, server, sample)
    pick_tab(page, "recovery")
    sums = card(page, "Recovery").locator(".pill:visible").all_inner_texts()
    assert sums == {"healthy": [], "wounded": ["recovering for 40 s"]}[sample] + ["running again after 6.8 s"]
    chart = card(page, "Seconds until running again")
    assert [chart.locator("svg text", has_text=part).count() for part in ("until noticed", "until restoring")] == [1, 1]


def test_the_diagrams_to_learn_from_follow_the_cluster(page, server):
    go(page, server, "healthy")
    pick_tab(page, "learn")
    server.show("wounded")
    card(page, "Cluster").locator("svg text", has_text="lost 3 s ago").wait_for()
    settle(page)
    told = " ".join(card(page, "A recovery").locator("svg text").all_text_contents())
    assert told.count("+5.5 s restoring from checkpoint") == 1
