"""
The house's ladder: all that it quotes in a market, replaced at once.

Levels are orders in the real book. The house needs no margin for them; they meet clients' orders as those
of anybody, and never its own.
"""

from typing import Final

from backhand.commands import ReplaceLadder
from backhand.engine.book import Order
from backhand.engine.fills import leave_book, rest, trade
from backhand.engine.matching import Match
from backhand.engine.prices import prices_valid, take_prices
from backhand.engine.refusals import refuse
from backhand.engine.state import Holding, State
from backhand.engine.sweep import Sweep
from backhand.events import Event, LadderReplaced, RejectReason

#: Levels of a ladder per side: what `merge-depth` shows twice over.
LADDER_LEVELS_MAX: Final = 500
#: States in which nothing is matched: the house's quotes neither meet clients' orders nor stand beyond them.
HALTED: Final = ("listed", "maintain", "off")
#: Bound of a level's size: what a journal's 64-bit integers hold, with room.
SIZE_LOTS_MAX: Final = 10**15


def replace_ladder(state: State, command: ReplaceLadder, events: list[Event]) -> None:
    """
    Replace the house's ladder; levels that stay at their price keep their place in the queue.

    Levels that cross orders of clients trade as taker first, and rest with what is left; where nothing is
    matched they are left out, and so are all of a contract that is off. Where anybody may trade, the house
    may then take some of its own.
    """
    market = state.markets.get(command.symbol)
    if market is None:
        return refuse(events, RejectReason.UNKNOWN_SYMBOL, command.symbol)
    index_e12, mark_e12, good_for_ms = command.index_price_e12, command.mark_price_e12, command.good_for_ms
    if not prices_valid(index_e12, mark_e12, good_for_ms):
        return refuse(events, RejectReason.INVALID_PRICE, command.symbol)
    fault = ladder_fault(command)
    if fault:
        return refuse(events, RejectReason.INVALID_LADDER, fault)
    if index_e12 is not None or mark_e12 is not None:
        take_prices(state, market, index_e12, mark_e12, good_for_ms, events)
    holding = state.house.holding(market)
    state.house.keep(holding)
    is_off = market.contract.status == "off"
    bids = {} if is_off else dict(command.bids)
    asks = {} if is_off else dict(command.asks)
    # What leaves goes first, on both sides: a new level never meets an old one of the house.
    withdraw(market.house_bids, bids)
    withdraw(market.house_asks, asks)
    events.append(LadderReplaced(market.symbol, command.bids, command.asks))
    _quote(state, holding, 1, bids, market.house_bids, events)
    _quote(state, holding, -1, asks, market.house_asks, events)
    if command.taken_lots and market.contract.status == "normal":
        _take_own(state, holding, command.taken_lots, events)
    return None


def _take_own(state: State, holding: Holding, lots: int, events: list[Event]) -> None:
    """
    Let the house trade with itself at its best price, buying when `lots` is positive.

    It is charged both fees and holds afterwards what it held. Nothing happens where a client's order is
    first at the best price, or where the level would be taken whole.
    """
    side = 1 if lots > 0 else -1
    levels = holding.market.book.side(-side)
    maker = levels.levels[levels.keys[-1]].first if levels.keys else None
    if maker is None or not maker.holding.account.is_house or maker.open_lots <= abs(lots):
        return
    taker = Order(state.take_order_id(), "", holding, side, 0, False, 0, abs(lots))
    trade(state, taker, Match(maker, abs(lots), None), events)


def ladder_fault(command: ReplaceLadder) -> str:
    """What makes a ladder unusable, or an empty text."""
    if len(command.bids) > LADDER_LEVELS_MAX or len(command.asks) > LADDER_LEVELS_MAX:
        return f"at most {LADDER_LEVELS_MAX} levels a side"
    for levels, direction in ((command.bids, -1), (command.asks, 1)):
        previous = 0
        for price_ticks, size_lots in levels:
            if price_ticks <= 0 or not 0 < size_lots <= SIZE_LOTS_MAX:
                return "prices and sizes must be positive"
            if previous and (price_ticks - previous) * direction <= 0:
                return "bids must fall and asks must rise from the best price on"
            previous = price_ticks
    if command.bids and command.asks and command.bids[0][0] >= command.asks[0][0]:
        return "the best bid must be below the best ask"
    return ""


def withdraw(ladder: dict[int, Order], wanted: dict[int, int]) -> None:
    """Take out the house's orders at prices that are no longer quoted."""
    for price_ticks in list(ladder):
        if price_ticks not in wanted:
            leave_book(ladder[price_ticks])


def _quote(
    state: State,
    holding: Holding,
    side: int,
    wanted: dict[int, int],
    ladder: dict[int, Order],
    events: list[Event],
) -> None:
    is_halted = holding.market.contract.status in HALTED
    for price_ticks, size_lots in wanted.items():
        order = ladder.get(price_ticks)
        if order is not None:
            level = order.level
            if level is not None:
                level.lots += size_lots - order.open_lots
            order.open_lots = size_lots
            order.size_lots = size_lots
            continue
        order = Order(state.take_order_id(), "", holding, side, 0, False, price_ticks, size_lots)
        matches = Sweep(holding.market, side, holding).take(size_lots, price_ticks)
        if matches and is_halted:
            continue
        for match in matches:
            trade(state, order, match, events)
        if order.open_lots:
            rest(state, order)
            ladder[price_ticks] = order
