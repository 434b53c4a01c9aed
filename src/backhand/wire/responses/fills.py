"""Answers about fills: rows as on Bitget's pages, every number as text."""

from collections.abc import Sequence

import msgspec

from backhand.events import FillKind
from backhand.units import format_decimal
from backhand.wire.responses.orders import enter_point_text, position_mode_text, side_text, trade_side_text


class FillView(msgspec.Struct, frozen=True, gc=False):
    """
    What a fill row is printed from; `side`, `hold_side`, `reduce_only` and `fee_e8` as in OrderView.

    `kind` is what the fill is to its holder.
    """

    trade_id: int
    order_id: int
    symbol: str
    margin_coin: str
    side: int
    hold_side: int
    reduce_only: bool
    is_taker: bool
    price_e12: int
    size_e8: int
    fee_e8: int
    profit_e8: int
    created_at_ms: int
    kind: FillKind = "trade"


class FeeDetail(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """The fee of one fill, negative when paid."""

    deduction: str
    fee_coin: str
    total_deduction_fee: None
    total_fee: str


class FillRow(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """One fill of the caller's; marginCoin exists in fill-history only."""

    trade_id: str
    symbol: str
    order_id: str
    price: str
    base_volume: str
    quote_volume: str
    fee_detail: list[FeeDetail]
    side: str
    profit: str
    enter_point_source: str
    trade_side: str
    pos_mode: str
    trade_scope: str
    c_time: str
    margin_coin: str | msgspec.UnsetType = msgspec.UNSET


class FillPage(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """Answer of fills and fill-history, newest first; `end_id` is the last row's trade id."""

    fill_list: list[FillRow]
    end_id: str | None


def fills_page(views: Sequence[FillView]) -> FillPage:
    """Print a page of fills. Source: bitget-v2/fills."""
    return FillPage([fill_row(view) for view in views], str(views[-1].trade_id) if views else None)


def past_fills_page(views: Sequence[FillView]) -> FillPage:
    """Print a page of past fills: as `fills_page`, with their margin coin. Source: bitget-v2/fill-history."""
    rows = [msgspec.structs.replace(fill_row(view), margin_coin=view.margin_coin) for view in views]
    return FillPage(rows, str(views[-1].trade_id) if views else None)


def fill_row(view: FillView) -> FillRow:
    """Print one fill; the fee is negative when paid, and its list has exactly one entry."""
    fee = FeeDetail("no", view.margin_coin, None, format_decimal(-view.fee_e8, 8))
    return FillRow(
        trade_id=str(view.trade_id),
        symbol=view.symbol,
        order_id=str(view.order_id),
        price=format_decimal(view.price_e12, 12),
        base_volume=format_decimal(view.size_e8, 8),
        quote_volume=format_decimal(view.size_e8 * view.price_e12, 20),
        fee_detail=[fee],
        side=side_text(view.side, view.hold_side),
        profit=format_decimal(view.profit_e8, 8),
        enter_point_source=enter_point_text(view.kind),
        trade_side=trade_side_text(view.side, view.hold_side, view.reduce_only, view.kind),
        pos_mode=position_mode_text(view.hold_side),
        trade_scope="taker" if view.is_taker else "maker",
        c_time=str(view.created_at_ms),
    )
