"""
A market out of nothing: a seeded random walk per symbol, a two-sided ladder around it, and small trades.

Deep enough to trade against, and the same for the same seed and the same number of steps. The house trades
with itself at its own touch, so that there is a last price and candles of it; clients' orders are neither
filled by that nor passed over (`ReplaceLadder`). Promises bounded work: one command per symbol and step,
LEVELS levels a side, at most one trade. Where the walk starts after a
restart is told by the caller, so that prices continue instead of jumping back.
"""

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Final

from backhand.commands import Command, Contract, ReplaceLadder
from backhand.outcomes import Overloaded
from backhand.units import E12, E20

#: Seconds between two steps.
STEP_SECONDS: Final = 0.5
#: How long a price may be used: a market that fell silent for twenty steps says nothing any more.
GOOD_FOR_MS: Final = 10_000
#: Levels a side. Each costs journal space at every step: 12 levels of 8 symbols make about 8 kB a second.
LEVELS: Final = 12
#: Quote value of the first level; level n holds n times as much, a whole side 78 times: 78 million.
FIRST_LEVEL_VALUE: Final = 1_000_000
#: Distance between levels, and the largest step of the walk, in parts of the price.
LEVEL_PARTS: Final = 10_000
STEP_PARTS: Final = 5_000
#: One step in so many has a trade of the house with itself: one in two seconds per symbol. Each takes 170
#: bytes of the read models, 60 MB a day for 8 symbols; the journal of the ladders grows by 700 MB meanwhile.
TRADE_STEPS: Final = 4
#: Quote value of such a trade: this, up to so many times.
TRADE_VALUE: Final = 100
TRADE_VALUES_MAX: Final = 50
#: The walk turns back at a quarter and at four times its anchor, so that it never runs away.
ANCHOR_RATIO_MAX: Final = 4

#: Where a base coin's walk starts; any other coin starts at OTHER_PRICE_E12.
START_PRICES_E12: Final = {
    "BTC": 65_000 * E12,
    "ETH": 3_200 * E12,
    "SOL": 150 * E12,
    "XRP": 6 * E12 // 10,
}
OTHER_PRICE_E12: Final = 100 * E12


class Walk:
    """One symbol's price in ticks and the randomness that moves it."""

    def __init__(self, contract: Contract, seed: str, price_e12: int) -> None:
        anchor_e12 = START_PRICES_E12.get(contract.base_coin, OTHER_PRICE_E12)
        self.contract = contract
        self._random = random.Random(f"{seed}/{contract.symbol}")  # noqa: S311  # Prices, not secrets.
        # Apart from the walk's, so that a seed's prices do not hang on how often there is a trade.
        self._takers = random.Random(f"{seed}/{contract.symbol}/trades")  # noqa: S311
        self._has_traded = False
        anchor_ticks = max(LEVELS + 2, anchor_e12 // contract.tick_e12)
        self._lowest_ticks = max(LEVELS + 2, anchor_ticks // ANCHOR_RATIO_MAX)
        self._highest_ticks = anchor_ticks * ANCHOR_RATIO_MAX
        start_ticks = price_e12 // contract.tick_e12 if price_e12 else anchor_ticks
        self._price_ticks = min(max(start_ticks, self._lowest_ticks), self._highest_ticks)

    def step(self) -> ReplaceLadder:
        """Move the price, quote around it, and trade at times; the index follows, and the mark with it."""
        reach_ticks = max(1, self._price_ticks // STEP_PARTS)
        moved_ticks = self._price_ticks + self._random.randint(-reach_ticks, reach_ticks)
        self._price_ticks = min(max(moved_ticks, self._lowest_ticks), self._highest_ticks)
        return ladder(self.contract, self._price_ticks, self._taken_lots())

    def _taken_lots(self) -> int:
        """Draw what the house takes of its own: something at the first step, then at one in TRADE_STEPS."""
        draw = self._takers.randrange
        steps, side, values = draw(TRADE_STEPS), draw(2), draw(1, TRADE_VALUES_MAX + 1)
        if steps and self._has_traded:
            return 0
        self._has_traded = True
        contract = self.contract
        lot_value_e20 = self._price_ticks * contract.tick_e12 * contract.lot_e8
        lots = max(contract.size_lots_min, values * TRADE_VALUE * E20 // lot_value_e20)
        return lots if side else -lots


def ladder(contract: Contract, price_ticks: int, taken_lots: int = 0) -> ReplaceLadder:
    """Quote LEVELS bids and asks around a price, each larger than the one before it, and take of them."""
    price_e12 = price_ticks * contract.tick_e12
    lot_value_e20 = price_e12 * contract.lot_e8
    first_lots = max(contract.size_lots_min, FIRST_LEVEL_VALUE * E20 // lot_value_e20)
    apart_ticks = max(1, min(price_ticks // LEVEL_PARTS, (price_ticks - 2) // LEVELS))
    offsets_ticks = [1 + level * apart_ticks for level in range(LEVELS)]
    return ReplaceLadder(
        symbol=contract.symbol,
        bids=tuple(
            (price_ticks - offset, first_lots * (level + 1)) for level, offset in enumerate(offsets_ticks)
        ),
        asks=tuple(
            (price_ticks + offset, first_lots * (level + 1)) for level, offset in enumerate(offsets_ticks)
        ),
        index_price_e12=price_e12,
        good_for_ms=GOOD_FOR_MS,
        taken_lots=taken_lots,
    )


class SyntheticMarket:
    """The walks of all listed contracts, submitted as one batch per step."""

    def __init__(
        self, contracts: Iterable[Contract], seed: str, index_prices_e12: Mapping[str, int] | None = None
    ) -> None:
        known = index_prices_e12 or {}
        self._walks = [Walk(contract, seed, known.get(contract.symbol, 0)) for contract in contracts]

    def step(self) -> tuple[Command, ...]:
        """The next ladder of every symbol."""
        return tuple(walk.step() for walk in self._walks)

    async def run(
        self, submit: Callable[[tuple[Command, ...]], Awaitable[object]], runs: Callable[[], bool]
    ) -> None:
        """
        Step until cancelled, while the venue's clock runs.

        The first step was submitted by whoever opened the venue; with a frozen clock each further one comes
        with a step of the clock, so that the same requests meet the same book.
        """
        while True:
            await asyncio.sleep(STEP_SECONDS)
            if not runs():
                continue
            with contextlib.suppress(Overloaded):  # Clients first: the next step brings newer prices anyway.
                await submit(self.step())
