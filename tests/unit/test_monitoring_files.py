"""The rules, Prometheus' configuration and Grafana's board; tests/cluster/test_monitoring.py runs them for real."""

import json
import re
import shutil
import subprocess

import pytest
from conftest import PROJECT, CommandLine, wait_until
from ruamel.yaml import YAML

from flink_abnormal.core.operators import DETECTOR, KAFKA_SOURCE
from flink_abnormal.core.settings import Settings

MONITORING = PROJECT / "conf" / "monitoring"
START = MONITORING / "prometheus.sh"
GRAFANA = MONITORING / "grafana"
BOARDS = GRAFANA / "boards"
SOURCE = f"Source: {KAFKA_SOURCE.name}"

with_prometheus = pytest.mark.skipif(
    shutil.which("promtool") is None, reason="promtool isn't on the PATH (Debian: apt install prometheus)"
)


def promtool(*arguments):
    return subprocess.run(["promtool", *arguments], capture_output=True, text=True, timeout=60, check=False)


@with_prometheus
def test_each_alert_fires_when_it_should_and_not_before():
    checked = promtool("check", "rules", MONITORING / "rules.yml")
    tested = promtool("test", "rules", PROJECT / "tests" / "unit" / "alert_rules.yml")

    assert checked.returncode == 0, checked.stderr
    assert tested.returncode == 0, tested.stdout + tested.stderr


def test_each_alert_has_a_test_a_severity_and_a_sentence():
    groups = YAML(typ="safe").load((MONITORING / "rules.yml").read_text(encoding="utf-8"))["groups"]
    tests = YAML(typ="safe").load((PROJECT / "tests" / "unit" / "alert_rules.yml").read_text(encoding="utf-8"))["tests"]
    alerts = [rule for group in groups for rule in group["rules"] if "alert" in rule]
    fired = {t["alertname"] for test in tests for t in test.get("alert_rule_test", []) if t.get("exp_alerts")}

    assert {alert["alert"] for alert in alerts} == fired
    assert {alert["labels"]["severity"] for alert in alerts} == {"warning", "critical"}
    assert [a["alert"] for a in alerts if not a["annotations"]["summary"].endswith(".")] == []


def test_the_guide_lists_every_alert():
    guide = (PROJECT / "docs" / "monitoring.md").read_text(encoding="utf-8").split("| Alert | Fires when |\n", 1)[1]
    rules = (MONITORING / "rules.yml").read_text(encoding="utf-8")

    assert re.findall(r"^\| `(\w+)` \|", guide.split("\n\n", 1)[0], re.MULTILINE) == re.findall(r"alert: (\w+)", rules)


@with_prometheus
@pytest.mark.parametrize("name", ["prometheus.yml", "prometheus-processes.yml"])
def test_prometheus_takes_its_configuration(name, tmp_path):
    for file in MONITORING.glob("*.yml"):
        shutil.copy(file, tmp_path)
    (tmp_path / "expected.yml").write_text("groups: []\n")
    (tmp_path / "targets.json").write_text('[{"targets": ["127.0.0.1:9249"]}]')

    checked = promtool("check", "config", tmp_path / name)

    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    [
        ("TASKMANAGERS", "three", "a number is expected, such as 3."),
        ("TASKMANAGERS", "-1", "a number is expected, such as 3."),
        *(
            ("CHECKPOINT_INTERVAL", value, "a duration is expected, such as 10s or 2min.")
            for value in ("10", "s", "1.5.0s", "10 days", "ten s", ".s", "1)s")
        ),
    ],
)
def test_settings_that_are_wrong_are_named(tmp_path, variable, value, expected):
    refused = CommandLine(tmp_path).run(command=START, env={variable: value})

    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr == f"Error: {variable} is '{value}', and {expected}\n"


@with_prometheus
@pytest.mark.parametrize(
    ("interval", "seconds"),
    [("500ms", "500 * 0.001"), ("10s", "10 * 1"), ("10sec", "10 * 1"), ("2min", "2 * 60"), ("2m", "2 * 60"),
     ("1.5h", "1.5 * 3600")],
)  # fmt: skip
def test_the_rules_expect_what_the_settings_say(cli, interval, seconds):
    cli.env |= {"TASKMANAGERS": "5", "CHECKPOINT_INTERVAL": interval, "PROMETHEUS_LISTEN": "127.0.0.1:0"}
    data = cli.folder / ".flink" / "prometheus"

    process = cli.start("127.0.0.1:1", "127.0.0.1:2", command=START)
    wait_until(lambda: "Completed loading of configuration" in process.output.read_text(), "Prometheus", 30)

    rules = YAML(typ="safe").load((data / "expected.yml").read_text())["groups"][0]["rules"]
    assert {rule["record"]: rule["expr"] for rule in rules} == {
        "expected:taskmanagers": "vector(5)",
        "expected:checkpoint_interval:seconds": f"vector({seconds})",
    }
    assert json.loads((data / "targets.json").read_text()) == [{"targets": ["127.0.0.1:1", "127.0.0.1:2"]}]


def test_the_rules_expect_the_defaults_of_the_project():
    script = START.read_text(encoding="utf-8")
    interval = re.search(r"CHECKPOINT_INTERVAL:-(\d+)s}", script)[1]

    assert int(interval) * 1000 == Settings().state.checkpoint_interval_ms
    assert "TASKMANAGERS:-3}" in script


@pytest.mark.parametrize(("board", "operator"), [("flink-abnormal", DETECTOR.name), ("kafka", SOURCE)])
def test_a_board_asks_the_provisioned_prometheus_for_operators_that_exist(board, operator):
    text = (BOARDS / f"{board}.json").read_text(encoding="utf-8")
    panels = json.loads(text)["panels"]
    sources = YAML(typ="safe").load((GRAFANA / "provisioning" / "datasources" / "prometheus.yml").read_text())
    operators = set(re.findall(r'operator_name=\\"([^"\\]+)\\"', text))

    (source,) = sources["datasources"]
    assert [p["title"] for p in panels if p["datasource"] != {"type": source["type"], "uid": source["uid"]}] == []
    assert operators == {re.sub(r"[^a-zA-Z0-9:_]", "_", operator)}  # as Flink's reporter writes them


@pytest.mark.parametrize("board", sorted(BOARDS.glob("*.json")), ids=lambda board: board.stem)
def test_the_panels_of_a_board_have_places_of_their_own(board):
    panels = json.loads(board.read_text(encoding="utf-8"))["panels"]
    places = [
        (x, y)
        for place in (panel["gridPos"] for panel in panels)
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]

    assert len(places) == len(set(places))
    assert max(x for x, _ in places) < 24
    assert len({panel["id"] for panel in panels}) == len(panels)
