"""Requests that name several orders: placing up to 50, cancelling up to 50 or all."""

from typing import Final

from backhand.commands import CancelOrder, CancelOrders, Contract
from backhand.wire import codes
from backhand.wire.batches import Batch, Entry
from backhand.wire.codes import Refusal
from backhand.wire.fields import (
    Call,
    Form,
    read_body,
    read_choice,
    read_contract,
    read_digits,
    read_objects,
    read_order_name,
    read_product_type,
)
from backhand.wire.requests.orders import OrderForm, read_order
from backhand.wire.requests.terms import MARGIN_MODES
from backhand.wire.responses.lists import cancelled_orders, placed_orders

#: Orders that one request may name. Source: the pages of both batch endpoints.
BATCH_ORDERS_MAX: Final = 50
#: The longest time that a request to cancel everything may ask to be good for.
RECEIVE_WINDOW_MS_MAX: Final = 60_000


class BatchPlaceForm(Form, frozen=True):
    """Body of batch-place-order; its entries are `OrderForm`s."""

    symbol: str = ""
    product_type: str = ""
    margin_mode: str = ""
    margin_coin: str = ""
    order_list: str = ""


def parse_batch_place(call: Call) -> Batch | Refusal:
    """
    Read up to 50 orders of one symbol; what is wrong with one of them is that one's failure.

    Refused in this order: wrong format 40409; a field missing 400172; product type 400172; symbol 40034,
    22012; margin coin 40778; marginMode 400172; orderList no list of objects 40020, empty 400172, longer
    than 50 40306. Source: bitget-v2/batch-order.
    """
    form = read_body(BatchPlaceForm, call.parameters)
    if isinstance(form, Refusal):
        return form
    if not (form.symbol and form.product_type and form.margin_mode and form.margin_coin and form.order_list):
        return codes.PARAMETERS
    contract = read_contract(call, form.symbol, form.product_type, form.margin_coin)
    if isinstance(contract, Refusal):
        return contract
    margin_mode = read_choice(form.margin_mode, MARGIN_MODES)
    if margin_mode is None:
        return codes.PARAMETERS
    orders = read_objects(OrderForm, call.parameters, "orderList")
    if isinstance(orders, Refusal):
        return orders
    if not orders:
        return codes.PARAMETERS
    if len(orders) > BATCH_ORDERS_MAX:
        return codes.TOO_MANY_PLACED
    return Batch(
        tuple(
            Entry(read_order(order, call.uid, contract, margin_mode), client_oid=codes.echo(order.client_oid))
            for order in orders
        ),
        placed_orders,
    )


class OrderNameForm(Form, frozen=True):
    """An entry of orderIdList."""

    order_id: str = ""
    client_oid: str = ""


class BatchCancelForm(Form, frozen=True):
    """Body of batch-cancel-orders; its entries are `OrderNameForm`s."""

    symbol: str = ""
    product_type: str = ""
    margin_coin: str = ""
    order_id_list: str = ""


def parse_batch_cancel(call: Call) -> Batch | CancelOrders | Refusal:
    """
    Read which orders to cancel: those of a list, or without one all of the symbol or product type.

    An empty list is a bot's empty variable, not a wish to cancel everything. Refused in this order: wrong
    format 40409; product type 400172; symbol, needed with a list, 400172, unknown 40034, 22012; margin coin
    40778; the list as in `read_names`. Source: bitget-v2/batch-cancel-orders.
    """
    form = read_body(BatchCancelForm, call.parameters)
    if isinstance(form, Refusal):
        return form
    scope = read_scope(call, form.product_type, form.symbol, form.margin_coin)
    if isinstance(scope, Refusal):
        return scope
    product_type, contract = scope
    names = read_names(call)
    if isinstance(names, Refusal):
        return names
    if names is None:
        return CancelOrders(call.uid, product_type, None if contract is None else contract.symbol)
    if contract is None:
        return codes.PARAMETERS
    return Batch(tuple(_cancellation(call.uid, contract.symbol, name) for name in names), cancelled_orders)


def _cancellation(uid: str, symbol: str, form: OrderNameForm) -> Entry:
    name = read_order_name(form.order_id, form.client_oid)
    asked = name if isinstance(name, Refusal) else CancelOrder(uid, symbol, *name)
    return Entry(asked, codes.echo(form.order_id), codes.echo(form.client_oid))


def read_names(call: Call) -> list[OrderNameForm] | Refusal | None:
    """
    Read orderIdList; None when none was sent.

    No list of objects 40020, empty 400172, longer than 50 40912.
    """
    names = read_objects(OrderNameForm, call.parameters, "orderIdList")
    if names is None or isinstance(names, Refusal):
        return names
    if not names:
        return codes.PARAMETERS
    return codes.TOO_MANY_CANCELLED if len(names) > BATCH_ORDERS_MAX else names


def read_scope(
    call: Call, product_type: str, symbol: str, margin_coin: str
) -> tuple[str, Contract | None] | Refusal:
    """
    Read a product type, and the contract of it when a symbol was sent.

    Product type 400172; symbol 40034, 22012; margin coin, when both were sent, 40778.
    """
    read_type = read_product_type(product_type)
    if isinstance(read_type, Refusal):
        return read_type
    if not symbol:
        return read_type, None
    contract = read_contract(call, symbol, product_type, margin_coin)
    return contract if isinstance(contract, Refusal) else (read_type, contract)


class CancelAllForm(Form, frozen=True):
    """Body of cancel-all-orders."""

    product_type: str = ""
    symbol: str = ""
    margin_coin: str = ""
    request_time: str = ""
    receive_window: str = ""


def parse_cancel_all(call: Call) -> CancelOrders | Refusal:
    """
    Read a wish to cancel everything of a product type, or of a symbol.

    Refused in this order: wrong format 40409; product type 400172; symbol 40034, 22012; margin coin 40778;
    receiveWindow not from 1 to 60 000 ms 40079; requestTime no time, or further than that from now, 40078
    (while clients can follow the venue's clock; with either of the two missing nothing is compared).
    Source: bitget-v2/cancel-all-orders.
    """
    form = read_body(CancelAllForm, call.parameters)
    if isinstance(form, Refusal):
        return form
    scope = read_scope(call, form.product_type, form.symbol, form.margin_coin)
    if isinstance(scope, Refusal):
        return scope
    product_type, contract = scope
    window_ms = read_digits(form.receive_window)
    if form.receive_window and (window_ms is None or not 0 < window_ms <= RECEIVE_WINDOW_MS_MAX):
        return codes.RECEIVE_WINDOW_INVALID
    sent_ms = read_digits(form.request_time)
    if form.request_time and sent_ms is None:
        return codes.REQUEST_TIME_EXPIRED
    clock_ms = call.client_clock_ms
    if (
        clock_ms is not None
        and sent_ms is not None
        and window_ms is not None
        and abs(clock_ms - sent_ms) > window_ms
    ):
        return codes.REQUEST_TIME_EXPIRED
    return CancelOrders(call.uid, product_type, None if contract is None else contract.symbol)
