"""
Every small book, and every order that can meet it.

A side holds up to three orders of size 1 or 2 at three prices. Two orders of different prices may arrive
in either sequence without any difference that can be seen, so a side is a queue of sizes for each price,
and its orders arrive from the lowest price up. Books do not cross. A taker may be of either side, at
market or at each of the three prices with each time in force, and of every size up to one more than the
side that it meets: from there on only its remainder grows.
"""

import itertools
from collections.abc import Iterator, Sequence
from typing import Final

from backhand.commands import BUY, SELL, CancelOrder, PlaceOrder, Side
from tests.engine.worlds import contract
from tests.simulation.lockstep import MARK, Lockstep

#: (price_ticks, size_lots) in the order of arrival.
Orders = tuple[tuple[int, int], ...]

PRICES: Final = (MARK - 1, MARK, MARK + 1)
SIZES: Final = (1, 2)
ORDERS_MAX: Final = 3
#: All of PRICES lie in the band, and the outer ones on its edges.
CONTRACT: Final = contract("ETHUSDT", buy_band_rate_e8=10**6, sell_band_rate_e8=10**6)
UIDS: Final = ("maker", "taker")


def sides(orders_max: int) -> list[Orders]:
    """Give every side of up to this many orders."""
    found: list[Orders] = []
    for count in range(orders_max + 1):
        for prices in itertools.combinations_with_replacement(PRICES, count):
            found += [
                tuple(zip(prices, sizes, strict=True)) for sizes in itertools.product(SIZES, repeat=count)
            ]
    return found


def books(orders_max: int = ORDERS_MAX) -> list[tuple[Orders, Orders]]:
    """Give every book that does not cross: bids, asks."""
    each = sides(orders_max)
    return [
        (bids, asks) for bids in each for asks in each if not bids or not asks or bids[-1][0] < asks[0][0]
    ]


def takers(bids: Orders, asks: Orders) -> Iterator[PlaceOrder]:
    """Give every order that may meet a book."""
    symbol = CONTRACT.symbol
    meets: Sequence[tuple[Side, Orders]] = ((BUY, asks), (SELL, bids))
    for side, met in meets:
        for size in range(1, sum(lots for _, lots in met) + 2):
            yield PlaceOrder("taker", symbol, side, "market", size)
            for price in PRICES:
                yield PlaceOrder("taker", symbol, side, "limit", size, price, "gtc")
                yield PlaceOrder("taker", symbol, side, "limit", size, price, "ioc")
                yield PlaceOrder("taker", symbol, side, "limit", size, price, "fok")
                yield PlaceOrder("taker", symbol, side, "limit", size, price, "post_only")


def play(chosen: Sequence[tuple[Orders, Orders]]) -> int:
    """Let every taker meet these books; gives how many meetings there were."""
    venue = Lockstep(CONTRACT, UIDS)
    meetings = 0
    for bids, asks in chosen:
        built: object = None
        for taker in takers(bids, asks):
            if built is None or built != lying(venue):
                clear(venue)
                build(venue, bids, asks)
                built = lying(venue)
            try:
                venue.apply(taker)
            except Exception as error:
                error.add_note(f"the book was {bids} / {asks}")
                raise
            meetings += 1
    return meetings


def lying(venue: Lockstep) -> object:
    """What rests now, so that a book is built again only when a taker changed it."""
    return [(order.order_id, order.lots) for order in venue.naive.bids + venue.naive.asks]


def clear(venue: Lockstep) -> None:
    """Cancel everything. Positions stay: nothing here depends on them."""
    for order in venue.naive.bids + venue.naive.asks:
        venue.apply(CancelOrder(order.uid, CONTRACT.symbol, order.order_id))


def build(venue: Lockstep, bids: Orders, asks: Orders) -> None:
    """Let the orders of a book arrive."""
    sided: Sequence[tuple[Side, Orders]] = ((BUY, bids), (SELL, asks))
    for side, orders in sided:
        for price, size in orders:
            venue.apply(PlaceOrder("maker", CONTRACT.symbol, side, "limit", size, price))
