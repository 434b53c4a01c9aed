"""
Tickers, folded from events: last price, the last 24 hours, the day in UTC, index, mark and funding.

The window of 24 hours is made of one-minute buckets: the minute of the newest command and the 1 439
before it, so memory per symbol is bounded however much is traded. Extremes and volumes are kept up to
date as minutes come and go; reading a ticker costs the same at any volume.

Time is that of the applied commands only: a venue whose clock stands still has a window that stands
still. What the book and open interest add to a ticker is the engine's to show. Nothing is stored: the
fold is made again from the journal at a start.

Source: Get Ticker; market.md section 5.
"""

from collections import deque
from typing import Final

import msgspec

from backhand.commands import Contract
from backhand.events import ContractListed, Fill, PriceSet
from backhand.projections.applied import Applied
from backhand.projections.trades import is_trade

MINUTE_MS: Final = 60_000
DAY_MS: Final = 24 * 60 * MINUTE_MS
#: One-minute buckets in the rolling window of 24 hours.
WINDOW_MINUTES: Final = 1_440


class Ticker(msgspec.Struct, frozen=True, gc=False):
    """
    A symbol's figures at the time of the newest applied command; a price of 0 means there is none yet.

    `open_price_e12` is the last price before the window, or the first one in it when nothing older was
    traded. With no trade in the window, open, high and low are the last price. `day_open_price_e12` is
    the last price before 00:00 UTC, or the day's first when nothing older was traded. Volumes cover the
    window and count each trade once: base coin, and quote currency. The funding rate is the running one,
    to be settled at `next_funding_ms`, as it was when a price was last set; 0 before the first.
    """

    symbol: str
    time_ms: int
    last_price_e12: int
    high_price_e12: int
    low_price_e12: int
    open_price_e12: int
    day_open_price_e12: int
    base_volume_e8: int
    quote_volume_e20: int
    index_price_e12: int
    mark_price_e12: int
    funding_rate_e8: int
    next_funding_ms: int


class _Minute:
    """Trades of one minute, the first at `price_e12`; `index` counts minutes since the epoch."""

    __slots__ = (
        "base_volume_e8",
        "close_price_e12",
        "high_price_e12",
        "index",
        "low_price_e12",
        "quote_volume_e20",
    )

    def __init__(self, index: int, price_e12: int) -> None:
        self.index = index
        self.close_price_e12 = price_e12
        self.high_price_e12 = price_e12
        self.low_price_e12 = price_e12
        self.base_volume_e8 = 0
        self.quote_volume_e20 = 0


class _Extreme:
    """
    The highest price of a rolling window, or with `sign` -1 the lowest.

    Holds one (minute, signed price) per minute at most, prices falling from front to back: what is
    dominated by a later price can never be the extreme again.
    """

    def __init__(self, sign: int) -> None:
        self._sign = sign
        self._candidates: deque[tuple[int, int]] = deque()

    def add(self, minute: int, price_e12: int) -> None:
        candidates, signed = self._candidates, self._sign * price_e12
        while candidates and candidates[-1][1] <= signed:
            candidates.pop()
        if not candidates or candidates[-1][0] != minute:
            candidates.append((minute, signed))

    def drop_before(self, minute: int) -> None:
        while self._candidates and self._candidates[0][0] < minute:
            self._candidates.popleft()

    def price_e12(self, otherwise_e12: int) -> int:
        return self._sign * self._candidates[0][1] if self._candidates else otherwise_e12


