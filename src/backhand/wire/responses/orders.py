"""Answers about orders: rows as on Bitget's pages, every number as text."""

from collections.abc import Mapping, Sequence
from typing import Final, Literal

import msgspec

from backhand.commands import BUY, LONG, MarginMode, OrderType, TimeInForce
from backhand.events import CancelReason, OrderSource
from backhand.units import format_decimal
from backhand.wire.responses.presets import (
    PresetView,
    preset_limit_text,
    preset_price_text,
    preset_type_text,
)

OrderStatus = Literal["live", "partially_filled", "filled", "cancelled"]

#: Bitget spells the last one with one l in orders (and with two in trigger orders).
STATUS_TEXTS: Final[Mapping[OrderStatus, str]] = {
    "live": "live",
    "partially_filled": "partially_filled",
    "filled": "filled",
    "cancelled": "canceled",
}

#: Why an order ended, in Bitget's words (websocket.md section on orders). A reversal's leg that found too
#: little margin or tier counts as a risk cancellation, one that was dust as too small a trade.
CANCEL_REASONS: Final[Mapping[CancelReason | None, str]] = {
    None: "",
    CancelReason.BY_CLIENT: "normal_cancel",
    CancelReason.IMMEDIATE_REMAINDER: "ioc_not_full_cancel",
    CancelReason.FILL_OR_KILL: "fok_not_full_cancel",
    CancelReason.POST_ONLY_WOULD_TAKE: "post_only_fill_cancel",
    CancelReason.SELF_TRADE: "stp_cancel",
    CancelReason.REDUCE_ONLY_EXCESS: "normal_cancel",
    CancelReason.MARGIN_GUARD: "delegated_risk_order_cancel",
    CancelReason.DISPLACED: "normal_cancel",
    CancelReason.MODIFIED: "modify_limit_order",
    CancelReason.LIQUIDATION: "burst_cancel",
    CancelReason.DELISTED: "delivery_order_cancel",
    CancelReason.OPENING_DISABLED: "delegated_risk_order_cancel",
    CancelReason.POSITION_CLOSED: "tpsl_plan_cancel",
    CancelReason.REPLACED: "tpsl_plan_cancel",
    CancelReason.REVERSAL: "back_contract_cancel",
    CancelReason.SHORTFALL_MARGIN: "delegated_risk_order_cancel",
    CancelReason.SHORTFALL_TIER: "delegated_risk_order_cancel",
    CancelReason.SHORTFALL_DUST: "trade_count_too_small",
    CancelReason.SHORTFALL_LIQUIDITY: "ioc_not_full_cancel",
    CancelReason.SHORTFALL_OPENING_DISABLED: "delegated_risk_order_cancel",
    CancelReason.SHORTFALL_LOCKED: "delegated_risk_order_cancel",
    CancelReason.SHORTFALL_POSITION_LIMIT: "delegated_risk_order_cancel",
}


class OrderView(msgspec.Struct, frozen=True, gc=False):
    """
    What an order row is printed from.

    `side` is the direction of the trade, `hold_side` the position in hedge mode (1, -1), 0 in one-way
    mode; `price_e12` 0 for market orders, `filled_value_e20` the sum of size x price over the fills,
    `average_price_e12` 0 while unfilled, `fee_e8` what was charged (positive).
    """

    order_id: int
    client_oid: str
    symbol: str
    margin_coin: str
    status: OrderStatus
    side: int
    hold_side: int
    reduce_only: bool
    order_type: OrderType
    time_in_force: TimeInForce
    price_e12: int
    size_e8: int
    filled_size_e8: int
    filled_value_e20: int
    average_price_e12: int
    fee_e8: int
    profit_e8: int
    margin_mode: MarginMode
    leverage: int
    source: OrderSource
    cancel_reason: CancelReason | None
    created_at_ms: int
    updated_at_ms: int
    take_profit: PresetView | None = None
    stop_loss: PresetView | None = None


