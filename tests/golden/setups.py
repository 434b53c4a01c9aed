"""Markets, accounts and legs as golden cases describe them, in the engine's integers."""

from fractions import Fraction
from typing import Any, Final

import msgspec

from backhand.commands import Contract, Tier
from backhand.engine.market import Market
from backhand.engine.state import Account, Holding, Position
from tests.engine.worlds import contract
from tests.golden.cases import Case, grid

#: Every scale is a multiple of this.
FINER: Final = 10**8
#: A tier that never ends.
ENDLESS_E8: Final = 10**30
#: The finest grid: sizes of 10^-8, prices of 10^-12.
FINE: Final = {"lot_e8": 1, "tick_e12": 1}


def market(inverse: bool, **terms: Any) -> Market:
    """Make a market on the finest grid; without tiers it has one that never ends and needs nothing."""
    plain = {"tiers": (Tier(ENDLESS_E8, 125, 0),), "taker_fee_rate_e8": 0, **FINE}
    symbol = "ETHUSD" if inverse else "ETHUSDT"
    return Market(contract(symbol, inverse=inverse, **(plain | terms)))


def holding_of(terms: Contract, *, isolated: bool = False, leverage: int = 1) -> Holding:
    """Make the holding of a new account in a new market."""
    account = Account("case", False, True, "isolated" if isolated else "crossed", leverage)
    return kept(account, Market(terms))


def kept(account: Account, made: Market) -> Holding:
    """Give an account its side of a market."""
    holding = account.holding(made)
    account.keep(holding)
    return holding


def beside(holding: Holding, maintenance_rate_e8: int) -> Market:
    """Make a second market with the margin coin of a holding's, free of fees."""
    tiers = (Tier(ENDLESS_E8, 125, maintenance_rate_e8),)
    terms = holding.market.contract
    return Market(msgspec.structs.replace(terms, symbol="OTHER", tiers=tiers, taker_fee_rate_e8=0))


def hold(holding: Holding, side: int, lots: int, average_e12: int) -> Position:
    """Set up a leg as if it had been traded: the engine is asked about it, not about how it came to be."""
    leg = Position(1, side, 0)
    leg.lots = lots
    leg.average_price_e12 = average_e12
    if side > 0:
        holding.long = leg
    else:
        holding.short = leg
    return leg


def scale_of(size: Fraction) -> int:
    """Find a scale that makes this size a decimal number: contracts of a USD face are thirds of coins too."""
    odd = size.denominator
    for factor in (2, 5):
        while odd % factor == 0:
            odd //= factor
    return odd * FINER


def price_e12(case: Case, name: str) -> int:
    return grid(case.number(name), 12)


def rate_e8(case: Case, name: str) -> int:
    return grid(case.number(name, "0"), 8)
