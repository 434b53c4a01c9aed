"""
Requests for the take-profit, stop-loss and trailing stop of a position.

place-tpsl-order places one, place-pos-tpsl one or two.
"""

from typing import Final

from backhand.commands import Contract, PlaceTrigger, SelfTradePrevention, Side, TriggerBy, TriggerKind
from backhand.wire import codes
from backhand.wire.batches import Batch, Entry
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
    HOLD_SIDES,
    STP_MODES,
    TRIGGER_TYPES,
    is_zero,
    read_callback,
    read_execute_price,
    read_lots,
)
from backhand.wire.responses.lists import protections

PROTECTING_PLANS: Final[dict[str, TriggerKind]] = {
    "profit_plan": "take_profit",
    "loss_plan": "stop_loss",
    "moving_plan": "trailing_stop",
    "pos_profit": "position_take_profit",
    "pos_loss": "position_stop_loss",
}
SIZED_KINDS: Final[tuple[TriggerKind, ...]] = ("take_profit", "stop_loss", "trailing_stop")
#: What triggers a protecting order whose request does not say: nobody has published it.
DEFAULT_TRIGGER: Final[TriggerBy] = "mark"


class ProtectionForm(Form, frozen=True):
    """Body of place-tpsl-order."""

    margin_coin: str = ""
    product_type: str = ""
    symbol: str = ""
    plan_type: str = ""
    trigger_price: str = ""
    trigger_type: str = ""
    execute_price: str = ""
    hold_side: str = ""
    size: str = ""
    range_rate: str = ""
    client_oid: str = ""
    stp_mode: str = ""


def parse_place_protection(call: Call) -> PlaceTrigger | Refusal:
    """
    Read a take-profit, stop-loss or trailing stop of a position.

    The whole-position kinds have no size: ccxt's is ignored. Refused in this order: wrong format 40409;
    planType, or a required field missing, 400172; product type 400172; symbol 40034, 22012; margin coin
    40778; holdSide, stpMode 400172; then as `_protection`. Source: bitget-v2/place-tpsl-order.
    """
    form = read_body(ProtectionForm, call.parameters)
    if isinstance(form, Refusal):
        return form
    kind = read_choice(form.plan_type, PROTECTING_PLANS)
    if kind is None:
        return codes.PLAN_TYPE_ILLEGAL
    if not (form.symbol and form.product_type and form.margin_coin and form.trigger_price and form.hold_side):
        return codes.PARAMETERS
    contract = read_contract(call, form.symbol, form.product_type, form.margin_coin)
    if isinstance(contract, Refusal):
        return contract
    side = read_choice(form.hold_side, HOLD_SIDES)
    stp_mode = read_choice(form.stp_mode, STP_MODES)
    if side is None or stp_mode is None:
        return codes.PARAMETERS
    return _protection(form, call.uid, contract, kind, side, stp_mode)


def _protection(
    form: ProtectionForm,
    uid: str,
    contract: Contract,
    kind: TriggerKind,
    side: Side,
    stp_mode: SelfTradePrevention,
    names: tuple[str, str] = ("triggerPrice", "executePrice"),
) -> PlaceTrigger | Refusal:
    """
    Read the terms of a protecting order.

    Refused in this order: triggerType 400172; size of a sized kind as of an order; trigger and execute price
    unreadable 40020, off the tick 45115; an execute price of a trailing stop 40020; its rangeRate missing
    400172, unreadable 40020; clientOid 40305.
    """
    trigger_by = read_choice(form.trigger_type, TRIGGER_TYPES) if form.trigger_type else DEFAULT_TRIGGER
    if trigger_by is None:
        return codes.PARAMETERS
    size_lots = None
    if kind in SIZED_KINDS:
        if not form.size:
            return codes.PARAMETERS
        lots = read_lots(form.size, contract)
        if isinstance(lots, Refusal):
            return lots
        size_lots = lots
    trigger_price_ticks = read_price_ticks(form.trigger_price, contract, names[0])
    if isinstance(trigger_price_ticks, Refusal):
        return trigger_price_ticks
    limit_price_ticks = read_execute_price(form.execute_price, contract, names[1])
    if isinstance(limit_price_ticks, Refusal):
        return limit_price_ticks
    trails = kind == "trailing_stop"
    if trails and limit_price_ticks is not None:
        return codes.malformed(names[1])
    callback_rate_e8 = read_callback(trails, form.range_rate, "rangeRate")
    if isinstance(callback_rate_e8, Refusal):
        return callback_rate_e8
    if form.client_oid and not client_oid_fits(form.client_oid):
        return codes.CLIENT_OID_INVALID
    return PlaceTrigger(
        uid=uid,
        symbol=contract.symbol,
        kind=kind,
        side=side,
        trigger_by=trigger_by,
        trigger_price_ticks=trigger_price_ticks,
        size_lots=size_lots,
        limit_price_ticks=limit_price_ticks,
        callback_rate_e8=callback_rate_e8,
        client_oid=form.client_oid or None,
        stp_mode=stp_mode,
    )