class OrderIds(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """
    Answer of place-order, cancel-order and click-backhand (there: the opening leg, reversal.md A14).

    `order_id` is null for a reduce-only order that pushed older ones out: it is asked for by clientOid.
    """

    order_id: str | None
    client_oid: str


class OrderRow(msgspec.Struct, frozen=True, gc=False, kw_only=True, rename="camel"):
    """
    One order.

    `state` and `newTradeSide` exist in order/detail only, `status` in lists only, the last two fields in
    orders-history only, and in orders-pending only those of a `TriggerType`, which repeat the `Type`. There
    is no feeDetail: ccxt would decode it as text.
    """

    symbol: str
    size: str
    order_id: str
    client_oid: str
    base_volume: str
    quote_volume: str
    price_avg: str
    price: str
    fee: str
    state: str | msgspec.UnsetType = msgspec.UNSET
    status: str | msgspec.UnsetType = msgspec.UNSET
    side: str
    force: str
    total_profits: str
    pos_side: str
    margin_coin: str
    order_type: str
    leverage: str
    margin_mode: str
    reduce_only: str
    enter_point_source: str
    trade_side: str
    pos_mode: str
    order_source: str
    cancel_reason: str
    c_time: str
    u_time: str
    preset_stop_surplus_price: str = ""
    preset_stop_surplus_type: str = ""
    preset_stop_surplus_execute_price: str = ""
    preset_stop_loss_price: str = ""
    preset_stop_loss_type: str = ""
    preset_stop_loss_execute_price: str = ""
    preset_stop_surplus_trigger_type: str | msgspec.UnsetType = msgspec.UNSET
    preset_stop_loss_trigger_type: str | msgspec.UnsetType = msgspec.UNSET
    new_trade_side: msgspec.UnsetType | None = msgspec.UNSET
    pos_avg: str | msgspec.UnsetType = msgspec.UNSET
    liq_price: str | msgspec.UnsetType = msgspec.UNSET


class OrderPage(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """Answer of orders-pending and orders-history, newest first; `end_id` is the last row's order id."""

    entrusted_list: list[OrderRow]
    end_id: str | None


def side_text(side: int, hold_side: int) -> str:
    """Name an order's side: of the position in hedge mode (a long is closed by "buy"), else of the trade."""
    return "buy" if (hold_side or side) == BUY else "sell"


#: What the venue itself does to a position, as clients know it.
_VENUE_TRADE_SIDES: Final = {
    "liquidation": ("burst_close_{leg}", "burst_{side}_single"),
    "reduction": ("reduce_close_{leg}", "reduce_{side}_single"),
    "netting": ("offset_close_{leg}", "{side}_single"),
    "adl": ("dte_sys_adl_close_{leg}", "dte_sys_adl_{side}_in_single_side_mode"),
    "delivery": ("delivery_close_{leg}", "delivery_{side}_single"),
}


def trade_side_text(side: int, hold_side: int, reduce_only: bool, origin: str = "") -> str:
    """
    Name what an order or fill does to its position: open or close in hedge mode, buy_single or sell_single.

    `origin` is an order's source or a fill's kind; what the venue itself does has names of its own.
    """
    side_text_ = "buy" if side == BUY else "sell"
    if origin in _VENUE_TRADE_SIDES:
        hedge, one_way = _VENUE_TRADE_SIDES[origin]
        leg = "long" if hold_side == LONG else "short"
        return (hedge if hold_side else one_way).format(leg=leg, side=side_text_)
    if hold_side == 0:
        return f"{side_text_}_single"
    return "close" if reduce_only else "open"


def enter_point_text(origin: str) -> str:
    """Name who asked for an order or fill, by its source or kind: a client, or the venue itself."""
    return "SYS" if origin in _VENUE_TRADE_SIDES else "API"


#: Order sources that have the same name on the wire whatever the type of the order.
_ORDER_SOURCES: Final[Mapping[OrderSource, str]] = {
    "normal": "normal",
    "market": "market",
    "reverse": "reverse",
    "trader_reverse": "trader_reverse",
    "close": "market",
    "modify": "modify_order_limit",
    "liquidation": "liquidation",
    "netting": "reduce_offset",
    "adl": "market_risk",
}


def order_source_text(source: OrderSource, side: int, order_type: OrderType) -> str:
    """Name where an order came from (rest-private.md section 2)."""
    if source == "delivery":
        return "delivery_close_short" if side == BUY else "delivery_close_long"
    stem = {
        "entry": "plan",
        "trailing_entry": "tracking",
        "trailing_stop": "move",
        "take_profit": "profit",
        "stop_loss": "loss",
        "position_take_profit": "pos_profit",
        "position_stop_loss": "pos_loss",
    }.get(source)
    return f"{stem}_{order_type}" if stem else _ORDER_SOURCES[source]


def position_mode_text(hold_side: int) -> str:
    """Name the position mode of an order."""
    return "hedge_mode" if hold_side else "one_way_mode"


def order_ids(order_id: int | None, client_oid: str) -> OrderIds:
    """Answer which order a command is about."""
    return OrderIds(None if order_id is None else str(order_id), client_oid)


def order_detail(view: OrderView) -> OrderRow:
    """Print an order for order/detail. Source: bitget-v2/order-detail; rest-private.md section 5."""
    return _order_row(view, state=STATUS_TEXTS[view.status], new_trade_side=None)


def open_orders_page(views: Sequence[OrderView]) -> OrderPage:
    """Print a page of open orders. Source: bitget-v2/orders-pending."""
    rows = [
        msgspec.structs.replace(
            _order_row(view, status=STATUS_TEXTS[view.status]),
            preset_stop_surplus_trigger_type=preset_type_text(view.take_profit),
            preset_stop_loss_trigger_type=preset_type_text(view.stop_loss),
        )
        for view in views
    ]
    return OrderPage(rows, _end_id(views))


def order_history_page(views: Sequence[OrderView]) -> OrderPage:
    """Print a page of ended orders. Source: bitget-v2/orders-history."""
    rows = [_order_row(view, status=STATUS_TEXTS[view.status], pos_avg="", liq_price="") for view in views]
    return OrderPage(rows, _end_id(views))


def _end_id(views: Sequence[OrderView]) -> str | None:
    return str(views[-1].order_id) if views else None


def _order_row(
    view: OrderView,
    state: str | msgspec.UnsetType = msgspec.UNSET,
    status: str | msgspec.UnsetType = msgspec.UNSET,
    new_trade_side: msgspec.UnsetType | None = msgspec.UNSET,
    pos_avg: str | msgspec.UnsetType = msgspec.UNSET,
    liq_price: str | msgspec.UnsetType = msgspec.UNSET,
) -> OrderRow:
    return OrderRow(
        symbol=view.symbol,
        size=format_decimal(view.size_e8, 8),
        order_id=str(view.order_id),
        client_oid=view.client_oid,
        base_volume=format_decimal(view.filled_size_e8, 8),
        quote_volume=format_decimal(view.filled_value_e20, 20),
        price_avg=format_decimal(view.average_price_e12, 12) if view.filled_size_e8 else "",
        price=format_decimal(view.price_e12, 12) if view.order_type == "limit" else "",
        fee=format_decimal(-view.fee_e8, 8),
        state=state,
        status=status,
        side=side_text(view.side, view.hold_side),
        force=view.time_in_force,
        total_profits=format_decimal(view.profit_e8, 8),
        pos_side=position_side_text(view.hold_side),
        margin_coin=view.margin_coin,
        order_type=view.order_type,
        leverage=str(view.leverage),
        margin_mode=view.margin_mode,
        reduce_only="YES" if view.reduce_only else "NO",
        enter_point_source=enter_point_text(view.source),
        trade_side=trade_side_text(view.side, view.hold_side, view.reduce_only, view.source),
        pos_mode=position_mode_text(view.hold_side),
        order_source=order_source_text(view.source, view.side, view.order_type),
        cancel_reason=CANCEL_REASONS[view.cancel_reason],
        c_time=str(view.created_at_ms),
        u_time=str(view.updated_at_ms),
        preset_stop_surplus_price=preset_price_text(view.take_profit),
        preset_stop_surplus_type=preset_type_text(view.take_profit),
        preset_stop_surplus_execute_price=preset_limit_text(view.take_profit),
        preset_stop_loss_price=preset_price_text(view.stop_loss),
        preset_stop_loss_type=preset_type_text(view.stop_loss),
        preset_stop_loss_execute_price=preset_limit_text(view.stop_loss),
        new_trade_side=new_trade_side,
        pos_avg=pos_avg,
        liq_price=liq_price,
    )


def position_side_text(hold_side: int) -> str:
    """Name the position that an order belongs to."""
    if hold_side == 0:
        return "net"
    return "long" if hold_side == LONG else "short"
