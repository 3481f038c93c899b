"""The composition as the README starts it: one JobManager, three TaskManagers, checkpoints in a volume."""

import re
import time

import pytest
import requests
from composition import BUILD_SECONDS, built
from conftest import wait_until

from flink_abnormal.runtime.rest import Slots

PAGE_SECONDS = 90
STARTS_FROM = r"Starts from (/data/checkpoints/\w+/chk-\d+)"

pytestmark = pytest.mark.timeout(1200)


@pytest.fixture(scope="module")
def composition():
    with built("session", CHECKPOINT_INTERVAL="500ms", JOB_OPTIONS="--interval 100ms") as up:
        began = time.monotonic()
        up.up()
        up.await_job()
        up.seconds_to_job = time.monotonic() - began
        yield up


@pytest.fixture
def job(composition):
    return composition.await_job()


@pytest.fixture
def page(chromium, composition):
    """The dashboard's page, opened once and never again."""
    opened = chromium.new_page()
    opened.set_default_timeout(PAGE_SECONDS * 1000)
    opened.goto(composition.dashboard)
    opened.evaluate("window.stayed = true")
    yield opened
    opened.close()


def test_all_nine_slots_work_soon_after_the_start(composition, job):
    assert composition.cluster.slots() == Slots(total=9, free=0)
    assert len(composition.cluster.taskmanagers()) == 3
    assert composition.seconds_to_job < 120


def test_the_jobs_lines_are_in_the_log_and_in_the_web_ui(composition, job):
    printed = r"^\[(Source Emit|ALERT)\] .*"

    def kinds(text):
        return {match[1] for match in re.finditer(printed, text, re.MULTILINE)}

    def shown():
        outputs = [composition.cluster.stdout(each["id"]) for each in composition.cluster.taskmanagers()]
        return "".join(b"".join(output).decode() for output in outputs)

    both = {"Source Emit", "ALERT"}
    wait_until(lambda: kinds(composition.logs("taskmanager")) == both, "the lines in the log")
    wait_until(lambda: kinds(shown()) == both, "the lines in the web UI")
    # What the web UI shows is the job's own lines: Flink's log is elsewhere.
    assert [line for line in shown().splitlines() if " INFO " in line] == []


def test_no_process_is_root_and_nothing_is_open_beyond_this_machine_or_to_other_websites(composition, job):
    for service in ("jobmanager", "taskmanager", "job", "dashboard"):
        assert composition.inside(service, "id", "--user", "--name").strip() == "flink"
    published = composition.docker(
        *("ps", "--filter", f"label=com.docker.compose.project={composition.name}", "--format", "{{.Ports}}")
    )
    assert set(filter(None, published.split("\n"))) == {
        f"127.0.0.1:{composition.ports['WEB_PORT']}->8081/tcp",
        f"127.0.0.1:{composition.ports['DASHBOARD_PORT']}->8080/tcp",
    }
    foreign = requests.get(composition.dashboard, headers={"Host": "elsewhere.example"}, timeout=10)
    assert foreign.status_code == 403
    rest = f"http://127.0.0.1:{composition.ports['WEB_PORT']}"
    origins = ({}, {"Origin": composition.dashboard}, {"Host": "elsewhere.example"}, {"Host": "jobmanager:8081"})
    answers = [requests.get(f"{rest}/overview", headers=headers, timeout=10) for headers in origins]
    assert [answer.status_code for answer in answers] == [200, 403, 403, 200]
    assert [name for answer in answers for name in answer.headers if name.lower().startswith("access-control")] == []
    assert requests.get(f"{rest}/jobs/{job.id}/yarn-cancel", timeout=10).status_code == 403


def test_prometheus_scrapes_each_process_of_the_cluster(composition, job):
    # Without Grafana, whose image is not ours to build.
    begun = composition.run("--profile", "monitoring", "up", "--detach", "--build", "prometheus", seconds=BUILD_SECONDS)
    assert begun.returncode == 0, begun.stderr[-4000:]

    def value(query):
        url = f"http://127.0.0.1:{composition.ports['PROMETHEUS_PORT']}/api/v1/query"
        try:
            answer = requests.get(url, params={"query": query}, timeout=10)
        except requests.ConnectionError:
            return None
        found = answer.json()["data"]["result"] if answer.ok else []
        return [float(each["value"][1]) for each in found]

    wait_until(lambda: value("sum(up)") == [4], "one JobManager and three TaskManagers", 120)
    wait_until(lambda: value("flink_jobmanager_numRegisteredTaskManagers") == [3], "the JobManager's figure")


