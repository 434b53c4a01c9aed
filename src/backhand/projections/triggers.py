"""
Orders of clients that wait for a price, folded from events: what they wait for, and how they ended.

Rows hold absolute units, as those of orders. The fold remembers contract terms and what still waits.
"""

from collections.abc import Iterable
from typing import Literal

import msgspec

from backhand.commands import Contract, MarginMode, SelfTradePrevention, TriggerBy, TriggerKind
from backhand.engine.invariants import invariant
from backhand.events import (
    CancelReason,
    ContractListed,
    RejectReason,
    TriggerCancelled,
    TriggerChanged,
    TriggerFired,
    TriggerPlaced,
)
from backhand.projections.applied import Applied
from backhand.projections.orders import PresetRow, preset_row

TriggerStatus = Literal["live", "executed", "failed", "cancelled"]


class TriggerRow(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """
    A waiting order as it stands.

    `side` is that of the trade it will make, `hold_side` the leg in hedge mode, 0 in one-way mode.
    `size_e8` 0 is the whole position, `limit_price_e12` 0 at market, `trigger_price_e12` 0 a trailing order
    that started at once. `fired_price_e12` and `placed_order_id` are 0 until its price came; `failure` says
    why no order could be placed then, `cancel_reason` why it ended before.
    """

    order_id: int
    uid: str
    client_oid: str
    symbol: str
    product_type: str
    margin_coin: str
    kind: TriggerKind
    side: int
    hold_side: int
    reduce_only: bool
    size_e8: int
    trigger_price_e12: int
    trigger_by: TriggerBy
    limit_price_e12: int
    callback_rate_e8: int
    margin_mode: MarginMode
    leverage: int
    stp_mode: SelfTradePrevention
    take_profit: PresetRow | None
    stop_loss: PresetRow | None
    parent_order_id: int
    created_at_ms: int
    status: TriggerStatus
    updated_at_ms: int
    fired_price_e12: int
    placed_order_id: int
    failure: RejectReason | None
    cancel_reason: CancelReason | None

    @property
    def is_open(self) -> bool:
        """Whether it still waits."""
        return self.status == "live"


class TriggersFold:
    """A pure fold: the same commands, in any pieces, give the same rows."""

    def __init__(self, contracts: Iterable[Contract] = (), waiting: Iterable[TriggerRow] = ()) -> None:
        """Start from nothing, or resume from the contracts and waiting orders of an earlier fold."""
        self._contracts = {contract.symbol: contract for contract in contracts}
        self._waiting = {row.order_id: row for row in waiting}

    def fold(self, applied: Applied) -> list[TriggerRow]:
        """
        Take in one applied command and give each waiting order that it made or changed, as it now stands.

        Raises:
            InvariantBroken: an event names one that does not wait, or a symbol that is not listed.
        """
        changed: dict[int, TriggerRow] = {}
        for event in applied.events:
            # `type`, not isinstance: as in `orders`.
            if type(event) is TriggerPlaced:
                changed[event.order_id] = self._place(event, applied.time_ms)
            elif type(event) is TriggerChanged:
                changed[event.order_id] = self._change(event, applied.time_ms)
            elif type(event) is TriggerFired:
                changed[event.order_id] = self._end(
                    event.order_id,
                    applied.time_ms,
                    status="executed" if event.placed_order_id else "failed",
                    fired_price_e12=event.price_e12,
                    placed_order_id=event.placed_order_id,
                    failure=event.reason,
                )
            elif type(event) is TriggerCancelled:
                changed[event.order_id] = self._end(
                    event.order_id, applied.time_ms, status="cancelled", cancel_reason=event.reason
                )
            elif type(event) is ContractListed:
                self._contracts[event.contract.symbol] = event.contract
        return list(changed.values())

    def _place(self, event: TriggerPlaced, time_ms: int) -> TriggerRow:
        contract = self._contract(event.symbol)
        invariant(event.order_id not in self._waiting, "a waiting order is placed once")
        row = TriggerRow(
            order_id=event.order_id,
            uid=event.uid,
            client_oid=event.client_oid,
            symbol=event.symbol,
            product_type=contract.product_type,
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
            leverage=event.leverage,
            stp_mode=event.stp_mode,
            take_profit=preset_row(event.take_profit, contract),
            stop_loss=preset_row(event.stop_loss, contract),
            parent_order_id=event.parent_order_id,
            created_at_ms=time_ms,
            status="live",
            updated_at_ms=time_ms,
            fired_price_e12=0,
            placed_order_id=0,
            failure=None,
            cancel_reason=None,
        )
        self._waiting[event.order_id] = row
        return row

    def _change(self, event: TriggerChanged, time_ms: int) -> TriggerRow:
        contract = self._contract(event.symbol)
        row = msgspec.structs.replace(
            self._waiting_row(event.order_id),
            size_e8=event.size_lots * contract.lot_e8,
            trigger_price_e12=event.trigger_price_ticks * contract.tick_e12,
            trigger_by=event.trigger_by,
            limit_price_e12=event.limit_price_ticks * contract.tick_e12,
            callback_rate_e8=event.callback_rate_e8,
            take_profit=preset_row(event.take_profit, contract),
            stop_loss=preset_row(event.stop_loss, contract),
            updated_at_ms=time_ms,
        )
        self._waiting[event.order_id] = row
        return row

    def _end(self, order_id: int, time_ms: int, **outcome: object) -> TriggerRow:
        row = msgspec.structs.replace(self._waiting_row(order_id), updated_at_ms=time_ms, **outcome)
        del self._waiting[order_id]
        return row

    def _waiting_row(self, order_id: int) -> TriggerRow:
        row = self._waiting.get(order_id)
        invariant(row is not None, "only orders that wait are changed, fired and cancelled")
        assert row is not None  # noqa: S101  # For the type checker; the line above has already stopped.
        return row

    def _contract(self, symbol: str) -> Contract:
        contract = self._contracts.get(symbol)
        invariant(contract is not None, "a symbol is listed before an order waits for its price")
        assert contract is not None  # noqa: S101  # As above.
        return contract
