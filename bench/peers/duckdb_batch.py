"""DuckDB, as a query over the whole file: what a batch can do. `duckdb_batch.py EVENTS OUTPUT`."""

import sys

import duckdb

events, output = sys.argv[1:]
duckdb.execute(f"""
COPY (
  SELECT "userId", count, timestamp, '[ALERT] userId=' || "userId" || ' 이상행동 ' || count || '회 감지!' AS message
  FROM (
    SELECT *, row_number() OVER (PARTITION BY "userId", row ORDER BY number) AS count
    FROM (
      SELECT *,  -- the same number for abnormal events in a row
             row_number() OVER (PARTITION BY "userId" ORDER BY number)
             - row_number() OVER (PARTITION BY "userId", "isAbnormal" ORDER BY number) AS row
      FROM (
        SELECT *, row_number() OVER () AS number
        FROM read_json('{events}', format = 'newline_delimited',
                       columns = {{userId: 'VARCHAR', isAbnormal: 'BOOLEAN', timestamp: 'BIGINT'}})
      )
    )
    WHERE "isAbnormal"
  )
  WHERE count >= 3
) TO '{output}/alerts.jsonl' (FORMAT json)
""")
