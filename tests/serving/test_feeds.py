"""Subscriptions at joins: what a reader gets when others come and go while its topic begins."""

import asyncio
import os
import threading
from typing import Self

import pytest

from backhand.clock import VenueClock
from backhand.commands import (
    AdvanceClock,
    Command,
    ConfigureVenue,
    ListContract,
    OpenAccount,
    PlaceOrder,
    Transfer,
)
from backhand.engine import State
from backhand.history import History
from backhand.journal import Batch, MemoryJournal
from backhand.node import Node
from backhand.projections.applied import Applied
from backhand.projections.candles import CandleSeries
from backhand.projections.intervals import HOUR_MS
from backhand.projections.tickers import TickersFold
from backhand.projections.trades import RecentTrades
from backhand.sealing import KEY_BYTES, Sealer
from backhand.serving.directory import Directory
from backhand.serving.feeds import CUT_MS, VenueFeeds
from backhand.serving.figures import StateFigures
from backhand.streams.publisher import Publisher
from backhand.units import E8
from backhand.wire.channels.topics import Topic
from backhand.wire.contracts import built_in_contracts
from tests.streams.watched import DEEP, PRICE, START_MS, USDT, Watching, buy

VENUE = "test"
ORDERS = Topic(USDT, "orders", "default")


class SteppedJournal(MemoryJournal):
    """A journal that syncs one batch for each step it is given."""

    def __init__(self) -> None:
        super().__init__(VENUE)
        self.steps = threading.Semaphore(0)

    def append(self, batch: Batch) -> None:
        self.steps.acquire()
        super().append(batch)


class Venue:
    """A node with streams, on a disk that syncs when it is told to; account "a" has plenty."""

    def __init__(self) -> None:
        state, tickers = State(), TickersFold()
        self.clock = VenueClock(START_MS, "frozen")
        self._history = History(None, VENUE)
        self._journal = SteppedJournal()
        candles, trades = CandleSeries(), RecentTrades()
        self._market = (tickers.fold, candles.fold, trades.fold)
        self.publisher = Publisher(StateFigures(state, tickers), candles, trades, bytes)
        directory = Directory(Sealer(os.urandom(KEY_BYTES)))
        self._node = Node(
            state,
            self._journal,
            self._history,
            self.clock,
            (directory.fold, self.publisher.release),
            captures=(self._capture,),
        )
        self.feeds = VenueFeeds(self._node, self.clock, directory, self.publisher)

    def _capture(self, _state: State, applied: Applied) -> None:
        for fold in self._market:
            fold([applied])
        self.publisher.capture(applied)

    async def __aenter__(self) -> Self:
        self._committing = asyncio.create_task(self._node.run())
        listed = map(ListContract, built_in_contracts())
        opened = (OpenAccount("a"), Transfer("a", "USDT", 10**6 * E8))
        await self.synced(self.begin(ConfigureVenue(VENUE), *listed, *opened, DEEP))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._node.stop()
        await self._committing
        self._history.close()

    def begin(self, *commands: Command) -> "asyncio.Task[object]":
        """Have commands on their way to the disk, or queued behind those that are."""
        return asyncio.create_task(self._node.submit(commands))

    async def synced(self, task: "asyncio.Task[object]") -> None:
        """Sync one batch, and see something done by it; what follows it has begun then."""
        self._journal.steps.release()
        await task
        await self.settle()

    async def settle(self) -> None:
        """Let everything run that waits for nothing but its turn."""
        for _ in range(10):
            await asyncio.sleep(0)


def order() -> PlaceOrder:
    return buy(1, price=PRICE - 100)


@pytest.mark.parametrize("channel", ["orders", "fill", "adl-noti"])
@pytest.mark.parametrize("leaves_at", [0, 1, 2])
def test_a_reader_hears_of_orders_whoever_leaves_meanwhile(channel: str, leaves_at: int) -> None:
    """A connection that takes the place of another, the only one so far, misses nothing after its ack."""

    async def play() -> None:
        async with Venue() as venue:
            before, after = Watching(), Watching()
            await venue.feeds.subscribe("a", Topic(USDT, channel, "default"), before)
            first = venue.begin(order())
            await venue.settle()
            begun = asyncio.create_task(venue.feeds.subscribe("a", ORDERS, after))
            await venue.settle()
            # Queued behind the first, so that it is on its way as soon as the first is on disk.
            second = venue.begin(order())
            for step, batch in enumerate((first, second)):
                if step == leaves_at:
                    venue.feeds.leave(before)
                await venue.synced(batch)
            if leaves_at == 2:
                venue.feeds.leave(before)
            await begun
            after.bytes.clear()
            await venue.synced(venue.begin(order()))
            assert ["live"] == [row["status"] for row in after.rows()]

    asyncio.run(play())


def test_a_reader_that_leaves_before_its_topic_begins_leaves_nothing_behind() -> None:
    """Orders that were kept track of for it are forgotten, and looked up again for the next."""

    async def play() -> None:
        async with Venue() as venue:
            reader = Watching()
            batch = venue.begin(order())
            await venue.settle()
            begun = asyncio.create_task(venue.feeds.subscribe("a", ORDERS, reader))
            await venue.settle()
            reader.is_open = False
            venue.feeds.leave(reader)
            await venue.synced(batch)
            await begun
            assert venue.publisher.hold_orders("a")

    asyncio.run(play())


def test_a_stepped_clock_cuts_no_frames_but_those_of_its_command() -> None:
    """Candles go on with the command of the step, not before it, however long that takes to the disk."""

    async def play() -> None:
        async with Venue() as venue:
            venue.publisher.cadence = "per_command"
            reader = Watching()
            await venue.feeds.subscribe("", Topic(USDT, "candle1m", "ETHUSDT"), reader)
            cutting = asyncio.create_task(venue.feeds.run())
            await venue.synced(venue.begin(buy(1)))
            reader.bytes.clear()
            venue.clock.advance_to(START_MS + HOUR_MS)
            await asyncio.sleep(3 * CUT_MS / 1_000)
            assert [] == reader.bytes
            await venue.synced(venue.begin(AdvanceClock()))
            assert "update" == reader.one()["action"]
            cutting.cancel()

    asyncio.run(play())
