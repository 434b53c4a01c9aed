"""
A venue without a network: a node whose clock is stepped by hand, and the questions that a client may ask.

Questions go through the declarations of their endpoints: path and parameters in, JSON out.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote, urlencode

import msgspec

from backhand.clock import VenueClock
from backhand.commands import (
    AdvanceClock,
    Command,
    ConfigureVenue,
    ListContract,
    OpenAccount,
    ReplaceLadder,
    Transfer,
)
from backhand.engine import State
from backhand.events import Rejected
from backhand.explaining import Refusals
from backhand.history import History
from backhand.journal import MemoryJournal
from backhand.node import Node
from backhand.projections.applied import Applied
from backhand.projections.tickers import TickersFold
from backhand.sealing import KEY_BYTES, Sealer
from backhand.serving.directory import Directory
from backhand.serving.reads import Reads
from backhand.units import E8
from backhand.wire.codes import Refusal
from backhand.wire.contracts import built_in_contracts
from backhand.wire.endpoints import ENDPOINTS
from backhand.wire.fields import Call

#: 2025-06-15 00:00:00 UTC: a settlement of funding, and the start of a day.
START_MS = 1_749_945_600_000
PLENTY_E8 = 1_000_000 * E8


class Stage:
    """A running venue; accounts "1" (one-way) and "2" (hedge) have plenty of every coin."""

    def __init__(self) -> None:
        self.clock = VenueClock(START_MS, "frozen")
        self.history = History(None, "stage")
        self._tickers = TickersFold()
        self._directory = Directory(Sealer(os.urandom(KEY_BYTES)))
        folds = (self._tickers.fold, self._directory.fold)
        self.node = Node(State(), MemoryJournal("stage"), self.history, self.clock, folds)
        self.reads = Reads(self.node, self._directory, self._tickers, Refusals())

    def wait(self, after_ms: int) -> None:
        """Let time pass that no command has seen yet."""
        self.clock.advance_to(self.clock.now_ms() + after_ms)

    async def do(self, *commands: Command, after_ms: int = 0) -> list[Applied]:
        """Carry out commands that must be accepted, some time after the ones before."""
        self.wait(after_ms)
        applied = await self.node.submit(commands)
        refused = [event for one in applied for event in one.events if isinstance(event, Rejected)]
        assert not refused, refused
        return applied

    async def quote(self, symbol: str, bid_ticks: int, ask_ticks: int, *, after_ms: int = 0) -> None:
        """Have the house quote one deep level a side, with index and mark at the ask."""
        contract = self._directory.contracts[symbol]
        price_e12 = ask_ticks * contract.tick_e12
        ladder = ReplaceLadder(symbol, ((bid_ticks, 10**7),), ((ask_ticks, 10**7),), price_e12, price_e12)
        await self.do(ladder, after_ms=after_ms)

    async def tick(self, after_ms: int) -> None:
        """Let time pass."""
        await self.do(AdvanceClock(), after_ms=after_ms)

    async def ask(self, path: str, uid: str = "1", **parameters: Any) -> Any:
        """The data of an answer, or the code of a refusal."""
        full = path if path.startswith("/") else f"/api/v2/mix/{path}"
        query = urlencode({name: str(value) for name, value in parameters.items()}, quote_via=quote).encode()
        call = Call(uid, query, self._directory.contracts, self.clock.now_ms())
        asked: object = ENDPOINTS["GET", full].parse(call)
        answer = asked if isinstance(asked, Refusal) else await self.reads.answer(uid, asked)
        if isinstance(answer, Refusal):
            return answer.code
        return msgspec.json.decode(msgspec.json.encode(answer))

    async def market(self, path: str, symbol: str = "BTCUSDT", **parameters: Any) -> Any:
        """As `ask`, for a path under market/ and a symbol."""
        product_type = self._directory.contracts[symbol].product_type
        return await self.ask(f"market/{path}", symbol=symbol, productType=product_type, **parameters)


def on_stage(play: Callable[[Stage], Awaitable[None]]) -> None:
    """Set a stage, let something be played on it, and take it down."""

    async def run() -> None:
        stage = Stage()
        committing = asyncio.create_task(stage.node.run())
        coins = ("USDT", "USDC", "BTC", "ETH")
        await stage.do(
            ConfigureVenue("stage"),
            *map(ListContract, built_in_contracts()),
            OpenAccount("1"),
            OpenAccount("2", hedge_mode=True),
            *(Transfer(uid, coin, PLENTY_E8) for uid in ("1", "2") for coin in coins),
        )
        try:
            await play(stage)
        finally:
            await stage.node.stop()
            await committing
            stage.history.close()

    asyncio.run(run())
