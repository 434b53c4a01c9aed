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
from collections.abc import Iterable, MutableSequence, Sequence
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


class CandlesFold:
    """A pure fold: the same commands, in any pieces, give the same one-minute candles."""

    def __init__(self, contracts: Iterable[Contract] = (), newest: Iterable[Candle] = ()) -> None:
        """Start from nothing, or resume: contracts, and the newest candle of each symbol and price."""
        self._contracts = {contract.symbol: contract for contract in contracts}
        self._newest = {(candle.symbol, candle.price_kind): candle for candle in newest}

    def fold(self, applied: Applied) -> list[Candle]:
        """Take in one applied command and give the minutes that it began or changed, as they now stand."""
        changed: dict[tuple[str, PriceKind], Candle] = {}
        open_ms = MINUTE.open_ms(applied.time_ms)
        for event in applied.events:
            if type(event) is Fill:
                if is_trade(event):
                    contract = self._contracts[event.symbol]
                    price_e12 = event.price_ticks * contract.tick_e12
                    size_e8 = event.size_lots * contract.lot_e8
                    key: tuple[str, PriceKind] = (event.symbol, "last")
                    changed[key] = self._take(key, open_ms, price_e12, size_e8)
            elif type(event) is PriceSet:
                for price_kind, price_e12 in _prices(event):
                    key = (event.symbol, price_kind)
                    changed[key] = self._take(key, open_ms, price_e12, 0)
            elif type(event) is ContractListed:
                self._contracts[event.contract.symbol] = event.contract
        return list(changed.values())

    def _take(self, key: tuple[str, PriceKind], open_ms: int, price_e12: int, size_e8: int) -> Candle:
        symbol, price_kind = key
        before = self._newest.get(key)
        value_e20 = size_e8 * price_e12
        if before is not None and before.open_ms == open_ms:
            candle = Candle(
                symbol,
                price_kind,
                open_ms,
                before.open_price_e12,
                max(before.high_price_e12, price_e12),
                min(before.low_price_e12, price_e12),
                price_e12,
                before.base_volume_e8 + size_e8,
                before.quote_volume_e20 + value_e20,
            )
        else:
            holds = before is not None and price_kind != "last"
            first_e12 = before.close_price_e12 if before is not None and holds else price_e12
            high_e12, low_e12 = max(first_e12, price_e12), min(first_e12, price_e12)
            candle = Candle(
                symbol, price_kind, open_ms, first_e12, high_e12, low_e12, price_e12, size_e8, value_e20
            )
        self._newest[key] = candle
        return candle


def _prices(event: PriceSet) -> list[tuple[PriceKind, int]]:
    """Give the prices that there are: 0 is none."""
    prices: list[tuple[PriceKind, int]] = [("mark", event.mark_price_e12), ("index", event.index_price_e12)]
    return [one for one in prices if one[1]]


class _Series:
    """All intervals of one symbol and price; `minute` is the newest, which may still change."""

    def __init__(self) -> None:
        self.minute: Candle | None = None
        self._past: dict[str, deque[Candle]] = {name: deque(maxlen=CANDLES_KEPT) for name in INTERVALS}

    def take(self, minute: Candle) -> None:
        before, self.minute = self.minute, minute
        if before is not None and before.open_ms != minute.open_ms:
            # Once a minute, whatever the number of trades.
            for name, past in self._past.items():
                _add(past, before, INTERVALS[name])

    def newest(self, interval: Interval, candles_max: int) -> list[Candle]:
        candles = list(islice(reversed(self._past[interval.name]), candles_max))
        candles.reverse()
        if self.minute is not None:
            _add(candles, self.minute, interval)
        return candles


class CandleSeries:
    """The newest candles of every symbol, price and interval, in memory; made again at a start."""

    def __init__(self) -> None:
        self._fold = CandlesFold()
        self._series: dict[tuple[str, PriceKind], _Series] = {}

    def fold(self, applied: list[Applied]) -> None:
        """Take in applied commands, in order and without gaps."""
        for one in applied:
            for minute in self._fold.fold(one):
                key = (minute.symbol, minute.price_kind)
                series = self._series.get(key)
                if series is None:
                    series = self._series[key] = _Series()
                series.take(minute)

    def candles(
        self, symbol: str, price_kind: PriceKind, interval: Interval, now_ms: int, candles_max: int
    ) -> list[Candle]:
        """
        Give the newest candles in ascending order, the last the one that `now_ms` is in.

        At most `candles_max`, which is at most CANDLES_KEPT; none before the first price.
        """
        series = self._series.get((symbol, price_kind))
        if series is None:
            return []
        return without_gaps(series.newest(interval, candles_max), interval, now_ms, candles_max)


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
