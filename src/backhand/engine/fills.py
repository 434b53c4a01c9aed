"""
The only place where trades move positions and money: one match executed for taker and maker.

Every posting in the margin coin has its counter-posting here, so that the identity of DESIGN D9 holds
after each: a fee goes to `fees` exactly and its rounding to `rounding`; a linear price profit comes from
`clearing`, an inverse one from `conversion`; what rounding an average price moves is posted as well.
Rounding: fees up, profits down, averages half up at 12 decimals (contracts.md section 1).
"""

from typing import Final

from backhand.engine.book import Order
from backhand.engine.invariants import invariant
from backhand.engine.margin import (
    average_price_after_e12,
    closing_lots,
    fee_e8,
    fee_volume,
    gain_lots_e12,
    initial_margin_e16,
    posted_profit_e8,
    released_margin_e16,
)
from backhand.engine.market import Market
from backhand.engine.matching import Match
from backhand.engine.state import Holding, Position, State
from backhand.events import CancelReason, Event, Fill, FillKind, OrderCancelled, PositionClosed
from backhand.units import E8, ceil_div

#: What the venue settles between positions costs nobody a fee (contracts.md section 9).
FREE_KINDS: Final = ("netting", "adl", "delivery")


def trade(
    state: State, taker: Order, match: Match, events: list[Event], taker_kind: FillKind = "trade"
) -> None:
    """Execute a match: both fills at the maker's price, the maker's remainder cancelled if told."""
    maker = match.maker
    market = maker.holding.market
    lots = match.lots
    if lots:
        trade_id = state.take_trade_id()
        price_ticks = maker.price_ticks
        fill(state, taker, price_ticks, lots, trade_id, True, events, taker_kind)
        fill(state, maker, price_ticks, lots, trade_id, False, events, "trade")
        state.last_moves(market, price_ticks)
        invariant(market.long_lots == market.short_lots, "long lots equal short lots of a symbol")
    if match.ending is not None and maker.open_lots:
        cancel(state, maker, match.ending, events)


def settle_between(
    state: State, one: Order, other: Order, price_ticks: int, lots: int, kind: FillKind, events: list[Event]
) -> None:
    """Fill two orders against each other outside the book, free of fees: no trade, and no last price."""
    market = one.holding.market
    trade_id = state.take_trade_id()
    fill(state, one, price_ticks, lots, trade_id, True, events, kind)
    fill(state, other, price_ticks, lots, trade_id, False, events, kind)
    invariant(market.long_lots == market.short_lots, "long lots equal short lots of a symbol")


def fill(
    state: State,
    order: Order,
    price_ticks: int,
    lots: int,
    trade_id: int,
    is_taker: bool,
    events: list[Event],
    kind: FillKind,
) -> None:
    """Fill part of an order: fee, legs, wallet, what stays open, and the event."""
    holding = order.holding
    market = holding.market
    free = kind in FREE_KINDS
    fee = 0 if free else _charge(holding, price_ticks, lots, is_taker)
    touch(state, holding)

    closing = _closing_lots(order, lots)
    closed: Position | None = None
    profit = 0
    close_fee = 0
    if closing:
        close_fee = fee if closing == lots or free else fee_e8(market, closing, price_ticks, is_taker)
        held_side = -order.side
        leg = holding.leg(held_side)
        if leg is not None:
            closed = leg
            profit = _reduce(state, holding, leg, price_ticks, closing)
            leg.close_fee_e8 += close_fee
    position = closed
    if closing < lots:
        position = _extend(state, holding, order.side, price_ticks, lots - closing)
        position.open_fee_e8 += fee - close_fee
        if order.take_profit is not None or order.stop_loss is not None:
            if order.opened_lots == order.protected_lots:
                state.preset_orders.append(order)
                holding.preset_orders += 1
            order.opened_lots += lots - closing

    order.open_lots -= lots
    level = order.level
    if level is not None:
        level.lots -= lots
        if order.reduce_only:
            _unlock(holding, order.side, lots)
        if order.open_lots == 0:
            leave_book(order)
    if position is not None:
        events.append(
            Fill(
                trade_id,
                order.order_id,
                holding.account.uid,
                market.symbol,
                order.side,
                is_taker,
                price_ticks,
                lots,
                order.open_lots,
                fee,
                profit,
                closing > 0,
                position.position_id,
                position.side if position.lots else 0,
                position.lots,
                position.average_price_e12 if position.lots else 0,
                holding.ledger.wallet_e8,
                kind,
            )
        )
    if closed is not None and closed.lots == 0:
        _closed(state, holding, closed, events)


