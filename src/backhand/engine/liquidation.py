"""
Liquidation: from the first order cancelled to the last lot taken over.

    crossed    cancel all orders of the product type ─▶ net hedged legs ─▶ reduce by tiers ─▶ take over
    isolated   draw margin, if told to ─▶ cancel the leg's orders ─▶ take over
    take over  sweep the book while the insurance fund can pay ─▶ deleverage the others ─▶ settle with it

After each step the margin is looked at again, and what covers its maintenance margin again is left alone.
The holder loses what the position stood on and never more: what the book gives beyond the bankruptcy price
goes to the insurance fund, what it gives less comes from it. Where nobody is left to take a price (or there
is none), the house pays. Source: contracts.md section 9.
"""

from typing import Final

from backhand.engine.accepting import venue_order
from backhand.engine.adl import first_of, kept_queue, set_aside, take_back
from backhand.engine.book import Order
from backhand.engine.cancelling import orders_of
from backhand.engine.figures import crossed_ratio_e16, leg_ratio_e16
from backhand.engine.fills import cancel, end, settle_between, touch, trade
from backhand.engine.firing import drop
from backhand.engine.guard import capped_ticks, leg_funds_e28, worst_adl_ticks, worst_close_ticks
from backhand.engine.invariants import invariant
from backhand.engine.leverage import add_margin
from backhand.engine.margin import (
    EVERY_PRICE,
    band_edge_ticks,
    fee_e8,
    gain_lots_e12,
    initial_margin_e16,
    ledger_isolated_max_available_e20,
    mark_ticks,
    posted_profit_e8,
    tier_index,
    unrealised_e20,
    value_e20,
)
from backhand.engine.market import AdlQueue, Market
from backhand.engine.matching import Match, first_lots, matched_lots
from backhand.engine.risk import crossed_buffer_e28, leg_buffer_e28
from backhand.engine.state import Account, Holding, Ledger, Position, State
from backhand.engine.sweep import Sweep
from backhand.events import (
    CancelReason,
    DeficitCovered,
    Event,
    LiquidationStarted,
    PositionLiquidated,
)
from backhand.units import E4, E12, E20, ceil_div

#: Tiers that a crossed position comes down at a time.
TIERS_DOWN: Final = 2
#: Those who are passed over at one deleveraging: each of thousands would ask them all anew.
ASIDE_MAX: Final = 100


def liquidate_isolated(state: State, holding: Holding, leg: Position, events: list[Event]) -> None:
    """Liquidate an isolated leg whose margin no longer covers maintenance, unless it may draw more."""
    if leg.auto_margin and _draw_margin(holding, leg, events):
        # Crossed positions of the account stand on less now.
        touch(state, holding)
        return
    account, market = holding.account, holding.market
    ratio = leg_ratio_e16(holding, leg)
    events.append(LiquidationStarted(account.uid, market.margin_coin, market.symbol, leg.side, ratio))
    for order in list(holding.orders.values()):
        if order.hold_side in (0, leg.side):
            cancel(state, order, CancelReason.LIQUIDATION, events)
    _take_over(state, holding, leg, events)


def _draw_margin(holding: Holding, leg: Position, events: list[Event]) -> bool:
    """Bring a leg back to its initial margin at mark, if the account has that much; whether it was done."""
    market = holding.market
    equity_e16 = leg.margin_e16 + unrealised_e20(market, leg.side, leg.lots, leg.average_price_e12) // E4
    wanted_e16 = initial_margin_e16(market, leg.lots, market.mark_price_e12, holding.leverage(leg.side))
    amount_e16 = wanted_e16 - equity_e16
    if amount_e16 <= 0 or amount_e16 * E4 > ledger_isolated_max_available_e20(holding.ledger):
        return False
    if leg_buffer_e28(market, leg) + amount_e16 * E12 <= 0:
        return False
    add_margin(holding, leg, amount_e16, "auto", events)
    return True


def liquidate_crossed(state: State, suspect: Holding, events: list[Event]) -> None:
    """Liquidate the crossed positions of a ledger, one step after the other, until the rest is covered."""
    account, ledger = suspect.account, suspect.ledger
    coin = ledger.coin
    events.append(LiquidationStarted(account.uid, coin, suspect.market.symbol, 0, crossed_ratio_e16(ledger)))
    product_type = suspect.market.product_type
    for order in orders_of(account, product_type, None):
        cancel(state, order, CancelReason.LIQUIDATION, events)
    for trigger in list(account.triggers.values()):
        if trigger.holding.market.product_type == product_type and trigger.position_id == 0:
            drop(trigger, CancelReason.LIQUIDATION, events)
    for holding in ledger.holdings:
        if not holding.isolated and holding.long is not None and holding.short is not None:
            _net(state, holding, holding.long, holding.short, events)
    while crossed_buffer_e28(ledger) <= 0:
        # `any` ends at the first leg that came down.
        if not any(_reduce_by_tiers(state, held, leg, events) for held, leg in _by_loss(ledger)):
            break
    while crossed_buffer_e28(ledger) <= 0:
        held, leg = _by_loss(ledger)[0]
        _take_over(state, held, leg, events)


