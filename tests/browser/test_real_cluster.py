"""The whole story on a real cluster: a job appears, its alerts come, a worker is killed and all of it comes back."""

import os
import re
import signal

import pytest
from browser_tools import Watched, answers, card, pick_tab, picture
from cluster_tools import free_port, running
from conftest import wait_until

SECONDS = 120
MILLISECONDS = SECONDS * 1000
STORY = (
    "taskmanager-2 is lost",
    "JobManager noticed: 10 of 10 tasks are not running",
    "restoring from a checkpoint",
    "taskmanager-2 is there",
    "all 10 tasks run again",
)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """A cluster of this module, without a job."""
    pytest.importorskip("nicegui", reason="NiceGUI is missing: pip install '.[dashboard]'")
    with running(tmp_path_factory.mktemp("cluster")) as local:
        yield local


@pytest.fixture
def pages(chromium, cluster):
    """The dashboard's page in English and in Korean, opened before there is a job."""
    port = free_port()
    process = cluster.start("dashboard", "--port", port)
    url = f"http://127.0.0.1:{port}"
    wait_until(lambda: answers(url), "the dashboard")
    context = chromium.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    opened = [Watched(context, url) for _ in range(2)]
    for one, path in zip(opened, ("/", "/ko"), strict=True):
        one.page.set_default_timeout(MILLISECONDS)
        one.page.goto(url + path)
        one.page.evaluate("window.stayed = true")
    yield [one.page for one in opened]
    context.close()
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 0
    assert [one.unexpected() for one in opened] == [[], []]
    assert [one.foreign() for one in opened] == [[], []]


@pytest.mark.thread_mode
def test_the_page_tells_a_job_its_alerts_and_the_loss_of_a_worker_without_a_reload(cluster, pages):
    english, korean = pages
    card(english, "No job runs on this cluster").wait_for()
    card(korean, "이 클러스터에서 실행 중인 Job이 없습니다").wait_for()

    options = cluster.job("--interval", "200ms", "--abnormal-rate", "0.6", "--checkpoint-interval", "1s")
    assert cluster.run("submit", "--detached", *options).returncode == 0
    english.locator(".tile", has_text="Slots in use").get_by_text("100 %").wait_for()
    korean.locator(".tile", has_text="슬롯 사용률").get_by_text("100 %").wait_for()
    for user in ("user1", "user2", "user3"):
        card(english, "Live state: abnormalCount").locator("td", has_text=user).wait_for()
    wait_until(lambda: {"user1", "user2", "user3"} <= set(picture(english, "Pipeline")), "each user's way", SECONDS)
    assert [text for text in picture(english, "Cluster") if text.startswith("taskmanager")] == [
        "taskmanager-1",
        "taskmanager-2",
        "taskmanager-3",
    ]
    pick_tab(english, "alerts")
    card(english, "Alerts").locator(".lines > *").first.wait_for()
    assert re.fullmatch(
        r"\d\d:\d\d:\d\d  \[ALERT\] userId=user[123] 이상행동 \d+회 감지!",
        card(english, "Alerts").locator(".lines > *").first.inner_text(),
    )
    card(english, "Application log").locator(".lines > *", has_text="[Source Emit]").first.wait_for()
    pick_tab(english, "checkpoints")
    card(english, "History").locator("td", has_text="COMPLETED").first.wait_for()
    pick_tab(english, "overview")

    pids = {cluster.pid(f"taskmanager-{number}") for number in (1, 2, 3)}
    verb, signal_, pid = card(english, "Recovery").locator("code").inner_text().split()
    assert (verb, signal_, int(pid) in pids) == ("kill", "-9", True)
    os.kill(cluster.pid("taskmanager-2"), signal.SIGKILL)
    english.locator(".alarm .what:visible", has_text="TaskManager lost: taskmanager-2").wait_for()
    korean.locator(".alarm .what:visible", has_text="TaskManager 장애: taskmanager-2").wait_for()
    wait_until(lambda: any(text.startswith("lost ") for text in picture(english, "Cluster")), "its box", SECONDS)
    story = card(english, "Recovery")
    story.get_by_text(re.compile(r"^running again after \d")).wait_for()
    card(korean, "장애 복구").get_by_text(re.compile("만에 복구$")).wait_for()
    told = story.locator(".steps .told").all_inner_texts()

    assert [re.sub(r"checkpoint \d+", "a checkpoint", line) for line in told] == list(STORY)
    english.locator(".alarms.none").wait_for(state="attached")
    assert [page.evaluate("window.stayed") for page in pages] == [True, True]