def _charge(holding: Holding, price_ticks: int, lots: int, is_taker: bool) -> int:
    """Post the fee of a fill; returns it as charged (e8)."""
    market = holding.market
    rate = market.taker_fee if is_taker else market.maker_fee
    owed = fee_volume(market, lots, price_ticks) * rate.numerator
    fee = ceil_div(owed, rate.denominator)
    residue = fee * rate.denominator - owed
    invariant(0 <= residue < rate.denominator, "a fee is rounded up by less than one unit")
    holding.ledger.wallet_e8 -= fee
    rate.owed += owed
    rate.rounded += residue
    return fee


def _closing_lots(order: Order, lots: int) -> int:
    """How much of a fill closes."""
    held = order.holding.lots(-order.side)
    closing = closing_lots(order.reduce_only, order.hold_side, lots, held)
    invariant(closing <= held, "reduce-only fills at most what the position holds")
    return closing


def _reduce(state: State, holding: Holding, leg: Position, price_ticks: int, lots: int) -> int:
    """Close lots of a leg and post the price profit; returns it as posted (e8)."""
    market = holding.market
    price = price_ticks * market.tick_e12
    gain = gain_lots_e12(leg.side, lots, leg.average_price_e12, price)
    profit = posted_profit_e8(market, gain, price)
    market.clearing_lots_e12 -= gain
    if market.inverse:
        state.coin(market.margin_coin).conversion_e8 -= profit
    else:
        residue = gain * market.profit_numerator - profit * market.profit_denominator
        invariant(0 <= residue < market.profit_denominator, "a profit is rounded down by less than one unit")
        if residue:
            state.coin(market.margin_coin).rounding_e28 += residue * market.profit_unit_e20 * E8
    released = released_margin_e16(leg.margin_e16, lots, leg.lots)
    leg.margin_e16 -= released
    holding.ledger.isolated_margin_e16 -= released
    holding.ledger.wallet_e8 += profit
    leg.profit_e8 += profit
    leg.lots -= lots
    leg.closed_lots += lots
    leg.closed_lot_ticks += lots * price_ticks
    leg.updated_at_ms = state.time_ms
    _count_lots(market, leg.side, -lots)
    return profit


def _extend(state: State, holding: Holding, side: int, price_ticks: int, lots: int) -> Position:
    """Add lots to a leg, opening it when it is not held."""
    market = holding.market
    leg = holding.leg(side)
    if leg is None:
        leg = Position(state.take_position_id(), side, state.time_ms)
        if side > 0:
            holding.long = leg
        else:
            holding.short = leg
        market.held[holding.account.uid] = holding
    price = price_ticks * market.tick_e12
    average = average_price_after_e12(leg.lots, leg.average_price_e12, lots, price)
    moved = 0
    if leg.lots:
        moved = (leg.lots + lots) * average - leg.lots * leg.average_price_e12 - lots * price
    if moved:
        market.clearing_lots_e12 -= side * moved
        if not market.inverse:
            state.coin(market.margin_coin).rounding_e28 += side * moved * market.lot_e8 * E8
    if holding.isolated:
        added = initial_margin_e16(market, lots, price, holding.leverage(side))
        leg.margin_e16 += added
        holding.ledger.isolated_margin_e16 += added
    leg.average_price_e12 = average
    leg.lots += lots
    leg.opened_lots += lots
    leg.opened_lot_ticks += lots * price_ticks
    leg.updated_at_ms = state.time_ms
    _count_lots(market, side, lots)
    return leg