def _by_loss(ledger: Ledger) -> list[tuple[Holding, Position]]:
    """The crossed legs, that which has lost most at mark first; equals in the order they came."""
    legs: list[tuple[int, Holding, Position]] = []
    for holding in ledger.holdings:
        for side in (1, -1):
            leg = None if holding.isolated else holding.leg(side)
            if leg is not None:
                profit = unrealised_e20(holding.market, side, leg.lots, leg.average_price_e12)
                legs.append((profit, holding, leg))
    legs.sort(key=_profit)
    invariant(len(legs) > 0, "a ledger that is liquidated holds a crossed leg")
    return [(holding, leg) for _, holding, leg in legs]


def _profit(entry: tuple[int, Holding, Position]) -> int:
    return entry[0]


def _net(state: State, holding: Holding, long: Position, short: Position, events: list[Event]) -> None:
    """Close what both legs of a symbol hold against each other, at mark."""
    market = holding.market
    lots = min(long.lots, short.lots)
    price_ticks = mark_ticks(market)
    sell = venue_order(state, holding, -1, lots, "netting", events)
    buy = venue_order(state, holding, 1, lots, "netting", events)
    settle_between(state, sell, buy, price_ticks, lots, "netting", events)


def _reduce_by_tiers(state: State, holding: Holding, leg: Position, events: list[Event]) -> bool:
    """Bring a leg down two tiers in the book, no further than its bankruptcy price; whether it came down."""
    market = holding.market
    index = tier_index(market, value_e20(market, leg.lots, market.mark_price_e12))
    if index == 0:
        return False
    end_e20 = market.tier_ends_e20[max(0, index - TIERS_DOWN)]
    lots = leg.lots - end_e20 // (market.lot_e8 * market.mark_price_e12)
    edge = band_edge_ticks(market, -leg.side)
    limit = capped_ticks(leg.side, edge, worst_close_ticks(holding, leg))
    if limit == EVERY_PRICE or lots >= leg.lots:
        return False
    matches = Sweep(market, -leg.side, holding).take(lots, limit)
    if matched_lots(matches) == 0:
        return False
    order = venue_order(state, holding, -leg.side, lots, "liquidation", events)
    for match in matches:
        trade(state, order, match, events, "reduction")
    if order.open_lots:
        end(order, CancelReason.IMMEDIATE_REMAINDER, events)
    return True


