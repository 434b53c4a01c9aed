"""
Random streams of commands for the naive book and the engine: the same for the same seed, in any process.

Prices are few and the mark moves, so that orders meet, queue up at one price, and lie outside the band;
accounts hold few orders, so that they reach their bound.
"""

import random
from typing import Final

from backhand.commands import (
    BUY,
    HOUSE_UID,
    SELL,
    CancelOrder,
    Command,
    OrderType,
    PlaceOrder,
    ReplaceLadder,
    SetPrice,
    Side,
    Tier,
    TimeInForce,
)
from backhand.units import E8, E12
from tests.engine.worlds import contract
from tests.simulation.lockstep import MARK, Lockstep

#: What one seed plays. A failing stream is cut to this many commands at most.
STREAM_COMMANDS: Final = 10_000
UIDS: Final = ("ann", "ben", "cat", "dan")
#: A band of 3%, sizes that can be too small by value and too large by count, few orders an account.
CONTRACT: Final = contract(
    "ETHUSDT",
    tiers=(Tier(10**15 * E8, 125, 400_000),),
    buy_band_rate_e8=3 * E8 // 100,
    sell_band_rate_e8=3 * E8 // 100,
    value_min_e8=98 * E8 + 1,
    limit_size_lots_max=30,
    market_size_lots_max=25,
    symbol_orders_max=6,
)
SYMBOL: Final = CONTRACT.symbol
SIDES: Final[tuple[Side, ...]] = (BUY, SELL)
SIZES: Final = (*(1, 2, 3) * 4, *(4, 5, 6, 8, 11) * 2, 26, 31)
DISTANCES: Final = (*(-2, -1, 0, 1, 2) * 3, -4, -3, 3, 4)
TIMES_IN_FORCE: Final[tuple[TimeInForce, ...]] = ("gtc", "gtc", "gtc", "gtc", "ioc", "fok", "post_only")


class Stream:
    """A seeded source of commands; cancels name orders that the naive book holds, or held."""

    def __init__(self, seed: int, venue: Lockstep) -> None:
        self.chance = random.Random(seed)  # noqa: S311 (tests, not secrets)
        self.venue = venue
        self.middle = MARK

    def next(self) -> Command:
        """Give the next command."""
        kind = self.chance.random()
        if kind < 0.66:
            return self._place()
        if kind < 0.80:
            return self._cancel()
        if kind < 0.94:
            return self._ladder()
        self.middle = self.chance.randrange(MARK - 3, MARK + 4)
        # Off the tick, so that the band's edges are rounded.
        mark_e12 = self.middle * E12 + self.chance.choice((0, 0, E12 // 2, E12 // 3))
        return SetPrice(SYMBOL, mark_e12, mark_e12)

    def _place(self) -> Command:
        pick = self.chance.choice
        uid, side, size = pick(UIDS), pick(SIDES), pick(SIZES)
        reduce_only = self.chance.random() < 0.3
        held = self.venue.naive.held[uid]
        if reduce_only and held and self.chance.random() < 0.9:
            side, size = (SELL if held > 0 else BUY), min(size, abs(held))
        order_type: OrderType = "market" if self.chance.random() < 0.2 else "limit"
        price = self.middle + pick(DISTANCES) if order_type == "limit" else None
        tif = pick(TIMES_IN_FORCE)
        return PlaceOrder(uid, SYMBOL, side, order_type, size, price, tif, reduce_only=reduce_only)

    def _cancel(self) -> Command:
        naive = self.venue.naive
        resting = [order for order in naive.bids + naive.asks if order.uid != HOUSE_UID]
        if resting and self.chance.random() < 0.9:
            order = self.chance.choice(resting)
            return CancelOrder(order.uid, SYMBOL, order.order_id)
        return CancelOrder(self.chance.choice(UIDS), SYMBOL, naive.next_id - 2 * self.chance.randrange(20))

    def _ladder(self) -> Command:
        pick = self.chance.choice
        middle = self.middle + pick((-1, 0, 0, 1))
        bids = tuple((middle - 1 - level, pick(SIZES)) for level in range(pick((0, 1, 2, 3))))
        asks = tuple((middle + pick((0, 1)) + level, pick(SIZES)) for level in range(0, pick((0, 2, 4)), 2))
        mark_e12 = self.middle * E12 if self.chance.random() < 0.2 else None
        return ReplaceLadder(SYMBOL, bids, asks, mark_e12, mark_e12)


def play(seed: int, commands: int) -> None:
    """Play a stream; the first difference is an AssertionError that says where it was."""
    venue = Lockstep(CONTRACT, UIDS)
    stream = Stream(seed, venue)
    for number in range(1, commands + 1):
        try:
            venue.apply(stream.next())
        except Exception as error:
            error.add_note(f"stream {seed}, command {number}")
            raise
