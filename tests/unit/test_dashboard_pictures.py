"""The pictures and charts as data: what stands where, what leads to what, and that no user's word becomes a key."""

from dataclasses import replace

import dashboard_samples as samples
import pytest

from dashboard.model import Edge
from dashboard.pages import charts, cluster_picture, pictures, pipeline_picture, strike
from dashboard.pages.panels import lessons
from dashboard.pages.panels.alerts import can_be_seen
from dashboard.pages.strike import SuggestedStrike
from dashboard.pages.texts import Texts
from dashboard.pages.theme import LIGHT

EN = Texts("en")
WIDTH = 600


def told(options):
    """Return the (name, text) of each node of a graph."""
    return [(node["name"], node["label"]["formatter"]) for node in options["series"][0]["data"]]


def places(options):
    """Return the middle of each node by its name."""
    return {node["name"]: tuple(node["value"]) for node in options["series"][0]["data"]}


def links(options):
    """Return the (source, target) of each line, by the nodes' names."""
    series = options["series"][0]
    names = [node["name"] for node in series["data"]]
    return [(names[link["source"]], names[link["target"]]) for link in series["links"]]


def tones(options):
    """Return (border, fill, dashed or solid) of each node by its name."""
    return {
        node["name"]: (node["label"]["borderColor"], node["label"]["backgroundColor"], node["label"]["borderType"])
        for node in options["series"][0]["data"]
    }


def small(users=("user1", "user2")):
    """Return a cluster of one TaskManager with two slots."""
    found = samples.workers(1, slots=2)
    return replace(samples.healthy(), taskmanagers=found, details={samples.JOB: samples.job(found, users)})


def cluster(snapshot):
    return cluster_picture.draw(snapshot, snapshot.details[samples.JOB], EN, LIGHT, WIDTH)


def test_the_cluster_has_a_node_for_each_member_and_each_slot():
    whole = samples.healthy()
    names = [name for name, _ in told(cluster(whole))]
    assert names == [
        "jm 127.0.0.1:8081",
        *(
            name
            for n in range(3)
            for name in (
                f"tm taskmanager-{n + 1}-{n:08x}",
                *(f"slot taskmanager-{n + 1}-{n:08x} {p}" for p in range(3)),
            )
        ),
    ]
    assert links(cluster(whole)) == [("jm 127.0.0.1:8081", f"tm taskmanager-{n + 1}-{n:08x}") for n in range(3)]


def test_a_lost_taskmanager_is_dashed_red_without_slots_and_without_a_line():
    options = cluster(samples.wounded())
    lost = "tm taskmanager-2-00000001"
    assert tones(options)[lost] == (LIGHT.bad, LIGHT.bad_fill, "dashed")
    assert dict(told(options))[lost] == "taskmanager-2\nlost 3 s ago"
    assert [name for name, _ in told(options) if name.startswith("slot taskmanager-2")] == []
    assert [link for link in links(options) if lost in link] == []


def test_a_taskmanager_keeps_its_place_when_it_dies():
    before, after = places(cluster(samples.healthy())), places(cluster(samples.wounded()))
    assert {name: after[name] for name in after} == {name: before[name] for name in after}


@pytest.mark.parametrize(
    ("answers", "leads", "state", "border"),
    [
        (True, True, "leads", "solid"),
        (True, False, "standby", "solid"),
        (True, None, "alive", "solid"),
        (False, None, "no answer", "dashed"),
    ],
)
def test_a_jobmanager_tells_whether_it_leads(answers, leads, state, border):
    master = replace(samples.healthy().jobmanagers[0], answers=answers, leads=leads)
    options = cluster(samples.healthy(jobmanagers=(master,)))
    assert told(options)[0] == ("jm 127.0.0.1:8081", f"JobManager · {state}\n127.0.0.1:8081")
    assert tones(options)["jm 127.0.0.1:8081"][2] == border


def test_subtasks_of_one_group_and_index_share_a_slot_and_the_rest_are_free():
    whole = small()
    job = whole.details[samples.JOB]
    held = cluster_picture.slots(replace(whole.taskmanagers[0], slots=4), job)
    assert [[placed.vertex.id for placed in slot] for slot in held] == [["v0", "v1"], ["v2"], ["v3"], []]


def test_thirty_nodes_are_a_picture_and_thirty_one_are_too_many():
    assert [cluster_picture.too_many(samples.healthy(taskmanagers=samples.workers(1, slots=n))) for n in (28, 29)] == [
        False,
        True,
    ]


