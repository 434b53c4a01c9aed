"""
Orders that wait for a price: placing, changing and cancelling them.

What happens when the price comes is in `firing`. Entry kinds stand for themselves and are judged as orders
when they fire. Protecting kinds belong to one position and end with it. Source: rest-private.md section 6;
contracts.md section 11; reversal.md A11.
"""

from typing import Final

from backhand.commands import CancelTrigger, CancelTriggers, ModifyTrigger, PlaceTrigger, TriggerKind
from backhand.engine.accepting import is_duplicate, take_ids
from backhand.engine.cancelling import is_product_type
from backhand.engine.firing import drop, enlist, price_e12, tell_changed, tell_placed
from backhand.engine.limits import TRIGGERS_MAX, waiting_orders
from backhand.engine.orders import closes, may_trade
from backhand.engine.presets import preset_fault, presets_valid, protection_fault
from backhand.engine.refusals import lots_text, refuse
from backhand.engine.state import Account, State, Trigger
from backhand.events import CancelReason, Event, Rejected, RejectReason
from backhand.units import E8

ENTRY_KINDS: Final[tuple[TriggerKind, ...]] = ("entry", "trailing_entry")
TRAILING_KINDS: Final[tuple[TriggerKind, ...]] = ("trailing_entry", "trailing_stop")
WHOLE_KINDS: Final[tuple[TriggerKind, ...]] = ("position_take_profit", "position_stop_loss")
GAINING_KINDS: Final[tuple[TriggerKind, ...]] = ("take_profit", "position_take_profit")
#: The largest way back of a trailing order: 10 %.
CALLBACK_RATE_MAX_E8: Final = E8 // 10


def place_trigger(state: State, command: PlaceTrigger, events: list[Event]) -> None:
    """
    Let an order wait for its price.

    A second whole-position order of its kind takes the place of the first. An entry whose price is the
    present one fires at once.
    """
    account = state.client(command.uid)
    if account is None:
        return refuse(events, RejectReason.UNKNOWN_ACCOUNT, command.uid)
    market = state.markets.get(command.symbol)
    if market is None:
        return refuse(events, RejectReason.UNKNOWN_SYMBOL, command.symbol)
    hedge = account.hedge_mode(market.product_type)
    entry = command.kind in ENTRY_KINDS
    if entry and hedge and command.effect is None:
        return refuse(events, RejectReason.EFFECT_MISSING)
    if entry and hedge and command.effect == "invalid":
        return refuse(events, RejectReason.EFFECT_INVALID)
    closing = not entry or closes(command.effect, command.reduce_only, hedge)
    refusal = may_trade(market, closing)
    if refusal is not None:
        return refuse(events, refusal.reason, refusal.detail)
    if is_duplicate(state, account, command.client_oid):
        return refuse(events, RejectReason.DUPLICATE_CLIENT_OID)
    holding = account.holding(market)
    leg = None if entry else holding.leg(command.side)
    if not entry and leg is None:
        return refuse(events, RejectReason.NO_POSITION_TO_PROTECT)
    if entry:
        side: int = -command.side if hedge and closing else command.side
    else:
        side = -command.side
    trigger = Trigger(0, "", holding, command.kind, side, command.side if hedge else 0)
    trigger.reduce_only = closing
    trigger.size_lots = 0 if command.kind in WHOLE_KINDS else command.size_lots or 0
    trigger.trigger_price_ticks = command.trigger_price_ticks or 0
    trigger.by_last = command.trigger_by == "last"
    trigger.limit_price_ticks = command.limit_price_ticks or 0
    trigger.callback_rate_e8 = command.callback_rate_e8 if command.kind in TRAILING_KINDS else 0
    trigger.margin_mode = command.margin_mode
    trigger.stp_mode = command.stp_mode
    trigger.take_profit = None if closing else command.take_profit
    trigger.stop_loss = None if closing else command.stop_loss
    trigger.position_id = 0 if leg is None else leg.position_id
    refusal = terms_fault(trigger) or _size_fault(trigger)
    if refusal is not None:
        return refuse(events, refusal.reason, refusal.detail)
    replaced = [
        other
        for other in holding.triggers.values()
        if command.kind in WHOLE_KINDS
        and (other.kind, other.position_id) == (trigger.kind, trigger.position_id)
    ]
    if waiting_orders(holding, not entry) - len(replaced) >= TRIGGERS_MAX:
        return refuse(events, RejectReason.TOO_MANY_TRIGGERS, str(TRIGGERS_MAX))

    # Nothing may fail below this line.
    account.keep(holding)
    for other in replaced:
        drop(other, CancelReason.REPLACED, events)
    trigger.order_id, trigger.client_oid = take_ids(state, account, command.client_oid)
    enlist(state, trigger)
    tell_placed(trigger, events)
    return None


