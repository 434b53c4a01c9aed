"""
Questions about the tables, each answered through one named index, newest first.

An answer leaves SQLite as one JSON text, in one step: fetched row by row, a page of 100 would have to
win the interpreter back from the event loop 100 times (see `writes`). A page of a product type walks the
index by symbol once for each of its symbols, a page deep at most, and takes the newest of what it finds.

Ids grow with time. A page that continues below an id therefore starts at that id's time, and a page
never walks over what is newer than it, but for orders of that very millisecond.
"""

import sqlite3
from collections.abc import Sequence
from typing import Final

import msgspec

from backhand.commands import Contract
from backhand.events import OrderSource
from backhand.history.tables import CLOSED_POSITIONS, CONTRACTS, FILLS, ORDERS, Row, Table
from backhand.projections.orders import FillRow, OrderRow, OrderStatus
from backhand.projections.positions import ClosedPositionRow

#: Rows of one page. Source: limit of orders-history, fills and history-position.
PAGE_ROWS_MAX: Final = 100

#: The largest integer that SQLite stores, so "no bound" for ids and times; more from outside means the same.
_INTEGER_MAX: Final = 2**63 - 1


class OrderFilter(msgspec.Struct, frozen=True, kw_only=True):
    """
    Which orders of an account; None and empty mean any.

    `symbol` narrows `product_type`. Times are of creation, both ends included.
    """

    product_type: str
    symbol: str | None = None
    source: OrderSource | None = None
    statuses: tuple[OrderStatus, ...] = ()
    start_ms: int = 0
    end_ms: int = _INTEGER_MAX
    id_less_than: int = _INTEGER_MAX
    limit: int = PAGE_ROWS_MAX


class FillFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which fills of an account; None means any. Times include both ends; `id_less_than` is a trade id."""

    product_type: str
    symbol: str | None = None
    order_id: int | None = None
    start_ms: int = 0
    end_ms: int = _INTEGER_MAX
    id_less_than: int = _INTEGER_MAX
    limit: int = PAGE_ROWS_MAX


class PositionFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which closed positions of an account; None means any. Times are of closing, both ends included."""

    product_type: str
    symbol: str | None = None
    start_ms: int = 0
    end_ms: int = _INTEGER_MAX
    id_less_than: int = _INTEGER_MAX
    limit: int = PAGE_ROWS_MAX


def contracts(connection: sqlite3.Connection) -> list[Contract]:
    """Find the terms in force of every contract."""
    return _ask(connection, CONTRACTS, "SELECT row FROM contracts", ())


def order_by_id(connection: sqlite3.Connection, uid: str, order_id: int) -> OrderRow | None:
    """Find an order of an account by its id."""
    if not 0 <= order_id <= _INTEGER_MAX:
        return None
    found = _ask(connection, ORDERS, "SELECT row FROM orders WHERE order_id = ? AND uid = ?", (order_id, uid))
    return found[0] if found else None


def order_by_client_oid(connection: sqlite3.Connection, uid: str, client_oid: str) -> OrderRow | None:
    """Find an account's newest order with a client order id."""
    newest = (
        "SELECT row FROM orders INDEXED BY orders_by_client_oid WHERE uid = ? AND client_oid = ?"
        " ORDER BY order_id DESC LIMIT 1"
    )
    found = _ask(connection, ORDERS, newest, (uid, client_oid))
    return found[0] if found else None


def open_orders_of_all(connection: sqlite3.Connection) -> list[OrderRow]:
    """Find every open order of every account, in no order, to resume folding with."""
    rows = f"SELECT row FROM orders INDEXED BY orders_open WHERE {_IS_OPEN}"  # noqa: S608
    return _ask(connection, ORDERS, rows, ())


def open_orders_of(connection: sqlite3.Connection, uid: str) -> list[OrderRow]:
    """Find all open orders of an account, in no order; how many it can have bounds the work."""
    rows = f"SELECT row FROM orders INDEXED BY orders_open WHERE uid = ? AND {_IS_OPEN}"  # noqa: S608
    return _ask(connection, ORDERS, rows, (uid,))


def open_orders(connection: sqlite3.Connection, uid: str, wanted: OrderFilter) -> list[OrderRow]:
    """Find an account's open orders; how many it can have bounds the work."""
    matching = _order_conditions(connection, uid, wanted)
    matching.add(_IS_OPEN)
    matching.add_contract(wanted.product_type, wanted.symbol)
    return matching.page(connection, ORDERS, "orders_open", _ORDERS_NEWEST_FIRST, wanted.limit)


def orders(connection: sqlite3.Connection, uid: str, wanted: OrderFilter) -> list[OrderRow]:
    """Find an account's orders, open ones included unless `statuses` says otherwise."""
    matching = _order_conditions(connection, uid, wanted)
    return matching.page_of_symbols(connection, ORDERS, "orders_by_symbol", _ORDERS_NEWEST_FIRST, wanted)


def fills(connection: sqlite3.Connection, uid: str, wanted: FillFilter) -> list[FillRow]:
    """Find an account's fills."""
    matching = _Conditions(uid)
    matching.add("created_at_ms >= ?", _bounded(wanted.start_ms))
    if wanted.order_id is None:
        time_of_id = "SELECT created_at_ms FROM fills WHERE trade_id <= ? ORDER BY trade_id DESC LIMIT 1"
        matching.add("(created_at_ms, trade_id) < (?, ?)", *_page_start(connection, time_of_id, wanted))
        return matching.page_of_symbols(connection, FILLS, "fills_by_symbol", _FILLS_NEWEST_FIRST, wanted)
    if not 0 <= wanted.order_id <= _INTEGER_MAX:
        return []
    matching.add("order_id = ?", wanted.order_id)
    matching.add("trade_id < ?", _bounded(wanted.id_less_than))
    matching.add("created_at_ms <= ?", _bounded(wanted.end_ms))
    matching.add_contract(wanted.product_type, wanted.symbol)
    return matching.page(connection, FILLS, "fills_by_order", ("trade_id",), wanted.limit)


