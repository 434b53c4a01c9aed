"""
What happens when the price of a waiting order comes.

    price ─▶ watches ─▶ due ─▶ follows the price (trailing) or fires ─▶ an order like any other, or a reason

A waiting order stands in the heaps of its market with the price at which it has to be looked at. Presets of
orders become protecting orders here, as the order fills.
"""

from backhand.commands import Effect, PlaceOrder, Preset, TriggerKind
from backhand.engine.accepting import take_ids
from backhand.engine.book import Order
from backhand.engine.invariants import InvariantBroken, invariant
from backhand.engine.market import Market
from backhand.engine.orders import execute, judge
from backhand.engine.state import Holding, State, Trigger
from backhand.engine.watches import Watches
from backhand.events import (
    CancelReason,
    Event,
    Rejected,
    TriggerCancelled,
    TriggerChanged,
    TriggerFired,
    TriggerPlaced,
)
from backhand.units import E8, ceil_div, floor_div


def watch_trigger(trigger: Trigger) -> None:
    """Watch for the price at which a waiting order has to be looked at next."""
    market = trigger.holding.market
    trigger.rise_watch = 0
    trigger.fall_watch = 0
    rises, falls = _watches(market, trigger)
    if not trigger.trails() or trigger.best_price_e12 == 0:
        price = trigger.trigger_price_ticks * market.tick_e12
        if trigger.rises:
            trigger.rise_watch = rises.add(price, trigger)
        else:
            trigger.fall_watch = falls.add(-price, trigger)
    else:
        # A sell follows the price up and turns when it has come back; a buy follows it down.
        best, turn = trigger.best_price_e12, turning_price_e12(trigger)
        if trigger.side < 0:
            trigger.rise_watch = rises.add(best + 1, trigger)
            trigger.fall_watch = falls.add(-turn, trigger)
        else:
            trigger.fall_watch = falls.add(1 - best, trigger)
            trigger.rise_watch = rises.add(turn, trigger)
    rises.clean(_is_rise_watch)
    falls.clean(_is_fall_watch)


def _watches(market: Market, trigger: Trigger) -> tuple[Watches[Trigger], Watches[Trigger]]:
    if trigger.by_last:
        return market.last_rises, market.last_falls
    return market.mark_rises, market.mark_falls


def turning_price_e12(trigger: Trigger) -> int:
    """Where a trailing order fires: its best price less (a sell) or plus the callback; the nearer price."""
    best, rate = trigger.best_price_e12, trigger.callback_rate_e8
    if trigger.side < 0:
        return ceil_div(best * (E8 - rate), E8)
    return floor_div(best * (E8 + rate), E8)


def price_e12(market: Market, by_last: bool) -> int:
    """The last price, or the mark; the mark also before the first trade."""
    if by_last and market.last_price_ticks:
        return market.last_price_ticks * market.tick_e12
    return market.mark_price_e12


def _has_come(trigger: Trigger) -> bool:
    """Whether the price that fires a waiting order, or starts a trailing one, is there already."""
    price = price_e12(trigger.holding.market, trigger.by_last)
    beyond = trigger.trigger_price_ticks * trigger.holding.market.tick_e12 - price
    return beyond <= 0 if trigger.rises else beyond >= 0


def take_due(state: State, market: Market) -> None:
    """Find the waiting orders whose price has come; trailing ones that only follow are done with here."""
    if market.last_moved and market.last_price_ticks:
        price = market.last_price_ticks * market.tick_e12
        _take(state, market.last_rises, market.last_falls, price)
    if market.mark_moved and market.mark_price_e12:
        _take(state, market.mark_rises, market.mark_falls, market.mark_price_e12)


def _take(state: State, rises: Watches[Trigger], falls: Watches[Trigger], price: int) -> None:
    followed: list[Trigger] = []
    while rises.is_due(price):
        number, trigger = rises.take()
        if trigger.is_live and number == trigger.rise_watch:
            _look(state, trigger, price, followed)
    while falls.is_due(-price):
        number, trigger = falls.take()
        if trigger.is_live and number == trigger.fall_watch:
            _look(state, trigger, price, followed)
    # Not before: what follows this price would be due at it again.
    for trigger in followed:
        watch_trigger(trigger)


