"""
Questions about an account's past, each answered through one named index, newest first.

A page of a product type walks the index by symbol once for each of its symbols, a page deep at most, and
takes the newest of what it finds; a page of bills does the same by kind. `pages` says how.
"""

import sqlite3
from collections.abc import Sequence
from typing import Final

import msgspec

from backhand.commands import Contract, OrderType, TriggerKind
from backhand.events import OrderSource
from backhand.history.pages import INTEGER_MAX, Conditions, Span, ask, bounded, one
from backhand.history.tables import BILLS, CLOSED_POSITIONS, CONTRACTS, FILLS, ORDERS, TRIGGERS
from backhand.projections.bills import BILL_KINDS, BillKind, BillRow
from backhand.projections.orders import FillRow, OrderRow, OrderStatus
from backhand.projections.positions import ClosedPositionRow
from backhand.projections.triggers import TriggerRow, TriggerStatus


class OrderFilter(Span, frozen=True, kw_only=True):
    """
    Which orders of an account; None and empty mean any.

    `symbol` narrows `product_type`; `order_type` and `side` narrow `sources`. Times are of creation.
    """

    product_type: str
    symbol: str | None = None
    sources: tuple[OrderSource, ...] = ()
    order_type: OrderType | None = None
    side: int | None = None
    statuses: tuple[OrderStatus, ...] = ()


class FillFilter(Span, frozen=True, kw_only=True):
    """Which fills of an account; None means any. `id_less_than` is a trade id."""

    product_type: str
    symbol: str | None = None
    order_id: int | None = None


class PositionFilter(Span, frozen=True, kw_only=True):
    """Which closed positions of an account; None means any. Times are of closing, ids of opening."""

    product_type: str
    symbol: str | None = None


class BillFilter(Span, frozen=True, kw_only=True):
    """Which bills of an account; None means any coin."""

    product_type: str
    kinds: tuple[BillKind, ...] = BILL_KINDS
    coin: str | None = None


class TriggerFilter(Span, frozen=True, kw_only=True):
    """Which orders of an account that wait, or waited, for a price; empty means any status."""

    product_type: str
    kinds: tuple[TriggerKind, ...]
    symbol: str | None = None
    statuses: tuple[TriggerStatus, ...] = ()


def contracts(connection: sqlite3.Connection) -> list[Contract]:
    """Find the terms in force of every contract."""
    return ask(connection, CONTRACTS, "SELECT row FROM contracts", ())


def order_by_id(connection: sqlite3.Connection, uid: str, order_id: int) -> OrderRow | None:
    """Find an order of an account by its id."""
    if not 0 <= order_id <= INTEGER_MAX:
        return None
    return one(connection, ORDERS, "SELECT row FROM orders WHERE order_id = ? AND uid = ?", (order_id, uid))


def order_by_client_oid(connection: sqlite3.Connection, uid: str, client_oid: str) -> OrderRow | None:
    """Find an account's newest order with a client order id."""
    newest = (
        "SELECT row FROM orders INDEXED BY orders_by_client_oid WHERE uid = ? AND client_oid = ?"
        " ORDER BY order_id DESC LIMIT 1"
    )
    return one(connection, ORDERS, newest, (uid, client_oid))


def open_orders_of_all(connection: sqlite3.Connection) -> list[OrderRow]:
    """Find every open order of every account, in no order, to resume folding with."""
    rows = f"SELECT row FROM orders INDEXED BY orders_open WHERE {_IS_OPEN}"  # noqa: S608
    return ask(connection, ORDERS, rows, ())


def open_orders_of(connection: sqlite3.Connection, uid: str) -> list[OrderRow]:
    """Find all open orders of an account, in no order; how many it can have bounds the work."""
    rows = f"SELECT row FROM orders INDEXED BY orders_open WHERE uid = ? AND {_IS_OPEN}"  # noqa: S608
    return ask(connection, ORDERS, rows, (uid,))


def open_orders(connection: sqlite3.Connection, uid: str, wanted: OrderFilter) -> list[OrderRow]:
    """Find an account's open orders; how many it can have bounds the work."""
    matching = _order_conditions(connection, uid, wanted)
    matching.add(_IS_OPEN)
    matching.add_contract(wanted.product_type, wanted.symbol)
    return matching.page(connection, ORDERS, "orders_open", _ORDERS_NEWEST_FIRST, wanted.limit)


