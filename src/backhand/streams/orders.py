"""
Orders of one account as its readers see them change: a row after each thing that happens to an order.

What an order has done so far is not in the engine's state. It is looked up once, when somebody begins to
read: until the stored rows arrive, what happens meanwhile is remembered, and the part of it that the rows
do not know yet is folded on top. So nobody who does not read pays for it.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

from backhand.commands import Contract
from backhand.events import (
    ContractListed,
    Event,
    Fill,
    OrderAccepted,
    OrderCancelled,
    OrderPresetsChanged,
    TriggerCancelled,
    TriggerChanged,
    TriggerFired,
    TriggerPlaced,
)
from backhand.projections.applied import Applied
from backhand.projections.orders import OrderRow, OrdersFold
from backhand.projections.triggers import TriggerRow
from backhand.streams.views import fill_view, order_terms, order_view
from backhand.wire.channels.orders import (
    DeleveragePush,
    FillPush,
    OrderPush,
    OrderTerms,
    TriggerPush,
    TriggerStatus,
    TriggerView,
    deleverage_push,
    fill_push,
    order_push,
    trigger_push,
)

_NO_TERMS: Final = OrderTerms()
_ORDER_EVENTS: Final = (OrderAccepted, Fill, OrderCancelled, ContractListed)


class OrderChanges(msgspec.Struct, frozen=True):
    """What one command did to an account's orders: rows with their symbols, in order."""

    orders: list[tuple[str, OrderPush]]
    fills: list[tuple[str, FillPush]]
    deleveraged: list[tuple[str, DeleveragePush]]


class OrderTracker:
    """The open orders of one account; knows nothing until `resume`."""

    def __init__(self) -> None:
        self._fold: OrdersFold | None = None
        self._terms: dict[int, OrderTerms] = {}
        self._missed: list[Applied] = []

    @property
    def is_resumed(self) -> bool:
        """Whether it knows the orders that there were before it."""
        return self._fold is not None

    def resume(
        self,
        contracts: Iterable[Contract],
        rows: Iterable[OrderRow],
        position: int,
        terms: Mapping[int, OrderTerms],
    ) -> None:
        """Go on from stored rows that reflect everything up to sequence `position`; `terms` are of now."""
        fold = OrdersFold(contracts, rows)
        for applied in self._missed:
            if applied.sequence > position:
                fold.fold(applied)
        self._missed = []
        self._fold = fold
        self._terms = dict(terms)

    def take(
        self, applied: Applied, events: Sequence[Event], contracts: Mapping[str, Contract]
    ) -> OrderChanges:
        """Take in what a command did to the account: `events` are those about it."""
        changes = OrderChanges([], [], [])
        relevant: list[Event] = [event for event in events if isinstance(event, _ORDER_EVENTS)]
        if self._fold is None:
            if relevant:
                self._missed.append(Applied(applied.sequence, applied.time_ms, applied.command, relevant))
            return changes
        for event in events:
            if isinstance(event, OrderPresetsChanged):
                known = self._terms.get(event.order_id, _NO_TERMS)
                contract = contracts[event.symbol]
                self._terms[event.order_id] = order_terms(
                    contract, known.stp_mode, event.take_profit, event.stop_loss
                )
            elif isinstance(event, _ORDER_EVENTS):
                self._take(applied, event, contracts, changes)
        return changes

    def _take(
        self, applied: Applied, event: Event, contracts: Mapping[str, Contract], changes: OrderChanges
    ) -> None:
        fold = self._fold
        if fold is None:
            return
        folded = fold.fold(Applied(applied.sequence, applied.time_ms, applied.command, [event]))
        for row in folded.orders:
            if isinstance(event, OrderAccepted) and (
                event.stp_mode != "none" or event.take_profit is not None or event.stop_loss is not None
            ):
                self._terms[row.order_id] = order_terms(
                    contracts[row.symbol], event.stp_mode, event.take_profit, event.stop_loss
                )
            order = order_view(row)
            fill = fill_view(folded.fills[0]) if folded.fills else None
            terms = self._terms.get(row.order_id, _NO_TERMS)
            changes.orders.append((row.symbol, order_push(order, terms, fill)))
            if fill is not None and isinstance(event, Fill):
                changes.fills.append((row.symbol, fill_push(order, fill, event.kind)))
                if row.source == "adl":
                    changes.deleveraged.append((row.symbol, deleverage_push(fill)))
            if not row.is_open:
                self._terms.pop(row.order_id, None)


