"""States that happen: no cluster yet, no job, the JobManager gone, the dashboard itself gone."""

import os
import re
import signal

import dashboard_samples as samples
import pytest
from browser_tools import Server, card, go, settle
from conftest import wait_until

_AGES = "() => [...document.querySelectorAll('[data-age]')].filter(e => e.checkVisibility()).map(e => e.textContent)"


def seconds(page):
    """Return the ages that the page tells, in seconds."""
    return [int(re.fullmatch(r"as of (\d+) s ago", told)[1]) for told in page.evaluate(_AGES)]


def test_a_page_that_was_opened_before_the_cluster_fills_itself(page, server):
    go(page, server, "empty")
    shown = card(page, "No Flink cluster answers yet")
    assert shown.locator(".note").inner_text() == (
        "This page looks for one at 127.0.0.1:8081, and connects by itself when it appears. Start one in a terminal:"
    )
    assert shown.locator("code").inner_text() == "flink-abnormal cluster up"
    assert (page.locator(".pill:visible").inner_text(), page.locator(".tile:visible").count()) == (
        "looking for a cluster",
        0,
    )
    server.show("healthy")
    page.locator(".tile", has_text="Slots in use").get_by_text("100 %").wait_for()
    settle(page)
    assert shown.count() == 0
    assert card(page, "Cluster").locator("svg text", has_text="taskmanager-1").count() == 1
    assert page.evaluate("window.stayed") is True


def test_without_a_job_the_page_says_how_to_submit_one(page, server):
    go(page, server, "no-job")
    assert card(page, "No job runs on this cluster").locator("code").inner_text() == "flink-abnormal submit --detached"
    assert page.locator(".tile:visible").count() == 8


@pytest.mark.parametrize(
    ("language", "title", "told"),
    [
        (
            "en",
            "No job runs on this cluster",
            "The last one, {} ({}), failed at …; --from latest continues from its newest checkpoint. Submit one in a "
            "terminal; it appears here:",
        ),
        (
            "ko",
            "이 클러스터에서 실행 중인 Job이 없습니다",
            "마지막 Job {} ({})은 …에 실패했습니다. --from latest 로 제출하면 최신 체크포인트에서 이어서 처리합니다. "
            "터미널에서 제출하면 여기에 나타납니다:",
        ),
    ],
)
def test_when_no_job_runs_any_more_the_page_says_what_became_of_the_last_one(page, server, language, title, told):
    go(page, server, "failed", language=language)
    note = card(page, title).locator(".note").inner_text()
    assert re.sub(r"\d\d:\d\d:\d\d", "…", note) == told.format(samples.NAME, samples.JOB[:8])
    server.show("healthy")
    card(page, title).wait_for(state="hidden")


@pytest.mark.parametrize(("language", "name"), [("en", "Dismiss"), ("ko", "확인했음")])
def test_the_alarm_of_a_failed_job_and_no_other_is_dismissed_by_a_person(page, server, language, name):
    go(page, server, "failed", language=language)
    assert page.locator(".alarm:visible").count() == 2
    page.get_by_role("button", name=name, exact=True).click()
    page.locator(".alarm:visible").nth(1).wait_for(state="hidden")
    assert page.locator(".alarm:visible .what").inner_text().startswith("TaskManager")
    assert page.get_by_role("button", name=name, exact=True).count() == 0


def test_a_history_that_is_not_kept_is_told_with_the_reason(page, server):
    go(page, server, "unkept")
    assert card(page, "The history is not being kept").locator(".note").inner_text() == (
        "The disk is full. Free some space."
    )
    server.show("healthy")
    page.get_by_text("The disk is full.").wait_for(state="hidden")


def test_of_several_jobs_one_is_picked_and_stays_picked(page, server):
    go(page, server, "two-jobs")
    live = card(page, "Live state: abnormalCount")
    live.locator("td", has_text="user1").wait_for()
    page.get_by_role("combobox", name="Job").click()
    page.get_by_role("option", name=f"{samples.OTHER[:8]} · RUNNING").click()
    live.locator("td", has_text="anna").wait_for()
    settle(page)
    assert live.locator("tbody tr td:first-child").all_inner_texts() == ["anna", "bert"]
    server.show("healthy")  # the picked one has ended and is forgotten
    live.locator("td", has_text="user1").wait_for()
    assert page.get_by_role("combobox", name="Job").count() == 0


def test_what_is_picked_stays_picked_whenever_the_next_update_comes(watched, tmp_path):
    busy = Server(tmp_path / "errors.txt", seconds=0.02)
    try:
        watched.url = busy.url
        page = watched.page
        go(page, busy, "two-jobs")
        live = card(page, "Live state: abnormalCount")
        for job, user in [(samples.OTHER, "anna"), (samples.JOB, "user1")] * 5:
            page.get_by_role("combobox", name="Job").click()
            page.get_by_role("option", name=f"{job[:8]} · RUNNING").click()
            live.locator("td", has_text=user).wait_for()
    finally:
        busy.close()


