"""
Requests about orders and fills: commands to reverse, place and cancel; queries for what became of them.

Each parser is one flat list of checks with early returns; its docstring gives their order. Position mode,
balances and the book are the engine's to judge.
"""

from backhand.commands import CancelOrder, Contract, MarginMode, PlaceOrder
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
from backhand.wire.requests.terms import (
    FORCES,
    MARGIN_MODES,
    ORDER_TYPES,
    REDUCE_ONLY,
    SIDES,
    STP_MODES,
    read_effect,
    read_lots,
    read_preset,
)


class OrderForm(Form, frozen=True):
    """What place-order and each entry of batch-place-order say of an order."""

    size: str = ""
    price: str = ""
    side: str = ""
    trade_side: str = ""
    order_type: str = ""
    force: str = ""
    client_oid: str = ""
    reduce_only: str = ""
    preset_stop_surplus_price: str = ""
    preset_stop_surplus_execute_price: str = ""
    preset_stop_loss_price: str = ""
    preset_stop_loss_execute_price: str = ""
    stp_mode: str = ""


class PlaceOrderForm(OrderForm, frozen=True):
    """Body of place-order."""

    symbol: str = ""
    product_type: str = ""
    margin_mode: str = ""
    margin_coin: str = ""


def parse_place_order(call: Call) -> PlaceOrder | Refusal:
    """
    Read an order.

    Refused in this order: wrong format 40409; a required field missing 400172; product type 400172;
    symbol 40034, 22012; margin coin 40778; marginMode 400172; then as `read_order`.
    Source: bitget-v2/place-order; rest-private.md section 5.
    """
    form = read_body(PlaceOrderForm, call.parameters)
    if isinstance(form, Refusal):
        return form
    if not (form.symbol and form.product_type and form.margin_mode and form.margin_coin):
        return codes.PARAMETERS
    if not (form.size and form.side and form.order_type):
        return codes.PARAMETERS
    contract = read_contract(call, form.symbol, form.product_type, form.margin_coin)
    if isinstance(contract, Refusal):
        return contract
    margin_mode = read_choice(form.margin_mode, MARGIN_MODES)
    if margin_mode is None:
        return codes.PARAMETERS
    return read_order(form, call.uid, contract, margin_mode)


def read_order(
    form: OrderForm, uid: str, contract: Contract, margin_mode: MarginMode
) -> PlaceOrder | Refusal:
    """
    Read one order of a contract.

    Refused in this order: size, side or orderType missing 400172; side, orderType, force (limit orders
    only), reduceOnly, stpMode not of their enumeration 400172 with their own texts; size not a positive
    number or with too many decimals 40808, off the size step 22038; price of a limit order missing 400172,
    unreadable 40020, off the tick 45115; clientOid malformed 40305; presets as prices, and 400172 when one
    is to be executed at a price without having a trigger price.
    """
    if not (form.size and form.side and form.order_type):
        return codes.PARAMETERS
    side = read_choice(form.side, SIDES)
    if side is None:
        return codes.SIDE_MISMATCH
    order_type = read_choice(form.order_type, ORDER_TYPES)
    if order_type is None:
        return codes.ORDER_TYPE_ILLEGAL
    # ccxt sends `force` with market orders too, where it means nothing.
    time_in_force = read_choice(form.force if order_type == "limit" else "", FORCES)
    if time_in_force is None:
        return codes.FORCE_INVALID
    reduce_only = read_choice(form.reduce_only, REDUCE_ONLY)
    stp_mode = read_choice(form.stp_mode, STP_MODES)
    if reduce_only is None or stp_mode is None:
        return codes.PARAMETERS
    size_lots = read_lots(form.size, contract)
    if isinstance(size_lots, Refusal):
        return size_lots
    price_ticks = None
    if order_type == "limit":
        if not form.price:
            return codes.PARAMETERS
        ticks = read_price_ticks(form.price, contract)
        if isinstance(ticks, Refusal):
            return ticks
        price_ticks = ticks
    if form.client_oid and not client_oid_fits(form.client_oid):
        return codes.CLIENT_OID_INVALID
    take_profit = read_preset(
        form.preset_stop_surplus_price,
        form.preset_stop_surplus_execute_price,
        contract,
        ("presetStopSurplusPrice", "presetStopSurplusExecutePrice"),
    )
    if isinstance(take_profit, Refusal):
        return take_profit
    stop_loss = read_preset(
        form.preset_stop_loss_price,
        form.preset_stop_loss_execute_price,
        contract,
        ("presetStopLossPrice", "presetStopLossExecutePrice"),
    )
    if isinstance(stop_loss, Refusal):
        return stop_loss
    return PlaceOrder(
        uid=uid,
        symbol=contract.symbol,
        side=side,
        order_type=order_type,
        size_lots=size_lots,
        price_ticks=price_ticks,
        time_in_force=time_in_force,
        effect=read_effect(form.trade_side),
        reduce_only=reduce_only,
        margin_mode=margin_mode,
        client_oid=form.client_oid or None,
        stp_mode=stp_mode,
        take_profit=take_profit,
        stop_loss=stop_loss,
    )


class CancelOrderForm(Form, frozen=True):
    """Body of cancel-order."""

    symbol: str = ""
    product_type: str = ""
    margin_coin: str = ""
    order_id: str = ""
    client_oid: str = ""


def parse_cancel_order(call: Call) -> CancelOrder | Refusal:
    """
    Read a cancellation; the order id wins over the client order id.

    Refused in this order: wrong format 40409; symbol or productType missing 400172; product type 400172;
    symbol 40034, 22012; margin coin, when sent, 40778; no id at all 40924; an id that cannot be one 40402.
    Source: bitget-v2/cancel-order.
    """
    form = read_body(CancelOrderForm, call.parameters)
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
    order_id, client_oid = name
    return CancelOrder(call.uid, contract.symbol, order_id, client_oid)
