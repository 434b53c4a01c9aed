"""
Orders and fills of clients, folded from events.

Rows hold absolute units (price_e12, size_e8), so they keep their meaning when a contract's tick or lot
changes. The fold remembers contract terms and open orders only; where rows are kept, and for how long,
is `history`'s business. The house's own orders and fills make no rows.

`side` is the direction of the trade everywhere; the wire, which shows the direction of the position in
hedge mode, derives it from `hold_side`.
"""

from collections.abc import Iterable
from typing import Literal

import msgspec

from backhand.commands import HOUSE_UID, Contract, MarginMode, OrderType, Preset, TimeInForce, TriggerBy
from backhand.engine.invariants import invariant
from backhand.events import (
    CancelReason,
    ContractListed,
    Fill,
    FillKind,
    OrderAccepted,
    OrderCancelled,
    OrderPresetsChanged,
    OrderSource,
)
from backhand.projections.applied import Applied
from backhand.units import half_up_div

OrderStatus = Literal["live", "partially_filled", "filled", "cancelled"]


class PresetRow(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A take-profit or stop-loss that an order brings along; a limit price of 0 executes at market."""

    trigger_price_e12: int
    limit_price_e12: int
    trigger_by: TriggerBy = "mark"


def preset_row(preset: Preset | None, contract: Contract) -> PresetRow | None:
    """Put a preset into absolute units."""
    if preset is None:
        return None
    limit_ticks = preset.limit_price_ticks or 0
    tick_e12 = contract.tick_e12
    return PresetRow(preset.trigger_price_ticks * tick_e12, limit_ticks * tick_e12, preset.trigger_by)


class OrderRow(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """
    An order as it stands.

    `side` is 1 for buying and -1 for selling. `hold_side` is 1 long or -1 short in hedge mode and 0 in
    one-way mode; `reduce_only` is true for closes of both modes. `price_e12` is 0 for market orders.
    `fee_e8` is what was charged (positive) and `profit_e8` the realised price profit, both in the margin
    coin and summed over the fills; `filled_value_e20` is in the quote currency.
    """

    order_id: int
    uid: str
    client_oid: str
    symbol: str
    product_type: str
    margin_coin: str
    inverse: bool
    side: int
    hold_side: int
    reduce_only: bool
    order_type: OrderType
    time_in_force: TimeInForce
    margin_mode: MarginMode
    leverage: int
    source: OrderSource
    price_e12: int
    size_e8: int
    created_at_ms: int
    status: OrderStatus
    cancel_reason: CancelReason | None
    updated_at_ms: int
    filled_size_e8: int
    filled_value_e20: int
    fee_e8: int
    profit_e8: int
    take_profit: PresetRow | None = None
    stop_loss: PresetRow | None = None

    @property
    def hedge_mode(self) -> bool:
        """Whether the account was in hedge mode when the order was placed."""
        return self.hold_side != 0

    @property
    def is_open(self) -> bool:
        """Whether the order may still be filled or cancelled."""
        return self.status in ("live", "partially_filled")

    @property
    def average_price_e12(self) -> int:
        """The average price of the fills, halves up; 0 when nothing is filled."""
        return half_up_div(self.filled_value_e20, self.filled_size_e8) if self.filled_size_e8 else 0


class FillRow(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """
    One order's half of a trade, with what its order says about it.

    `fee_e8` is what was charged (positive) and `profit_e8` the realised price profit, both in the margin
    coin; `value_e20` is in the quote currency.
    """

    trade_id: int
    order_id: int
    uid: str
    symbol: str
    product_type: str
    margin_coin: str
    inverse: bool
    side: int
    hold_side: int
    reduce_only: bool
    is_taker: bool
    margin_mode: MarginMode
    source: OrderSource
    price_e12: int
    size_e8: int
    value_e20: int
    fee_e8: int
    profit_e8: int
    created_at_ms: int
    kind: FillKind = "trade"

    @property
    def hedge_mode(self) -> bool:
        """Whether the account was in hedge mode when the order was placed."""
        return self.hold_side != 0

    @property
    def venue_kind(self) -> FillKind:
        """
        What the fill is to its holder.

        A position that is taken over is liquidated also where it is matched with deleveraged ones.
        """
        return "liquidation" if self.kind == "adl" and self.source == "liquidation" else self.kind


class OrderChanges(msgspec.Struct, frozen=True):
    """
    What one command changed.

    Each changed order stands once, as it is after the command; fills are in the order they happened.
    """

    orders: list[OrderRow]
    fills: list[FillRow]


class OrdersFold:
    """A pure fold: the same commands, in any pieces, give the same rows."""

    def __init__(self, contracts: Iterable[Contract] = (), open_orders: Iterable[OrderRow] = ()) -> None:
        """Start from nothing, or resume from the contracts and open orders of an earlier fold."""
        self._contracts = {contract.symbol: contract for contract in contracts}
        self._open_orders = {order.order_id: order for order in open_orders}

    def fold(self, applied: Applied) -> OrderChanges:
        """
        Take in one applied command and tell which rows it makes or changes.

        Raises:
            InvariantBroken: an event names an order that is not open, or a symbol that is not listed.
        """
        changed: dict[int, OrderRow] = {}
        fills: list[FillRow] = []
        for event in applied.events:
            # `type`, not isinstance: events have no subclasses, and it halves the cost of this loop.
            if type(event) is Fill:
                if event.uid != HOUSE_UID:
                    fills.append(self._fill(event, applied.time_ms, changed))
            elif type(event) is OrderAccepted:
                if event.uid != HOUSE_UID:
                    self._accept(event, applied.time_ms, changed)
            elif type(event) is OrderCancelled:
                if event.uid != HOUSE_UID:
                    self._cancel(event, applied.time_ms, changed)
            elif type(event) is OrderPresetsChanged:
                if event.uid != HOUSE_UID:
                    self._change_presets(event, applied.time_ms, changed)
            elif type(event) is ContractListed:
                self._contracts[event.contract.symbol] = event.contract
        return OrderChanges(list(changed.values()), fills)

    def _accept(self, event: OrderAccepted, time_ms: int, changed: dict[int, OrderRow]) -> None:
        contract = self._contract(event.symbol)
        invariant(event.order_id not in self._open_orders, "an order is accepted once")
        order = OrderRow(
            order_id=event.order_id,
            uid=event.uid,
            client_oid=event.client_oid,
            symbol=event.symbol,
            product_type=contract.product_type,
            margin_coin=contract.margin_coin,
            inverse=contract.inverse,
            side=event.side,
            hold_side=event.hold_side,
            reduce_only=event.reduce_only,
            order_type=event.order_type,
            time_in_force=event.time_in_force,
            margin_mode=event.margin_mode,
            leverage=event.leverage,
            source=event.source,
            price_e12=event.price_ticks * contract.tick_e12 if event.order_type == "limit" else 0,
            size_e8=event.size_lots * contract.lot_e8,
            created_at_ms=time_ms,
            status="live",
            cancel_reason=None,
            updated_at_ms=time_ms,
            filled_size_e8=0,
            filled_value_e20=0,
            fee_e8=0,
            profit_e8=0,
            take_profit=preset_row(event.take_profit, contract),
            stop_loss=preset_row(event.stop_loss, contract),
        )
        self._open_orders[event.order_id] = changed[event.order_id] = order

    def _fill(self, event: Fill, time_ms: int, changed: dict[int, OrderRow]) -> FillRow:
        order = self._open_order(event.order_id)
        contract = self._contract(event.symbol)
        price_e12 = event.price_ticks * contract.tick_e12
        size_e8 = event.size_lots * contract.lot_e8
        value_e20 = price_e12 * size_e8
        changed[event.order_id] = self._open_orders[event.order_id] = msgspec.structs.replace(
            order,
            status="partially_filled" if event.order_open_lots else "filled",
            updated_at_ms=time_ms,
            filled_size_e8=order.filled_size_e8 + size_e8,
            filled_value_e20=order.filled_value_e20 + value_e20,
            fee_e8=order.fee_e8 + event.fee_e8,
            profit_e8=order.profit_e8 + event.profit_e8,
        )
        if event.order_open_lots == 0:
            del self._open_orders[event.order_id]
        return FillRow(
            trade_id=event.trade_id,
            order_id=event.order_id,
            uid=event.uid,
            symbol=event.symbol,
            product_type=order.product_type,
            margin_coin=order.margin_coin,
            inverse=order.inverse,
            side=event.side,
            hold_side=order.hold_side,
            reduce_only=order.reduce_only,
            is_taker=event.is_taker,
            margin_mode=order.margin_mode,
            source=order.source,
            price_e12=price_e12,
            size_e8=size_e8,
            value_e20=value_e20,
            fee_e8=event.fee_e8,
            profit_e8=event.profit_e8,
            created_at_ms=time_ms,
            kind=event.kind,
        )

    def _cancel(self, event: OrderCancelled, time_ms: int, changed: dict[int, OrderRow]) -> None:
        order = self._open_order(event.order_id)
        changed[event.order_id] = msgspec.structs.replace(
            order, status="cancelled", cancel_reason=event.reason, updated_at_ms=time_ms
        )
        del self._open_orders[event.order_id]

    def _change_presets(self, event: OrderPresetsChanged, time_ms: int, changed: dict[int, OrderRow]) -> None:
        order = self._open_order(event.order_id)
        contract = self._contract(event.symbol)
        changed[event.order_id] = self._open_orders[event.order_id] = msgspec.structs.replace(
            order,
            take_profit=preset_row(event.take_profit, contract),
            stop_loss=preset_row(event.stop_loss, contract),
            updated_at_ms=time_ms,
        )

    def _open_order(self, order_id: int) -> OrderRow:
        order = self._open_orders.get(order_id)
        invariant(order is not None, "only open orders are filled and cancelled")
        assert order is not None  # noqa: S101  # For the type checker; the line above has already stopped.
        return order

    def _contract(self, symbol: str) -> Contract:
        contract = self._contracts.get(symbol)
        invariant(contract is not None, "a symbol is listed before it is traded")
        assert contract is not None  # noqa: S101  # As above.
        return contract
