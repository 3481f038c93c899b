"""A real cluster in a browser: the dashboard's story of a job, Flink's own web UI, and what other pages may do."""

import contextlib
import http.client
import http.server
import itertools
import json
import os
import re
import signal
import threading

import pytest
from browser_tools import Watched, answers, card, pick_tab, picture
from cluster_tools import free_port, running
from conftest import REBOUND_HOST, wait_until

SECONDS = 120
MILLISECONDS = SECONDS * 1000
STORY = (
    "taskmanager-2 is lost",
    "JobManager noticed: 10 of 10 tasks are not running",
    "restoring from a checkpoint",
    "taskmanager-2 has registered",
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
    told = [re.sub(r"checkpoint \d+", "a checkpoint", line) for line in story.locator(".steps .told").all_inner_texts()]

    # Flink restores again if it gave a task a slot of the worker that had just died: each restore is a line.
    assert [line for line, _ in itertools.groupby(told)] == list(STORY)
    assert 1 <= told.count("restoring from a checkpoint") <= _restores(cluster)
    english.locator(".alarms.none").wait_for(state="attached")
    assert [page.evaluate("window.stayed") for page in pages] == [True, True]


@pytest.fixture
def job_id(cluster):
    """The id of the job that runs, submitted unless one does."""
    if not (found := _running_jobs(cluster)):
        assert (
            cluster.run("submit", "--detached", *cluster.job("--interval", "1s", "--slots", "shared")).returncode == 0
        )
        found = _running_jobs(cluster)
    (one,) = found
    return one


def _running_jobs(cluster):
    jobs = json.loads(_ask(cluster, "GET", "/jobs/overview")[2])["jobs"]
    return [job["jid"] for job in jobs if job["state"] == "RUNNING"]


def _restores(cluster):
    (job_id,) = _running_jobs(cluster)
    return json.loads(_ask(cluster, "GET", f"/jobs/{job_id}/checkpoints")[2])["counts"]["restored"]


def _ask(cluster, method, path, **headers):
    """Return the status, the headers and the body of an answer of Flink's REST API."""
    connection = http.client.HTTPConnection("127.0.0.1", cluster.port, timeout=20)
    connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
    answer = connection.getresponse()
    with contextlib.closing(connection):
        return answer.status, dict(answer.getheaders()), answer.read().decode()


class _Blank(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = b"<!DOCTYPE html><title>Elsewhere</title><iframe name=inner></iframe>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def elsewhere(chromium):
    """A page of another website, on which scripts may do all that a browser lets them."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Blank)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    page = chromium.new_page()
    page.set_default_timeout(MILLISECONDS)
    page.goto(f"http://127.0.0.1:{server.server_port}/")
    yield page
    page.close()
    server.shutdown()
    server.server_close()


ATTACK = """async ([rest, job]) => {
  const told = {}
  const trial = async (name, ask) => { told[name] = await ask().then(got => got.type || got, error => error.name) }
  const image = path => new Promise(done => {
    const one = Object.assign(new Image(), {onload: () => done("loaded"), onerror: () => done("no image")})
    one.src = rest + path
  })
  const blind = (path, body) => fetch(rest + path, {method: "POST", mode: "no-cors", body})
  const file = new FormData(); file.append("jarfile", new Blob(["PK"]), "evil.jar")
  await trial("read", () => fetch(rest + "/jobs/overview"))
  await trial("upload", () => blind("/jars/upload", file))
  await trial("run", () => blind("/jars/evil.jar/run", "{}"))
  await trial("savepoint", () => blind(`/jobs/${job}/savepoints`, `{"cancel-job": true, "target-directory": "/tmp"}`))
  await trial("stop", () => blind(`/jobs/${job}/stop`, `{"targetDirectory": "/tmp"}`))
  await trial("patch", () => fetch(`${rest}/jobs/${job}?mode=cancel`, {method: "PATCH"}))
  await trial("delete", () => fetch(rest + "/cluster", {method: "DELETE"}))
  await trial("cancel by an image", () => image(`/jobs/${job}/yarn-cancel`))
  await trial("stop by an image", () => image(`/jobs/${job}/yarn-stop`))
  return told
}"""
FORM = """([rest, job]) => {
  const form = document.createElement("form")
  Object.assign(form, {method: "POST", action: `${rest}/jobs/${job}/stop`, target: "inner", enctype: "text/plain"})
  form.append(Object.assign(document.createElement("input"), {name: '{"drain":false,"x":"', value: '"}'}))
  document.body.append(form)
  form.submit()
}"""


def test_a_page_of_another_website_reads_nothing_and_changes_nothing(cluster, job_id, elsewhere):
    rest, answered = f"http://127.0.0.1:{cluster.port}", []
    elsewhere.on("response", lambda got: answered.append((got.request.method, got.url.removeprefix(rest), got.status)))

    told = elsewhere.evaluate(ATTACK, [rest, job_id])
    with elsewhere.expect_response(f"{rest}/jobs/{job_id}/stop"):
        elsewhere.evaluate(FORM, [rest, job_id])
    with elsewhere.expect_response(f"{rest}/"):
        elsewhere.evaluate("rest => { document.querySelector('iframe').src = rest + '/' }", rest)
    with elsewhere.expect_navigation(url=f"{rest}/jobs/{job_id}/yarn-cancel"):
        elsewhere.evaluate("url => { location = url }", f"{rest}/jobs/{job_id}/yarn-cancel")

    opaque = dict.fromkeys(("upload", "run", "savepoint", "stop"), "opaque")
    unread = dict.fromkeys(("read", "patch", "delete"), "TypeError")
    images = dict.fromkeys(("cancel by an image", "stop by an image"), "no image")
    assert told == opaque | unread | images
    # What needs a preflight isn't sent; a browser may hide the preflight itself, and what a script may not read.
    assert {status for _, _, status in answered} == {403}, answered
    assert ("POST", "/jars/upload", 403) in answered
    assert _running_jobs(cluster) == [job_id]
    assert [file.name for file in (cluster.folder / ".flink" / "tmp" / "jobmanager").rglob("*evil*")] == []


def test_rest_answers_its_own_page_and_programs_and_nobody_else(cluster, job_id, chromium):
    own, cancel = f"127.0.0.1:{cluster.port}", f"/jobs/{job_id}/yarn-cancel"
    opens = {"Sec_Fetch_Mode": "navigate", "Sec_Fetch_Dest": "document"}
    asked = [
        (200, "GET", "/overview", {}),
        (200, "GET", "/overview", {"Host": f"localhost:{cluster.port}", "Sec_Fetch_Site": "none"}),
        (200, "GET", "/overview", {"Host": "LOCALHOST"}),
        (200, "GET", "/overview", {"Host": "[::1]:9"}),
        (200, "GET", "/overview", {"Origin": f"http://{own}", "Sec_Fetch_Site": "same-origin"}),
        (200, "GET", "/", {"Sec_Fetch_Site": "same-site", **opens}),
        (403, "GET", "/", {"Sec_Fetch_Site": "cross-site", **opens, "Sec_Fetch_Dest": "iframe"}),
        (403, "POST", "/", {"Sec_Fetch_Site": "cross-site", **opens}),
        (403, "GET", "/overview", {"Sec_Fetch_Site": "same-site"}),
        *((403, "GET", "/overview", {"Host": host}) for host in ("evil.example", "127.0.0.1.evil.example", "[::1", "")),
        *((403, "GET", "/", {"Origin": origin}) for origin in ("http://evil.example", "null", "http://127.0.0.1:1")),
        (
            403,
            "OPTIONS",
            f"/jobs/{job_id}",
            {"Origin": "http://evil.example", "Access_Control_Request_Method": "PATCH"},
        ),
        *((403, "GET", path, {}) for path in (cancel, f"/v1{cancel}/", cancel.replace("yarn-", "yarn%252D"))),
        (403, "GET", f"/jobs/{job_id}/yarn-stop", {}),
        (403, "GET", cancel, {"Sec_Fetch_Site": "none", **opens}),
        (403, "GET", cancel, {"Sec_Fetch_Site": "cross-site", **opens}),
    ]
    answered = [(_ask(cluster, method, path, **headers), method, path, headers) for _, method, path, headers in asked]

    assert [(answer[0], *question) for answer, *question in answered] == asked
    given = [{name.lower() for name in answer[1]} for answer, *_ in answered]
    assert [names for names in given if "access-control-allow-origin" in names] == []
    rebound = chromium.new_page()
    assert rebound.goto(f"http://{REBOUND_HOST}:{cluster.port}/overview").status == 403
    rebound.close()
    assert _running_jobs(cluster) == [job_id]


def test_flinks_own_web_ui_shows_a_job_and_cancels_it(cluster, job_id, chromium):
    ui = chromium.new_page()
    ui.set_default_timeout(MILLISECONDS)
    refused = []
    ui.on("response", lambda got: refused.append((got.url, got.status)) if got.status in (401, 403) else None)
    ui.goto(f"http://localhost:{cluster.port}/#/job/running/{job_id}/overview")
    ui.get_by_text("Cancel Job").click()
    ui.get_by_role("button", name="Yes").click()

    wait_until(lambda: _running_jobs(cluster) == [], "the end of the job")
    assert refused == []
    ui.close()
