"""Rows of the private channels about orders: orders, fill, orders-algo, adl-noti."""

from collections.abc import Mapping
from typing import Final, Literal

import msgspec

from backhand.commands import BUY, LONG, MarginMode, SelfTradePrevention, TriggerBy, TriggerKind
from backhand.events import FillKind
from backhand.units import format_decimal
from backhand.wire.responses.fills import FillView
from backhand.wire.responses.orders import (
    CANCEL_REASONS,
    STATUS_TEXTS,
    OrderView,
    enter_point_text,
    position_mode_text,
    side_text,
    trade_side_text,
)

TriggerStatus = Literal["live", "executed", "failed", "cancelled"]

TRIGGER_TEXTS: Final[Mapping[TriggerBy, str]] = {"last": "fill_price", "mark": "mark_price"}
PLAN_TYPES: Final[Mapping[TriggerKind, str]] = {
    "entry": "pl",
    "trailing_entry": "track",
    "take_profit": "tp",
    "stop_loss": "sl",
    "trailing_stop": "mtpsl",
    "position_take_profit": "ptp",
    "position_stop_loss": "psl",
}
#: Here `cancelled` has two l, unlike in orders.
TRIGGER_STATUS_TEXTS: Final[Mapping[TriggerStatus, str]] = {
    "live": "live",
    "executed": "executed",
    "failed": "fail_execute",
    "cancelled": "cancelled",
}


class PresetView(msgspec.Struct, frozen=True, gc=False):
    """A take-profit or stop-loss that an order brings along; `limit_price_e12` 0 executes at market."""

    trigger_price_e12: int
    limit_price_e12: int
    trigger_by: TriggerBy = "mark"


class OrderTerms(msgspec.Struct, frozen=True, gc=False):
    """What an order brings along besides itself."""

    stp_mode: SelfTradePrevention = "none"
    take_profit: PresetView | None = None
    stop_loss: PresetView | None = None