def terms_fault(trigger: Trigger) -> Rejected | None:
    """Why the prices of a waiting order cannot be; also finds out from which side its price comes."""
    market = trigger.holding.market
    price_ticks = trigger.trigger_price_ticks
    trailing = trigger.kind in TRAILING_KINDS
    if trailing and not 0 < trigger.callback_rate_e8 <= CALLBACK_RATE_MAX_E8:
        return Rejected(RejectReason.CALLBACK_OUT_OF_RANGE)
    if price_ticks < 0 or trigger.limit_price_ticks < 0 or (price_ticks == 0 and not trailing):
        return Rejected(RejectReason.INVALID_PRICE)
    if not presets_valid(trigger.take_profit, trigger.stop_loss):
        return Rejected(RejectReason.INVALID_PRICE)
    reference_e12 = price_e12(market, trigger.by_last)
    if trigger.kind in ENTRY_KINDS:
        trigger.rises = price_ticks * market.tick_e12 >= reference_e12
        starts_ticks = 0 if trigger.best_price_e12 else price_ticks
        opens_at_e12 = (trigger.limit_price_ticks or starts_ticks) * market.tick_e12 or reference_e12
        if trigger.reduce_only:
            return None
        return preset_fault(market, trigger.side, opens_at_e12, trigger.take_profit, trigger.stop_loss)
    leg_side = -trigger.side
    gains = trigger.kind in GAINING_KINDS
    if trailing:
        # It starts to follow where the position has gained that much.
        trigger.rises = leg_side > 0
        if price_ticks == 0 or trigger.best_price_e12:
            return None
        return protection_fault(market, leg_side, True, price_ticks, reference_e12)
    trigger.rises = gains == (leg_side > 0)
    return protection_fault(market, leg_side, gains, price_ticks, reference_e12)


def _size_fault(trigger: Trigger) -> Rejected | None:
    """Why a size cannot be: entries and sized protections have one within the contract's bounds."""
    if trigger.kind in WHOLE_KINDS:
        return None
    market = trigger.holding.market
    contract = market.contract
    at_market = trigger.limit_price_ticks == 0
    size_max = contract.market_size_lots_max if at_market else contract.limit_size_lots_max
    if trigger.size_lots > size_max:
        return Rejected(RejectReason.SIZE_TOO_LARGE, lots_text(market, size_max))
    least = 1 if trigger.reduce_only else market.size_lots_min
    if trigger.size_lots < least:
        return Rejected(RejectReason.SIZE_TOO_SMALL, lots_text(market, least))
    return None


def modify_trigger(state: State, command: ModifyTrigger, events: list[Event]) -> None:
    """
    Change a waiting order; a trailing one that already follows the price follows anew from that of now.

    Where the price that starts it is changed as well, it waits for that one.

    Its prices and size are judged as those of a new one.
    """
    account = state.client(command.uid)
    if account is None:
        return refuse(events, RejectReason.UNKNOWN_ACCOUNT, command.uid)
    if command.symbol not in state.markets:
        return refuse(events, RejectReason.UNKNOWN_SYMBOL, command.symbol)
    found = find_trigger(account, command.symbol, command.order_id, command.client_oid)
    if found is None or (found.kind in ENTRY_KINDS) == command.protecting:
        reason = RejectReason.UNKNOWN_PROTECTION if command.protecting else RejectReason.UNKNOWN_TRIGGER
        return refuse(events, reason)
    changed = _changed(found, command)
    refusal = terms_fault(changed) or _size_fault(changed)
    if refusal is not None:
        return refuse(events, refusal.reason, refusal.detail)

    # Nothing may fail below this line.
    found.is_live = False
    enlist(state, changed)
    tell_changed(changed, events)
    return None


