"""Answers that anybody may read: time, contracts, tickers, order book."""

from collections.abc import Sequence
from typing import Final

import msgspec

from backhand.commands import Contract, ContractStatus
from backhand.units import ceil_div, floor_div, format_decimal, format_fixed, half_up_div

STATUS_TEXTS: Final[dict[ContractStatus, str]] = {
    "listed": "listed",
    "normal": "normal",
    "maintain": "maintain",
    "limit_open": "limit_open",
    "restricted": "restrictedAPI",
    "off": "off",
}
#: Digits that can be merged away at most: `scale3` is the coarsest, unless prices are too small for it.
MERGED_DIGITS_MAX: Final = 3
#: Decimals of a ratio of change, as on the real venue.
CHANGE_PLACES: Final = 5


class TickerView(msgspec.Struct, frozen=True, gc=False):
    """
    What a ticker is printed from; 0 stands for "none yet" in prices and sizes.

    `open_price_e12` is the price 24 hours ago, `day_open_price_e12` the price at 00:00 UTC.
    """

    symbol: str
    price_places: int
    size_places: int
    last_price_e12: int
    ask_price_e12: int
    ask_size_e8: int
    bid_price_e12: int
    bid_size_e8: int
    high_price_e12: int
    low_price_e12: int
    open_price_e12: int
    day_open_price_e12: int
    base_volume_e8: int
    quote_volume_e20: int
    index_price_e12: int
    mark_price_e12: int
    funding_rate_e8: int
    open_interest_e8: int
    time_ms: int


