"""
Subscriptions of clients, made at a join: what a snapshot shows is on disk, and nothing is missed after it.

Public channels are cut here too, whenever CUT_MS of venue time have passed by themselves.
"""

import asyncio
import contextlib
from collections.abc import Mapping
from typing import Final

from backhand.clock import VenueClock
from backhand.commands import Contract
from backhand.engine import State
from backhand.gateway.websocket import text_frame
from backhand.history import HistoryError
from backhand.node import Node
from backhand.outcomes import OutcomeUnknown, Overloaded
from backhand.serving.directory import Directory
from backhand.streams.accounts import ORDER_CHANNELS
from backhand.streams.ports import Reader
from backhand.streams.publisher import Publisher
from backhand.wire.channels.frames import acknowledged
from backhand.wire.channels.topics import Topic

#: Venue time between two cuts of books and tickers. Source: websocket.md section 6.
CUT_MS: Final = 100
_MS_PER_SECOND: Final = 1_000


class VenueFeeds:
    """What the gateway's sessions subscribe to."""

    def __init__(self, node: Node, clock: VenueClock, directory: Directory, publisher: Publisher) -> None:
        self._node = node
        self._clock = clock
        self._directory = directory
        self._publisher = publisher

    @property
    def contracts(self) -> Mapping[str, Contract]:
        """The terms of every listed contract by symbol."""
        return self._directory.contracts

    async def subscribe(self, uid: str, topic: Topic, reader: Reader) -> None:
        """
        Acknowledge and begin a topic.

        Raises:
            Overloaded: too much is waiting.
            OutcomeUnknown: the venue stopped, or the store could not tell in time.
        """
        publisher = self._publisher

        def begin(_state: State) -> None:
            reader.send(text_frame(acknowledged("subscribe", topic)))
            publisher.subscribe(uid, topic, reader, self._clock.now_ms())

        if topic.channel not in ORDER_CHANNELS:
            await self._node.read(begin)
            return
        # Whoever reads the orders now may be gone before this topic begins: they are held until it has.
        needs_stored = publisher.hold_orders(uid)
        try:
            if needs_stored:
                await self._resume_orders(uid)
            await self._node.read(begin)
        finally:
            publisher.release_orders(uid)

    def unsubscribe(self, uid: str, topic: Topic, reader: Reader) -> None:
        """End a topic."""
        self._publisher.unsubscribe(uid, topic, reader)

    def leave(self, reader: Reader) -> None:
        """End all of a reader's topics."""
        self._publisher.leave(reader)

    def reads(self, uid: str, topic: Topic, reader: Reader) -> bool:
        """Whether a reader reads a topic already."""
        return self._publisher.reads(uid, topic, reader)

    def topics_read(self, reader: Reader) -> int:
        """Count a reader's topics."""
        return self._publisher.topics_read(reader)

    async def run(self) -> None:
        """
        Cut public channels until cancelled.

        Commands of a frozen clock have their own cuts. One from here, of a clock that was stepped and whose
        command is still on its way, would be a frame more, or an earlier one, depending on the machine.
        """
        clock, publisher = self._clock, self._publisher
        cut_at = 0
        runs = clock.mode != "frozen"
        while True:
            now_ms = clock.now_ms()
            await asyncio.sleep((CUT_MS - now_ms % CUT_MS) / _MS_PER_SECOND)
            now_ms = clock.now_ms()
            # What happened just before it was frozen is still to be cut.
            ran, runs = runs, clock.mode != "frozen"
            if (ran or runs) and publisher.has_public_readers and now_ms // CUT_MS != cut_at:
                cut_at = now_ms // CUT_MS
                with contextlib.suppress(Overloaded):  # The next cut shows it all the same.
                    await self._node.read(lambda _state: publisher.cut(clock.now_ms()))

    async def _resume_orders(self, uid: str) -> None:
        """Look up the open orders that there were before anybody read the account's."""
        # Behind the join, the read models are given what was on its way when the orders began to be held.
        await self._node.read(lambda _state: None)
        try:
            rows, waiting, position = await self._node.history.open_orders_of(uid)
        except HistoryError as error:
            raise OutcomeUnknown from error
        await self._node.read(lambda _state: self._publisher.resume_orders(uid, rows, waiting, position))