def _look(state: State, trigger: Trigger, price: int, followed: list[Trigger]) -> None:
    """Let a waiting order whose watch has come follow the price, or be due."""
    state.triggers_looked_at += 1
    trigger.rise_watch = 0
    trigger.fall_watch = 0
    if trigger.trails():
        best = trigger.best_price_e12
        if best == 0 or (price - best) * trigger.side < 0:
            trigger.best_price_e12 = price
            followed.append(trigger)
            return
    trigger.is_live = False
    state.due.append(trigger)


def _is_rise_watch(number: int, trigger: Trigger) -> bool:
    return trigger.is_live and number == trigger.rise_watch


def _is_fall_watch(number: int, trigger: Trigger) -> bool:
    return trigger.is_live and number == trigger.fall_watch


def fire(state: State, trigger: Trigger, events: list[Event]) -> None:
    """Place the order of a trigger that is due, and tell; or tell why it cannot be placed."""
    holding = trigger.holding
    if trigger.order_id not in holding.triggers:
        return None  # It ended while it was due: with its position, or because another was filled before.
    _forget(trigger)
    market = holding.market
    account = holding.account
    hedge = account.hedge_mode(market.product_type)
    lots = trigger.size_lots
    price = price_e12(market, trigger.by_last)
    if trigger.position_id:
        held = holding.lots(-trigger.side)
        invariant(held > 0, "a protecting order ends with its position")
        lots = min(lots, held) if lots else held
    placement = judge(state, account, market, _request(trigger, hedge, lots), trigger.kind, None)
    if isinstance(placement, Rejected):
        return _tell_fired(trigger, price, 0, placement, events)
    order = execute(state, placement, events)
    return _tell_fired(trigger, price, order.order_id, None, events)


def _request(trigger: Trigger, hedge: bool, lots: int) -> PlaceOrder:
    """The order that a trigger places."""
    holding = trigger.holding
    at_market = trigger.limit_price_ticks == 0
    side = trigger.hold_side if hedge else trigger.side
    effect: Effect | None = None
    if hedge:
        effect = "close" if trigger.reduce_only else "open"
    return PlaceOrder(
        holding.account.uid,
        holding.market.symbol,
        1 if side > 0 else -1,
        "market" if at_market else "limit",
        lots,
        None if at_market else trigger.limit_price_ticks,
        effect=effect,
        reduce_only=trigger.reduce_only and not hedge,
        margin_mode=trigger.margin_mode,
        stp_mode=trigger.stp_mode,
        take_profit=trigger.take_profit,
        stop_loss=trigger.stop_loss,
    )


def _tell_fired(
    trigger: Trigger, price: int, placed_order_id: int, refusal: Rejected | None, events: list[Event]
) -> None:
    events.append(
        TriggerFired(
            trigger.order_id,
            trigger.client_oid,
            trigger.holding.account.uid,
            trigger.holding.market.symbol,
            price,
            placed_order_id,
            None if refusal is None else refusal.reason,
            "" if refusal is None else refusal.detail,
        )
    )


def drop(trigger: Trigger, reason: CancelReason, events: list[Event]) -> None:
    """End a waiting order before its price came."""
    trigger.is_live = False
    _forget(trigger)
    events.append(
        TriggerCancelled(
            trigger.order_id,
            trigger.client_oid,
            trigger.holding.account.uid,
            trigger.holding.market.symbol,
            reason,
        )
    )


def _forget(trigger: Trigger) -> None:
    account = trigger.holding.account
    del trigger.holding.triggers[trigger.order_id]
    del account.triggers[trigger.order_id]
    del account.waiting_client_oids[trigger.client_oid]


def end_orphans(holding: Holding, events: list[Event]) -> None:
    """End the protecting orders of positions that are gone."""
    for trigger in list(holding.triggers.values()):
        if trigger.position_id:
            leg = holding.leg(-trigger.side)
            if leg is None or leg.position_id != trigger.position_id:
                drop(trigger, CancelReason.POSITION_CLOSED, events)