class TriggerView(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """
    What a row of `orders-algo` is printed from.

    `side` is the direction of the trade, `hold_side` the leg in hedge mode (0 in one-way mode). `size_e8`
    0 is the whole position, `limit_price_e12` 0 at market, `trigger_price_e12` 0 at once (trailing).
    """

    order_id: int
    client_oid: str
    symbol: str
    margin_coin: str
    kind: TriggerKind
    side: int
    hold_side: int
    reduce_only: bool
    size_e8: int
    trigger_price_e12: int
    trigger_by: TriggerBy
    limit_price_e12: int
    callback_rate_e8: int
    margin_mode: MarginMode
    terms: OrderTerms
    status: TriggerStatus
    triggered_at_ms: int
    created_at_ms: int
    updated_at_ms: int


class OrderFee(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """What an order has cost so far, negative when paid."""

    fee_coin: str
    fee: str


class OrderPush(msgspec.Struct, frozen=True, gc=False, kw_only=True, rename="camel"):
    """One order after one thing that happened to it; the fields about a fill are there for fills only."""

    order_id: str
    client_oid: str
    inst_id: str
    price: str
    size: str
    order_type: str
    force: str
    side: str
    pos_side: str
    trade_side: str
    pos_mode: str
    margin_mode: str
    margin_coin: str
    leverage: str
    status: str
    acc_base_volume: str
    base_volume: str | msgspec.UnsetType = msgspec.UNSET
    fill_price: str | msgspec.UnsetType = msgspec.UNSET
    price_avg: str | msgspec.UnsetType = msgspec.UNSET
    trade_id: str | msgspec.UnsetType = msgspec.UNSET
    fill_time: str | msgspec.UnsetType = msgspec.UNSET
    fill_fee: str | msgspec.UnsetType = msgspec.UNSET
    fill_fee_coin: str | msgspec.UnsetType = msgspec.UNSET
    trade_scope: str | msgspec.UnsetType = msgspec.UNSET
    notional_usd: str
    fill_notional_usd: str
    fee_detail: list[OrderFee]
    pnl: str
    total_profits: str
    reduce_only: str
    enter_point_source: str
    cancel_reason: str
    stp_mode: str
    preset_stop_surplus_price: str
    preset_stop_surplus_type: str
    preset_stop_surplus_execute_price: str
    preset_stop_loss_price: str
    preset_stop_loss_type: str
    preset_stop_loss_execute_price: str
    c_time: str
    u_time: str


class FillFee(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """The fee of one fill, negative when paid."""

    fee_coin: str
    deduction: str
    total_deduction_fee: str
    total_fee: str


class FillPush(msgspec.Struct, frozen=True, gc=False, kw_only=True, rename="camel"):
    """One fill of an order."""

    order_id: str
    client_oid: str
    trade_id: str
    symbol: str
    side: str
    order_type: str
    pos_mode: str
    price: str
    base_volume: str
    quote_volume: str
    profit: str
    trade_side: str
    trade_scope: str
    fee_detail: list[FillFee]
    c_time: str
    u_time: str


class TriggerPush(msgspec.Struct, frozen=True, gc=False, kw_only=True, rename="camel"):
    """One order that waits for a price, or has done so."""

    inst_id: str
    order_id: str
    client_oid: str
    trigger_price: str
    trigger_type: str
    trigger_time: str
    plan_type: str
    price: str
    execute_price: str
    size: str
    actual_size: str
    order_type: str
    side: str
    trade_side: str
    pos_side: str
    pos_mode: str
    margin_coin: str
    margin_mode: str
    status: str
    enter_point_source: str
    stop_surplus_price: str
    stop_surplus_trigger_price: str
    stop_surplus_trigger_type: str
    stop_loss_price: str
    stop_loss_trigger_price: str
    stop_loss_trigger_type: str
    stp_mode: str
    c_time: str
    u_time: str


class DeleveragePush(msgspec.Struct, frozen=True, gc=False):
    """A position was reduced against another account's liquidation."""

    symbol: str
    side: str
    status: str
    price: str
    amount: str
    ts: str


def order_push(view: OrderView, terms: OrderTerms, fill: FillView | None) -> OrderPush:
    """
    Print an order after it was accepted, after one of its fills, or after it was cancelled.

    `notionalUsd` is the order's value at its limit price, or of what is filled where it has none.
    Source: websocket.md section 7.
    """
    limit = view.order_type == "limit"
    cancelled = view.status == "cancelled"
    value_e20 = view.price_e12 * view.size_e8 if limit else view.filled_value_e20
    return OrderPush(
        order_id=str(view.order_id),
        client_oid=view.client_oid,
        inst_id=view.symbol,
        price=format_decimal(view.price_e12, 12) if limit else "0",
        size=format_decimal(view.size_e8, 8),
        order_type=view.order_type,
        force=view.time_in_force,
        side=side_text(view.side, view.hold_side),
        pos_side=_position_side(view.hold_side),
        trade_side=trade_side_text(view.side, view.hold_side, view.reduce_only, view.source),
        pos_mode=position_mode_text(view.hold_side),
        margin_mode=view.margin_mode,
        margin_coin=view.margin_coin,
        leverage=str(view.leverage),
        status=STATUS_TEXTS[view.status],
        acc_base_volume=format_decimal(view.filled_size_e8, 8),
        base_volume=format_decimal(fill.size_e8, 8) if fill else msgspec.UNSET,
        fill_price=format_decimal(fill.price_e12, 12) if fill else msgspec.UNSET,
        price_avg=msgspec.UNSET if cancelled else format_decimal(view.average_price_e12, 12),
        trade_id=str(fill.trade_id) if fill else msgspec.UNSET,
        fill_time=str(fill.created_at_ms) if fill else msgspec.UNSET,
        fill_fee=format_decimal(-fill.fee_e8, 8) if fill else msgspec.UNSET,
        fill_fee_coin=fill.margin_coin if fill else msgspec.UNSET,
        trade_scope=("T" if fill.is_taker else "M") if fill else msgspec.UNSET,
        notional_usd=format_decimal(value_e20, 20),
        fill_notional_usd=format_decimal(view.filled_value_e20, 20),
        fee_detail=[OrderFee(view.margin_coin, format_decimal(-view.fee_e8, 8))],
        pnl=format_decimal(fill.profit_e8 if fill else 0, 8),
        total_profits=format_decimal(view.profit_e8, 8),
        reduce_only="yes" if view.reduce_only else "no",
        enter_point_source=enter_point_text(view.source),
        cancel_reason=CANCEL_REASONS[view.cancel_reason],
        stp_mode=terms.stp_mode,
        preset_stop_surplus_price=_trigger_price(terms.take_profit),
        preset_stop_surplus_type=_trigger_type(terms.take_profit),
        preset_stop_surplus_execute_price=_limit_price(terms.take_profit),
        preset_stop_loss_price=_trigger_price(terms.stop_loss),
        preset_stop_loss_type=_trigger_type(terms.stop_loss),
        preset_stop_loss_execute_price=_limit_price(terms.stop_loss),
        c_time=str(view.created_at_ms),
        u_time=str(view.updated_at_ms),
    )


def fill_push(order: OrderView, fill: FillView, kind: FillKind) -> FillPush:
    """Print a fill; in this channel alone `side` is the direction of the trade in hedge mode too."""
    fee = FillFee(fill.margin_coin, "no", "0", format_decimal(-fill.fee_e8, 8))
    origin = order.source if kind == "trade" else kind
    return FillPush(
        order_id=str(fill.order_id),
        client_oid=order.client_oid,
        trade_id=str(fill.trade_id),
        symbol=fill.symbol,
        side="buy" if fill.side == BUY else "sell",
        order_type=order.order_type,
        pos_mode=position_mode_text(fill.hold_side),
        price=format_decimal(fill.price_e12, 12),
        base_volume=format_decimal(fill.size_e8, 8),
        quote_volume=format_decimal(fill.size_e8 * fill.price_e12, 20),
        profit=format_decimal(fill.profit_e8, 8),
        trade_side=trade_side_text(fill.side, fill.hold_side, fill.reduce_only, origin),
        trade_scope="taker" if fill.is_taker else "maker",
        fee_detail=[fee],
        c_time=str(fill.created_at_ms),
        u_time=str(fill.created_at_ms),
    )


def trigger_push(view: TriggerView) -> TriggerPush:
    """Print an order that waits for a price."""
    limit_price = format_decimal(view.limit_price_e12, 12) if view.limit_price_e12 else ""
    size = format_decimal(view.size_e8, 8)
    terms = view.terms
    return TriggerPush(
        inst_id=view.symbol,
        order_id=str(view.order_id),
        client_oid=view.client_oid,
        trigger_price=format_decimal(view.trigger_price_e12, 12) if view.trigger_price_e12 else "",
        trigger_type=TRIGGER_TEXTS[view.trigger_by],
        trigger_time=str(view.triggered_at_ms) if view.triggered_at_ms else "",
        plan_type=PLAN_TYPES[view.kind],
        price=limit_price,
        execute_price=limit_price,
        size=size,
        actual_size=size if view.status == "executed" else "0",
        order_type="limit" if view.limit_price_e12 else "market",
        side=side_text(view.side, view.hold_side),
        trade_side=trade_side_text(view.side, view.hold_side, view.reduce_only),
        pos_side=_position_side(view.hold_side),
        pos_mode=position_mode_text(view.hold_side),
        margin_coin=view.margin_coin,
        margin_mode=view.margin_mode,
        status=TRIGGER_STATUS_TEXTS[view.status],
        enter_point_source="API",
        stop_surplus_price=_limit_price(terms.take_profit),
        stop_surplus_trigger_price=_trigger_price(terms.take_profit),
        stop_surplus_trigger_type=_trigger_type(terms.take_profit),
        stop_loss_price=_limit_price(terms.stop_loss),
        stop_loss_trigger_price=_trigger_price(terms.stop_loss),
        stop_loss_trigger_type=_trigger_type(terms.stop_loss),
        stp_mode=terms.stp_mode,
        c_time=str(view.created_at_ms),
        u_time=str(view.updated_at_ms),
    )


def deleverage_push(fill: FillView) -> DeleveragePush:
    """Print a row of `adl-noti`."""
    return DeleveragePush(
        symbol=fill.symbol,
        side="buy" if fill.side == BUY else "sell",
        status="triggered",
        price=format_decimal(fill.price_e12, 12),
        amount=format_decimal(fill.size_e8, 8),
        ts=str(fill.created_at_ms),
    )


def _position_side(hold_side: int) -> str:
    if hold_side == 0:
        return "net"
    return "long" if hold_side == LONG else "short"


def _trigger_price(preset: PresetView | None) -> str:
    return format_decimal(preset.trigger_price_e12, 12) if preset else ""


def _trigger_type(preset: PresetView | None) -> str:
    return TRIGGER_TEXTS[preset.trigger_by] if preset else ""


def _limit_price(preset: PresetView | None) -> str:
    return format_decimal(preset.limit_price_e12, 12) if preset and preset.limit_price_e12 else ""
