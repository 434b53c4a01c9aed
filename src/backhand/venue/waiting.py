"""Orders that wait for a price, of a venue in process: how they are asked for, and how they are listed."""

from decimal import Decimal
from typing import Final, Literal

from backhand.client.instruments import instrument_of
from backhand.client.models import HoldSide, Model, OrderIds
from backhand.client.routes import Route
from backhand.client.session import Flow, Session, text_of
from backhand.commands import TriggerKind
from backhand.engine import State
from backhand.units import format_decimal
from backhand.wire.requests.plans import PlanOrderForm
from backhand.wire.requests.protections import ProtectionForm

Number = Decimal | int | str
PlanType = Literal["profit_plan", "loss_plan", "pos_profit", "pos_loss"]
TriggerType = Literal["mark_price", "fill_price"]

_PLACE_PLAN: Final = Route("POST", "/api/v2/mix/order/place-plan-order", 10, 10, private=True)
_PLACE_PROTECTION: Final = Route("POST", "/api/v2/mix/order/place-tpsl-order", 10, 10, private=True)


class WaitingOrder(Model, frozen=True, kw_only=True):
    """
    An order that waits for a price.

    `side` is the direction of the trade that it will make; `size` None is the whole position, `price` None a
    market order, `trigger_price` None a trailing one that has started.
    """

    order_id: str
    client_oid: str
    symbol: str
    kind: TriggerKind
    side: Literal["buy", "sell"]
    size: Decimal | None
    trigger_price: Decimal | None
    trigger_type: TriggerType
    price: Decimal | None


def place_plan_order(
    session: Session,
    symbol: str,
    side: Literal["buy", "sell"],
    size: Number,
    trigger_price: Number,
    *,
    price: Number | None,
    trigger_type: TriggerType,
    trade_side: Literal["open", "close"] | None,
    reduce_only: bool,
    client_oid: str | None,
) -> Flow[str]:
    """Ask for an order that opens, or closes, when a price comes."""
    of = instrument_of(symbol)
    form = PlanOrderForm(
        plan_type="normal_plan",
        symbol=of.symbol,
        product_type=of.product_type,
        margin_mode="crossed",
        margin_coin=of.margin_coin,
        size=text_of(size),
        price=_optional(price),
        trigger_price=text_of(trigger_price),
        trigger_type=trigger_type,
        side=side,
        trade_side=trade_side or "",
        order_type="market" if price is None else "limit",
        client_oid=client_oid or session.new_client_oid(),
        reduce_only="YES" if reduce_only else "",
    )
    ids = yield from session.call(_PLACE_PLAN, form, OrderIds)
    return ids.order_id or ""


def place_protection(
    session: Session,
    symbol: str,
    plan_type: PlanType,
    hold_side: HoldSide,
    trigger_price: Number,
    *,
    size: Number | None,
    price: Number | None,
    trigger_type: TriggerType,
    client_oid: str | None,
) -> Flow[str]:
    """Ask for a take-profit or stop-loss of a position."""
    of = instrument_of(symbol)
    form = ProtectionForm(
        margin_coin=of.margin_coin,
        product_type=of.product_type,
        symbol=of.symbol,
        plan_type=plan_type,
        trigger_price=text_of(trigger_price),
        trigger_type=trigger_type,
        execute_price=_optional(price),
        hold_side=hold_side,
        size=_optional(size),
        client_oid=client_oid or session.new_client_oid(),
    )
    ids = yield from session.call(_PLACE_PROTECTION, form, OrderIds)
    return ids.order_id or ""


def waiting_orders(state: State, uid: str, symbol: str | None) -> list[WaitingOrder]:
    """List an account's waiting orders, oldest first."""
    found: list[WaitingOrder] = []
    for holding in state.accounts[uid].holdings.values():
        market = holding.market
        if symbol not in (None, market.symbol):
            continue
        for trigger in holding.triggers.values():
            lots, tick_e12 = trigger.size_lots, market.tick_e12
            found.append(
                WaitingOrder(
                    order_id=str(trigger.order_id),
                    client_oid=trigger.client_oid,
                    symbol=market.symbol,
                    kind=trigger.kind,
                    side="buy" if trigger.side > 0 else "sell",
                    size=_counted(lots, market.lot_e8, 8),
                    trigger_price=_counted(trigger.trigger_price_ticks, tick_e12, 12),
                    trigger_type="fill_price" if trigger.by_last else "mark_price",
                    price=_counted(trigger.limit_price_ticks, tick_e12, 12),
                )
            )
    return sorted(found, key=lambda order: int(order.order_id))


def _counted(count: int, unit: int, places: int) -> Decimal | None:
    return Decimal(format_decimal(count * unit, places)) if count else None


def _optional(number: Number | None) -> str:
    return "" if number is None else text_of(number)
