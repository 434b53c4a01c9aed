"""
Candles of every interval as rows of a table, folded from events.

    Applied ─▶ CandlesFold ─▶ minutes as they change ─┬─▶ rows of `1m`
                                                      └─▶ once a minute is over: rows of the longer intervals

A row of a longer interval holds the minutes that are over. The newest minute, which may still change, is
part of the newest candle of every interval when that is asked for (`with_minute`): so a trade changes one
row and not twenty.
"""

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from backhand.commands import Contract
from backhand.projections.applied import Applied
from backhand.projections.candles import Candle, CandlesFold, PriceKind, rolled_up
from backhand.projections.intervals import INTERVALS, MINUTE, Interval

_LONGER: Final = tuple(interval for interval in INTERVALS.values() if interval is not MINUTE)


class CandleRow(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A candle and the name of its interval; the other fields are those of `Candle`."""

    symbol: str
    price_kind: PriceKind
    interval: str
    open_ms: int
    open_price_e12: int
    high_price_e12: int
    low_price_e12: int
    close_price_e12: int
    base_volume_e8: int
    quote_volume_e20: int


class KeptCandlesFold:
    """A pure fold: the same commands, in any pieces, give the same rows."""

    def __init__(self, contracts: Iterable[Contract] = (), newest: Iterable[CandleRow] = ()) -> None:
        """Start from nothing, or resume: contracts, and the newest row of each symbol, price and interval."""
        self._longer: dict[tuple[str, PriceKind, str], Candle] = {}
        self._newest_minutes: dict[tuple[str, PriceKind], Candle] = {}
        for row in newest:
            candle = candle_of(row)
            if row.interval == MINUTE.name:
                self._newest_minutes[row.symbol, row.price_kind] = candle
            else:
                self._longer[row.symbol, row.price_kind, row.interval] = candle
        self._minutes = CandlesFold(contracts, self._newest_minutes.values())

    def fold(self, applied: Applied) -> list[CandleRow]:
        """Take in one applied command and give the rows that it began or changed, as they now stand."""
        rows: list[CandleRow] = []
        for minute in self._minutes.fold(applied):
            key = (minute.symbol, minute.price_kind)
            before = self._newest_minutes.get(key)
            if before is not None and before.open_ms != minute.open_ms:
                rows += [self._lengthen(before, interval) for interval in _LONGER]
            self._newest_minutes[key] = minute
            rows.append(_row(minute, MINUTE))
        return rows

    def _lengthen(self, minute: Candle, interval: Interval) -> CandleRow:
        """Let a minute that is over be part of its longer candle."""
        key = (minute.symbol, minute.price_kind, interval.name)
        known = self._longer.get(key)
        candle = rolled_up((minute,) if known is None else (known, minute), interval)[-1]
        self._longer[key] = candle
        return _row(candle, interval)


def with_minute(candles: Sequence[Candle], minute: Candle | None, interval: Interval) -> list[Candle]:
    """Let the newest minute be part of ascending candles of an interval that do not have it yet."""
    if minute is None or interval is MINUTE:
        return list(candles)
    return rolled_up((*candles, minute), interval)


def candle_of(row: CandleRow) -> Candle:
    """Give the candle of a row."""
    return Candle(
        row.symbol,
        row.price_kind,
        row.open_ms,
        row.open_price_e12,
        row.high_price_e12,
        row.low_price_e12,
        row.close_price_e12,
        row.base_volume_e8,
        row.quote_volume_e20,
    )


def _row(candle: Candle, interval: Interval) -> CandleRow:
    return CandleRow(
        candle.symbol,
        candle.price_kind,
        interval.name,
        candle.open_ms,
        candle.open_price_e12,
        candle.high_price_e12,
        candle.low_price_e12,
        candle.close_price_e12,
        candle.base_volume_e8,
        candle.quote_volume_e20,
    )
