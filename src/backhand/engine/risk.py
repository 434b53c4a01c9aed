"""
Who must be looked at when a mark price moves, and whether margin still covers maintenance.

    margin ─▶ buffer (equity - maintenance) ─▶ shared among the crossed symbols ─▶ a band of marks for each
    mark outside a band ─▶ suspect ─▶ looked at exactly ─▶ liquidation, or a new band

While each mark stays inside its band, no symbol can have used up more than its share of the buffer, so
nobody has to be looked at: a price touches only those whose band it leaves. A band is never too wide: what
it may lose is bounded by the slope in its tier, and it ends where the tier does.
"""

from typing import Final

from backhand.engine.margin import (
    crossed_equity_e20,
    crossed_maintenance_e28,
    maintenance_e28,
    tier_index,
    unrealised_e20,
    value_e20,
)
from backhand.engine.market import Market
from backhand.engine.state import Holding, Ledger, Position
from backhand.units import E4, E8, E12, E20

#: What rounding may add to an inverse loss: both legs' profits at 20 decimals, and the tier's offset.
INVERSE_SLACK_E28: Final = 4 * E8


def leg_buffer_e28(market: Market, leg: Position) -> int:
    """What an isolated leg has beyond its maintenance margin; liquidated when this is not positive."""
    equity_e20 = leg.margin_e16 * E4 + unrealised_e20(market, leg.side, leg.lots, leg.average_price_e12)
    return equity_e20 * E8 - maintenance_e28(market, leg.lots, leg.lots)


def crossed_buffer_e28(ledger: Ledger) -> int:
    """What the crossed positions of a ledger have beyond maintenance, 1 or more when there are none."""
    if not has_crossed_legs(ledger):
        return 1
    return crossed_equity_e20(ledger) * E8 - crossed_maintenance_e28(ledger)


def has_crossed_legs(ledger: Ledger) -> bool:
    """Whether any crossed leg is held in this coin."""
    for holding in ledger.holdings:
        if not holding.isolated and (holding.long is not None or holding.short is not None):
            return True
    return False


def watch_ledger(ledger: Ledger, buffer_e28: int) -> None:
    """Give every crossed holding of a ledger its band, of an equal share of the buffer."""
    held = [
        holding
        for holding in ledger.holdings
        if not holding.isolated and (holding.long is not None or holding.short is not None)
    ]
    for holding in held:
        share_e28 = buffer_e28 // len(held)
        falls = _fall_e12(holding.market, holding.long, holding.short, share_e28)
        rises = _rise_e12(holding.market, holding.long, holding.short, share_e28)
        _watch(holding, falls, rises)


def watch_isolated(holding: Holding) -> None:
    """Give an isolated holding its band: below for the long leg, above for the short one."""
    market = holding.market
    falls = 0
    rises = 0
    if holding.long is not None:
        falls = _fall_e12(market, holding.long, None, leg_buffer_e28(market, holding.long))
        rises = _rise_e12(market, holding.long, None, leg_buffer_e28(market, holding.long))
    if holding.short is not None:
        buffer_e28 = leg_buffer_e28(market, holding.short)
        falls = max(falls, _fall_e12(market, None, holding.short, buffer_e28))
        short_rises = _rise_e12(market, None, holding.short, buffer_e28)
        rises = min(rises, short_rises) if rises else short_rises
    _watch(holding, falls, rises)


def _watch(holding: Holding, fall_e12: int, rise_e12: int) -> None:
    """Watch for both ends of a band; a watch that is there already stays."""
    market = holding.market
    if fall_e12 != holding.risk_fall_e12:
        holding.risk_fall_e12 = fall_e12
        holding.fall_watch = market.risk_falls.add(-fall_e12, holding) if fall_e12 else 0
        market.risk_falls.clean(_is_fall_watch)
    if rise_e12 != holding.risk_rise_e12:
        holding.risk_rise_e12 = rise_e12
        holding.rise_watch = market.risk_rises.add(rise_e12, holding) if rise_e12 else 0
        market.risk_rises.clean(_is_rise_watch)


def forget_watches(holding: Holding) -> None:
    """Let the watches of a holding count no longer."""
    holding.risk_fall_e12 = 0
    holding.risk_rise_e12 = 0
    holding.fall_watch = 0
    holding.rise_watch = 0


