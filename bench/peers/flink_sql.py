"""Flink SQL: two OVER windows, one in the other, no line of Python on an event's way. `flink_sql.py EVENTS OUTPUT`."""

import os
import sys
from pathlib import Path

from newest import recovery

from flink_abnormal.runtime import embedded

os.environ.update(embedded.prepare())

from pyflink.common import Configuration
from pyflink.table import EnvironmentSettings, TableEnvironment

events, output = map(Path, sys.argv[1:])
settings = {
    **embedded.settings("hashmap"),
    "parallelism.default": "1",
    "execution.checkpointing.interval": "1s",
    "execution.checkpointing.dir": (output / "checkpoints").as_uri(),
    **recovery(output / "checkpoints"),
}
configuration = Configuration()
for key, value in settings.items():
    configuration.set_string(key, value)
table = TableEnvironment.create(EnvironmentSettings.new_instance().with_configuration(configuration).build())
table.execute_sql(f"""
    CREATE TABLE events (userId STRING, isAbnormal BOOLEAN, `timestamp` BIGINT, now AS PROCTIME())
    WITH ('connector' = 'filesystem', 'path' = '{events.as_uri()}', 'format' = 'json')
""")
table.execute_sql(f"""
    CREATE TABLE alerts (userId STRING, `count` BIGINT, `timestamp` BIGINT, message STRING)
    WITH ('connector' = 'filesystem', 'path' = '{(output / "alerts").as_uri()}', 'format' = 'json')
""")
table.execute_sql("""
    INSERT INTO alerts
    SELECT userId, n, `timestamp`, '[ALERT] userId=' || userId || ' 이상행동 ' || CAST(n AS STRING) || '회 감지!'
    FROM (
      SELECT *, SUM(CASE WHEN isAbnormal THEN 1 ELSE 0 END) OVER (
        PARTITION BY userId, `row` ORDER BY now ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS n
      FROM (
        SELECT *, SUM(CASE WHEN isAbnormal THEN 0 ELSE 1 END) OVER (
          PARTITION BY userId ORDER BY now ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS `row`
        FROM events
      )
    )
    WHERE isAbnormal AND n >= 3
""").wait()