def test_the_pipeline_leads_from_source_to_sink_and_each_user_to_its_subtask():
    whole = samples.healthy()
    options = pipeline_picture.draw(whole.details[samples.JOB], EN, LIGHT, WIDTH)
    assert links(options) == [
        ("head v0", "head v1"),
        ("head v1", "head users"),
        ("head v2", "head v3"),
        ("head users", "head v2"),
        ("users user1", "v2 0"),
        ("users user2", "v2 1"),
        ("users user3", "v2 2"),
    ]
    assert dict(told(options))["head users"] == "key_by (userId)"


def flows(options):
    """Return what stands on each line between tasks, and whether it is an arch."""
    return {
        (names[0].removeprefix("head "), names[1].removeprefix("head ")): (
            link["label"]["formatter"] if link["label"]["show"] else None,
            link["lineStyle"]["curveness"] > 0,
        )
        for names, link in zip(links(options), options["series"][0]["links"], strict=True)
        if names[0].startswith("head ")
    }


def test_what_flows_from_task_to_task_stands_on_the_line():
    job = samples.healthy().details[samples.JOB]
    rates = {"v0": (None, 0.1), "v1": (0.1, 5.0), "v2": (4.9, 0.3), "v3": (0.2, None)}
    vertices = tuple(replace(each, in_rate=rates[each.id][0], out_rate=rates[each.id][1]) for each in job.vertices)
    options = pipeline_picture.draw(replace(job, vertices=vertices), EN, LIGHT, WIDTH)
    assert flows(options) == {
        ("v0", "v1"): ("0.1/s", False),
        ("v1", "users"): ("5.0/s", False),
        ("users", "v2"): ("4.9/s", False),
        ("v2", "v3"): ("0.2/s", False),
    }


def test_a_subtask_tells_what_it_takes_in_and_a_source_what_it_gives():
    job = samples.healthy().details[samples.JOB]
    rates = {"v0": (0.0, 1.0), "v1": (1.0, 5.0), "v2": (None, None), "v3": (0.0, None)}
    vertices = tuple(
        replace(
            each,
            subtasks=tuple(replace(s, in_rate=rates[each.id][0], out_rate=rates[each.id][1]) for s in each.subtasks),
        )
        for each in job.vertices
    )
    shown = dict(told(pipeline_picture.draw(replace(job, vertices=vertices), EN, LIGHT, WIDTH)))
    assert [shown[f"v{number} 0"] for number in range(4)] == [
        "Subtask 1\n1.0/s",
        "Subtask 1\n1.0/s",
        "Subtask 1\n–/s",
        "Subtask 1\n0.0/s",
    ]


def test_a_line_that_passes_over_a_task_is_an_arch_and_a_share_that_flink_does_not_tell_has_no_number():
    job = samples.healthy().details[samples.JOB]
    rates = {"v0": (None, 0.1), "v1": (0.1, 5.0), "v2": (5.1, 0.3), "v3": (0.2, None)}
    vertices = tuple(replace(each, in_rate=rates[each.id][0], out_rate=rates[each.id][1]) for each in job.vertices)
    edges = (*job.edges, Edge("v0", "v2", "REBALANCE"), Edge("v1", "v3", "FORWARD"))
    changed = replace(job, vertices=vertices, edges=edges)
    assert flows(pipeline_picture.draw(changed, EN, LIGHT, WIDTH)) == {
        ("v0", "v1"): ("0.1/s", False),
        ("v1", "users"): (None, False),
        ("v0", "users"): (None, True),
        ("users", "v2"): ("5.1/s", False),
        ("v2", "v3"): ("0.3/s", False),
        ("v1", "v3"): (None, True),
    }
    assert pipeline_picture.height(changed) - pipeline_picture.height(job) == 34


def test_a_user_with_the_name_of_another_node_leads_nowhere_else():
    whole = small(users=("user1", "head v2", "0"))
    options = pipeline_picture.draw(whole.details[samples.JOB], EN, LIGHT, WIDTH)
    names = [name for name, _ in told(options)]
    assert len(names) == len(set(names))
    assert links(options)[4:] == [("users 0", "v2 0"), ("users head v2", "v2 0"), ("users user1", "v2 0")]


