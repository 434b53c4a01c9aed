"""The only way state changes: `apply(state, command, stamp_ms) -> events`."""

from collections.abc import Callable
from typing import Any

from backhand.commands import (
    CancelOrder,
    Command,
    ConfigureVenue,
    ListContract,
    OpenAccount,
    OpenKey,
    PlaceOrder,
    ReplaceLadder,
    ReversePosition,
    SetLeverage,
    SetMarginMode,
    SetPositionMode,
    SetPrice,
    Transfer,
)
from backhand.engine.accounts import (
    open_account,
    open_key,
    set_leverage,
    set_margin_mode,
    set_position_mode,
    transfer,
)
from backhand.engine.fills import settle
from backhand.engine.markets import list_contract, replace_ladder, set_price
from backhand.engine.orders import cancel_order, place_order, refuse
from backhand.engine.reversal import reverse
from backhand.engine.state import State
from backhand.events import Event, RejectReason, VenueConfigured


def configure_venue(state: State, command: ConfigureVenue, events: list[Event]) -> None:
    """Give the venue its identity once, and its switches as often as they change."""
    if state.venue_id and state.venue_id != command.venue_id:
        return refuse(events, RejectReason.VENUE_ALREADY_CONFIGURED, state.venue_id)
    state.venue_id = command.venue_id
    state.one_way_size = command.one_way_size
    events.append(VenueConfigured(command.venue_id, command.one_way_size))
    return None


#: What carries out each command. A command type that is missing here cannot be applied.
HANDLERS: dict[type, Callable[[State, Any, list[Event]], None]] = {
    ReversePosition: reverse,
    PlaceOrder: place_order,
    CancelOrder: cancel_order,
    ReplaceLadder: replace_ladder,
    SetPrice: set_price,
    Transfer: transfer,
    SetLeverage: set_leverage,
    SetMarginMode: set_margin_mode,
    SetPositionMode: set_position_mode,
    OpenAccount: open_account,
    OpenKey: open_key,
    ListContract: list_contract,
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
    events: list[Event] = []
    HANDLERS[type(command)](state, command, events)
    if state.touched:
        settle(state, events)
    return events
