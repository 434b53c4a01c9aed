"""
Both guards of contracts.md section 5.

The closing guard: no close at a price that leaves its holder with less than nothing. The worst price of a
close is the bankruptcy price of the leg (section 8). It caps what is executed at market, and refuses limits
that lie beyond it.

The opening guard: no opening after which the margin ratio would be above 0.9.

`orders` and `reversal_plan` hold takers to them, `sweep` resting orders when they are met.
"""

from typing import Final

from backhand.engine.margin import (
    EVERY_PRICE,
    bankruptcy_price_ticks,
    crossed_equity_e20,
    crossed_sums,
    maintenance_e28,
    margin_value_e20,
    unrealised_e20,
)
from backhand.engine.market import Market
from backhand.engine.state import Holding, Ledger, Position
from backhand.units import E8, E12

#: The most that an opening may bring the margin ratio to.
OPENING_RATIO_MAX_E8: Final = 90_000_000


def worst_close_ticks(holding: Holding, leg: Position) -> int:
    """The bankruptcy price of a leg: 0 when no price is too bad, EVERY_PRICE when all are."""
    funds_e28 = leg_funds_e28(holding, leg)
    return bankruptcy_price_ticks(holding.market, leg.side, leg.lots, leg.average_price_e12, funds_e28)


def leg_funds_e28(holding: Holding, leg: Position) -> int:
    """What a leg may lose beyond its entry: an isolated one its margin, a crossed one `crossed_funds_e28`."""
    if holding.isolated:
        return leg.margin_e16 * E12
    ledger = holding.ledger
    equity_e20, total_e20 = crossed_equity_e20(ledger), crossed_value_e20(ledger, None)
    return crossed_funds_e28(holding.market, leg.side, leg.lots, leg.average_price_e12, equity_e20, total_e20)


def crossed_funds_e28(
    market: Market, side: int, lots: int, average_price_e12: int, equity_e20: int, total_e20: int
) -> int:
    """
    A crossed leg's share of the crossed equity, by its value at mark of all, less its own profit at mark.

    The share is rounded down; the only crossed leg has all of it.
    """
    own_e20 = margin_value_e20(market, lots, market.mark_price_e12)
    share_e28 = equity_e20 * E8 if own_e20 == total_e20 else equity_e20 * E8 * own_e20 // total_e20
    return share_e28 - unrealised_e20(market, side, lots, average_price_e12) * E8


def worst_adl_ticks(holding: Holding, leg: Position) -> int:
    """
    How far a leg may be deleveraged: to its bankruptcy price, a crossed one while the others stay covered.

    A share by value would keep what a leg has won out of reach, beside a large position in another symbol.
    """
    funds_e28 = leg_funds_e28(holding, leg)
    market, side = holding.market, leg.side
    if not holding.isolated:
        _, others_e28, _ = crossed_sums(holding.ledger, holding)
        opposite = holding.lots(-side)
        others_e28 += maintenance_e28(market, opposite, opposite)
        spare_e28 = crossed_equity_e20(holding.ledger) * E8 - others_e28
        unrealised = unrealised_e20(market, side, leg.lots, leg.average_price_e12)
        funds_e28 = max(funds_e28, spare_e28 - unrealised * E8)
    return bankruptcy_price_ticks(market, side, leg.lots, leg.average_price_e12, funds_e28)


def crossed_value_e20(ledger: Ledger, without: Holding | None) -> int:
    """Value at mark of all crossed legs in the margin coin, but one holding's."""
    total_e20 = 0
    for holding in ledger.holdings:
        if not holding.isolated and holding is not without:
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


def opening_slack_e28(equity_e20: int, maintenance_e28: int) -> int:
    """How much more maintenance margin the opening guard would bear; below zero it refuses."""
    return equity_e20 * OPENING_RATIO_MAX_E8 - maintenance_e28
