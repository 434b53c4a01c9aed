"""The closing guard: how far a close may go (contracts.md sections 5 and 8)."""

from fractions import Fraction

import pytest

from backhand.engine.guard import capped_ticks, leg_funds_e28, worst_close_ticks
from backhand.engine.margin import EVERY_PRICE, bankruptcy_price_ticks
from backhand.engine.preview import Preview
from backhand.units import E12, E28
from tests.engine.liquidating import RiskWorld


@pytest.mark.parametrize(
    ("side", "edge", "guard", "limit"),
    [
        (1, 50, 90, 90),
        (1, 95, 90, 95),
        (1, 50, 0, 50),
        (-1, 150, 110, 110),
        (-1, 105, 110, 105),
        (-1, 150, 0, 150),
        (1, 50, EVERY_PRICE, EVERY_PRICE),
        (-1, 150, EVERY_PRICE, EVERY_PRICE),
    ],
)
def test_the_nearer_of_band_and_guard_counts(side: int, edge: int, guard: int, limit: int) -> None:
    """A long is sold no lower, a short bought no higher than both allow."""
    assert limit == capped_ticks(side, edge, guard)


@pytest.mark.parametrize(
    ("symbol", "mode", "trade", "worst"),
    [
        pytest.param("ETHUSDT", "isolated", "buy", 90, id="100 - 100 / 10"),
        pytest.param("ETHUSDT", "isolated", "sell", 108, id="99 + 9.9, rounded to the holder's side"),
        pytest.param("ETHUSDT", "crossed", "buy", 85, id="100 - 150 / 10"),
        pytest.param("ETHUSD", "isolated", "buy", 91, id="100 / 1.1, rounded up"),
        pytest.param("ETHUSD", "isolated", "sell", 110, id="99 / 0.9 exactly"),
    ],
)
def test_bankruptcy_prices(symbol: str, mode: str, trade: str, worst: int) -> None:
    """Closing at the worst price uses up what the leg stands on, and one tick beyond more than that."""
    world = RiskWorld()
    money = "150" if symbol == "ETHUSDT" else "1.5"
    world.play(f"focus {symbol} | ok\nopen alice {mode} x10 with {money} | ok\n")
    world.step(f"{trade} alice 10")
    holding = world.holding("alice")
    leg = holding.long or holding.short
    assert leg is not None
    assert worst == worst_close_ticks(holding, leg)


def test_crossed_legs_share_the_equity_by_their_value_at_mark() -> None:
    """Two symbols of values 900 and 1800 share 300 as 100 and 200."""
    world = RiskWorld()
    world.play(
        """
open alice x10 with 300                | ok
buy alice 9                            | filled 9 @ 100
focus SOLUSDT                          | ok
buy alice 18                           | filled 18 @ 100
"""
    )
    funds = []
    for holding in world.state.accounts["alice"].holdings.values():
        assert holding.long is not None
        funds.append(Fraction(leg_funds_e28(holding, holding.long), E28))
        assert worst_close_ticks(holding, holding.long) == 89
    assert [100, 200] == funds


@pytest.mark.parametrize("mark", ["90", "110", "120"])
def test_the_bankruptcy_price_of_an_only_leg_does_not_move_with_the_mark(mark: str) -> None:
    """What the account has gained or lost at mark is counted in its equity, and not once more."""
    world = RiskWorld()
    log = f"""
open alice x10 with 200                | ok
buy alice 10                           | filled 10 @ 100
mark {mark:<33} | ok
"""
    assert log == world.play(log)
    holding = world.holding("alice")
    assert holding.long is not None
    assert worst_close_ticks(holding, holding.long) == 80
    assert Preview(holding, isolated=False).worst_close_ticks(1) == 80


@pytest.mark.parametrize(
    ("funds", "worst"), [(-900, 10), (-989, 1), (-991, EVERY_PRICE), (-1001, EVERY_PRICE)]
)
def test_a_short_that_no_tick_leaves_anything_has_no_price(funds: int, worst: int) -> None:
    """10 short from 100, whose account has lost so much elsewhere: below the first tick there is no price."""
    market = RiskWorld().market
    assert worst == bankruptcy_price_ticks(market, -1, 10, 100 * E12, funds * E28)