def place_presets(state: State, order: Order, events: list[Event]) -> None:
    """
    Let the presets of an order protect what it has opened since the last time.

    They wait as sized orders of the position; where the order filled before, they grow.
    """
    holding = order.holding
    lots = order.opened_lots - order.protected_lots
    order.protected_lots = order.opened_lots
    leg = holding.leg(order.side)
    if leg is None:
        raise InvariantBroken("what presets are to protect is held")
    presets: list[tuple[Preset | None, TriggerKind]] = [
        (order.take_profit, "take_profit"),
        (order.stop_loss, "stop_loss"),
    ]
    for preset, kind in presets:
        if preset is None:
            continue
        known = _preset_of(holding, order.order_id, kind, leg.position_id)
        if known is not None:
            known.size_lots += lots
            tell_changed(known, events)
            continue
        trigger = Trigger(0, "", holding, kind, -order.side, order.hold_side)
        trigger.reduce_only = True
        trigger.size_lots = lots
        trigger.trigger_price_ticks = preset.trigger_price_ticks
        trigger.limit_price_ticks = preset.limit_price_ticks or 0
        trigger.by_last = preset.trigger_by == "last"
        trigger.rises = (kind == "take_profit") == (order.side > 0)
        trigger.position_id = leg.position_id
        trigger.parent_order_id = order.order_id
        trigger.order_id, trigger.client_oid = take_ids(state, holding.account, None)
        enlist(state, trigger)
        tell_placed(trigger, events)


def _preset_of(holding: Holding, order_id: int, kind: str, position_id: int) -> Trigger | None:
    for trigger in holding.triggers.values():
        if (
            trigger.parent_order_id == order_id
            and trigger.kind == kind
            and trigger.position_id == position_id
        ):
            return trigger
    return None


def enlist(state: State, trigger: Trigger) -> None:
    """Let a new or changed waiting order be known, and watch for its price; it is due where that has come."""
    holding = trigger.holding
    holding.triggers[trigger.order_id] = trigger
    holding.account.triggers[trigger.order_id] = trigger
    holding.account.waiting_client_oids[trigger.client_oid] = trigger
    if trigger.trails():
        if trigger.best_price_e12 == 0 and (trigger.trigger_price_ticks == 0 or _has_come(trigger)):
            trigger.best_price_e12 = price_e12(holding.market, trigger.by_last)
    elif _has_come(trigger):
        trigger.is_live = False
        state.due.append(trigger)
        return
    watch_trigger(trigger)


def tell_placed(trigger: Trigger, events: list[Event]) -> None:
    """Tell that an order waits."""
    holding = trigger.holding
    events.append(
        TriggerPlaced(
            trigger.order_id,
            trigger.client_oid,
            holding.account.uid,
            holding.market.symbol,
            trigger.kind,
            trigger.side,
            trigger.hold_side,
            trigger.reduce_only,
            trigger.size_lots,
            trigger.trigger_price_ticks,
            "last" if trigger.by_last else "mark",
            trigger.limit_price_ticks,
            trigger.callback_rate_e8,
            "isolated" if holding.isolated else "crossed",
            holding.leverage(-trigger.side if trigger.reduce_only else trigger.side),
            trigger.stp_mode,
            trigger.take_profit,
            trigger.stop_loss,
            trigger.parent_order_id,
        )
    )


def tell_changed(trigger: Trigger, events: list[Event]) -> None:
    """Tell the terms of a waiting order that were changed."""
    events.append(
        TriggerChanged(
            trigger.order_id,
            trigger.holding.account.uid,
            trigger.holding.market.symbol,
            trigger.size_lots,
            trigger.trigger_price_ticks,
            "last" if trigger.by_last else "mark",
            trigger.limit_price_ticks,
            trigger.callback_rate_e8,
            trigger.take_profit,
            trigger.stop_loss,
        )
    )
