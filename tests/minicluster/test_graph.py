import os
from dataclasses import replace

import pytest

from flink_abnormal.core import operators
from flink_abnormal.core.parallelism import Parallelism
from flink_abnormal.core.settings import DetectionSettings, Settings, SinkSettings, StateSettings
from flink_abnormal.core.source_settings import FileSettings, RandomSettings
from flink_abnormal.core.time_settings import TimeSettings
from flink_abnormal.pipeline.verdict import Ending
from flink_abnormal.runtime import distribution
from flink_abnormal.submission import inspection
from flink_abnormal.submission.configuration import flink_configuration

BOTH_SINKS = SinkSettings(sinks=("print", "files"), output="/nowhere/out")
RANDOM = Settings()
BOUNDED = Settings(random=RandomSettings(events=5), sink=BOTH_SINKS)
FILES = Settings(source="files", files=FileSettings(input=os.devnull), sink=BOTH_SINKS)
FOLLOW = replace(FILES, files=FileSettings(input="/nowhere", follow=True))
IN_TIME = replace(FILES, time=TimeSettings(time="event"), detection=DetectionSettings(within_ms=1))

SETTINGS = {"random": RANDOM, "bounded": BOUNDED, "files": FILES, "follow": FOLLOW, "in-time": IN_TIME}


@pytest.fixture(scope="module")
def graph(flink_environment):
    """Builds the graph of settings in a JVM, without running it."""
    from pyflink.common import Configuration
    from pyflink.datastream import StreamExecutionEnvironment

    from flink_abnormal.pipeline import graph as pipeline

    def build(settings, layout="isolated"):
        configuration = Configuration()
        for key, value in flink_configuration(settings, None).items():
            configuration.set_string(key, value)
        env = StreamExecutionEnvironment.get_execution_environment(configuration)
        pipeline.build(env, settings, Parallelism(3, 2, 1), layout, 0, distribution.jars(), Ending())
        return inspection.nodes(env._generate_stream_graph(True, "test"))

    return build


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
@pytest.mark.parametrize("mode", ["thread", "process"])
def test_every_operator_has_a_uid_of_its_own_a_readable_name_and_the_mode_that_was_asked_for(graph, settings, mode):
    nodes = graph(replace(settings, state=StateSettings(execution_mode=mode)))

    uids = [node.uid for node in nodes]
    assert None not in uids
    assert len(set(uids)) == len(uids)
    assert [node.name for node in nodes if node.name in ("Map", "PROCESS", "KEYED PROCESS") or "_" in node.name] == []
    assert inspection.real_modes(nodes) == {mode}
    assert {node.max_parallelism for node in nodes} <= {120, 1, -1}


def test_the_random_job_is_the_seeds_picture_in_nine_slots(graph):
    nodes = graph(RANDOM)

    assert {(node.name, node.parallelism, node.slots) for node in nodes} == {
        ("Source: Heartbeat", 1, "default"),
        ("Start users, Key by user group", 1, "default"),
        ("Source: Random user events", 3, "default"),
        ("Key by userId", 3, "default"),
        ("Process: Abnormal count", 2, "process"),
        ("Sink: Print alerts", 1, "sink"),
    }
    assert {node.slots for node in graph(RANDOM, layout="shared")} == {"default"}


def test_the_detectors_place_in_a_snapshot_is_a_promise(graph):
    assert operators.DETECTOR.uid_in("thread") == "abnormal-count"
    assert operators.DETECTOR.uid_in("process") == "abnormal-count-process"
    assert operators.ABNORMAL_COUNT_STATE == "abnormalCount"
    (detector,) = [node for node in graph(RANDOM) if node.uid == "abnormal-count"]
    assert detector.name == "Process: Abnormal count"