def orders(connection: sqlite3.Connection, uid: str, wanted: OrderFilter) -> list[OrderRow]:
    """Find an account's orders, open ones included unless `statuses` says otherwise."""
    matching = _order_conditions(connection, uid, wanted)
    return matching.page_of_symbols(
        connection,
        ORDERS,
        "orders_by_symbol",
        _ORDERS_NEWEST_FIRST,
        wanted.limit,
        wanted.product_type,
        wanted.symbol,
    )


def _order_conditions(connection: sqlite3.Connection, uid: str, wanted: OrderFilter) -> Conditions:
    matching = Conditions("uid = ?", uid)
    if wanted.sources:
        matching.add_choice("source", wanted.sources)
    # What is no column is read from the row itself: these two only divide what has the source already.
    if wanted.order_type is not None:
        matching.add(f"row ->> {_ORDER_TYPE_PLACE} = ?", wanted.order_type)
    if wanted.side is not None:
        matching.add(f"row ->> {_SIDE_PLACE} = ?", wanted.side)
    if wanted.statuses:
        matching.add_choice("status", wanted.statuses)
    matching.add_span(connection, ORDERS, wanted)
    return matching


def fills(connection: sqlite3.Connection, uid: str, wanted: FillFilter) -> list[FillRow]:
    """
    Find an account's fills.

    Both sides of a trade with itself have one trade id, and a page goes on below a trade id: a page that ends
    with the first side has the other one too, and with it one row more than its limit.
    """
    if wanted.order_id is not None:
        return _fills_of_order(connection, uid, wanted, wanted.order_id)
    matching = Conditions("uid = ?", uid)
    matching.add_span(connection, FILLS, wanted)
    page = matching.page_of_symbols(
        connection,
        FILLS,
        "fills_by_symbol",
        _FILLS_NEWEST_FIRST,
        wanted.limit,
        wanted.product_type,
        wanted.symbol,
    )
    if not page:
        return page
    last = page[-1]
    other_side = "SELECT row FROM fills WHERE trade_id = ? AND order_id < ? AND uid = ?"
    return page + ask(connection, FILLS, other_side, (last.trade_id, last.order_id, uid))


def _fills_of_order(
    connection: sqlite3.Connection, uid: str, wanted: FillFilter, order_id: int
) -> list[FillRow]:
    if not 0 <= order_id <= INTEGER_MAX:
        return []
    matching = Conditions("uid = ?", uid)
    matching.add("created_at_ms >= ?", bounded(wanted.start_ms))
    matching.add("order_id = ?", order_id)
    matching.add("trade_id < ?", bounded(wanted.id_less_than))
    matching.add("created_at_ms <= ?", bounded(wanted.end_ms))
    matching.add_contract(wanted.product_type, wanted.symbol)
    return matching.page(connection, FILLS, "fills_by_order", ("trade_id",), wanted.limit)


def closed_positions(
    connection: sqlite3.Connection, uid: str, wanted: PositionFilter
) -> list[ClosedPositionRow]:
    """Find an account's closed positions, by the time of their closing."""
    matching = Conditions("uid = ?", uid)
    matching.add_span(connection, CLOSED_POSITIONS, wanted, "closed_at_ms")
    return matching.page_of_symbols(
        connection,
        CLOSED_POSITIONS,
        "closed_positions_by_symbol",
        ("closed_at_ms", "position_id"),
        wanted.limit,
        wanted.product_type,
        wanted.symbol,
    )


def bills(connection: sqlite3.Connection, uid: str, wanted: BillFilter) -> list[BillRow]:
    """Find an account's bills: the newest of each kind, then the newest of all."""
    matching = Conditions("uid = ? AND product_type = ?", uid, wanted.product_type)
    if wanted.coin is not None:
        matching.add("coin = ?", wanted.coin)
    matching.add_span(connection, BILLS, wanted)
    groups, kinds = "SELECT value AS one FROM json_each(?)", msgspec.json.encode(wanted.kinds).decode()
    by = ("created_at_ms", "bill_id")
    return matching.page_of_groups(
        connection, BILLS, "bills_by_kind", by, wanted.limit, "kind", groups, (kinds,)
    )


