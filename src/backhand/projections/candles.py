"""
Candles of the last, the mark and the index price, folded from events.

    Applied ─▶ CandlesFold   one-minute candles as they change     ─▶ a table of the past
                  └─▶ CandleSeries   the newest of every interval, in memory
    minutes ─▶ rolled_up ─▶ candles of any interval ─▶ without_gaps

A candle of the last price exists where there were trades; it opens at the first of them. Mark and index
prices hold until they are set again, so their candles open where the one before closed. What lies between
two candles is flat at the close of the earlier one and is filled in when it is asked for: nothing is stored
for a minute in which nothing happened, and no clock is needed to know that it passed.

Memory: CANDLES_KEPT per symbol, price and interval. Source: market.md section 8.
"""

from collections import deque
from collections.abc import Callable, Iterable, MutableSequence, Sequence
from itertools import islice
from typing import Final, Literal

import msgspec

from backhand.commands import Contract
from backhand.events import ContractListed, Fill, PriceSet
from backhand.projections.applied import Applied
from backhand.projections.intervals import INTERVALS, MINUTE, Interval
from backhand.projections.trades import is_trade

PriceKind = Literal["last", "mark", "index"]

#: Candles of each symbol, price and interval that are kept in memory: the most that one answer holds.
CANDLES_KEPT: Final = 1_000


class Candle(msgspec.Struct, frozen=True, gc=False):
    """
    What a price did in one interval; `open_ms` is the interval's beginning.

    Volumes count each trade once, in base coin and quote currency; 0 for mark and index.
    """

    symbol: str
    price_kind: PriceKind
    open_ms: int
    open_price_e12: int
    high_price_e12: int
    low_price_e12: int
    close_price_e12: int
    base_volume_e8: int = 0
    quote_volume_e20: int = 0


Key = tuple[str, PriceKind]


class _Minute:
    """The newest minute of one symbol and price, as it fills."""

    __slots__ = ("base_e8", "close_e12", "first_e12", "high_e12", "low_e12", "open_ms", "quote_e20")

    def __init__(self, open_ms: int, first_e12: int) -> None:
        self.open_ms = open_ms
        self.first_e12 = self.high_e12 = self.low_e12 = self.close_e12 = first_e12
        self.base_e8 = 0
        self.quote_e20 = 0

    def take(self, price_e12: int, size_e8: int) -> None:
        self.close_e12 = price_e12
        if price_e12 > self.high_e12:
            self.high_e12 = price_e12
        elif price_e12 < self.low_e12:
            self.low_e12 = price_e12
        self.base_e8 += size_e8
        self.quote_e20 += size_e8 * price_e12

    def candle(self, key: Key) -> Candle:
        prices_e12 = (self.first_e12, self.high_e12, self.low_e12, self.close_e12)
        return Candle(*key, self.open_ms, *prices_e12, self.base_e8, self.quote_e20)


class _Minutes:
    """The newest minute of every symbol and price; one that ends is given to `end`."""

    def __init__(self, contracts: Iterable[Contract] = (), newest: Iterable[Candle] = ()) -> None:
        self.newest: dict[Key, _Minute] = {}
        self._contracts = {contract.symbol: contract for contract in contracts}
        for candle in newest:
            minute = _Minute(candle.open_ms, candle.open_price_e12)
            minute.high_e12, minute.low_e12 = candle.high_price_e12, candle.low_price_e12
            minute.close_e12 = candle.close_price_e12
            minute.base_e8, minute.quote_e20 = candle.base_volume_e8, candle.quote_volume_e20
            self.newest[candle.symbol, candle.price_kind] = minute

    def take(self, applied: Applied, end: Callable[[Candle], None] | None = None) -> dict[Key, None]:
        """Take in one applied command, and tell which minutes it began or changed."""
        changed: dict[Key, None] = {}
        open_ms = MINUTE.open_ms(applied.time_ms)
        # The trades of one command are mostly of one symbol: what is looked up for one holds for the next.
        symbol = ""
        for event in applied.events:
            if type(event) is Fill:
                if is_trade(event):
                    if event.symbol != symbol:
                        symbol = event.symbol
                        key: Key = (symbol, "last")
                        contract = self._contracts[symbol]
                        tick_e12, lot_e8 = contract.tick_e12, contract.lot_e8
                        minute = self._minute(key, open_ms, event.price_ticks * tick_e12, end)
                        changed[key] = None
                    minute.take(event.price_ticks * tick_e12, event.size_lots * lot_e8)
            elif type(event) is PriceSet:
                for price_kind, price_e12 in _prices(event):
                    key = (event.symbol, price_kind)
                    self._minute(key, open_ms, price_e12, end).take(price_e12, 0)
                    changed[key] = None
            elif type(event) is ContractListed:
                self._contracts[event.contract.symbol] = event.contract
                symbol = ""
        return changed

    def _minute(
        self, key: Key, open_ms: int, price_e12: int, end: Callable[[Candle], None] | None
    ) -> _Minute:
        before = self.newest.get(key)
        if before is not None and before.open_ms == open_ms:
            return before
        first_e12 = price_e12
        if before is not None:
            if end is not None:
                end(before.candle(key))
            if key[1] != "last":
                first_e12 = before.close_e12
        minute = self.newest[key] = _Minute(open_ms, first_e12)
        return minute


