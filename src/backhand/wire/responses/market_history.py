"""Answers that anybody may read for the past: public trades, candles, settlements of funding."""

import msgspec

from backhand.units import format_decimal
from backhand.wire.responses.orders import side_text

#: Open time, open, high, low, close, volume in base coin, volume in quote currency; all of them text.
CandleAnswer = tuple[str, str, str, str, str, str, str]


class TradeRow(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """One public trade; `side` is the taker's."""

    trade_id: str
    price: str
    size: str
    side: str
    ts: str
    symbol: str


class FundingHistoryRow(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """One settlement of funding, at the exact instant it was for."""

    symbol: str
    funding_rate: str
    funding_time: str


def trade_row(symbol: str, trade_id: int, side: int, price_e12: int, size_e8: int, time_ms: int) -> TradeRow:
    """Print a public trade. Source: bitget-v2/get-recent-fills; market.md section 7."""
    return TradeRow(
        str(trade_id),
        format_decimal(price_e12, 12),
        format_decimal(size_e8, 8),
        side_text(side, 0),
        str(time_ms),
        symbol,
    )


def candle_answer(
    open_ms: int,
    open_high_low_close_e12: tuple[int, int, int, int],
    base_volume_e8: int,
    quote_volume_e20: int,
) -> CandleAnswer:
    """Print a candle. Source: bitget-v2/get-candle-data; market.md section 8."""
    first, high, low, last = (format_decimal(price_e12, 12) for price_e12 in open_high_low_close_e12)
    return (
        str(open_ms),
        first,
        high,
        low,
        last,
        format_decimal(base_volume_e8, 8),
        format_decimal(quote_volume_e20, 20),
    )


def funding_history_row(symbol: str, rate_e8: int, funding_ms: int) -> FundingHistoryRow:
    """Print a settlement of funding. Source: bitget-v2/get-history-funding-rate."""
    return FundingHistoryRow(symbol, format_decimal(rate_e8, 8), str(funding_ms))
