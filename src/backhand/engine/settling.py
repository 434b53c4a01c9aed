"""
What a command sets in motion, carried to its end before the next command.

    touched holdings ─▶ orders in line, presets, TP/SL of closed legs ─▶ suspects
    moved prices     ─▶ positions whose band was left, triggers that came ─▶ suspects, due
    suspects         ─▶ margin looked at ─▶ liquidation ─▶ touched, moved
    due              ─▶ one waiting order placed ─▶ touched, moved

Liquidation goes before triggers: an account that no longer covers its maintenance margin is frozen
(contracts.md section 9). It ends, because every liquidation closes lots and every trigger fires once.
"""

from backhand.engine.firing import end_orphans, fire, place_presets, take_due
from backhand.engine.liquidation import cover_deficit, liquidate_crossed, liquidate_isolated
from backhand.engine.prices import may_liquidate
from backhand.engine.reserves import align_orders
from backhand.engine.risk import (
    crossed_buffer_e28,
    due_holdings,
    forget_watches,
    has_crossed_legs,
    leg_buffer_e28,
    watch_isolated,
    watch_ledger,
)
from backhand.engine.state import Holding, State
from backhand.events import Event
from backhand.units import E8, ceil_div


def settle(state: State, events: list[Event]) -> None:
    """Go on until nothing is touched, moved, suspect or due."""
    while True:
        if state.touched or state.preset_orders:
            _align(state, events)
        elif state.moved:
            _look_at_prices(state)
        elif state.suspects:
            _look_at_margin(state, events)
        elif state.due:
            fire(state, state.due.popleft(), events)
        else:
            break
    state.adl_queues.clear()


def _align(state: State, events: list[Event]) -> None:
    """Bring orders, presets and protecting orders in line with the legs; then margin is to be looked at."""
    orders = state.preset_orders
    if orders:
        state.preset_orders = []
        for order in orders:
            order.holding.preset_orders -= 1
            place_presets(state, order, events)
    for holding in state.touched:
        align_orders(state, holding, events)
        if holding.triggers:
            end_orphans(holding, events)
        holding.is_touched = False
        _suspect(state, holding)
    state.touched.clear()


def _suspect(state: State, holding: Holding) -> None:
    if not holding.is_suspect and not holding.account.is_house:
        holding.is_suspect = True
        state.suspects.append(holding)


def _look_at_prices(state: State) -> None:
    """Find the positions and triggers that the moved prices concern."""
    moved = state.moved
    state.moved = []
    for market in moved:
        if market.mark_moved and may_liquidate(state, market):
            for holding in due_holdings(market):
                state.positions_looked_at += 1
                _suspect(state, holding)
            postponed = list(market.postponed)
            market.postponed.clear()
            for holding in postponed:
                _suspect(state, holding)
        take_due(state, market)
        market.last_moved = False
        market.mark_moved = False


def _look_at_margin(state: State, events: list[Event]) -> None:
    """Look at the margin of every suspect; liquidate, or watch for the next time."""
    suspects = state.suspects
    state.suspects = []
    state.rounds += 1
    for holding in suspects:
        holding.is_suspect = False
        if holding.isolated:
            _look_at_legs(state, holding, events)
        if holding.ledger.round != state.rounds:
            holding.ledger.round = state.rounds
            _look_at_ledger(state, holding, events)


def _look_at_legs(state: State, holding: Holding, events: list[Event]) -> None:
    if holding.long is None and holding.short is None:
        forget_watches(holding)
        return
    if not may_liquidate(state, holding.market):
        holding.market.postponed[holding] = None
        return
    for side in (1, -1):
        leg = holding.leg(side)
        if leg is not None and leg_buffer_e28(holding.market, leg) <= 0:
            liquidate_isolated(state, holding, leg, events)
    if holding.long is not None or holding.short is not None:
        watch_isolated(holding)
    else:
        forget_watches(holding)


def _look_at_ledger(state: State, suspect: Holding, events: list[Event]) -> None:
    ledger = suspect.ledger
    if not suspect.isolated and suspect.long is None and suspect.short is None:
        forget_watches(suspect)
    if not has_crossed_legs(ledger):
        owed_e8 = ceil_div(ledger.isolated_margin_e16, E8) - ledger.wallet_e8
        if owed_e8 > 0:
            cover_deficit(state, suspect.account, ledger, owed_e8, events)
        return
    for holding in ledger.holdings:
        if holding.isolated or (holding.long is None and holding.short is None):
            continue
        if not may_liquidate(state, holding.market):
            holding.market.postponed[suspect] = None
            return
    buffer_e28 = crossed_buffer_e28(ledger)
    if buffer_e28 <= 0:
        liquidate_crossed(state, suspect, events)
    else:
        watch_ledger(ledger, buffer_e28)