def _take_over(state: State, holding: Holding, leg: Position, events: list[Event]) -> None:
    """
    Close a leg so that its holder loses what it stands on, whatever its lots are closed at.

    The fund takes or pays the difference, and the house what the fund cannot.
    """
    account, market, ledger = holding.account, holding.market, holding.ledger
    money = state.coin(market.margin_coin)
    side, lots, position_id = leg.side, leg.lots, leg.position_id
    bankruptcy_ticks = worst_close_ticks(holding, leg)
    # What closing the leg may change the wallet by, fees included; rounded to the holder's side.
    result_e8 = -(leg_funds_e28(holding, leg) // E20)
    # Not from the wallet: the holder's own opposite leg may be the one that is deleveraged.
    before_e8 = leg.profit_e8 - leg.close_fee_e8
    order = venue_order(state, holding, -side, lots, "liquidation", events)
    sweep = Sweep(market, -side, holding)
    matches = sweep.take(lots, band_edge_ticks(market, -side))
    for own in sweep.own:
        cancel(state, own, CancelReason.LIQUIDATION, events)
    for match in _payable(market, leg, matches, result_e8, money.insurance_e8):
        trade(state, order, match, events, "liquidation")
    if order.open_lots:
        _deleverage(state, order, side, bankruptcy_ticks, events)
    invariant(order.open_lots == 0, "a position that is taken over is closed whole")
    surplus_e8 = leg.profit_e8 - leg.close_fee_e8 - before_e8 - result_e8
    insurance_e8 = max(surplus_e8, -money.insurance_e8)
    house_e8 = insurance_e8 - surplus_e8
    ledger.wallet_e8 -= surplus_e8
    touch(state, holding)
    _post_to_fund(state, market.margin_coin, insurance_e8, house_e8)
    events.append(
        PositionLiquidated(
            account.uid,
            market.margin_coin,
            market.symbol,
            side,
            position_id,
            lots,
            bankruptcy_ticks,
            insurance_e8,
            house_e8,
            ledger.wallet_e8,
            money.insurance_e8,
            account.hedge_mode(market.product_type),
        )
    )


def _post_to_fund(state: State, coin: str, insurance_e8: int, house_e8: int) -> None:
    """Post what the fund receives (or pays), and what the house pays beside it."""
    money = state.coin(coin)
    money.insurance_e8 += insurance_e8
    invariant(money.insurance_e8 >= 0, "the insurance fund never owes")
    if house_e8:
        state.house.ledger(coin).wallet_e8 -= house_e8


def _payable(
    market: Market, leg: Position, matches: list[Match], result_e8: int, fund_e8: int
) -> list[Match]:
    """
    The first of the matches that the fund can pay for.

    It pays (or receives) the difference between what the lots bring, fees included, and their part of what
    the whole leg may change the wallet by.
    """
    taken = 0
    brought_e8 = 0
    for match in matches:
        ticks = match.maker.price_ticks
        if _left_e8(market, leg, ticks, match.lots, taken, brought_e8, result_e8, fund_e8) < 0:
            low, high = 0, match.lots
            while low < high:
                middle = (low + high + 1) // 2
                if _left_e8(market, leg, ticks, middle, taken, brought_e8, result_e8, fund_e8) < 0:
                    high = middle - 1
                else:
                    low = middle
            return first_lots(matches, taken + low)
        taken += match.lots
        brought_e8 += _brings_e8(market, leg, ticks, match.lots)
    return matches


def _left_e8(
    market: Market,
    leg: Position,
    ticks: int,
    lots: int,
    taken: int,
    brought_e8: int,
    result_e8: int,
    fund_e8: int,
) -> int:
    """What the fund has left after these further lots at this price."""
    entitled_e8 = ceil_div(result_e8 * (taken + lots), leg.lots)
    return fund_e8 + brought_e8 + _brings_e8(market, leg, ticks, lots) - entitled_e8


def _brings_e8(market: Market, leg: Position, ticks: int, lots: int) -> int:
    """What closing lots of a leg at a price changes the wallet by."""
    if lots == 0:
        return 0
    price = ticks * market.tick_e12
    gain = gain_lots_e12(leg.side, lots, leg.average_price_e12, price)
    return posted_profit_e8(market, gain, price) - fee_e8(market, lots, ticks, True)


def _deleverage(state: State, order: Order, side: int, bankruptcy_ticks: int, events: list[Event]) -> None:
    """
    Close what is left against the opposite legs, the highest score first, and the house last.

    Those who cannot take the price whole come after those who can: the fund pays what they cannot.
    """
    market = order.holding.market
    price_ticks = bankruptcy_ticks
    if price_ticks <= 0:
        price_ticks = mark_ticks(market)
    queue = kept_queue(state, market, -side)
    _match_in_line(state, order, queue, price_ticks, ASIDE_MAX, events)
    take_back(queue)
    _match_in_line(state, order, queue, price_ticks, 0, events)
    if order.open_lots == 0:
        return
    house = market.held.get(state.house.uid)
    if house is not None:
        _match_with(state, order, house, side, price_ticks, events)


def _match_in_line(
    state: State, order: Order, queue: AdlQueue, price_ticks: int, aside_max: int, events: list[Event]
) -> None:
    """Match with clients by rank; those who cannot take the price whole stand back, as many as may."""
    side = -queue.side
    while order.open_lots:
        other = first_of(queue)
        if other is None:
            break
        price = _price_with(other, side, price_ticks)
        if price != price_ticks and len(queue.aside) < aside_max:
            set_aside(queue)
        else:
            _match_with(state, order, other, side, price, events)


def _price_with(other: Holding, side: int, price_ticks: int) -> int:
    """The price that deleverages a client's leg opposite to a side and leaves its holder something."""
    leg = other.leg(-side)
    if leg is None:
        return price_ticks
    guarded = capped_ticks(leg.side, price_ticks, worst_adl_ticks(other, leg))
    return price_ticks if guarded == EVERY_PRICE else guarded


def _match_with(
    state: State, order: Order, other: Holding, side: int, price_ticks: int, events: list[Event]
) -> None:
    """Match a leg of a side with another's opposite one."""
    leg = other.leg(-side)
    if leg is not None:
        lots = min(order.open_lots, leg.lots)
        against = venue_order(state, other, side, lots, "adl", events)
        settle_between(state, order, against, price_ticks, lots, "adl", events)


def cover_deficit(state: State, account: Account, ledger: Ledger, owed_e8: int, events: list[Event]) -> None:
    """Pay what an account's positions have cost beyond what they stood on: the fund first, then the house."""
    money = state.coin(ledger.coin)
    insurance_e8 = min(owed_e8, money.insurance_e8)
    house_e8 = owed_e8 - insurance_e8
    ledger.wallet_e8 += owed_e8
    _post_to_fund(state, ledger.coin, -insurance_e8, house_e8)
    events.append(
        DeficitCovered(account.uid, ledger.coin, insurance_e8, house_e8, ledger.wallet_e8, money.insurance_e8)
    )
