"""Requests for orders that wait for a price and then open, or close, on their own account."""

from typing import Final

from backhand.commands import Contract, OrderType, PlaceTrigger, Preset, TriggerKind
from backhand.wire import codes
from backhand.wire.codes import Refusal
from backhand.wire.fields import (
    Call,
    Form,
    client_oid_fits,
    read_body,
    read_choice,
    read_contract,
    read_price_ticks,
)
from backhand.wire.requests.terms import (
    MARGIN_MODES,
    ORDER_TYPES,
    REDUCE_ONLY,
    SIDES,
    STP_MODES,
    TRIGGER_TYPES,
    read_callback,
    read_effect,
    read_lots,
    read_preset,
)

ENTRY_PLANS: Final[dict[str, TriggerKind]] = {"normal_plan": "entry", "track_plan": "trailing_entry"}


class PlanOrderForm(Form, frozen=True):
    """Body of place-plan-order; ccxt sends `executePrice` beside `price`."""

    plan_type: str = ""
    symbol: str = ""
    product_type: str = ""
    margin_mode: str = ""
    margin_coin: str = ""
    size: str = ""
    price: str = ""
    execute_price: str = ""
    callback_ratio: str = ""
    trigger_price: str = ""
    trigger_type: str = ""
    side: str = ""
    trade_side: str = ""
    order_type: str = ""
    client_oid: str = ""
    reduce_only: str = ""
    stop_surplus_trigger_price: str = ""
    stop_surplus_execute_price: str = ""
    stop_surplus_trigger_type: str = ""
    stop_loss_trigger_price: str = ""
    stop_loss_execute_price: str = ""
    stop_loss_trigger_type: str = ""
    stp_mode: str = ""


def parse_place_plan(call: Call) -> PlaceTrigger | Refusal:
    """
    Read an order that opens, or closes, when a price comes.

    Refused in this order: wrong format 40409; planType, or a required field missing, 400172; product type
    400172; symbol 40034, 22012; margin coin 40778; marginMode, side, orderType, triggerType, reduceOnly,
    stpMode 400172, a trailing order that is no market order too; size as of an order; triggerPrice, price
    and callbackRatio unreadable 40020, prices off the tick 45115; clientOid 40305; presets as in
    `read_presets`. Source: bitget-v2/place-plan-order.
    """
    form = read_body(PlanOrderForm, call.parameters)
    if isinstance(form, Refusal):
        return form
    kind = read_choice(form.plan_type, ENTRY_PLANS)
    if kind is None:
        return codes.PLAN_TYPE_ILLEGAL
    if not (form.symbol and form.product_type and form.margin_mode and form.margin_coin and form.size):
        return codes.PARAMETERS
    if not (form.trigger_price and form.trigger_type and form.side and form.order_type):
        return codes.PARAMETERS
    contract = read_contract(call, form.symbol, form.product_type, form.margin_coin)
    if isinstance(contract, Refusal):
        return contract
    margin_mode = read_choice(form.margin_mode, MARGIN_MODES)
    if margin_mode is None:
        return codes.PARAMETERS
    side = read_choice(form.side, SIDES)
    if side is None:
        return codes.SIDE_MISMATCH
    order_type = read_choice(form.order_type, ORDER_TYPES)
    if order_type is None or (kind == "trailing_entry" and order_type == "limit"):
        return codes.ORDER_TYPE_ILLEGAL
    trigger_by = read_choice(form.trigger_type, TRIGGER_TYPES)
    reduce_only = read_choice(form.reduce_only, REDUCE_ONLY)
    stp_mode = read_choice(form.stp_mode, STP_MODES)
    if trigger_by is None or reduce_only is None or stp_mode is None:
        return codes.PARAMETERS
    size_lots = read_lots(form.size, contract)
    if isinstance(size_lots, Refusal):
        return size_lots
    trigger_price_ticks = read_price_ticks(form.trigger_price, contract, "triggerPrice")
    if isinstance(trigger_price_ticks, Refusal):
        return trigger_price_ticks
    limit_price_ticks = _entry_limit(form, order_type, contract)
    if isinstance(limit_price_ticks, Refusal):
        return limit_price_ticks
    callback_rate_e8 = read_callback(kind == "trailing_entry", form.callback_ratio, "callbackRatio")
    if isinstance(callback_rate_e8, Refusal):
        return callback_rate_e8
    if form.client_oid and not client_oid_fits(form.client_oid):
        return codes.CLIENT_OID_INVALID
    presets = _plan_presets(form, kind, contract)
    if isinstance(presets, Refusal):
        return presets
    take_profit, stop_loss = presets
    return PlaceTrigger(
        uid=call.uid,
        symbol=contract.symbol,
        kind=kind,
        side=side,
        trigger_by=trigger_by,
        trigger_price_ticks=trigger_price_ticks,
        size_lots=size_lots,
        limit_price_ticks=limit_price_ticks,
        callback_rate_e8=callback_rate_e8,
        effect=read_effect(form.trade_side),
        reduce_only=reduce_only,
        margin_mode=margin_mode,
        client_oid=form.client_oid or None,
        stp_mode=stp_mode,
        take_profit=take_profit,
        stop_loss=stop_loss,
    )


def _entry_limit(form: PlanOrderForm, order_type: OrderType, contract: Contract) -> int | Refusal | None:
    """Read the price of a limit order; `price` is the documented field and wins."""
    if order_type == "market":
        return None
    price = form.price or form.execute_price
    return read_price_ticks(price, contract) if price else codes.PARAMETERS


def _plan_presets(
    form: PlanOrderForm, kind: TriggerKind, contract: Contract
) -> tuple[Preset | None, Preset | None] | Refusal:
    presets = read_presets(
        contract,
        (form.stop_surplus_trigger_price, form.stop_surplus_execute_price, form.stop_surplus_trigger_type),
        (form.stop_loss_trigger_price, form.stop_loss_execute_price, form.stop_loss_trigger_type),
        ("stopSurplus", "stopLoss"),
    )
    if isinstance(presets, Refusal):
        return presets
    # Those of a trailing order are percentages of a price that is not known yet.
    if kind == "trailing_entry" and presets != (None, None):
        return codes.not_supported("take-profit or stop-loss of a track_plan")
    return presets


def read_presets(
    contract: Contract,
    take_profit: tuple[str, str, str],
    stop_loss: tuple[str, str, str],
    stems: tuple[str, str],
) -> tuple[Preset | None, Preset | None] | Refusal:
    """
    Read both presets of an order that waits, each sent as trigger price, execute price and trigger type.

    Prices as in `read_preset`; then a trigger type that is none 400172. Without one the mark price counts.
    """
    presets: list[Preset | None] = []
    for stem, (trigger_price, execute_price, trigger_type) in zip(
        stems, (take_profit, stop_loss), strict=True
    ):
        names = (f"{stem}TriggerPrice", f"{stem}ExecutePrice")
        trigger_by = read_choice(trigger_type, TRIGGER_TYPES) if trigger_type else "mark"
        preset = read_preset(trigger_price, execute_price, contract, names, trigger_by or "mark")
        if isinstance(preset, Refusal):
            return preset
        if preset is not None and trigger_by is None:
            return codes.PARAMETERS
        presets.append(preset)
    return presets[0], presets[1]
