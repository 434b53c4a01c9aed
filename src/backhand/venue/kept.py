"""
Orders, fills and reversals of a venue in process, as rows in memory.

What `history` is to a served venue, without a store: the same folds, the newest rows, up to a bound.
"""

from collections import deque
from collections.abc import Iterator
from itertools import islice
from typing import Final

from backhand.projections.applied import Applied
from backhand.projections.orders import FillRow, OrderRow, OrdersFold
from backhand.projections.reversals import FILLS_MAX, LegRows, ReceiptRows, ReversalRow, ReversalsFold
from backhand.wire.requests.queries import FillsQuery, Page

#: Ended orders and fills that are remembered; the oldest go first, reversals with their orders. Open orders
#: stay.
ORDERS_KEPT_MAX: Final = 100_000
FILLS_KEPT_MAX: Final = 100_000


class Kept:
    """Rows of orders, fills and reversals, by id and by client order id."""

    def __init__(self, orders_max: int = ORDERS_KEPT_MAX, fills_max: int = FILLS_KEPT_MAX) -> None:
        self._fold = OrdersFold()
        self._orders: dict[int, OrderRow] = {}
        self._ids: dict[tuple[str, str], int] = {}
        self._ended: deque[int] = deque()
        self._orders_max = orders_max
        self._fills: deque[FillRow] = deque(maxlen=fills_max)
        self._reversals_fold = ReversalsFold()
        #: Under the order ids of both legs.
        self._reversals: dict[int, ReversalRow] = {}

    def fold(self, applied: Applied) -> None:
        """Take in one applied command."""
        changes = self._fold.fold(applied)
        # As `history` orders them: by trade, and the two sides of one by order.
        self._fills.extend(sorted(changes.fills, key=lambda row: (row.trade_id, row.order_id)))
        for row in changes.orders:
            self._orders[row.order_id] = row
            self._ids[row.uid, row.client_oid] = row.order_id
            if not row.is_open:
                self._ended.append(row.order_id)
        for reversal in self._reversals_fold.fold(applied):
            self._reversals[reversal.close_order_id] = reversal
            self._reversals[reversal.open_order_id] = reversal
        while len(self._ended) > self._orders_max:
            gone = self._orders.pop(self._ended.popleft())
            # A receipt needs the orders of both legs: it goes with the first.
            reversal_gone = self._reversals.get(gone.order_id)
            if reversal_gone is not None:
                self._reversals.pop(reversal_gone.close_order_id)
                self._reversals.pop(reversal_gone.open_order_id)
            # A client order id may have been used again since.
            if self._ids.get((gone.uid, gone.client_oid)) == gone.order_id:
                del self._ids[gone.uid, gone.client_oid]

    def order(self, uid: str, order_id: int | None, client_oid: str | None) -> OrderRow | None:
        """Find an order of an account by either id; the order id wins."""
        if order_id is None:
            order_id = self._ids.get((uid, client_oid or ""), 0)
        row = self._orders.get(order_id)
        return row if row is not None and row.uid == uid else None

    def receipt(self, uid: str, order_id: int | None, client_oid: str | None) -> ReceiptRows | None:
        """Find a reversal of an account by the order id of either leg, which wins, or a client order id."""
        order = self.order(uid, order_id, client_oid)
        reversal = None if order is None else self._reversals.get(order.order_id)
        if reversal is None:
            return None
        return ReceiptRows(reversal, self._leg(reversal.close_order_id), self._leg(reversal.open_order_id))

    def _leg(self, order_id: int) -> LegRows:
        fills = (row for row in self._fills if row.order_id == order_id)
        return LegRows(self._orders[order_id], list(islice(fills, FILLS_MAX)))

    def orders(self, uid: str, product_type: str, symbol: str | None, page: Page) -> Iterator[OrderRow]:
        """Give an account's orders of a product type, or of a symbol of it, newest first."""
        found = (
            row
            for row in self._orders.values()
            if row.uid == uid
            and row.product_type == product_type
            and symbol in (None, row.symbol)
            and _is_on(page, row.order_id, row.created_at_ms)
        )
        return iter(sorted(found, key=lambda row: -row.order_id))

    def fills(self, uid: str, query: FillsQuery) -> list[FillRow]:
        """Give a page of an account's fills, newest first: as `history.reads.fills`, trades are whole."""
        found: list[FillRow] = []
        for row in reversed(self._fills):
            if (
                row.uid == uid
                and row.product_type == query.product_type
                and query.symbol in (None, row.symbol)
                and query.order_id in (None, row.order_id)
                and _is_on(query.page, row.trade_id, row.created_at_ms)
            ):
                if len(found) >= query.page.limit and found[-1].trade_id != row.trade_id:
                    break
                found.append(row)
        return found


def _is_on(page: Page, row_id: int, created_at_ms: int) -> bool:
    if page.id_less_than is not None and row_id >= page.id_less_than:
        return False
    if page.start_ms is not None and created_at_ms < page.start_ms:
        return False
    return page.end_ms is None or created_at_ms <= page.end_ms