def test_nodes_stay_within_the_plane_and_do_not_overlap_in_their_column():
    for width in (pipeline_picture.LEAST_WIDTH, 1200):
        options = pipeline_picture.draw(samples.healthy().details[samples.JOB], EN, LIGHT, width)
        boxes = [
            (*node["value"], node["label"]["width"] + 8, node["label"]["height"])
            for node in options["series"][0]["data"]
        ]
        assert [x for x, _, wide, _ in boxes if x - wide / 2 < 0 or x + wide / 2 > width] == []
        overlap = [
            (a, b)
            for place, a in enumerate(boxes)
            for b in boxes[place + 1 :]
            if abs(a[0] - b[0]) < (a[2] + b[2]) / 2 and abs(a[1] - b[1]) < (a[3] + b[3]) / 2
        ]
        assert overlap == []


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("Source: Random user events, Key by userId", "Random user events"),
        ("Process: Abnormal count -> Sink: Print", "Abnormal count"),
        ("Sink: Print alerts", "Print alerts"),
        ("Map", "Map"),
    ],
)
def test_a_chain_is_called_by_its_first_operator(name, short):
    assert pictures.short_name(name) == short


def test_bars_turn_red_from_the_threshold_on():
    live = replace(samples.healthy().details[samples.JOB].live, threshold=2)
    options = charts.live(live, EN, LIGHT)
    bars = [(bar["value"], bar["itemStyle"]["color"]) for bar in options["series"][0]["data"]]
    assert options["yAxis"]["data"] == ["user3", "user2", "user1"]
    assert bars == [(0, LIGHT.accent), (1, LIGHT.accent), (2, LIGHT.bad)]


def test_checkpoints_stand_in_the_order_of_time_failed_and_savepoints_marked():
    history = samples.healthy().details[samples.JOB].checkpoints.history
    options = charts.checkpoint_durations(history, EN, LIGHT)
    marked = {
        name: bar["itemStyle"]["color"]
        for name, bar in zip(options["xAxis"]["data"], options["series"][0]["data"], strict=True)
        if bar["itemStyle"]["color"] != LIGHT.accent
    }
    assert options["xAxis"]["data"] == [f"#{n}" for n in range(1, 21)]
    assert marked == {"#9": LIGHT.warn, "#14": LIGHT.bad}
    assert [bar["value"] for bar in options["series"][0]["data"]][:2] == [51, 52]


def test_a_recovery_is_told_in_its_three_parts():
    options = charts.recoveries(samples.healthy().recoveries, EN, LIGHT)
    assert [(series["name"], series["data"]) for series in options["series"]] == [
        ("until noticed", [1.2]),
        ("until restoring", [4.3]),
        ("until all ran", [1.3]),
    ]


def test_the_heatmap_has_a_row_for_each_hundred_and_a_cell_for_each_subtask():
    job = samples.many().details[samples.JOB]
    options = charts.heatmap(job, LIGHT)
    cells = [cell["value"] for cell in options["series"][0]["data"]]
    assert (len(options["yAxis"]["data"]), len(cells), cells[0], cells[999]) == (10, 1000, [0, 0, 1], [99, 9, 0])
    assert sum(state == 1 for _, _, state in cells) == 11


# Users' words


def drawn(snapshot):
    """Return the options of everything that is drawn of a snapshot."""
    job = snapshot.details[samples.JOB]
    newest = snapshot.recoveries[0]
    return {
        "live": charts.live(job.live, EN, LIGHT),
        "durations": charts.checkpoint_durations(job.checkpoints.history, EN, LIGHT),
        "sizes": charts.checkpoint_sizes(job.checkpoints.history, EN, LIGHT),
        "alerts": charts.alerts_per_minute(job.alerts, EN, LIGHT),
        "recoveries": charts.recoveries(snapshot.recoveries, EN, LIGHT),
        "heatmap": charts.heatmap(job, LIGHT),
        "workers": charts.workers(snapshot, LIGHT, EN)[0],
        "cluster": cluster_picture.draw(snapshot, job, EN, LIGHT, WIDTH),
        "pipeline": pipeline_picture.draw(job, EN, LIGHT, WIDTH),
        "lesson of a checkpoint": lessons.checkpoint(job, EN, LIGHT, WIDTH),
        "lesson of a recovery": lessons.recovery(newest, EN, LIGHT, WIDTH),
    }


