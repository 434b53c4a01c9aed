"""
The book that ccxt rebuilds from deltas, under a storm of changes, is the venue's book at each pause.

`BACKHAND_STORM_SECONDS=60` lets it blow as long as a release wants it.
"""

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import ccxt
import pytest

from tests.http.conftest import MEMORY
from tests.http.storm import ACCOUNTS, Storm
from tests.http.test_ccxt_pro import ETH_USDT, exchange_of, levels
from tests.http.venue import LINEAR, VenueProcess

STORM_SECONDS: Final = float(os.environ.get("BACKHAND_STORM_SECONDS", "5"))
#: Seconds between two pauses.
PAUSE_EVERY: Final = min(5.0, STORM_SECONDS / 2)
#: However busy the machine is: fewer changes, and frames to rebuild them from, would be no storm.
CHANGES_MIN, FRAMES_MIN = 200, 10

#: What takes longer hangs.
SECONDS_MAX: Final = 4 * STORM_SECONDS + 60

Sides = tuple[list[list[float]], list[list[float]]]


class Rebuilt:
    """Ccxt's book, kept up to date in the background; ccxt checks the checksum of every update."""

    def __init__(self, exchange: Any) -> None:
        self.frames = 0
        self._exchange = exchange

    async def run(self) -> None:
        while True:
            await self._exchange.watch_order_book(ETH_USDT)
            self.frames += 1

    def sides(self) -> Sides:
        book = self._exchange.orderbooks[ETH_USDT]
        return levels(book["bids"])[:100], levels(book["asks"])[:100]


async def settled(exchange: Any, rebuilt: Rebuilt) -> tuple[Sides, Sides]:
    """Both books at a pause, after at most two seconds in which the last frames may come."""
    for _ in range(40):
        fetched = await exchange.fetch_order_book(ETH_USDT, 100)
        both = ((levels(fetched["bids"]), levels(fetched["asks"])), rebuilt.sides())
        if both[0] == both[1]:
            break
        await asyncio.sleep(0.05)
    return both


async def storm(venue: VenueProcess, exchange: Any, seconds: float) -> tuple[int, int]:
    """Let it blow with pauses; the changes that were made, and the frames that were read."""
    operator = venue.operator
    keys = [operator.open_key() for _ in range(ACCOUNTS)]
    blowing = Storm(venue, keys, seed=1)
    rebuilt = Rebuilt(exchange)
    await exchange.watch_order_book(ETH_USDT)
    watching = asyncio.create_task(rebuilt.run())
    try:
        for _ in range(round(seconds / PAUSE_EVERY)):
            blow = asyncio.create_task(blowing.blow(PAUSE_EVERY))
            await asyncio.wait({blow, watching}, return_when=asyncio.FIRST_COMPLETED)
            if watching.done():
                blow.cancel()
                await asyncio.gather(blow, return_exceptions=True)
                watching.result()
            await blow
            fetched, kept = await settled(exchange, rebuilt)
            assert fetched == kept
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        blowing.close()
    return blowing.changes, rebuilt.frames


@pytest.fixture
def storm_venue(logs: Path) -> Iterator[VenueProcess]:
    """A venue of its own: what a storm leaves behind would be in the books of other tests."""
    process = VenueProcess(logs / "storm.log", (*MEMORY, "--limits", "off")).start()
    process.operator.set_book(LINEAR, [("999", "100000")], [("1000", "100000")], "1000")
    yield process
    process.stop()


def test_the_rebuilt_book_is_the_venues(storm_venue: VenueProcess) -> None:
    """After thousands of changes the book made of deltas equals merge-depth, level by level."""

    async def test() -> None:
        async with exchange_of(storm_venue, None, SECONDS_MAX) as exchange:
            changes, frames = await storm(storm_venue, exchange, STORM_SECONDS)
            print(f"{changes} book changes, {frames} frames in {STORM_SECONDS:.0f} s")  # noqa: T201 (figure)
            assert changes > CHANGES_MIN
            assert frames > FRAMES_MIN

    asyncio.run(test())


def test_a_client_that_misses_levels_is_caught(storm_venue: VenueProcess) -> None:
    """The canary: a book that keeps what was taken out of it fails at its checksum or at a pause."""

    async def test() -> None:
        async with exchange_of(storm_venue, None, SECONDS_MAX) as exchange:
            handle_delta = exchange.handle_delta
            exchange.handle_delta = lambda side, delta: delta[1] != "0" and handle_delta(side, delta)
            await storm(storm_venue, exchange, 2 * PAUSE_EVERY)

    with pytest.raises((ccxt.BaseError, AssertionError)):
        asyncio.run(test())
