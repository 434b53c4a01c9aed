"""
The prices that follow from a leg, held against what they mean: sums in exact fractions, none of the formulas.

Numbers are of many sizes, down to one tick and one lot, because that is where a rounding goes wrong.
"""

from fractions import Fraction
from typing import Final

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from backhand.engine.margin import (
    EVERY_PRICE,
    bankruptcy_price_ticks,
    break_even_price_e16,
    liquidation_price_e16,
    tier_index,
)
from backhand.engine.market import Market
from backhand.units import E8, E12, E16, E20, E28
from backhand.wire.contracts import built_in_contracts

MARKETS: Final = [Market(contract) for contract in built_in_contracts()]

SIDES = st.sampled_from((1, -1))
LOTS = st.integers(0, 6).flatmap(lambda digits: st.integers(1, 10**digits))
TICKS = st.integers(0, 7).flatmap(lambda digits: st.integers(1, 10**digits))
MARGINS_E16 = st.integers(0, 22).flatmap(lambda digits: st.integers(0, 10**digits))
NETS_E8 = st.integers(-(10**12), 10**12)
EACH_MARKET = pytest.mark.parametrize("market", MARKETS, ids=[market.symbol for market in MARKETS])


def profit(market: Market, side: int, size: Fraction, average: Fraction, price: Fraction) -> Fraction:
    moved = side * size * (price - average)
    return moved / price if market.inverse else moved


def fee(market: Market, size: Fraction, price: Fraction) -> Fraction:
    rate = Fraction(market.taker_rate_e8, E8)
    return size * rate if market.inverse else size * price * rate


def size_of(market: Market, lots: int) -> Fraction:
    return Fraction(lots * market.lot_e8, E8)


@EACH_MARKET
@given(side=SIDES, lots=LOTS, average_ticks=TICKS, margin_e16=MARGINS_E16)
def test_the_bankruptcy_price_is_the_last_that_the_margin_covers(
    market: Market, side: int, lots: int, average_ticks: int, margin_e16: int
) -> None:
    """Closing there leaves nothing owed, closing one tick beyond does; the two special answers hold."""
    average_e12 = average_ticks * market.tick_e12
    size, average = size_of(market, lots), Fraction(average_e12, E12)
    tick = Fraction(market.tick_e12, E12)

    def left(price: Fraction) -> Fraction:
        gain = profit(market, side, size, average, price) - fee(market, size, price)
        return Fraction(margin_e16, E16) + gain

    ticks = bankruptcy_price_ticks(market, side, lots, average_e12, margin_e16 * E12)
    if ticks == EVERY_PRICE:
        assert max(left(tick), left(10**15 * tick)) < 0
    elif ticks == 0:
        assert left(tick if side > 0 else 10**15 * tick) >= 0
    else:
        assert left(ticks * tick) >= 0
        beyond = ticks - side
        assert beyond == 0 or left(beyond * tick) < 0


@EACH_MARKET
@example(side=1, lots=998, average_ticks=498_197, margin_e16=0, mark_ticks=498_197)
@example(side=-1, lots=998, average_ticks=503_000, margin_e16=0, mark_ticks=503_000)
@given(side=SIDES, lots=LOTS, average_ticks=TICKS, margin_e16=MARGINS_E16, mark_ticks=TICKS)
def test_at_the_liquidation_price_maintenance_is_all_that_is_left(
    market: Market, side: int, lots: int, average_ticks: int, margin_e16: int, mark_ticks: int
) -> None:
    """An isolated leg's margin and profit are its maintenance margin there, of its tier, wherever mark is."""
    average_e12 = average_ticks * market.tick_e12
    market.mark_price_e12 = mark_ticks * market.tick_e12
    legs = (lots, average_e12, 0, 0) if side > 0 else (0, 0, lots, average_e12)
    price_e16 = liquidation_price_e16(market, margin_e16 * E12, *legs)
    if price_e16 == 0:
        return
    size, average, price = size_of(market, lots), Fraction(average_e12, E12), Fraction(price_e16, E16)
    tier = tier_index(market, int(size * price * E20))
    rate = Fraction(market.tier_rates_e8[tier], E8)
    offset = Fraction(market.tier_offsets_e28[tier], E28)
    value = size if market.inverse else size * price
    maintenance = value * rate + fee(market, size, price) - (offset / price if market.inverse else offset)
    equity = Fraction(margin_e16, E16) + profit(market, side, size, average, price)
    # A price is printed with 16 decimals; what half of its last place moves is allowed.
    slope = (average + offset / size) / price**2 if market.inverse else 2
    assert abs(equity - maintenance) <= size * slope / E16


@EACH_MARKET
@given(side=SIDES, lots=LOTS, average_ticks=TICKS, net_e8=NETS_E8)
def test_at_the_break_even_price_nothing_is_won_or_lost(
    market: Market, side: int, lots: int, average_ticks: int, net_e8: int
) -> None:
    """Closing there, with all that was won and paid before, leaves nothing, and never less than nothing."""
    average_e12 = average_ticks * market.tick_e12
    price_e16 = break_even_price_e16(market, side, lots, average_e12, net_e8)
    if price_e16 == 0:
        return
    size, average, price = size_of(market, lots), Fraction(average_e12, E12), Fraction(price_e16, E16)
    left = profit(market, side, size, average, price) - fee(market, size, price) + Fraction(net_e8, E8)
    slope = average / price**2 if market.inverse else 2
    assert 0 <= left <= size * slope * 2 / E16
