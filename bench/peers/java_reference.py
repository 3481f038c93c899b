"""The seed's job as people write it in Java: text lines, Jackson, a KeyedProcessFunction, a FileSink.

`java_reference.py EVENTS OUTPUT [BACKEND [PARALLELISM [PARSER]]]`; PARSER is JacksonEvents, or QuickEvents, which reads
a line with the JVM engine's own parser.
"""

import os
import shutil
import sys
import tempfile
from pathlib import Path

from newest import recovery

from flink_abnormal.jvm import jar, parts
from flink_abnormal.runtime import distribution, embedded

os.environ.update(embedded.prepare())

from pyflink.common import Configuration
from pyflink.datastream import StreamExecutionEnvironment
from pyflink.java_gateway import get_gateway

events, output = map(Path, sys.argv[1:3])
backend, parallelism, parser = [*sys.argv[3:], *("hashmap", "1", "JacksonEvents")[len(sys.argv) - 3 :]]
settings = {
    **embedded.settings(backend),
    "state.backend.type": backend,
    "execution.checkpointing.interval": "1s",
    "execution.checkpointing.dir": (output / "checkpoints").as_uri(),
    **recovery(output / "checkpoints"),
}
configuration = Configuration()
for key, value in settings.items():
    configuration.set_string(key, value)
env = StreamExecutionEnvironment.get_execution_environment(configuration)
env.set_parallelism(int(parallelism))
with tempfile.TemporaryDirectory() as folder:
    texts = Path(folder, "reference")
    shutil.copytree(Path(__file__).parents[1] / "reference", texts)
    shutil.copy(parts.TEXTS / "QuickJson.java", texts)
    mine = parts.Parts(jar.build(texts, distribution.parts(), os.environ))
mine.add_to(env)
flink = get_gateway().jvm.org.apache.flink
paths = get_gateway().new_array(flink.core.fs.Path, 1)
paths[0] = flink.core.fs.Path(events.as_uri())
lines = flink.connector.file.src.reader.TextLineInputFormat()
source = flink.connector.file.src.FileSource.forRecordStreamFormat(lines, paths).build()
nothing = flink.api.common.eventtime.WatermarkStrategy.noWatermarks()
read = env._j_stream_execution_environment.fromSource(source, nothing, "lines")  # noqa: SLF001
alerts = read.flatMap(mine.new(parser)).keyBy(mine.new("CountInARow$User")).process(mine.new("CountInARow"))
encoder = flink.api.common.serialization.SimpleStringEncoder()
folder = flink.core.fs.Path((output / "alerts").as_uri())
sink = flink.connector.file.sink.FileSink.forRowFormat(folder, encoder).build()
alerts.map(mine.new("JacksonAlerts")).sinkTo(sink)
env.execute("reference")