def keys(options):
    """Return all keys of all dictionaries in it."""
    if isinstance(options, dict):
        return set(options) | {key for value in options.values() for key in keys(value)}
    return {key for value in options for key in keys(value)} if isinstance(options, list | tuple) else set()


def worst():
    """Return a cluster where every word that somebody else chose is hostile."""
    bad = samples.HOSTILE[1]
    whole = samples.healthy(users=samples.HOSTILE)
    job = whole.details[samples.JOB]
    vertices = tuple(replace(vertex, name=f"{bad} Abnormal count", group=bad) for vertex in job.vertices)
    made = job.checkpoints
    history = tuple(replace(each, path=bad, failure=bad) for each in made.history)
    details = {number: tuple(replace(task, name=bad) for task in tasks) for number, tasks in made.details.items()}
    checkpoints = replace(made, history=history, details=details, backend=bad, storage=bad)
    job = replace(job, name=bad, vertices=vertices, checkpoints=checkpoints, parameters={bad: bad})
    recovery = whole.recoveries[0]
    steps = tuple(replace(step, subject=bad) for step in recovery.steps)
    return replace(
        whole,
        taskmanagers=tuple(replace(worker, name=bad, host=bad) for worker in whole.taskmanagers),
        jobmanagers=tuple(replace(master, address=bad) for master in whole.jobmanagers),
        details={samples.JOB: job},
        recoveries=(replace(recovery, job_name=bad, lost=(bad,), steps=steps),),
    )


def test_no_word_of_a_user_is_ever_a_key_of_what_echarts_gets():
    benign, hostile = drawn(samples.healthy()), drawn(worst())
    assert {name: keys(options) for name, options in hostile.items()} == {
        name: keys(options) for name, options in benign.items()
    }
    assert [key for options in hostile.values() for key in keys(options) if key.startswith(":")] == []


def test_the_walk_through_the_keys_would_find_one():
    assert keys({"series": [{"data": [{":x": 1}]}]}) == {"series", "data", ":x"}


def test_placeholders_of_echarts_in_a_users_word_mean_nothing():
    whole = samples.healthy(users=("{b}", "{name|x}"))
    options = pipeline_picture.draw(whole.details[samples.JOB], EN, LIGHT, WIDTH)
    texts = [text for name, text in told(options) if name.startswith("users ")]
    assert texts == ["{\u200bb}", "{\u200bname|x}"]


def test_a_lost_taskmanager_that_is_there_again_under_its_name_is_shown_once():
    lost, *others = samples.workers(3)
    back = replace(lost, id="taskmanager-1-ffffffff")
    snapshot = samples.healthy(taskmanagers=(back, replace(lost, lost_at=samples.AT), *others))
    assert [name for name, _ in told(cluster(snapshot)) if name.startswith("tm ")] == [
        "tm taskmanager-1-ffffffff",
        "tm taskmanager-2-00000001",
        "tm taskmanager-3-00000002",
    ]


@pytest.mark.parametrize(
    ("victim", "command"),
    [
        ({"pid": 4711}, "kill -9 4711"),
        ({}, None),  # on this machine, in another one's cluster
        ({"host": "2585497674a9:40001"}, "docker compose exec --index 2 taskmanager pkill -KILL java"),
        ({"id": "10.0.0.7:40001-abc", "name": "TaskManager 2", "host": "10.0.0.7:40001"}, None),
    ],
)
def test_the_command_to_lose_a_taskmanager_is_one_that_can_be_typed_as_it_is(victim, command):
    one, two, three = samples.workers(3)
    two = replace(two, **victim)
    shown = samples.job((two, two, two))
    assert strike.how(samples.healthy(taskmanagers=(one, two, three)), shown) == SuggestedStrike(two, command)


def test_without_a_taskmanager_there_is_none_to_lose():
    assert strike.how(samples.healthy(taskmanagers=()), None) is None


@pytest.mark.parametrize(
    ("missing", "sinks", "seen"),
    [
        (None, "files", True),
        ("not-read-yet", "files", True),
        ("not-published", "files", False),
        ("not-published", "print,files", True),
        ("off", "files", False),
        ("off", "print", True),
    ],
)
def test_alerts_that_are_neither_published_nor_printed_can_not_be_seen(missing, sinks, seen):
    job = samples.job(samples.workers(3))
    job = replace(job, live=replace(job.live, missing=missing), parameters={"sinks": sinks})
    assert can_be_seen(job) is seen