def test_a_jobmanager_that_is_gone_is_told_and_the_last_figures_keep_their_age(page, server):
    go(page, server, "healthy")
    server.show("gone")
    page.get_by_text("No JobManager answers. The figures below are the last ones that were read.").wait_for()
    assert page.locator(".bar .pill").inner_text() == "JobManager gone"
    assert page.locator(".alarm .what:visible").all_inner_texts() == ["JobManager does not answer: 127.0.0.1:8081"]
    assert page.locator(".tile").first.inner_text() == "TaskManagers\n3"
    wait_until(lambda: set(seconds(page)) == {9}, "the ages of what was read last", 10)
    server.show("healthy")
    page.get_by_text("No JobManager answers.").wait_for(state="hidden")
    assert page.locator(".bar .pill").inner_text() == "connected"


def test_ages_go_on_ticking_while_the_server_stands_still(page, server):
    go(page, server, "healthy")
    wait_until(lambda: set(seconds(page)) == {0}, "fresh figures", 10)
    os.kill(server.process.pid, signal.SIGSTOP)
    try:
        page.wait_for_function(f"() => ({_AGES})().every(told => /[3-9] s/.test(told))")
        stale = seconds(page)
    finally:
        os.kill(server.process.pid, signal.SIGCONT)
    assert (min(stale) >= 3, max(stale) - min(stale) <= 1) == (True, True)
    wait_until(lambda: set(seconds(page)) == {0}, "fresh figures", 20)


def test_a_page_outlives_its_server_and_comes_back_with_it(watched, chromium, tmp_path):
    first = Server(tmp_path / "errors.txt")
    port = first.port
    second = None
    try:
        watched.expected = "ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE"  # while there is no server
        watched.url = first.url
        page = watched.page
        go(page, first, "healthy")
        first.close()
        page.wait_for_function(f"() => ({_AGES})().every(told => /[2-9] s/.test(told))")
        assert page.locator(".tile").first.inner_text() == "TaskManagers\n3"
        second = Server(tmp_path / "errors2.txt", port=port)
        second.show("wounded")
        page.locator(".tile", has_text="TaskManagers").get_by_text("2", exact=True).wait_for()
    finally:
        first.close()
        if second is not None:
            second.close()


@pytest.mark.parametrize("path", ["/", "/ko"])
def test_the_first_picture_of_the_page_is_never_blank(page, server, path):
    server.show("healthy")
    page.goto(server.url + path)
    page.locator("h1").wait_for()
    assert page.locator(".tile").first.inner_text() == f"TaskManager{'s' if path == '/' else ''}\n3"


def test_updates_leave_nothing_in_the_browsers_timeline(page, server):
    go(page, server, "healthy")
    turn = "() => Number(document.querySelector('.bar [data-age]').dataset.age.split(';')[1])"
    begun = page.evaluate(turn)
    page.wait_for_function(f"begun => ({turn})() > begun + 20", arg=begun)
    assert page.evaluate("['mark', 'measure'].map(kind => performance.getEntriesByType(kind).length)") == [0, 0]


_MEASURE = """async count => {
  const { echarts } = await import("nicegui-echart");
  for (let number = 0; number < count; number++) echarts.format.getTextRect(`text ${number}`);
}"""


def test_texts_that_charts_have_measured_are_forgotten(chromium, page, server):
    go(page, server, "healthy")
    page.evaluate(_MEASURE, 20_000)
    wait_until(lambda: kept_texts(chromium, page) < 2 * 2**20, "the texts to go")  # 24 MiB where all are kept


def kept_texts(chromium, page):
    """Return the bytes that the browser keeps of the texts of canvases, after a garbage collection."""
    devtools, told, ended = chromium.new_browser_cdp_session(), [], []
    devtools.on("Tracing.dataCollected", lambda event: told.extend(event["value"]))
    devtools.on("Tracing.tracingComplete", lambda _: ended.append(True))
    categories = {"includedCategories": ["disabled-by-default-memory-infra"], "excludedCategories": ["*"]}
    devtools.send("Tracing.start", {"traceConfig": {**categories, "memoryDumpConfig": {"triggers": []}}})
    dumped = devtools.send("Tracing.requestMemoryDump", {"deterministic": True, "levelOfDetail": "detailed"})
    devtools.send("Tracing.end")
    wait_until(lambda: page.wait_for_timeout(50) or ended, "the trace", 60)
    devtools.detach()
    dumps = [event["args"]["dumps"].get("allocators", {}) for event in told if event["ph"] == "v"]
    sizes = [
        int(found["attrs"]["size"]["value"], 16)
        for dump in dumps
        for name, found in dump.items()
        if "PlainTextNode" in name and "size" in found["attrs"]
    ]
    assert (dumped["success"], sizes != []) == (True, True)
    return sum(sizes)
