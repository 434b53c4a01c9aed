"""What an account asks about its orders, its fills, and what waits for a price."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

from backhand.history import FillFilter, OrderFilter, TriggerFilter
from backhand.node import Node
from backhand.projections.orders import FillRow, OrderRow
from backhand.projections.triggers import TriggerRow
from backhand.views import fill_view, order_view, plan_view
from backhand.wire import codes
from backhand.wire.codes import Refusal
from backhand.wire.requests import account_history, plan_reads, queries
from backhand.wire.responses.fills import FillPage, fills_page, past_fills_page
from backhand.wire.responses.orders import OrderPage, open_orders_page, order_detail, order_history_page
from backhand.wire.responses.orders import OrderRow as OrderAnswer
from backhand.wire.responses.plans import PlacedRow, PlanPage, past_plans_page, placed_rows, plans_page

_INTEGER_MAX: Final = 2**63 - 1


class OrderReads:
    """Answers queries about orders; one method per kind of query."""

    def __init__(self, node: Node) -> None:
        self._history = node.history
        self.methods: dict[type[Any], Callable[[str, Any], Awaitable[object]]] = {
            queries.OrderQuery: self._order,
            queries.OpenOrdersQuery: self._open_orders,
            queries.OrderHistoryQuery: self._order_history,
            queries.FillsQuery: self._fills,
            account_history.PastFillsQuery: self._past_fills,
            plan_reads.PlansQuery: self._plans,
            plan_reads.PlacedByPlanQuery: self._placed_by_plan,
        }

    async def _order(self, uid: str, query: queries.OrderQuery) -> OrderAnswer | Refusal:
        row = await self._one(uid, query.order_id, query.client_oid)
        if row is None or row.symbol != query.symbol:
            return codes.ORDER_NOT_FOUND
        return order_detail(order_view(row))

    async def _open_orders(self, uid: str, query: queries.OpenOrdersQuery) -> OrderPage:
        if query.order_id is not None or query.client_oid is not None:
            row = await self._one(uid, query.order_id, query.client_oid)
            wanted = row is not None and row.is_open and query.status in (None, row.status)
            rows = [row] if row is not None and wanted and _is_of(row, query) else []
        else:
            statuses = () if query.status is None else (query.status,)
            rows = await self._history.open_orders(
                uid,
                OrderFilter(
                    product_type=query.product_type,
                    symbol=query.symbol,
                    sources=(),
                    order_type=None,
                    side=None,
                    statuses=statuses,
                    **span_of(query.page),
                ),
            )
        return open_orders_page([order_view(row) for row in rows])

    async def _order_history(self, uid: str, query: queries.OrderHistoryQuery) -> OrderPage:
        return order_history_page([order_view(row) for row in await self._past_orders(uid, query)])

    async def _past_orders(self, uid: str, query: queries.OrderHistoryQuery) -> list[OrderRow]:
        origin = query.origin
        if query.order_id is not None or query.client_oid is not None:
            row = await self._one(uid, query.order_id, query.client_oid)
            if row is None or row.is_open or not _is_of(row, query):
                return []
            comes_from = origin is None or origin.includes(row.source, row.order_type, row.side)
            return [row] if comes_from else []
        if origin is queries.NO_ORIGIN:
            return []
        return await self._history.orders(
            uid,
            OrderFilter(
                product_type=query.product_type,
                symbol=query.symbol,
                sources=() if origin is None else origin.sources,
                order_type=None if origin is None else origin.order_type,
                side=None if origin is None else origin.side,
                statuses=("filled", "cancelled"),
                **span_of(query.page),
            ),
        )

    async def _one(self, uid: str, order_id: int | None, client_oid: str | None) -> OrderRow | None:
        return await self._history.order(uid, order_id=order_id, client_oid=client_oid)

    async def _fills(self, uid: str, query: queries.FillsQuery) -> FillPage:
        return fills_page([fill_view(row) for row in await self._fill_rows(uid, query)])

    async def _past_fills(self, uid: str, query: account_history.PastFillsQuery) -> FillPage:
        return past_fills_page([fill_view(row) for row in await self._fill_rows(uid, query.fills)])

    async def _fill_rows(self, uid: str, query: queries.FillsQuery) -> list[FillRow]:
        return await self._history.fills(
            uid,
            FillFilter(
                product_type=query.product_type,
                symbol=query.symbol,
                order_id=query.order_id,
                **span_of(query.page),
            ),
        )

    # What waits for a price.

    async def _plans(self, uid: str, query: plan_reads.PlansQuery) -> PlanPage:
        rows = await self._trigger_rows(uid, query)
        if not query.statuses:
            return plans_page([plan_view(row, None) for row in rows])
        placed_ids = [row.placed_order_id for row in rows if row.placed_order_id]
        placed = await self._history.orders_by_ids(uid, placed_ids) if placed_ids else {}
        return past_plans_page([plan_view(row, placed.get(row.placed_order_id)) for row in rows])

    async def _trigger_rows(self, uid: str, query: plan_reads.PlansQuery) -> list[TriggerRow]:
        if query.order_id is not None or query.client_oid is not None:
            row = await self._history.trigger(uid, order_id=query.order_id, client_oid=query.client_oid)
            if row is None or row.product_type != query.product_type or row.kind not in query.kinds:
                return []
            wanted = row.status in (query.statuses or ("live",)) and query.symbol in (None, row.symbol)
            return [row] if wanted else []
        filter_ = TriggerFilter(
            product_type=query.product_type,
            symbol=query.symbol,
            kinds=query.kinds,
            statuses=query.statuses,
            **span_of(query.page),
        )
        if not query.statuses:
            return await self._history.open_triggers(uid, filter_)
        return await self._history.triggers(uid, filter_)

    async def _placed_by_plan(
        self, uid: str, query: plan_reads.PlacedByPlanQuery
    ) -> list[PlacedRow] | Refusal:
        row = await self._history.trigger(uid, order_id=query.order_id)
        if row is None or row.product_type != query.product_type or row.kind not in query.kinds:
            return codes.PLAN_ORDER_NOT_FOUND
        order = await self._one(uid, row.placed_order_id, None) if row.placed_order_id else None
        return placed_rows(plan_view(row, order), None if order is None else order.status)


def span_of(page: queries.Page) -> dict[str, int]:
    """Give the fields of a `Span` that a page asks for."""
    return {
        "start_ms": page.start_ms or 0,
        "end_ms": _INTEGER_MAX if page.end_ms is None else page.end_ms,
        "id_less_than": _INTEGER_MAX if page.id_less_than is None else page.id_less_than,
        "limit": page.limit,
    }


def _is_of(row: OrderRow, query: queries.OpenOrdersQuery | queries.OrderHistoryQuery) -> bool:
    return row.product_type == query.product_type and query.symbol in (None, row.symbol)
