"""
What can be asked of the read models, from an event loop.

Every question raises as `Store.ask`: an answer that could not be given is unknown, and never "no".
"""

from backhand.engine.invariants import invariant
from backhand.history import market_reads, reads
from backhand.history.market_reads import CandleFilter, TradeFilter
from backhand.history.reads import BillFilter, FillFilter, OrderFilter, PositionFilter, TriggerFilter
from backhand.history.store import Store
from backhand.projections.bills import BillRow
from backhand.projections.candles import Candle
from backhand.projections.funding import FundingRow
from backhand.projections.orders import FillRow, OrderRow
from backhand.projections.positions import ClosedPositionRow
from backhand.projections.trades import TradeRow
from backhand.projections.triggers import TriggerRow


class History(Store):
    """Orders, fills, positions and bills of clients, candles and trades."""

    async def order(
        self, uid: str, *, order_id: int | None = None, client_oid: str | None = None
    ) -> OrderRow | None:
        """Find an account's order by its id, which wins, or its newest with a client order id."""
        if order_id is not None:
            by_id = order_id
            return await self.ask(lambda connection: reads.order_by_id(connection, uid, by_id))
        invariant(client_oid is not None, "an order is asked for by one of its ids")
        by_client_oid = client_oid or ""
        return await self.ask(lambda connection: reads.order_by_client_oid(connection, uid, by_client_oid))

    async def open_orders_of(self, uid: str) -> tuple[list[OrderRow], list[TriggerRow], int]:
        """Find an account's open and waiting orders and the sequence they are as of."""
        # Asked on the worker, which alone moves the position.
        return await self.ask(
            lambda connection: (
                reads.open_orders_of(connection, uid),
                reads.open_triggers_of(connection, uid),
                self._position,
            )
        )

    async def open_orders(self, uid: str, wanted: OrderFilter) -> list[OrderRow]:
        """Find an account's open orders, newest first."""
        return await self.ask(lambda connection: reads.open_orders(connection, uid, wanted))

    async def orders(self, uid: str, wanted: OrderFilter) -> list[OrderRow]:
        """Find an account's orders of any status, newest first."""
        return await self.ask(lambda connection: reads.orders(connection, uid, wanted))

    async def fills(self, uid: str, wanted: FillFilter) -> list[FillRow]:
        """Find an account's fills, newest first."""
        return await self.ask(lambda connection: reads.fills(connection, uid, wanted))

    async def closed_positions(self, uid: str, wanted: PositionFilter) -> list[ClosedPositionRow]:
        """Find an account's closed positions, newest first."""
        return await self.ask(lambda connection: reads.closed_positions(connection, uid, wanted))

    async def bills(self, uid: str, wanted: BillFilter) -> list[BillRow]:
        """Find an account's bills, newest first."""
        return await self.ask(lambda connection: reads.bills(connection, uid, wanted))

    async def trigger(
        self, uid: str, *, order_id: int | None = None, client_oid: str | None = None
    ) -> TriggerRow | None:
        """Find an order that waits or waited for a price, by its ids."""
        if order_id is not None:
            by_id = order_id
            return await self.ask(lambda connection: reads.trigger_by_id(connection, uid, by_id))
        invariant(client_oid is not None, "an order is asked for by one of its ids")
        by_client_oid = client_oid or ""
        return await self.ask(lambda connection: reads.trigger_by_client_oid(connection, uid, by_client_oid))

    async def open_triggers(self, uid: str, wanted: TriggerFilter) -> list[TriggerRow]:
        """Find an account's orders that wait for a price, newest first."""
        return await self.ask(lambda connection: reads.open_triggers(connection, uid, wanted))

    async def triggers(self, uid: str, wanted: TriggerFilter) -> list[TriggerRow]:
        """Find an account's orders that wait or waited for a price, newest first."""
        return await self.ask(lambda connection: reads.triggers(connection, uid, wanted))

    async def orders_by_ids(self, uid: str, order_ids: list[int]) -> dict[int, OrderRow]:
        """Find a page of an account's orders by their ids."""
        rows = await self.ask(lambda connection: reads.orders_by_ids(connection, uid, order_ids))
        return {row.order_id: row for row in rows}

    async def public_trades(self, wanted: TradeFilter) -> list[TradeRow]:
        """Find a symbol's trades, newest first."""
        return await self.ask(lambda connection: market_reads.public_trades(connection, wanted))

    async def candles(self, wanted: CandleFilter) -> list[Candle]:
        """Find the candles in which something happened, in ascending order."""
        return await self.ask(lambda connection: market_reads.candles(connection, wanted))

    async def funding(self, symbol: str, skipped: int, limit: int) -> list[FundingRow]:
        """Find a symbol's settlements of funding, newest first, after some of them."""
        return await self.ask(lambda connection: market_reads.funding(connection, symbol, skipped, limit))
