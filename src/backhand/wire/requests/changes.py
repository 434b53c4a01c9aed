"""Requests that change an open order, or close positions at market."""

from backhand.commands import ClosePositions, Contract, ModifyOrder, Preset
from backhand.wire import codes
from backhand.wire.codes import Refusal
from backhand.wire.fields import (
    Call,
    Form,
    client_oid_fits,
    read_body,
    read_choice,
    read_contract,
    read_order_name,
    read_price_ticks,
)
from backhand.wire.requests.batches import read_scope
from backhand.wire.requests.terms import HOLD_SIDES, read_lots, read_preset


class ModifyOrderForm(Form, frozen=True):
    """Body of modify-order."""

    symbol: str = ""
    product_type: str = ""
    margin_coin: str = ""
    order_id: str = ""
    client_oid: str = ""
    new_client_oid: str = ""
    new_size: str = ""
    new_price: str = ""
    new_preset_stop_surplus_price: str = ""
    new_preset_stop_loss_price: str = ""


def parse_modify_order(call: Call) -> ModifyOrder | Refusal:
    """
    Read a change of an open order: price and size together, or its presets.

    Presets: none sent keeps both, 0 deletes, and sending only one removes the other. Refused in this order:
    wrong format 40409; symbol or productType missing 400172; product type 400172; symbol 40034, 22012;
    margin coin, when sent, 40778; the order's name as in cancel-order; only one of size and price 40925;
    both without newClientOid 22003; newClientOid malformed 40305; size and price as of an order; presets as
    prices. Source: bitget-v2/modify-order.
    """
    form = read_body(ModifyOrderForm, call.parameters)
    if isinstance(form, Refusal):
        return form
    if not (form.symbol and form.product_type):
        return codes.PARAMETERS
    contract = read_contract(call, form.symbol, form.product_type, form.margin_coin)
    if isinstance(contract, Refusal):
        return contract
    name = read_order_name(form.order_id, form.client_oid)
    if isinstance(name, Refusal):
        return name
    if bool(form.new_size) != bool(form.new_price):
        return codes.PRICE_WITHOUT_SIZE
    if form.new_size and not form.new_client_oid:
        return codes.NEW_CLIENT_OID_MISSING
    if form.new_client_oid and not client_oid_fits(form.new_client_oid):
        return codes.CLIENT_OID_INVALID
    size_lots = price_ticks = None
    if form.new_size:
        lots = read_lots(form.new_size, contract)
        if isinstance(lots, Refusal):
            return lots
        ticks = read_price_ticks(form.new_price, contract)
        if isinstance(ticks, Refusal):
            return ticks
        size_lots, price_ticks = lots, ticks
    take_profit = _preset(form.new_preset_stop_surplus_price, contract, "newPresetStopSurplusPrice")
    if isinstance(take_profit, Refusal):
        return take_profit
    stop_loss = _preset(form.new_preset_stop_loss_price, contract, "newPresetStopLossPrice")
    if isinstance(stop_loss, Refusal):
        return stop_loss
    order_id, client_oid = name
    return ModifyOrder(
        uid=call.uid,
        symbol=contract.symbol,
        order_id=order_id,
        client_oid=client_oid,
        new_client_oid=form.new_client_oid or None,
        size_lots=size_lots,
        price_ticks=price_ticks,
        presets_sent=bool(form.new_preset_stop_surplus_price or form.new_preset_stop_loss_price),
        take_profit=take_profit,
        stop_loss=stop_loss,
    )


def _preset(price: str, contract: Contract, name: str) -> Preset | Refusal | None:
    """Read a preset that executes at market, the only kind that a change can ask for."""
    return read_preset(price, "", contract, (name, ""))


class ClosePositionsForm(Form, frozen=True):
    """Body of close-positions."""

    product_type: str = ""
    symbol: str = ""
    margin_coin: str = ""
    hold_side: str = ""


def parse_close_positions(call: Call) -> ClosePositions | Refusal:
    """
    Read which positions to close: of a product type, of a symbol, of one side.

    Refused in this order: wrong format 40409; product type 400172; symbol 40034, 22012; margin coin 40778;
    holdSide 400172. Source: bitget-v2/flash-close-position.
    """
    form = read_body(ClosePositionsForm, call.parameters)
    if isinstance(form, Refusal):
        return form
    scope = read_scope(call, form.product_type, form.symbol, form.margin_coin)
    if isinstance(scope, Refusal):
        return scope
    product_type, contract = scope
    side = read_choice(form.hold_side, HOLD_SIDES)
    if form.hold_side and side is None:
        return codes.PARAMETERS
    return ClosePositions(call.uid, product_type, None if contract is None else contract.symbol, side)
