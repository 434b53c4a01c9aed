"""Answers about orders that wait, or waited, for a price, and what they placed."""

from collections.abc import Mapping, Sequence
from typing import Final, Literal

import msgspec

from backhand.commands import MarginMode, TriggerBy, TriggerKind
from backhand.units import format_decimal
from backhand.wire.responses.orders import (
    OrderStatus,
    order_source_text,
    position_mode_text,
    position_side_text,
    side_text,
    trade_side_text,
)
from backhand.wire.responses.presets import (
    TRIGGER_TYPE_TEXTS,
    PresetView,
    preset_limit_text,
    preset_price_text,
    preset_type_text,
)

PLAN_TYPE_TEXTS: Final[Mapping[TriggerKind, str]] = {
    "entry": "normal_plan",
    "trailing_entry": "track_plan",
    "take_profit": "profit_plan",
    "stop_loss": "loss_plan",
    "trailing_stop": "moving_plan",
    "position_take_profit": "pos_profit",
    "position_stop_loss": "pos_loss",
}
#: Those that stand for the whole position have no size and no margin mode of their own.
WHOLE_KINDS: Final = ("position_take_profit", "position_stop_loss")

PlanState = Literal["live", "executed", "failed", "cancelled"]
#: Spelt with two l here, and with one in orders.
PLAN_STATUS_TEXTS: Final[Mapping[PlanState, str]] = {
    "live": "live",
    "executed": "executed",
    "failed": "fail_execute",
    "cancelled": "cancelled",
}
PLACED_STATUS_TEXTS: Final[Mapping[OrderStatus, str]] = {
    "live": "in_progress",
    "partially_filled": "in_progress",
    "filled": "success",
    "cancelled": "cancelled",
}


class PlanView(msgspec.Struct, frozen=True, gc=False):
    """
    What a waiting order is printed from.

    `size_e8` 0 is the whole position, `limit_price_e12` 0 at market. The last three are of the order that
    it placed, 0 where there is none.
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
    take_profit: PresetView | None
    stop_loss: PresetView | None
    status: PlanState
    created_at_ms: int
    updated_at_ms: int
    placed_order_id: int = 0
    filled_size_e8: int = 0
    average_price_e12: int = 0


class PlanRow(msgspec.Struct, frozen=True, gc=False, kw_only=True, rename="camel"):
    """One waiting order; the last three fields exist in orders-plan-history only."""

    plan_type: str
    symbol: str
    size: str
    order_id: str
    client_oid: str
    price: str
    execute_price: str
    callback_ratio: str
    trigger_price: str
    trigger_type: str
    plan_status: str
    side: str
    pos_side: str
    margin_coin: str
    margin_mode: str
    enter_point_source: str
    trade_side: str
    pos_mode: str
    order_type: str
    order_source: str
    stop_surplus_execute_price: str
    stop_surplus_trigger_price: str
    stop_surplus_trigger_type: str
    stop_loss_execute_price: str
    stop_loss_trigger_price: str
    stop_loss_trigger_type: str
    c_time: str
    u_time: str
    execute_order_id: str | msgspec.UnsetType = msgspec.UNSET
    price_avg: str | msgspec.UnsetType = msgspec.UNSET
    base_volume: str | msgspec.UnsetType = msgspec.UNSET


class PlanPage(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """Answer of orders-plan-pending and orders-plan-history, newest first."""

    entrusted_list: list[PlanRow]
    end_id: str | None


class PlacedRow(msgspec.Struct, frozen=True, gc=False):
    """What a waiting order placed; `orderId` is "" where it could place nothing."""

    order_id: str = msgspec.field(name="orderId")
    price: str
    type: str
    status: str


def plans_page(views: Sequence[PlanView]) -> PlanPage:
    """Print a page of orders that wait. Source: bitget-v2/orders-plan-pending."""
    return PlanPage([_plan_row(view) for view in views], _end_id(views))


def past_plans_page(views: Sequence[PlanView]) -> PlanPage:
    """Print a page of those that have ended. Source: bitget-v2/orders-plan-history."""
    rows = [
        msgspec.structs.replace(
            _plan_row(view),
            execute_order_id=str(view.placed_order_id) if view.placed_order_id else "",
            price_avg=format_decimal(view.average_price_e12, 12) if view.filled_size_e8 else "",
            base_volume=format_decimal(view.filled_size_e8, 8),
        )
        for view in views
    ]
    return PlanPage(rows, _end_id(views))


def placed_rows(view: PlanView, placed_status: OrderStatus | None) -> list[PlacedRow]:
    """Print what a waiting order placed, or that it could not. Source: bitget-v2/plan-sub-order."""
    price = format_decimal(view.limit_price_e12, 12) if view.limit_price_e12 else ""
    order_type = "limit" if view.limit_price_e12 else "market"
    if placed_status is not None:
        return [PlacedRow(str(view.placed_order_id), price, order_type, PLACED_STATUS_TEXTS[placed_status])]
    return [PlacedRow("", price, order_type, "fail")] if view.status == "failed" else []


def _end_id(views: Sequence[PlanView]) -> str | None:
    return str(views[-1].order_id) if views else None


def _plan_row(view: PlanView) -> PlanRow:
    limit_price = format_decimal(view.limit_price_e12, 12)
    order_type: Literal["limit", "market"] = "limit" if view.limit_price_e12 else "market"
    take_profit, stop_loss = view.take_profit, view.stop_loss
    return PlanRow(
        plan_type=PLAN_TYPE_TEXTS[view.kind],
        symbol=view.symbol,
        size=format_decimal(view.size_e8, 8),
        order_id=str(view.order_id),
        client_oid=view.client_oid,
        price=limit_price if view.limit_price_e12 else "",
        execute_price=limit_price,
        callback_ratio=format_decimal(view.callback_rate_e8, 6) if view.callback_rate_e8 else "",
        trigger_price=format_decimal(view.trigger_price_e12, 12) if view.trigger_price_e12 else "",
        trigger_type=TRIGGER_TYPE_TEXTS[view.trigger_by],
        plan_status=PLAN_STATUS_TEXTS[view.status],
        side=side_text(view.side, view.hold_side),
        pos_side=position_side_text(view.hold_side),
        margin_coin=view.margin_coin,
        margin_mode="" if view.kind in WHOLE_KINDS else view.margin_mode,
        enter_point_source="API",
        trade_side=trade_side_text(view.side, view.hold_side, view.reduce_only),
        pos_mode=position_mode_text(view.hold_side),
        order_type=order_type,
        order_source=order_source_text(view.kind, view.side, order_type),
        stop_surplus_execute_price=preset_limit_text(take_profit),
        stop_surplus_trigger_price=preset_price_text(take_profit),
        stop_surplus_trigger_type=preset_type_text(take_profit),
        stop_loss_execute_price=preset_limit_text(stop_loss),
        stop_loss_trigger_price=preset_price_text(stop_loss),
        stop_loss_trigger_type=preset_type_text(stop_loss),
        c_time=str(view.created_at_ms),
        u_time=str(view.updated_at_ms),
    )
