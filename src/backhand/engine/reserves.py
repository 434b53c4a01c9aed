"""
Resting orders brought in line with the legs as a command left them.

Closing orders that hold more than the leg are cancelled oldest first (promise 6); then every order has
locked what its opening part needs now.
"""

from backhand.engine.fills import cancel
from backhand.engine.margin import order_reserve_e8
from backhand.engine.state import Holding, State
from backhand.events import CancelReason, Event


def align_orders(state: State, holding: Holding, events: list[Event]) -> None:
    """Cancel closing orders beyond the legs, and lock what the others need."""
    if holding.orders:
        _shrink(state, holding, 1, events)
        _shrink(state, holding, -1, events)
        _reserve(holding, 1)
        _reserve(holding, -1)


def _shrink(state: State, holding: Holding, side: int, events: list[Event]) -> None:
    held = holding.lots(side)
    if holding.locked_lots(side) <= held:
        return
    for order in list(holding.orders.values()):
        if order.reduce_only and order.side == -side:
            cancel(state, order, CancelReason.REDUCE_ONLY_EXCESS, events)
            if holding.locked_lots(side) <= held:
                return


def _reserve(holding: Holding, side: int) -> None:
    """
    Lock what the orders of a trade direction need to open.

    In one-way mode the oldest orders first close what the other side holds and reduce-only orders do
    not hold already; each lot of the position is counted once.
    """
    closable = holding.lots(-side) - holding.locked_lots(-side)
    for order in holding.orders.values():
        if order.side != side or order.reduce_only:
            continue
        opening = order.open_lots
        if order.hold_side == 0:
            closing = min(opening, closable)
            closable -= closing
            opening -= closing
        if opening != order.reserved_lots:
            order.reserved_lots = opening
            needed = order_reserve_e8(holding.market, opening, order.price_ticks, holding.leverage(side))
            holding.ledger.locked_e8 += needed - order.reserve_e8
            order.reserve_e8 = needed
