"""The receipt of a reversal, put together from the rows of its orders, its fills and itself."""

import sqlite3

from backhand.engine.invariants import InvariantBroken
from backhand.engine.state import ORDER_ID_STEP
from backhand.history.pages import INTEGER_MAX, ask
from backhand.history.reads import order_by_client_oid, order_by_id
from backhand.history.tables import FILLS, REVERSALS
from backhand.projections.reversals import FILLS_MAX, LegRows, ReceiptRows


def receipt(
    connection: sqlite3.Connection, uid: str, order_id: int | None, client_oid: str | None
) -> ReceiptRows | None:
    """Find the reversal of an account by the order id of either leg, which wins, or a client order id."""
    if order_id is None:
        order = order_by_client_oid(connection, uid, client_oid or "")
        if order is None:
            return None
        order_id = order.order_id
    if not 0 <= order_id <= INTEGER_MAX - ORDER_ID_STEP:
        return None
    # Both legs are accepted one after the other, the close leg first.
    select = "SELECT row FROM reversals WHERE open_order_id IN (?, ?) AND uid = ? ORDER BY open_order_id"
    for row in ask(connection, REVERSALS, select, (order_id, order_id + ORDER_ID_STEP, uid)):
        if order_id in (row.close_order_id, row.open_order_id):
            return ReceiptRows(
                row, _leg(connection, uid, row.close_order_id), _leg(connection, uid, row.open_order_id)
            )
    return None


def _leg(connection: sqlite3.Connection, uid: str, order_id: int) -> LegRows:
    order = order_by_id(connection, uid, order_id)
    if order is None:
        raise InvariantBroken("a reversal's legs are orders")
    select = "SELECT row FROM fills INDEXED BY fills_by_order WHERE order_id = ? ORDER BY trade_id LIMIT ?"
    return LegRows(order, ask(connection, FILLS, select, (order_id, FILLS_MAX)))
