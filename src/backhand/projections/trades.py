"""
Trades as everybody sees them: each once, with the taker's side; folded from events.

The rows are for a table of the past and for streams; the newest of each symbol are kept in memory.
"""

from collections import deque
from collections.abc import Iterable
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


class TradesFold:
    """A pure fold that remembers nothing but contract terms."""

    def __init__(self, contracts: Iterable[Contract] = ()) -> None:
        """Start from nothing, or resume with the contracts of an earlier fold."""
        self._contracts = {contract.symbol: contract for contract in contracts}

    def fold(self, applied: Applied) -> list[TradeRow]:
        """Take in one applied command and give its trades, in the order in which they happened."""
        rows: list[TradeRow] = []
        for event in applied.events:
            if type(event) is Fill:
                if is_trade(event):
                    rows.append(_row(event, self._contracts[event.symbol], applied.time_ms))
            elif type(event) is ContractListed:
                self._contracts[event.contract.symbol] = event.contract
        return rows


class RecentTrades:
    """The newest trades of each symbol, in memory; made again from the journal at a start."""

    def __init__(self) -> None:
        self._fold = TradesFold()
        self._trades: dict[str, deque[TradeRow]] = {}

    def fold(self, applied: list[Applied]) -> None:
        """Take in applied commands, in order and without gaps."""
        for one in applied:
            for row in self._fold.fold(one):
                trades = self._trades.get(row.symbol)
                if trades is None:
                    trades = self._trades[row.symbol] = deque(maxlen=TRADES_KEPT)
                trades.append(row)

    def newest(self, symbol: str, trades_max: int) -> list[TradeRow]:
        """Give a symbol's newest trades, the newest first."""
        trades = self._trades.get(symbol, ())
        return list(reversed(trades))[:trades_max]


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
