"""
Trades as everybody sees them: each once, with the taker's side; folded from events.

The rows are for a table of the past and for streams; the newest of each symbol are kept in memory.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Final

import msgspec

from backhand.commands import Contract
from backhand.events import ContractListed, Fill
from backhand.projections.applied import Applied

#: Trades of a symbol that are kept in memory: the most that `market/fills` shows.
TRADES_KEPT: Final = 100
#: What the venue settles between two positions is no trade: it moves no price and counts in no volume.
SETTLEMENT_KINDS: Final = ("netting", "adl", "delivery")


class TradeRow(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One trade in the book; `side` is the taker's, 1 for buying and -1 for selling."""

    trade_id: int
    symbol: str
    product_type: str
    side: int
    price_e12: int
    size_e8: int
    created_at_ms: int


def is_trade(fill: Fill) -> bool:
    """Tell whether a fill stands for a trade: the taker's half does, unless it is a settlement."""
    return fill.is_taker and fill.kind not in SETTLEMENT_KINDS


def trades_of(applied: Applied, contracts: Mapping[str, Contract]) -> list[TradeRow]:
    """Give the trades of one applied command, in the order in which they happened."""
    return [
        _row(event, contracts[event.symbol], applied.time_ms)
        for event in applied.events
        if type(event) is Fill and is_trade(event)
    ]


class TradesFold:
    """A pure fold that remembers nothing but contract terms."""

    def __init__(self, contracts: Iterable[Contract] = ()) -> None:
        """Start from nothing, or resume with the contracts of an earlier fold."""
        self._contracts = {contract.symbol: contract for contract in contracts}

    def fold(self, applied: Applied) -> list[TradeRow]:
        """Take in one applied command and give its trades, in the order in which they happened."""
        for event in applied.events:
            if type(event) is ContractListed:
                self._contracts[event.contract.symbol] = event.contract
        return trades_of(applied, self._contracts)


class RecentTrades:
    """The newest trades of each symbol, in memory; made again from the journal at a start."""

    def __init__(self) -> None:
        self._contracts: dict[str, Contract] = {}
        #: Fills with the terms and the time of their moment: rows are made for whoever asks.
        self._fills: dict[str, deque[tuple[Fill, Contract, int]]] = {}

    def fold(self, applied: list[Applied]) -> None:
        """Take in applied commands, in order and without gaps."""
        for one in applied:
            for event in one.events:
                if type(event) is Fill:
                    if is_trade(event):
                        symbol = event.symbol
                        self._fills[symbol].append((event, self._contracts[symbol], one.time_ms))
                elif type(event) is ContractListed:
                    self._contracts[event.contract.symbol] = event.contract
                    self._fills.setdefault(event.contract.symbol, deque(maxlen=TRADES_KEPT))

    def newest(self, symbol: str, trades_max: int) -> list[TradeRow]:
        """Give a symbol's newest trades, the newest first."""
        fills = islice(reversed(self._fills.get(symbol, ())), trades_max)
        return [_row(*fill) for fill in fills]


def _row(fill: Fill, contract: Contract, time_ms: int) -> TradeRow:
    return TradeRow(
        trade_id=fill.trade_id,
        symbol=fill.symbol,
        product_type=contract.product_type,
        side=fill.side,
        price_e12=fill.price_ticks * contract.tick_e12,
        size_e8=fill.size_lots * contract.lot_e8,
        created_at_ms=time_ms,
    )
