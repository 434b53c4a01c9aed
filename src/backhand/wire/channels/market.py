"""Rows of the public channels other than books: ticker, trade, candles."""

import msgspec

from backhand.commands import BUY, Contract
from backhand.units import format_decimal, format_fixed
from backhand.wire.responses.markets import TickerView, ticker_row


class TickerPush(msgspec.Struct, frozen=True, gc=False, kw_only=True, rename="camel"):
    """One ticker; the only place on this interface where mark price and funding are."""

    inst_id: str
    last_pr: str
    bid_pr: str
    ask_pr: str
    bid_sz: str
    ask_sz: str
    open24h: str
    high24h: str
    low24h: str
    change24h: str
    funding_rate: str
    next_funding_time: str
    mark_price: str
    index_price: str
    holding_amount: str
    base_volume: str
    quote_volume: str
    open_utc: str
    symbol_type: str = "1"
    symbol: str
    delivery_price: str = "0"
    ts: str


class TradePush(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """One trade; its symbol is in the frame's `arg` only."""

    ts: str
    price: str
    size: str
    side: str
    trade_id: str


#: [ts, open, high, low, close, baseVol, quoteVol, usdtVol]
CandlePush = tuple[str, str, str, str, str, str, str, str]


class CandleView(msgspec.Struct, frozen=True, gc=False):
    """What a candle is printed from."""

    open_ms: int
    open_price_e12: int
    high_price_e12: int
    low_price_e12: int
    close_price_e12: int
    base_volume_e8: int
    quote_volume_e20: int


def ticker_push(view: TickerView, next_funding_ms: int) -> TickerPush:
    """Print a ticker. Source: websocket.md section 6."""
    row = ticker_row(view)
    return TickerPush(
        inst_id=row.symbol,
        last_pr=row.last_pr,
        bid_pr=row.bid_pr,
        ask_pr=row.ask_pr,
        bid_sz=row.bid_sz,
        ask_sz=row.ask_sz,
        open24h=row.open24h,
        high24h=row.high24h,
        low24h=row.low24h,
        change24h=row.change24h,
        funding_rate=row.funding_rate,
        next_funding_time=str(next_funding_ms),
        mark_price=row.mark_price,
        index_price=row.index_price,
        holding_amount=row.holding_amount,
        base_volume=row.base_volume,
        quote_volume=row.quote_volume,
        open_utc=row.open_utc,
        symbol=row.symbol,
        ts=row.ts,
    )


def trade_push(
    contract: Contract, trade_id: int, side: int, price_e12: int, size_e8: int, ts_ms: int
) -> TradePush:
    """Print a trade with its taker's side."""
    return TradePush(
        ts=str(ts_ms),
        price=format_fixed(price_e12, 12, contract.price_places),
        size=format_fixed(size_e8, 8, contract.size_places),
        side="buy" if side == BUY else "sell",
        trade_id=str(trade_id),
    )


def candle_push(contract: Contract, view: CandleView) -> CandlePush:
    """Print a candle; contracts here are quoted in dollars, so the last two volumes are the same."""
    places = contract.price_places
    quote_volume = format_decimal(view.quote_volume_e20, 20)
    return (
        str(view.open_ms),
        format_fixed(view.open_price_e12, 12, places),
        format_fixed(view.high_price_e12, 12, places),
        format_fixed(view.low_price_e12, 12, places),
        format_fixed(view.close_price_e12, 12, places),
        format_decimal(view.base_volume_e8, 8),
        quote_volume,
        quote_volume,
    )