def closed_positions(
    connection: sqlite3.Connection, uid: str, wanted: PositionFilter
) -> list[ClosedPositionRow]:
    """Find an account's closed positions, by position id."""
    matching = _Conditions(uid)
    matching.add("position_id < ?", _bounded(wanted.id_less_than))
    matching.add("closed_at_ms >= ?", _bounded(wanted.start_ms))
    matching.add("closed_at_ms <= ?", _bounded(wanted.end_ms))
    return matching.page_of_symbols(
        connection, CLOSED_POSITIONS, "closed_positions_by_symbol", ("position_id",), wanted
    )


class _Conditions:
    """
    The rows of one account in a table that meet every condition added.

    Only names and placeholders of this module are put together here, never what somebody sent.
    """

    def __init__(self, uid: str) -> None:
        self._text = "uid = ?"
        self._values: list[int | str] = [uid]

    def add(self, condition: str, *values: int | str) -> None:
        self._text += f" AND {condition}"
        self._values += values

    def add_contract(self, product_type: str, symbol: str | None) -> None:
        self.add("symbol IN (SELECT symbol FROM contracts WHERE product_type = ?)", product_type)
        if symbol is not None:
            self.add("symbol = ?", symbol)

    def page(
        self, connection: sqlite3.Connection, table: Table[Row], index: str, by: tuple[str, ...], limit: int
    ) -> list[Row]:
        """Give the newest rows; `by` is the order in which the index has them."""
        rows = (
            f"SELECT row FROM {table.name} INDEXED BY {index}"  # noqa: S608
            f" WHERE {self._text} ORDER BY {_falling(by)} LIMIT ?"
        )
        return _ask(connection, table, rows, (*self._values, _rows_of_page(limit)))

    def page_of_symbols(
        self,
        connection: sqlite3.Connection,
        table: Table[Row],
        index: str,
        by: tuple[str, ...],
        wanted: OrderFilter | FillFilter | PositionFilter,
    ) -> list[Row]:
        """Give the newest rows of a product type's symbols: those of each by its index, then those of all."""
        key = ", ".join(table.primary_key)
        limit = _rows_of_page(wanted.limit)
        contract, values = "product_type = ?", [wanted.product_type]
        if wanted.symbol is not None:
            contract, values = f"{contract} AND symbol = ?", [*values, wanted.symbol]
        rows = (
            f"SELECT row FROM (SELECT symbol AS listed FROM contracts WHERE {contract})"  # noqa: S608
            f" CROSS JOIN {table.name} WHERE ({key}) IN ("
            f"SELECT {key} FROM {table.name} INDEXED BY {index}"
            f" WHERE symbol = listed AND {self._text} ORDER BY {_falling(by)} LIMIT ?"
            f") ORDER BY {_falling(by)} LIMIT ?"
        )
        return _ask(connection, table, rows, (*values, *self._values, limit, limit))


def _order_conditions(connection: sqlite3.Connection, uid: str, wanted: OrderFilter) -> _Conditions:
    matching = _Conditions(uid)
    if wanted.source is not None:
        matching.add("source = ?", wanted.source)
    if wanted.statuses:
        matching.add(f"status IN ({', '.join('?' * len(wanted.statuses))})", *wanted.statuses)
    time_of_id = "SELECT created_at_ms FROM orders WHERE order_id <= ? ORDER BY order_id DESC LIMIT 1"
    matching.add("created_at_ms >= ?", _bounded(wanted.start_ms))
    matching.add("(created_at_ms, order_id) < (?, ?)", *_page_start(connection, time_of_id, wanted))
    return matching


def _page_start(
    connection: sqlite3.Connection, time_of_id: str, wanted: OrderFilter | FillFilter
) -> tuple[int, int]:
    """Where a page starts, as the (time, id) that all its rows are below."""
    end_ms = _bounded(wanted.end_ms)
    id_less_than = _bounded(wanted.id_less_than)
    if id_less_than == _INTEGER_MAX:
        return end_ms, _INTEGER_MAX
    found: tuple[int] | None = connection.execute(time_of_id, (id_less_than,)).fetchone()
    if found is None:
        return 0, 0
    # Rows with ids from `id_less_than` on are no older than `found`: none of them is within an earlier end.
    return (found[0], id_less_than) if found[0] <= end_ms else (end_ms, _INTEGER_MAX)


def _bounded(number: int) -> int:
    return max(0, min(number, _INTEGER_MAX))


def _rows_of_page(limit: int) -> int:
    return max(0, min(limit, PAGE_ROWS_MAX))


def _falling(by: tuple[str, ...]) -> str:
    return ", ".join(f"{column} DESC" for column in by)


def _ask(
    connection: sqlite3.Connection, table: Table[Row], rows: str, values: Sequence[int | str]
) -> list[Row]:
    """Run a statement that selects `row`, and read what it finds as one text, in its order."""
    statement = f"SELECT '[' || coalesce(group_concat(row), '') || ']' FROM ({rows})"  # noqa: S608
    (text,) = connection.execute(statement, values).fetchone()
    return table.rows(text)


_IS_OPEN: Final = "status IN ('live', 'partially_filled')"
_ORDERS_NEWEST_FIRST: Final = ("created_at_ms", "order_id")
_FILLS_NEWEST_FIRST: Final = ("created_at_ms", "trade_id", "order_id")
