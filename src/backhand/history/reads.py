"""
Questions about the tables, each answered through one named index, newest first.

An answer leaves SQLite as one JSON text, in one step: fetched row by row, a page of 100 would have to
win the interpreter back from the event loop 100 times (see `writes`).

Ids grow with time. A page that continues below an id therefore starts at that id's time, and a page
never walks over what is newer than it.
"""

import sqlite3
from typing import Final, TypeVar

import msgspec

from backhand.events import OrderSource
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


def order_by_id(connection: sqlite3.Connection, uid: str, order_id: int) -> OrderRow | None:
    """Find an order of an account by its id."""
    if not 0 <= order_id <= _INTEGER_MAX:
        return None
    found = _select_orders(connection, "orders WHERE order_id = ? AND uid = ?", [order_id, uid])
    return found[0] if found else None


def order_by_client_oid(connection: sqlite3.Connection, uid: str, client_oid: str) -> OrderRow | None:
    """Find an account's newest order with a client order id."""
    matching = _Conditions("orders INDEXED BY orders_by_client_oid", uid)
    matching.add("client_oid = ?", client_oid)
    found = _select_orders(connection, *matching.page("order_id DESC", 1))
    return found[0] if found else None


def open_orders_of_all(connection: sqlite3.Connection) -> list[OrderRow]:
    """Find every open order of every account, in no order, to resume folding with."""
    return _select_orders(connection, f"orders INDEXED BY orders_open WHERE {_IS_OPEN}", [])


def open_orders_of(connection: sqlite3.Connection, uid: str) -> list[OrderRow]:
    """Find all open orders of an account, in no order; how many it can have bounds the work."""
    return _select_orders(connection, f"orders INDEXED BY orders_open WHERE uid = ? AND {_IS_OPEN}", [uid])


def open_orders(connection: sqlite3.Connection, uid: str, wanted: OrderFilter) -> list[OrderRow]:
    """Find an account's open orders; how many it can have bounds the work."""
    matching = _Conditions("orders INDEXED BY orders_open", uid)
    matching.add(_IS_OPEN)
    return _order_page(connection, matching, wanted)


def orders(connection: sqlite3.Connection, uid: str, wanted: OrderFilter) -> list[OrderRow]:
    """Find an account's orders, open ones included unless `statuses` says otherwise."""
    index = "orders_by_product" if wanted.symbol is None else "orders_by_symbol"
    return _order_page(connection, _Conditions(f"orders INDEXED BY {index}", uid), wanted)


def fills(connection: sqlite3.Connection, uid: str, wanted: FillFilter) -> list[FillRow]:
    """Find an account's fills."""
    if wanted.order_id is not None:
        if not 0 <= wanted.order_id <= _INTEGER_MAX:
            return []
        matching = _Conditions("fills INDEXED BY fills_by_order", uid)
        matching.add("order_id = ?", wanted.order_id)
        matching.add("trade_id < ?", _bounded(wanted.id_less_than))
        matching.add("created_at_ms <= ?", _bounded(wanted.end_ms))
        newest_first = "trade_id DESC"
    else:
        index = "fills_by_product" if wanted.symbol is None else "fills_by_symbol"
        matching = _Conditions(f"fills INDEXED BY {index}", uid)
        time_of_id = "SELECT created_at_ms FROM fills WHERE trade_id <= ? ORDER BY trade_id DESC LIMIT 1"
        matching.add("(created_at_ms, trade_id) < (?, ?)", *_page_start(connection, time_of_id, wanted))
        newest_first = "created_at_ms DESC, trade_id DESC, order_id DESC"
    matching.add("created_at_ms >= ?", _bounded(wanted.start_ms))
    matching.add_contract(wanted.product_type, wanted.symbol)
    return _FILLS.decode(_answer(connection, _SELECT_FILLS, *matching.page(newest_first, wanted.limit)))


