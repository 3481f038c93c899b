import os
import re
import signal

import pytest
from conftest import wait_until

from flink_abnormal.runtime import distribution
from flink_abnormal.snapshots import metadata


@pytest.fixture
def detector_state(cli, monkeypatch):
    """The detector's keyed state in a checkpoint of a thread-mode run: the bytes that Flink wrote."""
    process = cli.start("run", *cli.job("--interval", "50ms", "--checkpoint-interval", "500ms", "--no-emit-log"))
    wait_until(lambda: list(cli.checkpoints.glob("*/chk-[3-9]/_metadata")), "a third checkpoint")
    os.kill(process.pid, signal.SIGINT)
    process.wait(60)
    checkpoint = max(cli.checkpoints.glob("*/chk-*"), key=lambda folder: int(folder.name.removeprefix("chk-")))
    monkeypatch.setenv(distribution.HOME_VARIABLE, str(cli.folder))
    for name, value in distribution.prepare().items():
        monkeypatch.setenv(name, value)

    state = b""
    for operator in metadata.metadata(str(checkpoint)).getOperatorStates().toArray():
        # Murmur3 of the uid "abnormal-count", as Flink reckons it: snapshots find the operator by it.
        if operator.getOperatorID().toHexString() == "41cfe1bd16bb33f87c12911b18221c0d":
            for subtask in operator.getStates().toArray():
                for handle in subtask.getManagedKeyedState().toArray():
                    stream = handle.openInputStream()
                    state += bytes(stream.readAllBytes())
                    stream.close()
    return state


@pytest.mark.thread_mode
def test_thread_mode_keeps_the_promised_layout_key_string_and_value_long(detector_state):
    text = detector_state.decode("latin-1")

    assert set(re.findall(r"org\.apache\.flink[\w.]+\.(\w+)(?=\$\w*Snapshot)", text)) == {
        "LongSerializer",
        "RowSerializer",
        "StringSerializer",
        "VoidNamespaceSerializer",
    }
    assert "abnormalCount" in text
