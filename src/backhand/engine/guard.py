"""
The closing guard: no close at a price that leaves its holder with less than nothing.

The worst price of a close is the bankruptcy price of the leg (contracts.md sections 5 and 8). It caps what
is executed at market, and refuses limits that lie beyond it.
"""

from backhand.engine.margin import (
    EVERY_PRICE,
    bankruptcy_price_ticks,
    crossed_equity_e20,
    crossed_sums,
    maintenance_e28,
    margin_value_e20,
    unrealised_e20,
)
from backhand.engine.state import Holding, Ledger, Position
from backhand.units import E8, E12


def worst_close_ticks(holding: Holding, leg: Position) -> int:
    """The bankruptcy price of a leg: 0 when no price is too bad, EVERY_PRICE when all are."""
    market = holding.market
    if holding.isolated:
        funds_e28 = leg.margin_e16 * E12
    else:
        share_e28 = crossed_share_e28(holding, leg)
        unrealised = unrealised_e20(market, leg.side, leg.lots, leg.average_price_e12)
        funds_e28 = share_e28 - unrealised * E8
    return bankruptcy_price_ticks(market, leg.side, leg.lots, leg.average_price_e12, funds_e28)


def worst_adl_ticks(holding: Holding, leg: Position) -> int:
    """
    How far a leg may be deleveraged: to its bankruptcy price, a crossed one while the others stay covered.

    A share by value would keep what a leg has won out of reach, beside a large position in another symbol.
    """
    if holding.isolated:
        return worst_close_ticks(holding, leg)
    market, side = holding.market, leg.side
    _, others_e28, _ = crossed_sums(holding.ledger, holding)
    opposite = holding.lots(-side)
    others_e28 += maintenance_e28(market, opposite, opposite)
    spare_e28 = crossed_equity_e20(holding.ledger) * E8 - others_e28
    unrealised = unrealised_e20(market, side, leg.lots, leg.average_price_e12)
    funds_e28 = max(crossed_share_e28(holding, leg), spare_e28) - unrealised * E8
    return bankruptcy_price_ticks(market, side, leg.lots, leg.average_price_e12, funds_e28)


def crossed_share_e28(holding: Holding, leg: Position) -> int:
    """A crossed leg's share, by value at mark, of the crossed equity; rounded down."""
    market = holding.market
    own_e20 = margin_value_e20(market, leg.lots, market.mark_price_e12)
    total_e20 = crossed_value_e20(holding.ledger)
    equity_e28 = crossed_equity_e20(holding.ledger) * E8
    # The only crossed leg has all of it.
    return equity_e28 if own_e20 == total_e20 else equity_e28 * own_e20 // total_e20


def crossed_value_e20(ledger: Ledger) -> int:
    """Value at mark of all crossed legs in the margin coin."""
    total_e20 = 0
    for holding in ledger.holdings:
        if not holding.isolated:
            market = holding.market
            lots = holding.lots(1) + holding.lots(-1)
            total_e20 += margin_value_e20(market, lots, market.mark_price_e12)
    return total_e20


def capped_ticks(side: int, edge_ticks: int, guard_ticks: int) -> int:
    """
    How far a close of a leg may go at market: to the band's edge or the guard, whichever comes first.

    EVERY_PRICE when the guard leaves no price.
    """
    if guard_ticks == EVERY_PRICE:
        return EVERY_PRICE
    if guard_ticks == 0:
        return edge_ticks
    return max(edge_ticks, guard_ticks) if side > 0 else min(edge_ticks, guard_ticks)
