"""The ticker's statements in Flink SQL: its tables, and what it writes to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flink_abnormal.core.kafka_settings import epoch_ms

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flink_abnormal.core.ticker_settings import TickerSettings

WINDOW: Final = "INTERVAL '5' MINUTE"
AHEAD: Final = "INTERVAL '1' HOUR"
_TIME: Final = "TRY_CAST(REPLACE(JSON_VALUE(tick, '$.timestamp'), 'T', ' ') AS TIMESTAMP(3))"

TICKS: Final = f"""CREATE TABLE upbit_ticker (
    tick STRING,
    symbol AS JSON_VALUE(tick, '$.symbol'),
    price AS TRY_CAST(JSON_VALUE(tick, '$.price') AS DOUBLE),
    volume AS TRY_CAST(JSON_VALUE(tick, '$.volume') AS DOUBLE),
    `timestamp` AS CASE WHEN {_TIME} <= LOCALTIMESTAMP + {AHEAD} THEN {_TIME} END,
    topic STRING METADATA VIRTUAL,
    `partition` INT METADATA VIRTUAL,
    `offset` BIGINT METADATA VIRTUAL,
    WATERMARK FOR `timestamp` AS `timestamp` - INTERVAL '5' SECOND
)"""
"""The fields are taken from the text one by one, so that a tick without one is a dead letter: Flink's JSON format fails
the job at it for ever, or drops it in silence. A time from the far future is none, and moves no watermark."""

USABLE: Final = "symbol IS NOT NULL AND price IS NOT NULL AND volume IS NOT NULL AND `timestamp` IS NOT NULL"
LATE: Final = """(CURRENT_WATERMARK(`timestamp`) IS NOT NULL AND
    TIMESTAMPADD(MINUTE, 5 - MOD(EXTRACT(MINUTE FROM `timestamp`), 5), FLOOR(`timestamp` TO MINUTE))
    - INTERVAL '0.001' SECOND <= CURRENT_WATERMARK(`timestamp`))"""
"""Whether a tick's window has closed where the tick is read: SQL's windows drop such a tick in silence. What is not
late here is not late there, since the windows' watermark is the smallest of all subtasks'."""

PUNCTUAL: Final = f"CREATE TEMPORARY VIEW punctual AS SELECT * FROM upbit_ticker WHERE {USABLE} AND NOT {LATE}"

AGGREGATES: Final = """CREATE TABLE ticker_aggregates (
    symbol STRING,
    window_start TIMESTAMP(3),
    avg_price DOUBLE,
    max_price DOUBLE,
    min_price DOUBLE,
    total_volume DOUBLE
)"""
AGGREGATE: Final = f"""INSERT INTO ticker_aggregates
SELECT symbol, window_start, AVG(price), MAX(price), MIN(price), SUM(volume)
FROM TABLE(TUMBLE(TABLE punctual, DESCRIPTOR(`timestamp`), {WINDOW}))
GROUP BY symbol, window_start, window_end"""

DEAD_LETTERS: Final = """CREATE TABLE dead_letters (
    tick STRING,
    headers MAP<STRING NOT NULL, BYTES> METADATA
)"""
_HEADERS: Final = """MAP['dead-letter.reason', ENCODE({reason}, 'UTF-8'), 'dead-letter.topic', ENCODE(topic, 'UTF-8'),
    'dead-letter.partition', ENCODE(CAST(`partition` AS STRING), 'UTF-8'),
    'dead-letter.offset', ENCODE(CAST(`offset` AS STRING), 'UTF-8')]"""
_REASON: Final = """CASE WHEN symbol IS NULL THEN 'symbol is missing' WHEN price IS NULL THEN 'price is no number'
    WHEN volume IS NULL THEN 'volume is no number' ELSE 'timestamp is no time, or too far in the future' END"""
_REFUSED: Final = (
    (_REASON, f"tick IS NOT NULL AND NOT ({USABLE})"),
    ("'its window has closed'", f"{USABLE} AND {LATE}"),
)
_BYTES: Final = "DECODE(ENCODE(tick, 'UTF-8'), 'ISO-8859-1')"
"""A tick with a character for each of its bytes, since SQL can neither count nor cut bytes."""
_WHOLE: Final = f"SELECT tick, {_HEADERS} FROM upbit_ticker WHERE {{condition}} AND CHAR_LENGTH({_BYTES}) <= {{most}}"
_CUT: Final = f"""SELECT DECODE(ENCODE(SUBSTRING({_BYTES} FROM 1 FOR {{most}}), 'ISO-8859-1'), 'UTF-8'),
    MAP_UNION({_HEADERS}, MAP['dead-letter.cut', ENCODE(CAST(CHAR_LENGTH({_BYTES}) AS STRING), 'UTF-8')])
