"""What the passing of time does: funding at its instants, marks every second, a start after a stop."""

from backhand.commands import AdvanceClock, ResumeVenue
from backhand.engine.funding import settle_funding
from backhand.engine.market import Market
from backhand.engine.prices import (
    computed_mark_e12,
    moves_by_itself,
    next_funding_ms,
    publish_mark,
    running_rate_e8,
    take_samples,
)
from backhand.engine.state import State
from backhand.events import ClockAdvanced, Event, VenueResumed


def advance_clock(state: State, command: AdvanceClock, events: list[Event]) -> None:
    """
    Settle all funding that came due, in the order of its instants, then move the marks that time moves.

    A long way at once settles what a tick every second would have settled: each instant has the samples up
    to it, and its own mark. What a settlement sets in motion waits for the end, as with every command.
    """
    del command
    events.append(ClockAdvanced(state.time_ms))
    settled: list[Market] = []
    while True:
        due = _first_due(state)
        if due is None:
            break
        take_samples(state, due.next_funding_ms)
        _settle(state, due, events)
        if due not in settled:
            settled.append(due)
    take_samples(state, state.time_ms)
    for market in state.markets.values():
        has_moved = _move_mark(state, market, state.time_ms)
        if has_moved or market in settled:
            publish_mark(state, market, market.mark_price_e12, events)


def _move_mark(state: State, market: Market, time_ms: int) -> bool:
    """Compute the mark of a time, where it moves by itself; whether it did."""
    if not moves_by_itself(market, time_ms):
        return False
    price_e12 = computed_mark_e12(market, state, time_ms)
    market.marked_at_ms = time_ms
    has_moved = price_e12 != market.mark_price_e12
    if has_moved:
        state.mark_moves(market, price_e12)
    return has_moved


def _first_due(state: State) -> Market | None:
    """The market whose funding came due first, in the order of listing where several did."""
    first: Market | None = None
    for market in state.markets.values():
        due = 0 < market.next_funding_ms <= state.time_ms
        if due and (first is None or market.next_funding_ms < first.next_funding_ms):
            first = market
    return first


def _settle(state: State, market: Market, events: list[Event]) -> None:
    """Settle one instant at the rate that its interval led to, and begin the next interval."""
    funding_ms = market.next_funding_ms
    _move_mark(state, market, funding_ms)
    rate_e8 = running_rate_e8(market, state, funding_ms)
    market.premium.reset()
    market.next_funding_ms = next_funding_ms(market, funding_ms)
    settle_funding(state, market, rate_e8, funding_ms, events)


def resume_venue(state: State, command: ResumeVenue, events: list[Event]) -> None:
    """Let the prices of live sources be absent until new ones have passed a band."""
    del command
    for market in state.markets.values():
        if market.stale_at_ms:
            market.stale_at_ms = state.time_ms
            market.confirmed = False
            market.unconfirmed_price_e12 = 0
    events.append(VenueResumed())
