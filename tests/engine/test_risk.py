"""Risk bands, and liquidation prices, against a scan of everybody (`naive_risk`)."""

import random
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import pytest

from backhand.commands import ListContract
from backhand.engine.margin import liquidation_price_e16, maintenance_e28
from backhand.engine.market import Market
from backhand.units import E4, E8, E12
from tests.engine import naive_risk
from tests.engine.liquidating import RiskWorld, no_fees
from tests.simulation.world import CheckedWorld
from tests.simulation.world_commands import CONTRACTS

#: Commands after each of which every corner of every band is looked into.
BAND_COMMANDS = 500


@pytest.mark.parametrize("seed", [4, 5, 6])
def test_inside_its_band_nobody_is_at_risk(seed: int) -> None:
    """With every price moved to just inside each band, a full scan finds nobody, after every command."""
    checked = CheckedWorld(seed)
    for _ in range(BAND_COMMANDS):
        checked.step()
        assert [] == naive_risk.band_faults(checked.state)


def test_a_long_that_needs_more_coin_as_it_gains_is_watched() -> None:
    """An inverse margin grows faster than the profit where a tier's offset is above the leg's cost."""
    world = RiskWorld()
    world.contract = no_fees("PERPUSD", inverse=True, base_coin="ETH", margin_coin="ETH")
    world.do(ListContract(world.contract))
    log = """
mark 100                | ok
house 99x50 / 100x50    | ok
open alice x10 with 0.3 | ok
buy alice 2             | filled 2 @ 100
mark 2000               | ok
focus ETHUSD            | ok
buy alice 20            | filled 20 @ 100
house /                 | ok
mark 91.6               | ok
focus PERPUSD           | ok
mark 20000              | alice adl 20 @ 90 0, over fund +0.02632878, adl 2 @ 3888 0, over fund +0.00000866
"""
    assert log == world.play(log)


class Legs:
    """Random legs of one symbol, and what they have beside their own profit."""

    def __init__(self, chance: random.Random) -> None:
        self.contract = chance.choice(CONTRACTS)
        self.flat = chance.random() < 0.4
        self.market = Market(self.contract)
        self.market.flat_maintenance = self.flat
        self.market.set_contract(self.contract)
        self.market.mark_price_e12 = mark = chance.randrange(500, 2_000) * E12
        coins = 60 * E8 // self.contract.lot_e8
        kind = chance.choice(("long", "short", "hedge"))
        self.long = 0 if kind == "short" else chance.randrange(1, coins)
        self.short = 0 if kind == "long" else chance.randrange(1, coins)
        self.averages = (chance.randrange(500, 2_000) * E12, chance.randrange(500, 2_000) * E12)
        self.funds_e28 = 0
        value = max(self.long, self.short) * self.contract.lot_e8 * mark * E8
        spare = naive_risk.in_coin(self.contract, value, mark) * Fraction(chance.randrange(1, 150), 100)
        self.funds_e28 = max(0, int(spare - self.buffer(mark))) // E12 * E12

    def buffer(self, mark_e12: int) -> Any:
        """What is left beyond maintenance margin at a mark."""
        rules: Any = SimpleNamespace(maintenance="flat" if self.flat else "tiered")
        left: Any = self.funds_e28
        for side, lots, average in ((1, self.long, self.averages[0]), (-1, self.short, self.averages[1])):
            gain = side * lots * self.contract.lot_e8 * (mark_e12 - average) * E8
            left += naive_risk.in_coin(self.contract, gain, mark_e12)
        larger, both = max(self.long, self.short), self.long + self.short
        return left - naive_risk.maintenance(rules, self.contract, larger, both, mark_e12)

    def liquidation_price_e12(self) -> int:
        """The liquidation price, cut to a mark."""
        legs = (self.long, self.averages[0], self.short, self.averages[1])
        return liquidation_price_e16(self.market, self.funds_e28, *legs) // E4


def test_a_liquidation_price_is_the_first_mark_that_liquidates() -> None:
    """At it the margin is used up, beside it and on all the way to it not; where there is none, nowhere."""
    chance = random.Random(5)  # noqa: S311 (tests, not secrets)
    found = 0
    for _ in range(1_000):
        legs = Legs(chance)
        mark, price = legs.market.mark_price_e12, legs.liquidation_price_e12()
        if legs.buffer(mark) <= 0:
            continue
        found += price > 0
        if price == 0:
            # Nearer than a thousandth of the price, and below a thousandfold.
            marks = [mark * factor // 1_000 for factor in (1, 10, 500, 2_000, 10**4, 10**5, 10**6)]
        else:
            # Sixteen decimals of margin are less than twelve of a far price.
            near = 2 + (price // 10**9 if legs.contract.inverse else 0)
            beyond, before = (price + near + 1, price - near)[:: 1 if price > mark else -1]
            assert legs.buffer(beyond) <= 0
            marks = [mark + (before - mark) * part // 16 for part in range(17)]
        assert [] == [at for at in marks if legs.buffer(at) <= 0]
    assert found > 500


def test_maintenance_of_a_hedge_is_the_larger_legs_part_of_both() -> None:
    """MON-5: it grows without a step at a tier's end and is never negative; with the full offset it would."""
    world = RiskWorld()
    market = world.market
    before = 0
    for cents in range(1, 30_000, 7):
        market.mark_price_e12 = cents * E12 // 100
        both = maintenance_e28(market, 10, 20)
        assert 0 < both - before <= 7 * 10 * 12_000_000 * 10**18
        assert both == maintenance_e28(market, 20, 20) // 2
        before = both