def test_a_killed_taskmanager_comes_back_and_the_job_goes_on_from_its_checkpoint(composition, job, page):
    composition.await_checkpoint(job, composition.checkpoints(job)["completed"])
    # The folder is listed, not each checkpoint's own: the oldest may go in that moment.
    names = composition.inside("jobmanager", "ls", f"/data/checkpoints/{job.id}").split()
    assert len([name for name in names if name.startswith("chk-")]) >= 3
    page.locator(".tile", has_text="Slots in use").get_by_text("100 %").wait_for()
    composition.kill_java(composition.containers("taskmanager")[0])
    page.locator(".alarm .what:visible", has_text="TaskManager lost: TaskManager").wait_for()
    wait_until(lambda: composition.checkpoints(job)["restored"] > 0, "a restore")
    again = composition.await_job()
    assert again.id == job.id
    wait_until(lambda: composition.cluster.slots() == Slots(total=9, free=0), "all slots")
    page.get_by_text(re.compile(r"^running again after \d")).wait_for()
    assert page.locator(".steps .told").last.inner_text() == "all 10 tasks run again"
    assert page.evaluate("window.stayed") is True


def test_a_lost_job_is_submitted_again_from_its_newest_checkpoint_and_runs_once(composition, job):
    composition.await_checkpoint(job)
    starts = composition.logs("job").count("Starts from")
    composition.kill_java(composition.containers("jobmanager")[0])
    again = wait_until(lambda: (now := composition.running_job()) and now.id != job.id and now, "another job", 240)
    assert [each.id for each in composition.cluster.jobs()] == [again.id]
    # What a submission says comes when it has ended, a moment after its job runs.
    said = wait_until(lambda: (now := composition.logs("job")).count("Starts from") > starts and now, "what it says")
    assert f"The cluster has lost job {job.id}: submitting it again." in said.splitlines()
    assert said.count("Starts from") == starts + 1
    assert re.findall(STARTS_FROM, said)[-1].split("/")[3] == job.id


def await_start_from(composition, job):
    """Wait until the guard has said that it started from a snapshot of this job: it does so after the submission."""
    starts = lambda: [path.split("/")[3] for path in re.findall(STARTS_FROM, composition.logs("job"))]  # noqa: E731
    wait_until(lambda: starts()[-1:] == [job.id], "the guard's word of the start")


def test_the_cluster_comes_back_with_its_state(composition, job):
    composition.await_checkpoint(job)
    assert composition.run("down", "--timeout", 5).returncode == 0
    composition.up()
    assert composition.await_job().id != job.id
    await_start_from(composition, job)


def test_a_job_that_was_cancelled_is_left_alone(composition, job):
    composition.await_checkpoint(job)
    composition.flink_abnormal("cancel", job.id)
    sentence = f"Job {job.id} was cancelled or stopped: nothing is left to guard. The guard's next start resumes it."
    wait_until(lambda: composition.logs("job").splitlines()[-1] == sentence, "the guard's last word")
    assert composition.exit_code("job") is None
    assert composition.running_job() is None

    assert composition.run("restart", "--timeout", 5, "job").returncode == 0
    assert composition.await_job().id != job.id
    await_start_from(composition, job)


@pytest.fixture(scope="module")
def idle(composition):
    """The composition from now on without its job, whose slots drills need."""
    composition.flink_abnormal("cancel")
    return composition


def test_killed_cut_off_and_frozen_taskmanagers_and_a_full_disk_cost_no_alert_and_a_doubled_one_is_found_out(
    idle, tmp_path
):
    strikes = ("--kill", "taskmanager", "--cut", "network", "--pause", "taskmanager", "--fill", "disk")

    done, report = idle.drill(tmp_path / "report", *strikes, "--tamper", "double")

    assert done.returncode == 1, done.stdout + done.stderr
    assert [strike["kind"] for strike in report["strikes"]] == [
        "kill taskmanager",
        "cut network",
        "pause taskmanager",
        "fill disk",
    ]
    alerts = report["alerts"]
    (alert,) = alerts["doubled"]
    assert (alerts["missing"], alerts["unexpected"], alerts["outOfOrder"]) == ([], [], [])
    assert alerts["committed"] == alerts["expected"] + 1 > 1
    assert f"1 alert is committed more than once: {alert['user_id']} count {alert['count']} " in done.stderr
    victim = report["strikes"][1]["victim"]
    assert f"{victim} is cut off from the network" in done.stdout
    assert f"{victim} is on the network again" in done.stdout
    assert idle.inside("jobmanager", "ls", "/data/drill") == ""


def test_a_savepoint_of_the_previous_release_restores_in_containers(idle, tmp_path):
    done, report = idle.drill(tmp_path / "report", "upgrade")

    assert done.returncode == 0, done.stdout + done.stderr
    assert (report["alerts"]["expected"], report["alerts"]["committed"]) == (123, 123)


def test_the_one_jobmanager_is_not_killed(idle, tmp_path):
    done, _ = idle.drill(tmp_path / "report", "--kill", "jobmanager")

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "Error: --kill jobmanager is impossible here: the composition has one JobManager, and its job dies with it. "
        "Bring it up with high availability: COMPOSE_PROFILES=ha docker compose up -d\n"
    )
