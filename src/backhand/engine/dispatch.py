"""The only way state changes: `apply(state, command, stamp_ms) -> events`."""

from collections.abc import Callable
from typing import Any

from backhand.commands import (
    AdvanceClock,
    CancelOrder,
    CancelOrders,
    CancelTrigger,
    CancelTriggers,
    ClosePositions,
    Command,
    ConfigureVenue,
    ListContract,
    ModifyOrder,
    ModifyTrigger,
    MoveMargin,
    OpenAccount,
    OpenKey,
    PlaceOrder,
    PlaceTrigger,
    ReplaceLadder,
    ResumeVenue,
    ReversePosition,
    SetAutoMargin,
    SetLeverage,
    SetMarginMode,
    SetPositionMode,
    SetPrice,
    Transfer,
)
from backhand.engine.accounts import open_account, open_key, set_margin_mode, set_position_mode, transfer
from backhand.engine.cancelling import cancel_order, cancel_orders
from backhand.engine.clocks import advance_clock, resume_venue
from backhand.engine.closing import close_positions
from backhand.engine.fills import touch
from backhand.engine.ladder import replace_ladder
from backhand.engine.leverage import move_margin, set_auto_margin, set_leverage
from backhand.engine.markets import list_contract
from backhand.engine.modifying import modify_order
from backhand.engine.orders import place_order
from backhand.engine.prices import set_price, take_samples
from backhand.engine.refusals import refuse
from backhand.engine.reversal import reverse
from backhand.engine.settling import settle
from backhand.engine.state import State
from backhand.engine.triggers import cancel_trigger, cancel_triggers, modify_trigger, place_trigger
from backhand.events import Event, RejectReason, VenueConfigured


def configure_venue(state: State, command: ConfigureVenue, events: list[Event]) -> None:
    """Give the venue its identity once, and its switches as often as they change."""
    if state.venue_id and state.venue_id != command.venue_id:
        return refuse(events, RejectReason.VENUE_ALREADY_CONFIGURED, state.venue_id)
    state.venue_id = command.venue_id
    state.one_way_size = command.one_way_size
    state.position_limit = command.position_limit
    state.one_way_side = command.one_way_side
    state.locked_size = command.locked_size
    state.short_of_margin = command.short_of_margin
    state.returned_leg = command.returned_leg
    state.when_flat = command.when_flat
    state.timestamp_window = command.timestamp_window
    events.append(
        VenueConfigured(
            command.venue_id,
            command.one_way_size,
            command.maintenance,
            command.position_limit,
            command.one_way_side,
            command.locked_size,
            command.short_of_margin,
            command.returned_leg,
            command.when_flat,
            command.timestamp_window,
        )
    )
    if state.maintenance != command.maintenance:
        state.maintenance = command.maintenance
        for market in state.markets.values():
            market.flat_maintenance = command.maintenance == "flat"
            market.set_contract(market.contract)
            for holding in market.held.values():
                touch(state, holding)
    return None


#: What carries out each command. A command type that is missing here cannot be applied.
HANDLERS: dict[type, Callable[[State, Any, list[Event]], None]] = {
    ReversePosition: reverse,
    PlaceOrder: place_order,
    CancelOrder: cancel_order,
    CancelOrders: cancel_orders,
    ModifyOrder: modify_order,
    ClosePositions: close_positions,
    PlaceTrigger: place_trigger,
    ModifyTrigger: modify_trigger,
    CancelTrigger: cancel_trigger,
    CancelTriggers: cancel_triggers,
    ReplaceLadder: replace_ladder,
    SetPrice: set_price,
    Transfer: transfer,
    SetLeverage: set_leverage,
    MoveMargin: move_margin,
    SetAutoMargin: set_auto_margin,
    SetMarginMode: set_margin_mode,
    SetPositionMode: set_position_mode,
    OpenAccount: open_account,
    OpenKey: open_key,
    ListContract: list_contract,
    AdvanceClock: advance_clock,
    ResumeVenue: resume_venue,
    ConfigureVenue: configure_venue,
}


def apply(state: State, command: Command, stamp_ms: int) -> list[Event]:
    """
    Carry out one command and return what happened.

    The same state and command give the same events, anywhere. Venue time never goes back: the stamp
    counts only when it is later. A refusal is a single `Rejected` and changes sequence and time only.

    Raises:
        InvariantBroken: the engine contradicts itself; the state must not be used any more.
    """
    state.sequence += 1
    state.time_ms = max(state.time_ms, stamp_ms)
    # A tick of the clock takes them itself: up to each instant of funding on its way.
    if type(command) is not AdvanceClock:
        take_samples(state, state.time_ms)
    events: list[Event] = []
    HANDLERS[type(command)](state, command, events)
    settle(state, events)
    return events
