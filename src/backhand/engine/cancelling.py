"""Cancelling open orders: one, or all of a symbol or product type."""

from backhand.commands import CancelOrder, CancelOrders
from backhand.engine.book import Order
from backhand.engine.fills import cancel
from backhand.engine.refusals import refuse
from backhand.engine.state import Account, State
from backhand.events import CancelReason, Event, RejectReason


def cancel_order(state: State, command: CancelOrder, events: list[Event]) -> None:
    """Cancel an open order of the account; unknown ids, and orders of other symbols, are refused."""
    account = state.client(command.uid)
    if account is None:
        return refuse(events, RejectReason.UNKNOWN_ACCOUNT, command.uid)
    if command.symbol not in state.markets:
        return refuse(events, RejectReason.UNKNOWN_SYMBOL, command.symbol)
    order = find_order(account, command.symbol, command.order_id, command.client_oid)
    if order is None:
        return refuse(events, RejectReason.UNKNOWN_ORDER)
    cancel(state, order, CancelReason.BY_CLIENT, events)
    return None


def find_order(account: Account, symbol: str, order_id: int | None, client_oid: str | None) -> Order | None:
    """An open order of a symbol, by its id, which wins, or its client order id."""
    order: Order | None = None
    if order_id is not None:
        order = account.orders.get(order_id)
    elif client_oid is not None:
        order = account.open_client_oids.get(client_oid)
    return None if order is None or order.holding.market.symbol != symbol else order


def cancel_orders(state: State, command: CancelOrders, events: list[Event]) -> None:
    """Cancel all open orders of a product type, or of one symbol of it."""
    account = state.client(command.uid)
    if account is None:
        return refuse(events, RejectReason.UNKNOWN_ACCOUNT, command.uid)
    if not is_product_type(state, command.product_type):
        return refuse(events, RejectReason.UNKNOWN_PRODUCT_TYPE, command.product_type)
    if command.symbol is not None and command.symbol not in state.markets:
        return refuse(events, RejectReason.UNKNOWN_SYMBOL, command.symbol)
    orders = orders_of(account, command.product_type, command.symbol)
    if not orders:
        return refuse(events, RejectReason.NO_ORDER_TO_CANCEL)
    for order in orders:
        cancel(state, order, CancelReason.BY_CLIENT, events)
    return None


def orders_of(account: Account, product_type: str, symbol: str | None) -> list[Order]:
    """Open orders of a product type, or of one symbol of it, oldest first."""
    return [
        order
        for order in account.orders.values()
        if order.holding.market.product_type == product_type and symbol in (None, order.holding.market.symbol)
    ]


def is_product_type(state: State, product_type: str) -> bool:
    """Whether any listed contract is of a product type."""
    return any(market.product_type == product_type for market in state.markets.values())