def _count_lots(market: Market, side: int, lots: int) -> None:
    if side > 0:
        market.long_lots += lots
    else:
        market.short_lots += lots


def _closed(state: State, holding: Holding, leg: Position, events: list[Event]) -> None:
    """Forget a leg that came down to zero, and what presets were to protect of it."""
    if holding.preset_orders:
        for order in list(state.preset_orders):
            if order.holding is holding and order.side == leg.side:
                order.protected_lots = order.opened_lots
                state.preset_orders.remove(order)
                holding.preset_orders -= 1
    if leg.side > 0:
        holding.long = None
    else:
        holding.short = None
    account = holding.account
    if holding.long is None and holding.short is None:
        del holding.market.held[account.uid]
    events.append(
        PositionClosed(
            leg.position_id,
            account.uid,
            holding.market.symbol,
            leg.side,
            account.hedge_mode(holding.market.product_type),
            "isolated" if holding.isolated else "crossed",
            leg.opened_at_ms,
            leg.opened_lots,
            leg.closed_lots,
            leg.opened_lot_ticks * holding.market.unit_e20,
            leg.closed_lot_ticks * holding.market.unit_e20,
            leg.profit_e8,
            leg.open_fee_e8,
            leg.close_fee_e8,
            leg.funding_e8,
        )
    )


def rest(state: State, order: Order) -> None:
    """Put what an order leaves open into the book; `settle` sets aside what it needs."""
    holding = order.holding
    holding.market.book.side(order.side).add(order)
    if holding.account.is_house:
        return
    holding.orders[order.order_id] = order
    holding.account.orders[order.order_id] = order
    holding.account.open_client_oids[order.client_oid] = order
    if order.reduce_only:
        _unlock(holding, order.side, -order.open_lots)
    touch(state, holding)


def leave_book(order: Order) -> None:
    """Take a resting order out of the book, its account and what is locked for it."""
    holding = order.holding
    holding.market.book.side(order.side).remove(order)
    if holding.account.is_house:
        ladder = holding.market.house_bids if order.side > 0 else holding.market.house_asks
        del ladder[order.price_ticks]
        return
    del holding.orders[order.order_id]
    del holding.account.orders[order.order_id]
    del holding.account.open_client_oids[order.client_oid]
    holding.ledger.locked_e8 -= order.reserve_e8
    order.reserve_e8 = 0


def cancel(state: State, order: Order, reason: CancelReason, events: list[Event]) -> None:
    """End a resting order with what it leaves open unfilled."""
    holding = order.holding
    if order.reduce_only:
        _unlock(holding, order.side, order.open_lots)
    leave_book(order)
    touch(state, holding)
    end(order, reason, events)


def end(order: Order, reason: CancelReason, events: list[Event]) -> None:
    """Tell that an order that does not rest, or no longer, ends with what it leaves open unfilled."""
    holding = order.holding
    events.append(
        OrderCancelled(
            order.order_id,
            order.client_oid,
            holding.account.uid,
            holding.market.symbol,
            reason,
            order.open_lots,
        )
    )


def touch(state: State, holding: Holding) -> None:
    """Remember a holding whose legs or orders changed, for `settle`."""
    ledger = holding.ledger
    ledger.version += 1
    if state.adl_queues:
        for queue in state.adl_queues.values():
            queue.touched[ledger] = None
    if not holding.is_touched:
        holding.is_touched = True
        state.touched.append(holding)


def _unlock(holding: Holding, order_side: int, lots: int) -> None:
    """Give back lots of the leg that a closing order of this trade direction held."""
    if order_side < 0:
        holding.long_locked_lots -= lots
    else:
        holding.short_locked_lots -= lots
