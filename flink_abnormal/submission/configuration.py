"""The job's settings as Flink's own configuration."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from flink_abnormal.core.settings import MAX_PARALLELISM
from flink_abnormal.core.uris import folder_uri
from flink_abnormal.runtime.rest import SERIES_SECONDS

if TYPE_CHECKING:
    from flink_abnormal.core.job import JobSettings

UNLIMITED: Final = str(2**31 - 1)
START_MS: Final = 10_000
"""All tasks of a job start within this time: on a cold cluster within 1.5 s, on a busy machine 5.3. Flink triggers the
first checkpoint this long after the job's first task runs, and it fails unless all run by then."""
RETAINED: Final = "execution.checkpointing.num-retained"
ROCKSDB_OPTIONS: Final = {"state.backend.rocksdb.options-factory": "flinkabnormal.RocksLog"}
"""A Java part, which must be shipped with the job."""
WITHOUT_BEAM: Final = {"python.pythonpath": str(Path(__file__).with_name("without_beam"))}
"""Thread mode needs nothing of Beam, and PyFlink imports it where it can: most of what a start takes in Python."""


def flink_configuration(settings: JobSettings, restore_path: str | None) -> dict[str, str]:
    """Return the job's settings as Flink's configuration keys."""
    state = settings.state
    mode = {"python.fn-execution.bundle.time": "100"} if state.mode == "process" else WITHOUT_BEAM
    restore = {"execution.state-recovery.path": restore_path} if restore_path else {}
    rocksdb = ROCKSDB_OPTIONS if state.backend == "rocksdb" else {}
    return {
        "execution.runtime-mode": "STREAMING",
        "pipeline.max-parallelism": str(MAX_PARALLELISM),
        "pipeline.generic-types": "false",
        "execution.checkpointing.interval": f"{state.checkpoint_interval_ms} ms",
        "execution.checkpointing.min-pause": f"{min(state.checkpoint_interval_ms, START_MS)} ms",
        "execution.checkpointing.mode": "EXACTLY_ONCE",
        "execution.checkpointing.dir": folder_uri(state.checkpoint_dir),
        "execution.checkpointing.externalized-checkpoint-retention": "RETAIN_ON_CANCELLATION",
        "execution.checkpointing.unaligned.enabled": str(not state.aligned).lower(),
        # Flink counts a failed checkpoint and tries again; by default the first failure would fail the job.
        "execution.checkpointing.tolerable-failed-checkpoints": UNLIMITED,
        "execution.checkpointing.incremental": "true",
        # What waits in a buffer that does not fill; by default an alert waits for up to a tenth of a second.
        "execution.buffer-timeout.interval": "10 ms",
        "state.backend.type": state.backend,
        # Failures within a minute of each other form a series; after twelve restarts the next failure ends the job.
        # Each lost worker is a series of its own, for ever.
        "restart-strategy.type": "exponential-delay",
        # A faster restart would deploy to a lost worker before its loss is detected (conf/config.yaml).
        "restart-strategy.exponential-delay.initial-backoff": "500 ms",
        "restart-strategy.exponential-delay.max-backoff": "5 s",
        "restart-strategy.exponential-delay.backoff-multiplier": "1.3",
        "restart-strategy.exponential-delay.jitter-factor": "0",
        "restart-strategy.exponential-delay.reset-backoff-threshold": f"{SERIES_SECONDS} s",
        "restart-strategy.exponential-delay.attempts-before-reset-backoff": "12",
        "python.execution-mode": state.mode,
        "python.executable": sys.executable,
        "python.client.executable": sys.executable,
        **mode,
        **rocksdb,
        **restore,
    }