FROM upbit_ticker WHERE {{condition}} AND CHAR_LENGTH({_BYTES}) > {{most}}"""

HIGH_PRICES: Final = """CREATE TABLE high_prices (symbol STRING, price DOUBLE, `timestamp` TIMESTAMP(3))
WITH ('connector' = 'print', 'print-identifier' = '[PRICE]')"""
PRINT: Final = """INSERT INTO high_prices
SELECT symbol, price, `timestamp` FROM upbit_ticker WHERE {usable} AND price > {price}"""


def definitions(settings: TickerSettings, properties: Mapping[str, str], timeout_ms: int) -> list[str]:
    """Return the statements that define the tables; `properties` are those of Kafka's clients."""
    chosen = settings.ticker
    client = {f"properties.{name}": value for name, value in properties.items()}
    connection = {"connector": "kafka", "properties.bootstrap.servers": str(settings.kafka.bootstrap), **client}
    source = {
        **connection,
        "topic": chosen.topic,
        "properties.group.id": chosen.group,
        **_start(chosen.start),
        **({"scan.bounded.mode": "latest-offset"} if settings.bounded else {}),
        "format": "raw",
        "scan.watermark.emit.strategy": "on-event",
        "scan.watermark.idle-timeout": f"{chosen.idleness_ms} ms",
    }

    def sink(topic: str, kind: str, more: Mapping[str, str]) -> dict[str, str]:
        delivery = {"sink.delivery-guarantee": chosen.delivery}
        if settings.transactions:
            delivery["sink.transactional-id-prefix"] = f"{settings.transactions}-{kind}"
            delivery["properties.transaction.timeout.ms"] = str(timeout_ms)
        return {**connection, "topic": topic, **delivery, **more}

    key = {"key.format": "raw", "key.fields": "symbol", "value.format": "json"}
    return [
        TICKS + _with(source),
        PUNCTUAL,
        AGGREGATES + _with(sink(chosen.aggregates_topic, "aggregates", key)),
        DEAD_LETTERS + _with(sink(chosen.dead_letters_topic, "dead-letters", {"format": "raw"})),
        HIGH_PRICES,
    ]


def inserts(settings: TickerSettings, most: int) -> list[str]:
    """Return the statements of the job; of a dead letter with more than `most` bytes the rest is cut off."""
    letters = [
        select.format(reason=reason, condition=condition, most=most)
        for reason, condition in _REFUSED
        for select in (_WHOLE, _CUT)
    ]
    refuse = "INSERT INTO dead_letters\n" + "\nUNION ALL\n".join(letters)
    return [AGGREGATE, refuse, PRINT.format(usable=USABLE, price=settings.ticker.price_above)]


def _start(start: str) -> dict[str, str]:
    if start == "committed":
        return {"scan.startup.mode": "group-offsets", "properties.auto.offset.reset": "earliest"}
    if start in ("earliest", "latest"):
        return {"scan.startup.mode": f"{start}-offset"}
    return {"scan.startup.mode": "timestamp", "scan.startup.timestamp-millis": str(epoch_ms(start, "--start", ""))}


def _with(options: Mapping[str, str]) -> str:
    quoted = ",\n    ".join(f"{_quoted(name)} = {_quoted(value)}" for name, value in options.items())
    return f" WITH (\n    {quoted}\n)"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