class TriggerTracker:
    """The orders of one account that wait for a price; since when they do is not in the engine's state."""

    def __init__(self, waiting: Iterable[TriggerView]) -> None:
        self._waiting = {view.order_id: view for view in waiting}

    def date(self, rows: Iterable[TriggerRow]) -> None:
        """Learn from stored rows when the orders were placed that there were from the beginning."""
        for row in rows:
            view = self._waiting.get(row.order_id)
            if view is not None and not view.created_at_ms:
                self._waiting[row.order_id] = msgspec.structs.replace(view, created_at_ms=row.created_at_ms)

    def take(
        self, applied: Applied, events: Sequence[Event], contracts: Mapping[str, Contract]
    ) -> list[tuple[str, TriggerPush]]:
        """Take in what a command did to the account, and give a row for each change."""
        rows: list[tuple[str, TriggerPush]] = []
        for event in events:
            view: TriggerView | None = None
            if isinstance(event, TriggerPlaced):
                view = _placed(event, contracts[event.symbol], applied.time_ms)
            elif isinstance(event, TriggerChanged):
                view = _changed(self._waiting[event.order_id], event, contracts[event.symbol])
            elif isinstance(event, TriggerFired):
                view = _ended(
                    self._waiting[event.order_id], "executed" if event.placed_order_id else "failed"
                )
                view = msgspec.structs.replace(view, triggered_at_ms=applied.time_ms)
            elif isinstance(event, TriggerCancelled):
                view = _ended(self._waiting[event.order_id], "cancelled")
            if view is not None:
                view = msgspec.structs.replace(view, updated_at_ms=applied.time_ms)
                if view.status == "live":
                    self._waiting[view.order_id] = view
                else:
                    del self._waiting[view.order_id]
                rows.append((view.symbol, trigger_push(view)))
        return rows


def _placed(event: TriggerPlaced, contract: Contract, time_ms: int) -> TriggerView:
    return TriggerView(
        order_id=event.order_id,
        client_oid=event.client_oid,
        symbol=event.symbol,
        margin_coin=contract.margin_coin,
        kind=event.kind,
        side=event.side,
        hold_side=event.hold_side,
        reduce_only=event.reduce_only,
        size_e8=event.size_lots * contract.lot_e8,
        trigger_price_e12=event.trigger_price_ticks * contract.tick_e12,
        trigger_by=event.trigger_by,
        limit_price_e12=event.limit_price_ticks * contract.tick_e12,
        callback_rate_e8=event.callback_rate_e8,
        margin_mode=event.margin_mode,
        terms=order_terms(contract, event.stp_mode, event.take_profit, event.stop_loss),
        status="live",
        triggered_at_ms=0,
        created_at_ms=time_ms,
        updated_at_ms=time_ms,
    )


def _changed(view: TriggerView, event: TriggerChanged, contract: Contract) -> TriggerView:
    return msgspec.structs.replace(
        view,
        size_e8=event.size_lots * contract.lot_e8,
        trigger_price_e12=event.trigger_price_ticks * contract.tick_e12,
        trigger_by=event.trigger_by,
        limit_price_e12=event.limit_price_ticks * contract.tick_e12,
        callback_rate_e8=event.callback_rate_e8,
        terms=order_terms(contract, view.terms.stp_mode, event.take_profit, event.stop_loss),
    )


def _ended(view: TriggerView, status: TriggerStatus) -> TriggerView:
    return msgspec.structs.replace(view, status=status)
