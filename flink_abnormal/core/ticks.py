"""A simulated feed of a crypto exchange's prices, repeatable by its seed."""

from __future__ import annotations

import random
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

PRICES: Final = {"KRW-BTC": 50_000_000.0, "KRW-ETH": 3_000_000.0, "KRW-XRP": 900.0}
"""Where each symbol's price begins, in won."""
LATE_EVERY: Final = 50
LATE_MS: Final = 600_000
"""One tick of so many comes this much too late: its window has closed."""
DISORDER_MS: Final = 4_000
"""All others are out of order by less than the five seconds that the watermark waits."""


class Tick(NamedTuple):
    """A trade: price in won, volume in units of the symbol, time in epoch milliseconds."""

    symbol: str
    price: float
    volume: float
    time_ms: int

    def record(self) -> dict[str, object]:
        """Return the tick as the topic holds it; the time as SQL writes it, in UTC."""
        time = datetime.fromtimestamp(self.time_ms / 1000, timezone.utc).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
        return {"symbol": self.symbol, "price": self.price, "volume": self.volume, "timestamp": time}


def simulate(seed: int, begin_ms: int, step_ms: int) -> Iterator[Tick]:
    """Yield ticks without end, each symbol's `step_ms` apart, slightly out of order, some too late."""
    draw = random.Random(seed)  # noqa: S311 - not for secrets
    prices = dict(PRICES)
    number = 0
    while True:
        for symbol, before in prices.items():
            price = prices[symbol] = round(before * (1 + draw.uniform(-0.002, 0.002)), 1)
            late = number % LATE_EVERY == LATE_EVERY - 1
            behind = LATE_MS if late else draw.randrange(0, DISORDER_MS)
            time_ms = begin_ms + (number // len(prices)) * step_ms - behind
            yield Tick(symbol, price, round(draw.uniform(0.001, 2), 3), time_ms)
            number += 1
