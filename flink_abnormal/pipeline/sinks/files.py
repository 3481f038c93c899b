"""JSON Lines in `alerts/` and `dead-letters/` below the output folder, exactly once through Flink's FileSink.

A file gets its name once it is complete and its checkpoint has completed; in-progress files start with a dot. Each
checkpoint closes one small file per subtask, and a restore never appends to it: a frozen TaskManager that was given up
writes into its own files for a moment when it wakes up, and would corrupt its successor's lines. An unbounded run
compacts them into one file per `--roll`, so that a day leaves hundreds of files, not thousands, at any parallelism. A
bounded run does not compact: at the end of the input Flink's compactor drops files restored from a snapshot unless a
checkpoint has completed in between, and those alerts would never get their names.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pyflink.common.serialization import Encoder
from pyflink.datastream.connectors.file_system import (
    BucketAssigner,
    FileCompactor,
    FileCompactStrategy,
    FileSink,
    OutputFileConfig,
    RollingPolicy,
)

from flink_abnormal.core.operators import ALERT_FILES, ALERTS_TO_JSON, DEAD_LETTER_FILES
from flink_abnormal.core.published import ALERTS_FOLDER, DEAD_LETTERS_FOLDER
from flink_abnormal.pipeline.alerts import to_json
from flink_abnormal.pipeline.streams import label

if TYPE_CHECKING:
    from pyflink.datastream import DataStream, StreamExecutionEnvironment

    from flink_abnormal.core.operators import Operator
    from flink_abnormal.core.settings import Settings
    from flink_abnormal.pipeline.sinks import SinkContext

_PART_BYTES: Final = 128 * 1024 * 1024


def build(
    env: StreamExecutionEnvironment,  # noqa: ARG001 - all sinks share this signature
    alerts: DataStream,
    dead_letters: DataStream | None,
    settings: Settings,
    context: SinkContext,
) -> list[DataStream]:
    """Write alerts and dead letters as JSON Lines."""
    parallelism = context.parallelism
    lines = to_json(alerts, context.java_parts)
    label(lines, ALERTS_TO_JSON).set_parallelism(parallelism)
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
        # Not the same as omitting the call: disable_compact() takes over files that an earlier release's snapshot left
        # to compact.
        file_sink = builder.disable_compact().build()
    else:
        checkpoints = max(1, roll_ms // settings.state.checkpoint_interval_ms)
        strategy = FileCompactStrategy.builder().enable_compaction_on_checkpoint(checkpoints)
        compaction = strategy.set_size_threshold(_PART_BYTES).build()
        file_sink = builder.enable_compact(compaction, FileCompactor.concat_file_compactor()).build()
    written = lines.sink_to(file_sink).name(operator.name).uid(operator.uid)
    return written.set_parallelism(parallelism)