def due_holdings(market: Market) -> list[Holding]:
    """Take out the holdings whose band the mark has left; each watches nothing until looked at."""
    found: list[Holding] = []
    mark = market.mark_price_e12
    while market.risk_falls.is_due(-mark):
        number, holding = market.risk_falls.take()
        if number == holding.fall_watch:
            holding.fall_watch = 0
            holding.risk_fall_e12 = 0
            found.append(holding)
    while market.risk_rises.is_due(mark):
        number, holding = market.risk_rises.take()
        if number == holding.rise_watch:
            holding.rise_watch = 0
            holding.risk_rise_e12 = 0
            found.append(holding)
    return found


def _is_fall_watch(number: int, holding: Holding) -> bool:
    return number == holding.fall_watch


def _is_rise_watch(number: int, holding: Holding) -> bool:
    return number == holding.rise_watch


def _fall_e12(market: Market, long: Position | None, short: Position | None, buffer_e28: int) -> int:
    """
    The highest mark below the present one at which the buffer may be used up; 0 for none.

    Only a net long loses when the mark falls: maintenance falls with it. Linear: d*q per unit of price;
    inverse: C*(1/P - 1/K) with the net cost C.
    """
    mark = market.mark_price_e12
    if not market.inverse:
        slope_e16 = _net_lots(long, short) * market.lot_e8 * E8
        return max(0, mark - buffer_e28 // slope_e16) if slope_e16 > 0 else 0
    cost_e40 = _net_cost_e20(market, long, short) * E20
    if cost_e40 <= 0:
        return 0
    buffer_e28 = max(0, buffer_e28 - INVERSE_SLACK_E28)
    return mark * cost_e40 // (cost_e40 + buffer_e28 * mark) + 1


def _rise_e12(market: Market, long: Position | None, short: Position | None, buffer_e28: int) -> int:
    """
    The lowest mark above the present one at which the buffer may be used up; 0 for none.

    A net short loses, and maintenance grows with the rate of the tier, to the end of which the band
    reaches at most. Inverse losses have a bound: beyond it no mark uses up the buffer.
    """
    mark = market.mark_price_e12
    long_lots = 0 if long is None else long.lots
    short_lots = 0 if short is None else short.lots
    larger_e8 = max(long_lots, short_lots) * market.lot_e8
    both_lots = long_lots + short_lots
    index = tier_index(market, value_e20(market, both_lots, mark))
    rate_e8 = market.tier_rates_e8[index] + market.taker_rate_e8
    if market.inverse:
        cost_e20 = _net_cost_e20(market, long, short)
        bound_e28 = larger_e8 * rate_e8 * E12 - cost_e20 * E20 // mark
        rises = 0
        buffer_e28 = max(0, buffer_e28 - INVERSE_SLACK_E28)
        if bound_e28 > buffer_e28:
            rises = max(mark, mark * bound_e28 // (bound_e28 - buffer_e28))
    else:
        slope_e16 = larger_e8 * rate_e8 - _net_lots(long, short) * market.lot_e8 * E8
        rises = mark + buffer_e28 // slope_e16 if slope_e16 > 0 else 0
    if index < len(market.tier_ends_e20) - 1 and not (short_lots == 0 and _gains_in_all_tiers(market, long)):
        end_e12 = market.tier_ends_e20[index] // (both_lots * market.lot_e8) + 1
        rises = min(rises, end_e12) if rises else end_e12
    return rises


def _gains_in_all_tiers(market: Market, long: Position | None) -> bool:
    """
    Whether a long leg's profit grows at least as fast as its margin in every tier: then no end matters.

    Flat margin grows by steps. An inverse profit grows by cost / P^2, the margin in coin by offset / P^2.
    """
    if market.flat_maintenance or long is None:
        return False
    if market.inverse:
        return _net_cost_e20(market, long, None) * E8 >= market.tier_offsets_e28[-1]
    return market.tier_rates_e8[-1] + market.taker_rate_e8 <= E8


def _net_lots(long: Position | None, short: Position | None) -> int:
    return (0 if long is None else long.lots) - (0 if short is None else short.lots)


def _net_cost_e20(market: Market, long: Position | None, short: Position | None) -> int:
    cost_e20 = 0
    if long is not None:
        cost_e20 += value_e20(market, long.lots, long.average_price_e12)
    if short is not None:
        cost_e20 -= value_e20(market, short.lots, short.average_price_e12)
    return cost_e20
