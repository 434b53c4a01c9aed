"""Answers that anybody may read for the past: public trades, candles, settlements of funding."""

import msgspec

from backhand.commands import Contract
from backhand.units import format_decimal, format_fixed
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


def trade_row(
    contract: Contract, trade_id: int, side: int, price_e12: int, size_e8: int, time_ms: int
) -> TradeRow:
    """Print a public trade. Source: bitget-v2/get-recent-fills; market.md section 7."""
    return TradeRow(
        str(trade_id),
        format_fixed(price_e12, 12, contract.price_places),
        format_fixed(size_e8, 8, contract.size_places),
        side_text(side, 0),
        str(time_ms),
        contract.symbol,
    )


def candle_answer(
    open_ms: int,
    open_high_low_close_e12: tuple[int, int, int, int],
    base_volume_e8: int,
    quote_volume_e20: int,
    price_places: int | None,
) -> CandleAnswer:
    """
    Print a candle; `price_places` None shows the digits that there are, as of mark and index prices.

    Source: bitget-v2/get-candle-data; market.md section 8.
    """
    first, high, low, last = (
        format_decimal(price_e12, 12) if price_places is None else format_fixed(price_e12, 12, price_places)
        for price_e12 in open_high_low_close_e12
    )
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
