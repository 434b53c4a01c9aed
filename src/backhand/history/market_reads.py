"""Questions about what everybody may know: public trades, candles, settlements of funding."""

import sqlite3
from typing import Final

import msgspec

from backhand.history.pages import INTEGER_MAX, Conditions, Span, ask, bounded, one
from backhand.history.tables import CANDLES, FUNDING, PUBLIC_TRADES
from backhand.projections.candles import CANDLES_KEPT, Candle, PriceKind
from backhand.projections.funding import FundingRow
from backhand.projections.intervals import INTERVALS, MINUTE
from backhand.projections.kept_candles import CandleRow, candle_of, with_minute
from backhand.projections.trades import TradeRow

#: Rows of one page of public trades. Source: limit of fills-history.
TRADES_MAX: Final = 1_000


class TradeFilter(Span, frozen=True, kw_only=True):
    """Which public trades of a symbol; `id_less_than` is a trade id."""

    symbol: str


class CandleFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which candles: the newest `limit` that open before `before_ms`."""

    symbol: str
    price_kind: PriceKind
    interval: str
    before_ms: int = INTEGER_MAX
    limit: int = CANDLES_KEPT


def public_trades(connection: sqlite3.Connection, wanted: TradeFilter) -> list[TradeRow]:
    """Find a symbol's trades, newest first."""
    matching = Conditions("symbol = ?", wanted.symbol)
    matching.add_span(connection, PUBLIC_TRADES, wanted)
    by = ("created_at_ms", "trade_id")
    return matching.page(
        connection, PUBLIC_TRADES, "public_trades_by_symbol", by, wanted.limit, limit_max=TRADES_MAX
    )


def candles(connection: sqlite3.Connection, wanted: CandleFilter) -> list[Candle]:
    """
    Find candles in which something happened, in ascending order.

    The newest minute is part of the newest candle, unless that opens too late.
    """
    rows = (
        "SELECT row FROM candles WHERE symbol = ? AND price_kind = ? AND interval = ? AND open_ms < ?"
        " ORDER BY open_ms DESC LIMIT ?"
    )
    limit = max(0, min(wanted.limit, CANDLES_KEPT))
    series = (wanted.symbol, wanted.price_kind, wanted.interval)
    found = ask(connection, CANDLES, rows, (*series, bounded(wanted.before_ms), limit))
    ascending = [candle_of(row) for row in reversed(found)]
    newest = one(connection, CANDLES, _NEWEST, (*series[:2], MINUTE.name))
    interval = INTERVALS[wanted.interval]
    if newest is None or interval.open_ms(newest.open_ms) >= wanted.before_ms:
        return ascending
    return with_minute(ascending, candle_of(newest), interval)[-limit:] if limit else []


def newest_candles_of_all(connection: sqlite3.Connection) -> list[CandleRow]:
    """Find the newest candle of each symbol, price and interval, to resume folding with."""
    symbols = [symbol for (symbol,) in connection.execute("SELECT symbol FROM contracts")]
    kinds: tuple[PriceKind, ...] = ("last", "mark", "index")
    found = (
        one(connection, CANDLES, _NEWEST, (symbol, kind, interval))
        for symbol in symbols
        for kind in kinds
        for interval in INTERVALS
    )
    return [row for row in found if row is not None]


def funding(connection: sqlite3.Connection, symbol: str, skipped: int, limit: int) -> list[FundingRow]:
    """Find a symbol's settlements of funding, newest first, after the `skipped` newest."""
    rows = "SELECT row FROM funding WHERE symbol = ? ORDER BY funding_ms DESC LIMIT ? OFFSET ?"
    return ask(connection, FUNDING, rows, (symbol, limit, skipped))


_NEWEST: Final = (
    "SELECT row FROM candles WHERE symbol = ? AND price_kind = ? AND interval = ?"
    " ORDER BY open_ms DESC LIMIT 1"
)
