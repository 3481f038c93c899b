"""The ticker: its windows, by the job through a kill and typed into the SQL client, against windows computed here."""

import json
import os
import re
import signal
from collections import defaultdict
from datetime import datetime, timezone
from itertools import islice

import pytest
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource, ResourceType
from conftest import PROJECT, wait_until

from flink_abnormal.core.ticks import simulate

BEGIN_MS = 1_769_850_000_000  # 2026-01-31T09:00:00Z
WINDOW_MS = 300_000
TICKS = 2_100
BAD = [
    b"no json",
    b'{"symbol": "KRW-BTC"}',
    b'{"symbol": "KRW-BTC", "price": 1, "volume": 1, "timestamp": "2100-01-01"}',
    b'{"price": "\xea\xb0\x80' + b"x" * 5_000 + b'"}',
]


def expected(ticks):
    """Return the windows of ticks that are read in this order, by (symbol, start), and the ticks that come too late."""
    prices, late, latest = defaultdict(list), [], float("-inf")
    for tick in ticks:
        start = tick.time_ms // WINDOW_MS * WINDOW_MS
        if start + WINDOW_MS - 1 <= latest - 5_000:
            late.append(tick.record())
        else:
            prices[tick.symbol, start].append(tick)
        latest = max(latest, tick.time_ms)
    windows = {}
    for (symbol, start), found in prices.items():
        time = datetime.fromtimestamp(start / 1000, timezone.utc).strftime("%Y-%m-%d %H:%M:%S")
        paid, volume = [tick.price for tick in found], sum(tick.volume for tick in found)
        windows[symbol, time] = (sum(paid) / len(paid), max(paid), min(paid), volume)
    return windows, late


def aggregates(kafka, topic):
    """Return the rows of a topic, by (symbol, start), and how many there are."""
    rows = [json.loads(message.value()) for message in kafka.messages(topic)]
    found = {}
    for row in rows:
        figures = (row["avg_price"], row["max_price"], row["min_price"], row["total_volume"])
        found[row["symbol"], row["window_start"]] = pytest.approx(figures, rel=1e-12)  # sums of another order
    return found, len(rows)


def test_windows_are_right_through_a_kill_and_each_tick_is_in_one_or_a_dead_letter(cluster, kafka, tmp_path):
    source, sink, dead_letters = kafka.topics("ticks", "aggregates", "dead-letters", partitions=1)
    limit = ConfigEntry("max.message.bytes", "2000", incremental_operation=AlterConfigOpType.SET)
    small = ConfigResource(ResourceType.TOPIC, dead_letters, incremental_configs=[limit])
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
    admin.incremental_alter_configs([small])[small].result(30)
    ticks = list(islice(simulate(93, BEGIN_MS, 1000), TICKS))
    lines = [(tick.symbol.encode(), json.dumps(tick.record()).encode()) for tick in ticks]
    kafka.produce(source, [*lines[:900], *((b"", bad) for bad in BAD)])
    windows, late = expected(ticks)
    job = ["--bootstrap", kafka.bootstrap, "--topic", source, "--aggregates-topic", sink]
    job += ["--dead-letters-topic", dead_letters, "--transactional-id-prefix", sink, "--parallelism", "1"]
    submitted = cluster.run(
        *("run", "-d", "-py", "jobs/ticker.py", *cluster.job(*job, "--checkpoint-interval", "1s")), command="flink"
    )
    assert submitted.returncode == 0, submitted.stderr + submitted.stdout
    wait_until(lambda: kafka.messages(sink), "the first windows", 60)

    for member in cluster.state()["members"]:
        if member["name"].startswith("taskmanager"):
            os.kill(member["pid"], signal.SIGKILL)
    kafka.produce(
        source, [*lines[900:], (b"", b'{"symbol": "END", "price": 0, "volume": 0, "timestamp": "2026-02-01 00:00:00"}')]
    )

    wait_until(lambda: aggregates(kafka, sink)[1] >= len(windows), "the windows of all ticks", 90)
    assert aggregates(kafka, sink) == (windows, len(windows))
    refused = kafka.messages(dead_letters)
    reasons = [dict(message.headers())["dead-letter.reason"].decode() for message in refused]
    told = [
        json.loads(m.value()) for m, reason in zip(refused, reasons, strict=True) if reason == "its window has closed"
    ]
    assert sorted(map(str, told)) == sorted(map(str, late))
    assert len(late) == TICKS // 50
    assert sorted(reason for reason in reasons if reason != "its window has closed") == [
        "price is no number",
        "symbol is missing",
        "symbol is missing",
        "timestamp is no time, or too far in the future",
    ]
    cut = {dict(message.headers()).get("dead-letter.cut"): message.value() for message in refused}
    assert cut.keys() == {None, str(len(BAD[-1])).encode()}
    assert cut[str(len(BAD[-1])).encode()] == BAD[-1][:1200]
    cluster.run("cancel")


def test_each_statement_of_the_page_runs_when_it_is_typed(cluster, kafka, tmp_path):
    source, sink = kafka.topics("ticks", "aggregates", partitions=1)
    ticks = list(islice(simulate(93, BEGIN_MS, 1000), TICKS))
    kafka.produce(source, [(b"", json.dumps(tick.record()).encode()) for tick in ticks])
    page = (PROJECT / "docs" / "sql.md").read_text(encoding="utf-8")
    statements = "\n".join(re.findall(r"```sql\n(.*?)```", page, re.DOTALL))
    statements = statements.replace("'upbit-ticker-aggregates'", f"'{sink}'").replace("'upbit-ticker'", f"'{source}'")
    statements = re.sub(r"127\.0\.0\.1:9092[\d.:,]*", kafka.bootstrap, statements)
    file = tmp_path / "page.sql"
    file.write_text("SET 'parallelism.default' = '1';\n" + statements, encoding="utf-8")

    done = cluster.run("sql", "-f", file, seconds=180)

    assert done.returncode == 0, done.stderr + done.stdout
    assert "[ERROR]" not in done.stdout, done.stdout
    windows, _ = expected(ticks)
    wait_until(lambda: aggregates(kafka, sink)[1] == len(windows), "the rows of the INSERT", 60)
    assert aggregates(kafka, sink) == (windows, len(windows))
    high = sum(tick.price > 50_000_000 for tick in ticks)
    assert re.findall(r"Received a total of (\d+) rows", done.stdout) == [str(len(windows)), str(high)]