def closed_positions(
    connection: sqlite3.Connection, uid: str, wanted: PositionFilter
) -> list[ClosedPositionRow]:
    """Find an account's closed positions, by position id."""
    index = "closed_positions_by_product" if wanted.symbol is None else "closed_positions_by_symbol"
    matching = _Conditions(f"closed_positions INDEXED BY {index}", uid)
    matching.add_contract(wanted.product_type, wanted.symbol)
    matching.add("position_id < ?", _bounded(wanted.id_less_than))
    matching.add("closed_at_ms >= ?", _bounded(wanted.start_ms))
    matching.add("closed_at_ms <= ?", _bounded(wanted.end_ms))
    return _POSITIONS.decode(
        _answer(connection, _SELECT_POSITIONS, *matching.page("position_id DESC", wanted.limit))
    )


class _Conditions:
    """The rows of one account in a table that meet every condition added."""

    def __init__(self, table: str, uid: str) -> None:
        self._text = f"{table} WHERE uid = ?"
        self._values: list[int | str] = [uid]

    def add(self, condition: str, *values: int | str) -> None:
        self._text += f" AND {condition}"
        self._values += values

    def add_contract(self, product_type: str, symbol: str | None) -> None:
        self.add("product_type = ?", product_type)
        if symbol is not None:
            self.add("symbol = ?", symbol)

    def page(self, newest_first: str, limit: int) -> tuple[str, list[int | str]]:
        rows = max(0, min(limit, PAGE_ROWS_MAX))
        return f"{self._text} ORDER BY {newest_first} LIMIT ?", [*self._values, rows]


def _order_page(connection: sqlite3.Connection, matching: _Conditions, wanted: OrderFilter) -> list[OrderRow]:
    matching.add_contract(wanted.product_type, wanted.symbol)
    if wanted.source is not None:
        matching.add("source = ?", wanted.source)
    if wanted.statuses:
        matching.add(f"status IN ({', '.join('?' * len(wanted.statuses))})", *wanted.statuses)
    time_of_id = "SELECT created_at_ms FROM orders WHERE order_id <= ? ORDER BY order_id DESC LIMIT 1"
    matching.add("created_at_ms >= ?", _bounded(wanted.start_ms))
    matching.add("(created_at_ms, order_id) < (?, ?)", *_page_start(connection, time_of_id, wanted))
    return _select_orders(connection, *matching.page("created_at_ms DESC, order_id DESC", wanted.limit))


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


def _select_orders(connection: sqlite3.Connection, source: str, values: list[int | str]) -> list[OrderRow]:
    return _ORDERS.decode(_answer(connection, _SELECT_ORDERS, source, values))


def _answer(
    connection: sqlite3.Connection, select: tuple[str, str], source: str, values: list[int | str]
) -> str:
    objects, columns = select
    # Only names and placeholders of this module are put together here, never what somebody sent.
    statement = f"SELECT {objects} FROM (SELECT {columns} FROM {source})"  # noqa: S608
    (text,) = connection.execute(statement, values).fetchone()
    return str(text)


def _select(columns: tuple[str, ...]) -> tuple[str, str]:
    pairs = ", ".join(f"'{column}', {column}" for column in columns)
    return f"json_group_array(json_object({pairs}))", ", ".join(columns)


_Row = TypeVar("_Row")


def _decoder(row: type[_Row]) -> "msgspec.json.Decoder[list[_Row]]":
    # Not strict: flags are 0 and 1, and amounts are text.
    return msgspec.json.Decoder(list[row], strict=False)  # type: ignore[valid-type]


_IS_OPEN: Final = "status IN ('live', 'partially_filled')"
_SELECT_ORDERS: Final = _select(OrderRow.__struct_fields__)
_SELECT_FILLS: Final = _select(FillRow.__struct_fields__)
_SELECT_POSITIONS: Final = _select(ClosedPositionRow.__struct_fields__)
_ORDERS: Final = _decoder(OrderRow)
_FILLS: Final = _decoder(FillRow)
_POSITIONS: Final = _decoder(ClosedPositionRow)