class CandlesFold:
    """A pure fold: the same commands, in any pieces, give the same one-minute candles."""

    def __init__(self, contracts: Iterable[Contract] = (), newest: Iterable[Candle] = ()) -> None:
        """Start from nothing, or resume: contracts, and the newest candle of each symbol and price."""
        self._minutes = _Minutes(contracts, newest)

    def fold(self, applied: Applied) -> list[Candle]:
        """Take in one applied command and give the minutes that it began or changed, as they now stand."""
        minutes = self._minutes
        return [minutes.newest[key].candle(key) for key in minutes.take(applied)]


def _prices(event: PriceSet) -> list[tuple[PriceKind, int]]:
    """Give the prices that there are: 0 is none."""
    prices: list[tuple[PriceKind, int]] = [("mark", event.mark_price_e12), ("index", event.index_price_e12)]
    return [one for one in prices if one[1]]


class CandleSeries:
    """The newest candles of every symbol, price and interval, in memory; made again at a start."""

    def __init__(self) -> None:
        self._minutes = _Minutes()
        self._past: dict[Key, dict[str, deque[Candle]]] = {}

    def fold(self, applied: list[Applied]) -> None:
        """Take in applied commands, in order and without gaps."""
        for one in applied:
            self._minutes.take(one, self._keep)

    def candles(
        self, symbol: str, price_kind: PriceKind, interval: Interval, now_ms: int, candles_max: int
    ) -> list[Candle]:
        """
        Give the newest candles in ascending order, the last the one that `now_ms` is in.

        At most `candles_max`, which is at most CANDLES_KEPT; none before the first price.
        """
        key: Key = (symbol, price_kind)
        newest = self._minutes.newest.get(key)
        if newest is None:
            return []
        candles: list[Candle] = []
        if key in self._past:
            candles = list(islice(reversed(self._past[key][interval.name]), candles_max))
            candles.reverse()
        _add(candles, newest.candle(key), interval)
        return without_gaps(candles, interval, now_ms, candles_max)

    def _keep(self, minute: Candle) -> None:
        """Let a minute that has ended be part of every interval: once a minute, whatever was traded."""
        key: Key = (minute.symbol, minute.price_kind)
        past = self._past.get(key)
        if past is None:
            past = self._past[key] = {name: deque(maxlen=CANDLES_KEPT) for name in INTERVALS}
        for name, candles in past.items():
            _add(candles, minute, INTERVALS[name])


def rolled_up(minutes: Iterable[Candle], interval: Interval) -> list[Candle]:
    """Make the candles of an interval from its minutes, or from any shorter candles, in ascending order."""
    candles: list[Candle] = []
    for minute in minutes:
        _add(candles, minute, interval)
    return candles


def without_gaps(
    candles: Sequence[Candle], interval: Interval, now_ms: int, candles_max: int
) -> list[Candle]:
    """
    Fill in flat candles where nothing happened, up to the one that `now_ms` is in.

    Gives the newest `candles_max`; begins with the first of `candles`, which ascend.
    """
    filled: list[Candle] = []
    open_ms = interval.open_ms(now_ms)
    index = len(candles) - 1
    while index >= 0 and len(filled) < candles_max:
        candle = candles[index]
        if candle.open_ms < open_ms:
            close_e12 = candle.close_price_e12
            prices_e12 = (close_e12, close_e12, close_e12, close_e12)
            filled.append(Candle(candle.symbol, candle.price_kind, open_ms, *prices_e12))
        else:
            index -= 1
            if candle.open_ms > open_ms:
                continue  # Later than asked for.
            filled.append(candle)
        open_ms = interval.open_ms(open_ms - 1)
    filled.reverse()
    return filled


def _add(candles: MutableSequence[Candle], shorter: Candle, interval: Interval) -> None:
    """Let a shorter candle be part of the last one, or begin a new one with it."""
    open_ms = interval.open_ms(shorter.open_ms)
    if not candles or candles[-1].open_ms != open_ms:
        candles.append(msgspec.structs.replace(shorter, open_ms=open_ms))
        return
    last = candles[-1]
    candles[-1] = Candle(
        last.symbol,
        last.price_kind,
        open_ms,
        last.open_price_e12,
        max(last.high_price_e12, shorter.high_price_e12),
        min(last.low_price_e12, shorter.low_price_e12),
        shorter.close_price_e12,
        last.base_volume_e8 + shorter.base_volume_e8,
        last.quote_volume_e20 + shorter.quote_volume_e20,
    )