def last_bill_id(connection: sqlite3.Connection) -> int | None:
    """Find the newest bill's id, to resume folding with."""
    (found,) = connection.execute("SELECT max(bill_id) FROM bills").fetchone()
    return int(found) if found is not None else None


def trigger_by_id(connection: sqlite3.Connection, uid: str, order_id: int) -> TriggerRow | None:
    """Find an order of an account that waits, or waited, by its id."""
    if not 0 <= order_id <= INTEGER_MAX:
        return None
    rows = "SELECT row FROM triggers WHERE order_id = ? AND uid = ?"
    return one(connection, TRIGGERS, rows, (order_id, uid))


def trigger_by_client_oid(connection: sqlite3.Connection, uid: str, client_oid: str) -> TriggerRow | None:
    """Find an account's newest order that waits, or waited, with a client order id."""
    newest = (
        "SELECT row FROM triggers INDEXED BY triggers_by_client_oid WHERE uid = ? AND client_oid = ?"
        " ORDER BY order_id DESC LIMIT 1"
    )
    return one(connection, TRIGGERS, newest, (uid, client_oid))


def open_triggers_of_all(connection: sqlite3.Connection) -> list[TriggerRow]:
    """Find every order of every account that waits, in no order, to resume folding with."""
    rows = "SELECT row FROM triggers INDEXED BY triggers_open WHERE status = 'live'"
    return ask(connection, TRIGGERS, rows, ())


def open_triggers_of(connection: sqlite3.Connection, uid: str) -> list[TriggerRow]:
    """Find all orders of an account that wait, in no order; how many it can have bounds the work."""
    rows = "SELECT row FROM triggers INDEXED BY triggers_open WHERE uid = ? AND status = 'live'"
    return ask(connection, TRIGGERS, rows, (uid,))


def open_triggers(connection: sqlite3.Connection, uid: str, wanted: TriggerFilter) -> list[TriggerRow]:
    """Find an account's orders that wait; how many it can have bounds the work."""
    matching = _trigger_conditions(connection, uid, wanted)
    matching.add("status = 'live'")
    matching.add_contract(wanted.product_type, wanted.symbol)
    return matching.page(connection, TRIGGERS, "triggers_open", _ORDERS_NEWEST_FIRST, wanted.limit)


def triggers(connection: sqlite3.Connection, uid: str, wanted: TriggerFilter) -> list[TriggerRow]:
    """Find an account's orders that wait or waited for a price, as `statuses` says."""
    matching = _trigger_conditions(connection, uid, wanted)
    return matching.page_of_symbols(
        connection,
        TRIGGERS,
        "triggers_by_symbol",
        _ORDERS_NEWEST_FIRST,
        wanted.limit,
        wanted.product_type,
        wanted.symbol,
    )


def _trigger_conditions(connection: sqlite3.Connection, uid: str, wanted: TriggerFilter) -> Conditions:
    matching = Conditions("uid = ?", uid)
    matching.add_choice("kind", wanted.kinds)
    if wanted.statuses:
        matching.add_choice("status", wanted.statuses)
    matching.add_span(connection, TRIGGERS, wanted)
    return matching


def orders_by_ids(connection: sqlite3.Connection, uid: str, order_ids: Sequence[int]) -> list[OrderRow]:
    """Find some orders of an account, in no order: those that waiting orders have placed."""
    places = ", ".join("?" * len(order_ids))
    rows = f"SELECT row FROM orders WHERE order_id IN ({places}) AND uid = ?"  # noqa: S608
    return ask(connection, ORDERS, rows, (*order_ids, uid))


_IS_OPEN: Final = "status IN ('live', 'partially_filled')"
_ORDERS_NEWEST_FIRST: Final = ("created_at_ms", "order_id")
_FILLS_NEWEST_FIRST: Final = ("created_at_ms", "trade_id", "order_id")
_ORDER_TYPE_PLACE: Final = OrderRow.__struct_fields__.index("order_type")
_SIDE_PLACE: Final = OrderRow.__struct_fields__.index("side")