def _changed(trigger: Trigger, command: ModifyTrigger) -> Trigger:
    """A waiting order with the terms that a command gives it."""
    other = Trigger(
        trigger.order_id, trigger.client_oid, trigger.holding, trigger.kind, trigger.side, trigger.hold_side
    )
    other.reduce_only = trigger.reduce_only
    other.margin_mode = trigger.margin_mode
    other.stp_mode = trigger.stp_mode
    other.position_id = trigger.position_id
    other.parent_order_id = trigger.parent_order_id
    given = command.trigger_price_ticks
    other.trigger_price_ticks = trigger.trigger_price_ticks if given is None else given
    other.by_last = trigger.by_last if command.trigger_by is None else command.trigger_by == "last"
    whole = trigger.kind in WHOLE_KINDS
    other.size_lots = trigger.size_lots if command.size_lots is None or whole else command.size_lots
    limit = command.limit_price_ticks
    other.limit_price_ticks = trigger.limit_price_ticks if limit is None else limit
    callback = command.callback_rate_e8
    trails = trigger.kind in TRAILING_KINDS
    other.callback_rate_e8 = callback if trails and callback is not None else trigger.callback_rate_e8
    if trigger.best_price_e12 and other.trigger_price_ticks == trigger.trigger_price_ticks:
        other.best_price_e12 = price_e12(trigger.holding.market, other.by_last)
    presets = command.presets_sent and not trigger.reduce_only
    kept = command.kept_preset
    other.take_profit = command.take_profit if presets and kept != "take_profit" else trigger.take_profit
    other.stop_loss = command.stop_loss if presets and kept != "stop_loss" else trigger.stop_loss
    return other


def find_trigger(
    account: Account, symbol: str, order_id: int | None, client_oid: str | None
) -> Trigger | None:
    """A waiting order of a symbol, by its id, which wins, or its client order id."""
    trigger: Trigger | None = None
    if order_id is not None:
        trigger = account.triggers.get(order_id)
    elif client_oid is not None:
        trigger = account.waiting_client_oids.get(client_oid)
    return None if trigger is None or trigger.holding.market.symbol != symbol else trigger


def cancel_trigger(state: State, command: CancelTrigger, events: list[Event]) -> None:
    """Cancel one waiting order; unknown ids, and orders of other symbols, are refused."""
    account = state.client(command.uid)
    if account is None:
        return refuse(events, RejectReason.UNKNOWN_ACCOUNT, command.uid)
    if command.symbol not in state.markets:
        return refuse(events, RejectReason.UNKNOWN_SYMBOL, command.symbol)
    trigger = find_trigger(account, command.symbol, command.order_id, command.client_oid)
    if trigger is None:
        return refuse(events, RejectReason.UNKNOWN_TRIGGER)
    drop(trigger, CancelReason.BY_CLIENT, events)
    return None


def cancel_triggers(state: State, command: CancelTriggers, events: list[Event]) -> None:
    """Cancel the waiting orders of some kinds."""
    account = state.client(command.uid)
    if account is None:
        return refuse(events, RejectReason.UNKNOWN_ACCOUNT, command.uid)
    if not is_product_type(state, command.product_type):
        return refuse(events, RejectReason.UNKNOWN_PRODUCT_TYPE, command.product_type)
    if command.symbol is not None and command.symbol not in state.markets:
        return refuse(events, RejectReason.UNKNOWN_SYMBOL, command.symbol)
    found = [
        trigger
        for trigger in account.triggers.values()
        if trigger.kind in command.kinds
        and trigger.holding.market.product_type == command.product_type
        and command.symbol in (None, trigger.holding.market.symbol)
    ]
    if not found:
        return refuse(events, RejectReason.NO_ORDER_TO_CANCEL)
    for trigger in found:
        drop(trigger, CancelReason.BY_CLIENT, events)
    return None
