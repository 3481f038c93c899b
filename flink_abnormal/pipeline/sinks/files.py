"""JSON Lines below the output folder, `alerts/` and `dead-letters/`, exactly once through Flink's FileSink.

A file has its name once it is whole and its checkpoint has completed; names that start with a dot are on their way.
Each checkpoint ends a small file of each subtask, so that none is ever written on after a restore: a TaskManager that
was frozen, and given up, writes into its own files for a moment when it wakes up, and would spoil lines of its
successor. In an endless run each `--roll` they become one, so that a day leaves hundreds of files and not thousands, at
any parallelism. A bounded run compacts nothing: at the end of the input Flink's compactor forgets what it held from
before a restore, unless a checkpoint has completed in between, and those alerts would never get their names.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pyflink.common import Types
from pyflink.common.serialization import Encoder
from pyflink.datastream import MapFunction
from pyflink.datastream.connectors.file_system import (
    BucketAssigner,
    FileCompactor,
    FileCompactStrategy,
    FileSink,
    OutputFileConfig,
    RollingPolicy,
)

from flink_abnormal.core.model import Alert
from flink_abnormal.core.operators import ALERT_FILES, ALERTS_TO_JSON, DEAD_LETTER_FILES
from flink_abnormal.core.published import ALERTS_FOLDER, DEAD_LETTERS_FOLDER
from flink_abnormal.pipeline.streams import label

if TYPE_CHECKING:
    from pyflink.datastream import DataStream

    from flink_abnormal.core.operators import Operator
    from flink_abnormal.core.settings import Settings

_PART_BYTES: Final = 128 * 1024 * 1024


def build(
    alerts: DataStream, dead_letters: DataStream | None, settings: Settings, parallelism: int
) -> list[DataStream]:
    """Write alerts and dead letters as JSON Lines."""
    lines = label(alerts.map(AlertToJson(), Types.STRING()), ALERTS_TO_JSON).set_parallelism(parallelism)
    built = [lines, _sink(lines, ALERTS_FOLDER, ALERT_FILES, settings, parallelism)]
    if dead_letters is not None:
        built.append(_sink(dead_letters, DEAD_LETTERS_FOLDER, DEAD_LETTER_FILES, settings, parallelism))
    return built


def _sink(lines: DataStream, folder: str, operator: Operator, settings: Settings, parallelism: int) -> Any:
    path = str(Path(str(settings.sink.output)).absolute() / folder)
    builder = (
        FileSink.for_row_format(path, Encoder.simple_string_encoder())
        .with_bucket_assigner(BucketAssigner.base_path_bucket_assigner())
        .with_output_file_config(OutputFileConfig.builder().with_part_suffix(".jsonl").build())
    )
    roll_ms = settings.sink.roll_ms
    builder = builder.with_rolling_policy(RollingPolicy.on_checkpoint_rolling_policy())
    if settings.bounded:
        # Not the same as not to speak of it: what a snapshot of an earlier release has to compact is taken over.
        file_sink = builder.disable_compact().build()
    else:
        checkpoints = max(1, roll_ms // settings.state.checkpoint_interval_ms)
        strategy = FileCompactStrategy.builder().enable_compaction_on_checkpoint(checkpoints)
        compaction = strategy.set_size_threshold(_PART_BYTES).build()
        file_sink = builder.enable_compact(compaction, FileCompactor.concat_file_compactor()).build()
    written = lines.sink_to(file_sink).name(operator.name).uid(operator.uid)
    return written.set_parallelism(parallelism)


class AlertToJson(MapFunction):
    """Turns an alert into its line of JSON."""

    def map(self, value: tuple[Any, ...]) -> str:
        """Return one line, without its line break."""
        return Alert(*value).to_json()