class BothProtectionsForm(Form, frozen=True):
    """Body of place-pos-tpsl."""

    margin_coin: str = ""
    product_type: str = ""
    symbol: str = ""
    hold_side: str = ""
    stp_mode: str = ""
    stop_surplus_trigger_price: str = ""
    stop_surplus_size: str = ""
    stop_surplus_trigger_type: str = ""
    stop_surplus_execute_price: str = ""
    stop_surplus_client_oid: str = ""
    stop_loss_trigger_price: str = ""
    stop_loss_size: str = ""
    stop_loss_trigger_type: str = ""
    stop_loss_execute_price: str = ""
    stop_loss_client_oid: str = ""


def parse_place_protections(call: Call) -> Batch | Refusal:
    """
    Read a take-profit, a stop-loss, or both, of a position: of all of it, or of a size that was sent.

    Refused in this order: wrong format 40409; symbol, productType, marginCoin or holdSide missing 400172;
    product type 400172; symbol 40034, 22012; margin coin 40778; holdSide, stpMode 400172; no trigger price
    40913; then the take-profit's and the stop-loss's terms as in `_protection`.
    Source: bitget-v2/place-pos-tpsl.
    """
    form = read_body(BothProtectionsForm, call.parameters)
    if isinstance(form, Refusal):
        return form
    if not (form.symbol and form.product_type and form.margin_coin and form.hold_side):
        return codes.PARAMETERS
    contract = read_contract(call, form.symbol, form.product_type, form.margin_coin)
    if isinstance(contract, Refusal):
        return contract
    side = read_choice(form.hold_side, HOLD_SIDES)
    stp_mode = read_choice(form.stp_mode, STP_MODES)
    if side is None or stp_mode is None:
        return codes.PARAMETERS
    sent: list[tuple[TriggerKind, str, ProtectionForm]] = [
        (
            "take_profit" if form.stop_surplus_size else "position_take_profit",
            "stopSurplus",
            ProtectionForm(
                trigger_price=form.stop_surplus_trigger_price,
                trigger_type=form.stop_surplus_trigger_type,
                execute_price=form.stop_surplus_execute_price,
                size=form.stop_surplus_size,
                client_oid=form.stop_surplus_client_oid,
            ),
        ),
        (
            "stop_loss" if form.stop_loss_size else "position_stop_loss",
            "stopLoss",
            ProtectionForm(
                trigger_price=form.stop_loss_trigger_price,
                trigger_type=form.stop_loss_trigger_type,
                execute_price=form.stop_loss_execute_price,
                size=form.stop_loss_size,
                client_oid=form.stop_loss_client_oid,
            ),
        ),
    ]
    entries: list[Entry] = []
    for kind, stem, terms in sent:
        if not terms.trigger_price or is_zero(terms.trigger_price):
            continue
        names = (f"{stem}TriggerPrice", f"{stem}ExecutePrice")
        command = _protection(terms, call.uid, contract, kind, side, stp_mode, names)
        if isinstance(command, Refusal):
            return command
        entries.append(Entry(command, client_oid=terms.client_oid))
    return Batch(tuple(entries), protections) if entries else codes.NO_PROTECTION
