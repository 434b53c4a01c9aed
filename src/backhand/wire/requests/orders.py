"""
Requests about orders and fills: commands to reverse, place and cancel; queries for what became of them.

Each parser is one flat list of checks with early returns; its docstring gives their order. Position mode,
balances and the book are the engine's to judge.
"""

from typing import Final

from backhand.commands import (
    BUY,
    SELL,
    CancelOrder,
    Contract,
    Effect,
    MarginMode,
    OrderType,
    PlaceOrder,
    Side,
    TimeInForce,
)
from backhand.units import decimal_places, format_decimal
from backhand.wire import codes
from backhand.wire.codes import Refusal
from backhand.wire.fields import (
    Call,
    Form,
    client_oid_fits,
    count_lots,
    read_body,
    read_choice,
    read_contract,
    read_order_name,
    read_positive,
    read_price_ticks,
)

SIDES: Final[dict[str, Side]] = {"buy": BUY, "sell": SELL}
EFFECTS: Final[dict[str, Effect]] = {"open": "open", "close": "close"}
ORDER_TYPES: Final[dict[str, OrderType]] = {"limit": "limit", "market": "market"}
MARGIN_MODES: Final[dict[str, MarginMode]] = {"crossed": "crossed", "isolated": "isolated"}
FORCES: Final[dict[str, TimeInForce]] = {
    "": "gtc",
    "gtc": "gtc",
    "ioc": "ioc",
    "fok": "fok",
    "post_only": "post_only",
}
REDUCE_ONLY: Final = {"": False, "no": False, "yes": True}


def effect_of(trade_side: str) -> Effect | None:
    """Read what was sent for opening or closing; None when nothing was."""
    return EFFECTS.get(trade_side.lower(), "invalid") if trade_side else None


class PlaceOrderForm(Form, frozen=True):
    """Body of place-order."""

    symbol: str = ""
    product_type: str = ""
    margin_mode: str = ""
    margin_coin: str = ""
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


def parse_place_order(call: Call) -> PlaceOrder | Refusal:
    """
    Read an order.

    Refused in this order: wrong format 40409; a required field missing 400172; product type 400172;
    symbol 40034, 22012; margin coin 40778; marginMode, side, orderType, force (limit orders only),
    reduceOnly not of their enumeration 400172 with their own texts; size not a positive number or with
    too many decimals 40808, off the size step 22038; price of a limit order missing 400172, unreadable
    40020, off the tick 45115; clientOid malformed 40305; attached TP/SL or stpMode, which do not exist
    yet, 400172. Source: bitget-v2/place-order; rest-private.md section 5.
    """
    form = read_body(PlaceOrderForm, call.parameters)
    if isinstance(form, Refusal):
        return form
    if not (
        form.symbol
        and form.product_type
        and form.margin_mode
        and form.margin_coin
        and form.size
        and form.side
        and form.order_type
    ):
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
    if order_type is None:
        return codes.ORDER_TYPE_ILLEGAL
    # ccxt sends `force` with market orders too, where it means nothing.
    time_in_force = read_choice(form.force if order_type == "limit" else "", FORCES)
    if time_in_force is None:
        return codes.FORCE_INVALID
    reduce_only = read_choice(form.reduce_only, REDUCE_ONLY)
    if reduce_only is None:
        return codes.PARAMETERS
    size_lots = _order_lots(form.size, contract)
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
    unsupported = _unsupported_order_field(form)
    if unsupported is not None:
        return codes.not_supported(unsupported)
    return PlaceOrder(
        uid=call.uid,
        symbol=contract.symbol,
        side=side,
        order_type=order_type,
        size_lots=size_lots,
        price_ticks=price_ticks,
        time_in_force=time_in_force,
        effect=effect_of(form.trade_side),
        reduce_only=reduce_only,
        margin_mode=margin_mode,
        client_oid=form.client_oid or None,
    )


def _order_lots(text: str, contract: Contract) -> int | Refusal:
    size = read_positive(text)
    if isinstance(size, Refusal):
        return size
    if decimal_places(text) > contract.size_places:
        return codes.bad_number(f"size checkBDScale error value={text} checkScale={contract.size_places}")
    lots = count_lots(size, contract)
    return codes.off_size_step(format_decimal(contract.lot_e8, 8)) if lots is None else lots


def _unsupported_order_field(form: PlaceOrderForm) -> str | None:
    """Name the first field that would change what the order does and that is not acted on yet."""
    if form.preset_stop_surplus_price:
        return "presetStopSurplusPrice"
    if form.preset_stop_surplus_execute_price:
        return "presetStopSurplusExecutePrice"
    if form.preset_stop_loss_price:
        return "presetStopLossPrice"
    if form.preset_stop_loss_execute_price:
        return "presetStopLossExecutePrice"
    return None if form.stp_mode.lower() in ("", "none") else f"stpMode {codes.echo(form.stp_mode)}"


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