class _SymbolFold:
    """One symbol's window."""

    def __init__(self, contract: Contract) -> None:
        self.contract = contract
        self._last_price_e12 = 0
        self._open_price_e12 = 0
        self._day = 0
        self._day_open_price_e12 = 0
        self._index_price_e12 = 0
        self._mark_price_e12 = 0
        self._funding_rate_e8 = 0
        self._next_funding_ms = 0
        self._minutes: deque[_Minute] = deque()
        self._advanced_to = 0
        self._high = _Extreme(1)
        self._low = _Extreme(-1)
        self._base_volume_e8 = 0
        self._quote_volume_e20 = 0

    def trade(self, fill: Fill, time_ms: int) -> None:
        price_e12 = fill.price_ticks * self.contract.tick_e12
        size_e8 = fill.size_lots * self.contract.lot_e8
        self._advance(time_ms)
        minute = time_ms // MINUTE_MS
        bucket = self._minutes[-1] if self._minutes else None
        if bucket is None or bucket.index != minute:
            bucket = _Minute(minute, price_e12)
            self._minutes.append(bucket)
            self._high.add(minute, price_e12)
            self._low.add(minute, price_e12)
        elif price_e12 > bucket.high_price_e12:
            bucket.high_price_e12 = price_e12
            self._high.add(minute, price_e12)
        elif price_e12 < bucket.low_price_e12:
            bucket.low_price_e12 = price_e12
            self._low.add(minute, price_e12)
        bucket.close_price_e12 = price_e12
        bucket.base_volume_e8 += size_e8
        bucket.quote_volume_e20 += size_e8 * price_e12
        self._base_volume_e8 += size_e8
        self._quote_volume_e20 += size_e8 * price_e12
        self._last_price_e12 = price_e12
        self._open_price_e12 = self._open_price_e12 or price_e12
        self._day_open_price_e12 = self._day_open_price_e12 or price_e12

    def set_price(self, event: PriceSet) -> None:
        self._index_price_e12 = event.index_price_e12
        self._mark_price_e12 = event.mark_price_e12
        self._funding_rate_e8 = event.funding_rate_e8
        self._next_funding_ms = event.next_funding_ms

    def ticker(self, time_ms: int) -> Ticker:
        self._advance(time_ms)
        last_price_e12 = self._last_price_e12
        return Ticker(
            symbol=self.contract.symbol,
            time_ms=time_ms,
            last_price_e12=last_price_e12,
            high_price_e12=self._high.price_e12(last_price_e12),
            low_price_e12=self._low.price_e12(last_price_e12),
            open_price_e12=self._open_price_e12,
            day_open_price_e12=self._day_open_price_e12,
            base_volume_e8=self._base_volume_e8,
            quote_volume_e20=self._quote_volume_e20,
            index_price_e12=self._index_price_e12,
            mark_price_e12=self._mark_price_e12,
            funding_rate_e8=self._funding_rate_e8,
            next_funding_ms=self._next_funding_ms,
        )

    def _advance(self, time_ms: int) -> None:
        """Let go of minutes that have left the window, and begin a new day when there is one."""
        minute = time_ms // MINUTE_MS
        if minute == self._advanced_to:
            return
        self._advanced_to = minute
        oldest = minute - WINDOW_MINUTES + 1
        while self._minutes and self._minutes[0].index < oldest:
            gone = self._minutes.popleft()
            self._open_price_e12 = gone.close_price_e12
            self._base_volume_e8 -= gone.base_volume_e8
            self._quote_volume_e20 -= gone.quote_volume_e20
        self._high.drop_before(oldest)
        self._low.drop_before(oldest)
        day = time_ms // DAY_MS
        if day != self._day:
            self._day = day
            self._day_open_price_e12 = self._last_price_e12


class TickersFold:
    """A pure fold with one bounded window per listed symbol."""

    def __init__(self) -> None:
        self._time_ms = 0
        self._symbols: dict[str, _SymbolFold] = {}

    def fold(self, applied: list[Applied]) -> None:
        """Take in applied commands, in order and without gaps."""
        for one in applied:
            self._time_ms = one.time_ms
            for event in one.events:
                # `type`, not isinstance: events have no subclasses, and it halves the cost of this loop.
                if type(event) is Fill:
                    if is_trade(event):
                        self._symbols[event.symbol].trade(event, one.time_ms)
                elif type(event) is PriceSet:
                    self._symbols[event.symbol].set_price(event)
                elif type(event) is ContractListed:
                    self._list(event.contract)

    def ticker(self, symbol: str) -> Ticker | None:
        """Tell a symbol's figures; None when no such contract is listed."""
        found = self._symbols.get(symbol)
        return found.ticker(self._time_ms) if found else None

    def tickers(self, product_type: str) -> list[Ticker]:
        """Tell the figures of a product type's symbols, in the order of their listing."""
        return [
            symbol.ticker(self._time_ms)
            for symbol in self._symbols.values()
            if symbol.contract.product_type == product_type
        ]

    def _list(self, contract: Contract) -> None:
        known = self._symbols.get(contract.symbol)
        if known:
            known.contract = contract
        else:
            self._symbols[contract.symbol] = _SymbolFold(contract)
