"""PyFlink as its documentation shows it, with its defaults: Python in processes of its own.

`stock_pyflink.py EVENTS OUTPUT`
"""

import json
import sys
from pathlib import Path

from newest import recovery
from pyflink.common import Configuration, Encoder, Types, WatermarkStrategy
from pyflink.datastream import KeyedProcessFunction, StreamExecutionEnvironment
from pyflink.datastream.connectors.file_system import FileSink, FileSource, StreamFormat
from pyflink.datastream.state import ValueStateDescriptor

events, output = map(Path, sys.argv[1:])


class Detect(KeyedProcessFunction):
    """The seed's rule: an alert for each abnormal event in a row, from the third on."""

    def open(self, runtime_context):
        """Take the state."""
        self.count = runtime_context.get_state(ValueStateDescriptor("abnormalCount", Types.LONG()))

    def process_element(self, event, ctx):  # noqa: ARG002 - PyFlink's own signature
        """Count, or begin anew."""
        user, abnormal, time = event
        if not abnormal:
            self.count.clear()
            return
        count = (self.count.value() or 0) + 1
        self.count.update(count)
        if count >= 3:
            message = f"[ALERT] userId={user} 이상행동 {count}회 감지!"
            yield json.dumps({"userId": user, "count": count, "timestamp": time, "message": message})


def parse(line):
    """Return user, whether it is abnormal, and time."""
    event = json.loads(line)
    return event["userId"], event["isAbnormal"], event["timestamp"]


configuration = Configuration()
configuration.set_string("execution.checkpointing.interval", "1s")
configuration.set_string("execution.checkpointing.dir", (output / "checkpoints").as_uri())
configuration.set_string("rest.port", "0")
for setting, value in recovery(output / "checkpoints").items():
    configuration.set_string(setting, value)
env = StreamExecutionEnvironment.get_execution_environment(configuration)
env.set_parallelism(1)
source = FileSource.for_record_stream_format(StreamFormat.text_line_format(), events.as_uri()).build()
sink = FileSink.for_row_format((output / "alerts").as_uri(), Encoder.simple_string_encoder()).build()
(
    env.from_source(source, WatermarkStrategy.no_watermarks(), "lines")
    .map(parse, Types.TUPLE([Types.STRING(), Types.BOOLEAN(), Types.LONG()]))
    .key_by(lambda event: event[0], Types.STRING())
    .process(Detect(), Types.STRING())
    .sink_to(sink)
)
env.execute("stock")