class ServerTime(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """Answer of public/time."""

    server_time: str


class ContractRow(msgspec.Struct, frozen=True, gc=False, kw_only=True, rename="camel"):
    """One contract, in the order of Bitget's answer."""

    symbol: str
    base_coin: str
    quote_coin: str
    buy_limit_price_ratio: str
    sell_limit_price_ratio: str
    fee_rate_up_ratio: str
    maker_fee_rate: str
    taker_fee_rate: str
    open_cost_up_ratio: str
    support_margin_coins: list[str]
    min_trade_num: str
    price_end_step: str
    volume_place: str
    price_place: str
    size_multiplier: str
    symbol_type: str = "perpetual"
    min_trade_usdt: str = msgspec.field(name="minTradeUSDT")
    max_symbol_order_num: str
    max_product_order_num: str
    max_position_num: str
    symbol_status: str
    off_time: str = "-1"
    limit_open_time: str = "-1"
    delivery_time: str = ""
    delivery_start_time: str = ""
    delivery_period: str = ""
    launch_time: str = ""
    fund_interval: str
    min_lever: str
    max_lever: str
    pos_limit: str
    maintain_time: str = ""
    open_time: str = ""
    max_market_order_qty: str
    max_order_qty: str
    is_rwa: str = "NO"


class TickerRow(msgspec.Struct, frozen=True, gc=False, kw_only=True, rename="camel"):
    """One ticker; markPrice is never empty, because ccxt takes a row without it for spot."""

    symbol: str
    last_pr: str
    ask_pr: str
    bid_pr: str
    bid_sz: str
    ask_sz: str
    high24h: str
    low24h: str
    ts: str
    change24h: str
    base_volume: str
    quote_volume: str
    usdt_volume: str
    open_utc: str
    change_utc24h: str = msgspec.field(name="changeUtc24h")
    index_price: str
    funding_rate: str
    holding_amount: str
    delivery_start_time: None = None
    delivery_time: None = None
    delivery_status: str = ""
    open24h: str
    mark_price: str


class DepthAnswer(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """Answer of merge-depth; levels are [price, size] as JSON numbers, best first."""

    asks: msgspec.Raw
    bids: msgspec.Raw
    ts: str
    scale: str
    precision: str
    is_max_precision: str


def server_time(time_ms: int) -> ServerTime:
    """Answer public/time."""
    return ServerTime(str(time_ms))


def contract_row(contract: Contract) -> ContractRow:
    """Print a contract. Source: bitget-v2/get-contract-config; market.md section 3."""
    lot_e8 = contract.lot_e8
    return ContractRow(
        symbol=contract.symbol,
        base_coin=contract.base_coin,
        quote_coin=contract.quote_coin,
        buy_limit_price_ratio=format_decimal(contract.buy_band_rate_e8, 8),
        sell_limit_price_ratio=format_decimal(contract.sell_band_rate_e8, 8),
        fee_rate_up_ratio=format_decimal(contract.fee_up_rate_e8, 8),
        maker_fee_rate=format_decimal(contract.maker_fee_rate_e8, 8),
        taker_fee_rate=format_decimal(contract.taker_fee_rate_e8, 8),
        open_cost_up_ratio=format_decimal(contract.open_cost_up_rate_e8, 8),
        support_margin_coins=[contract.margin_coin],
        min_trade_num=format_decimal(contract.size_lots_min * lot_e8, 8),
        price_end_step=str(contract.price_end_step),
        volume_place=str(contract.size_places),
        price_place=str(contract.price_places),
        size_multiplier=format_decimal(lot_e8, 8),
        min_trade_usdt=format_decimal(contract.value_min_e8, 8),
        max_symbol_order_num=str(contract.symbol_orders_max),
        max_product_order_num=str(contract.product_orders_max),
        max_position_num=str(contract.positions_max),
        symbol_status=STATUS_TEXTS[contract.status],
        fund_interval=str(contract.funding_interval_hours),
        min_lever=str(contract.leverage_min),
        max_lever=str(contract.leverage_max),
        pos_limit=format_decimal(contract.position_limit_rate_e8, 8),
        max_market_order_qty=format_decimal(contract.market_size_lots_max * lot_e8, 8),
        max_order_qty=format_decimal(contract.limit_size_lots_max * lot_e8, 8),
    )


def ticker_row(view: TickerView) -> TickerRow:
    """Print a ticker. Source: bitget-v2/get-ticker; market.md section 5."""
    return TickerRow(
        symbol=view.symbol,
        last_pr=_price(view.last_price_e12, view),
        ask_pr=_price(view.ask_price_e12, view),
        bid_pr=_price(view.bid_price_e12, view),
        bid_sz=_size(view.bid_size_e8, view),
        ask_sz=_size(view.ask_size_e8, view),
        high24h=_price(view.high_price_e12, view),
        low24h=_price(view.low_price_e12, view),
        ts=str(view.time_ms),
        change24h=_change(view.open_price_e12, view.last_price_e12),
        base_volume=format_decimal(view.base_volume_e8, 8),
        quote_volume=format_decimal(view.quote_volume_e20, 20),
        usdt_volume=format_decimal(view.quote_volume_e20, 20),
        open_utc=_price(view.day_open_price_e12, view),
        change_utc24h=_change(view.day_open_price_e12, view.last_price_e12),
        index_price=format_decimal(view.index_price_e12, 12),
        funding_rate=format_decimal(view.funding_rate_e8, 8),
        holding_amount=format_decimal(view.open_interest_e8, 8),
        open24h=_price(view.open_price_e12, view),
        mark_price=format_decimal(view.mark_price_e12, 12),
    )


def _price(price_e12: int, view: TickerView) -> str:
    return format_fixed(price_e12, 12, view.price_places) if price_e12 else ""


def _size(size_e8: int, view: TickerView) -> str:
    return format_fixed(size_e8, 8, view.size_places) if size_e8 else ""


def _change(from_e12: int, to_e12: int) -> str:
    if not from_e12 or not to_e12:
        return "0"
    return format_decimal(half_up_div((to_e12 - from_e12) * 10**CHANGE_PLACES, from_e12), CHANGE_PLACES)


def depth_answer(
    contract: Contract,
    bids: Sequence[tuple[int, int]],
    asks: Sequence[tuple[int, int]],
    merged_digits: int,
    levels_max: int,
    time_ms: int,
) -> DepthAnswer:
    """
    Print a book of (price_ticks, size_lots), best first; merging needs all levels, not `levels_max`.

    With n merged digits a level holds 10^n ticks: bids are rounded down to it, asks up. A step above the
    best bid would leave no bid; then the coarsest that is not is used.
    Source: bitget-v2/merge-depth; market.md section 6.
    """
    coarsest = MERGED_DIGITS_MAX
    while coarsest and bids and bids[0][0] < 10**coarsest:
        coarsest -= 1
    merged_digits = min(merged_digits, coarsest)
    step_ticks: int = 10**merged_digits
    merged_bids = _merge([(floor_div(price, step_ticks), size) for price, size in bids])
    merged_asks = _merge([(ceil_div(price, step_ticks), size) for price, size in asks])
    step_e12 = contract.tick_e12 * step_ticks
    return DepthAnswer(
        asks=_levels(merged_asks[:levels_max], step_e12, contract),
        bids=_levels(merged_bids[:levels_max], step_e12, contract),
        ts=str(time_ms),
        scale=format_decimal(step_e12, 12),
        precision=f"scale{merged_digits}",
        is_max_precision="YES" if merged_digits == coarsest else "NO",
    )


def _merge(levels: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Add up neighbours of the same price; equal prices are neighbours because levels come in order."""
    merged: list[tuple[int, int]] = []
    for price, size in levels:
        if merged and merged[-1][0] == price:
            merged[-1] = (price, merged[-1][1] + size)
        else:
            merged.append((price, size))
    return merged


def _levels(levels: list[tuple[int, int]], step_e12: int, contract: Contract) -> msgspec.Raw:
    """Write levels as JSON numbers from integers, so that no float is involved."""
    texts = [
        f"[{format_decimal(price * step_e12, 12)},{format_decimal(size * contract.lot_e8, 8)}]"
        for price, size in levels
    ]
    return msgspec.Raw(f"[{','.join(texts)}]".encode())
