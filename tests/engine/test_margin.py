"""Margins, reserves and what an account may still do."""

from fractions import Fraction

import pytest

from backhand.commands import Tier
from backhand.engine.figures import account_figures, position_figures
from backhand.engine.margin import leverage_allowed, liquidation_price_e16, maintenance_e28, tier_index
from backhand.units import E8, E12, E20, E28
from tests.engine.worlds import INVERSE, LINEAR, World, contract

#: Ten lots at 100 may have leverage 100.
SMALL_TIER = contract(tiers=(Tier(1_000 * E8, 100, 400_000), Tier(10**6 * E8, 10, 400_000)))
START = """
mark 100                               | ok
house 99x5000 / 100x5000               | ok
terms taker_fee_rate_e8=0 maker_fee_rate_e8=0 | ok
"""


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param(
            """
open alice x10 with 100                | ok
buy alice 11                           | refused: insufficient_margin
buy alice 10                           | filled 10 @ 100
buy alice 1                            | refused: insufficient_margin
""",
            id="a position needs V / L",
        ),
        pytest.param(
            """
open alice x10 with 100                | ok
buy alice 5 @90 #a                     | ok
locked alice                           | 45
buy alice 7 @90 #b                     | refused: insufficient_margin
buy alice 6 @90 #b                     | ok
locked alice                           | 99
cancel alice #a                        | cancelled #a 5 by_client
locked alice                           | 54
""",
            id="a resting order reserves V / L at its price",
        ),
        pytest.param(
            """
terms taker_fee_rate_e8=100000         | ok
open alice x10 with 100.99             | ok
buy alice 10                           | refused: insufficient_margin
deposit alice 0.01                     | ok
buy alice 10                           | filled 10 @ 100
open bob isolated x10 with 100.99      | ok
buy bob 10                             | refused: insufficient_margin
deposit bob 0.01                       | ok
buy bob 10                             | filled 10 @ 100
wallet bob                             | 100
""",
            id="and the fee of opening it",
        ),
        pytest.param(
            """
terms taker_fee_rate_e8=100000         | ok
open alice x10                         | ok
buy alice 10 @90                       | ok
locked alice                           | 90.9
terms taker_fee_rate_e8=0 maker_fee_rate_e8=200000 | ok
buy alice 10 @90                       | ok
locked alice                           | 182.7
""",
            id="and the fee of a taker or of a maker, whichever is more",
        ),
        pytest.param(
            """
open alice x10 with 100                | ok
buy alice 10                           | filled 10 @ 100
mark 110                               | ok
buy alice 8 @100                       | filled 8 @ 100
mark 100                               | ok
buy alice 1 @100                       | refused: insufficient_margin
""",
            id="unrealised profit may open crossed positions",
        ),
        pytest.param(
            """
open alice isolated x10 with 200       | ok
buy alice 10                           | filled 10 @ 100
isolated alice                         | 100
mark 110                               | ok
buy alice 11 @100                      | refused: insufficient_margin
buy alice 10 @100                      | filled 10 @ 100
isolated alice                         | 200
""",
            id="unrealised profit opens no isolated position",
        ),
        pytest.param(
            """
open alice hedge x10 with 100          | ok
buy alice 10 open                      | filled 10 @ 100
sell alice 10 open                     | filled 10 @ 99
sell alice 1 open                      | refused: insufficient_margin
""",
            id="of a crossed hedge only the larger leg needs margin",
        ),
        pytest.param(
            """
open alice hedge isolated x10 with 150 | ok
buy alice 10 open                      | filled 10 @ 100
sell alice 10 open                     | refused: insufficient_margin
sell alice 5 open                      | filled 5 @ 99
isolated alice                         | 100 49.5
""",
            id="isolated legs are margined apart",
        ),
        pytest.param(
            """
open alice x10 with 100                | ok
buy alice 10                           | filled 10 @ 100
sell alice 10 @110                     | ok
locked alice                           | 0
sell alice 15 @110                     | refused: insufficient_margin
sell alice 10 @110                     | refused: insufficient_margin
""",
            id="resting one-way orders close the position once, not once each",
        ),
        pytest.param(
            """
open alice x10 with 150                | ok
buy alice 10                           | filled 10 @ 100
sell alice 6 @110 reduce               | ok
sell alice 9 @110                      | refused: insufficient_margin
sell alice 8 @110                      | ok
locked alice                           | 44
""",
            id="and nothing of what reduce-only orders hold",
        ),
        pytest.param(
            """
open alice x10 with 210                | ok
buy alice 10                           | filled 10 @ 100
sell alice 10 @105 #a                  | ok
sell alice 10 @105 #b                  | ok
locked alice                           | 105
cancel alice #a                        | cancelled #a 10 by_client
locked alice                           | 0
""",
            id="what closes the position is the oldest",
        ),
    ],
)
def test_opening_needs_margin(rows: str) -> None:
    """What may be opened follows from wallet, margins, reserves and profit (contracts.md section 6)."""
    world = World(LINEAR)
    log = START + rows
    assert log == world.play(log)


def test_many_resting_orders_open_no_more_than_can_be_paid_for(linear: World) -> None:
    """However many one-way orders rest against a position, filling all of them leaves the account solvent."""
    linear.play(START + "open alice x20 with 100 | ok\nbuy alice 10 | ok\n")
    for _ in range(50):
        linear.step("sell alice 10 @101")
    linear.play("mark 103 | ok\nhouse 103x5000 / 104x1 | ok\n")
    figures = account_figures(linear.state.accounts["alice"], "USDT")
    assert figures.crossed_margin_e20 <= figures.equity_e20


def test_many_resting_orders_stay_inside_the_tier(linear: World) -> None:
    """Resting orders of a side count together against the end of the tier."""
    linear.play(START + "open alice x125 with 100000000 | ok\n")
    placed = [linear.step("buy alice 4000 @95") for _ in range(4)]
    assert ["ok", "ok", "refused: tier_exceeded", "refused: tier_exceeded"] == placed


@pytest.mark.parametrize("market_type", ["crossed", "isolated"])
def test_orders_that_closed_a_position_count_once_another_has_closed_it(market_type: str) -> None:
    """Older orders of a one-way order that turns a position over open then, and count in its tier."""
    world = World(SMALL_TIER)
    log = f"""
mark 100                               | ok
open bob x1                            | ok
open alice {market_type} x100 with 1000 | ok
sell bob 6 @100                        | ok
buy alice 6 @100                       | filled 6 @ 100
sell alice 6 @105                      | ok
buy bob 20 @100                        | ok
sell alice 11 @100                     | refused: tier_exceeded
sell alice 10 @100                     | filled 10 @ 100
buy bob 6 @105                         | filled 6 @ 105
holds alice                            | -10
"""
    assert log == world.play(log)


@pytest.mark.parametrize("market_type", ["crossed", "isolated"])
def test_a_position_that_is_closed_first_has_no_part_in_the_tier(market_type: str) -> None:
    """One-way orders open the other side when nothing is left of this one: both are never held together."""
    world = World(SMALL_TIER)
    log = f"""
mark 100                               | ok
open bob x1                            | ok
open alice {market_type} x100 with 1000 | ok
sell bob 6 @100                        | ok
buy alice 6 @100                       | filled 6 @ 100
sell alice 6 @105                      | ok
sell alice 10 @106                     | ok
sell alice 1 @107                      | refused: tier_exceeded
"""
    assert log == world.play(log)


@pytest.mark.parametrize("market_type", ["crossed", "isolated"])
def test_closing_orders_that_end_hold_nothing_back(market_type: str) -> None:
    """What held more than the order leaves of the position is cancelled: the rest of it closes that first."""
    world = World(SMALL_TIER)
    log = f"""
mark 100                               | ok
open bob x1                            | ok
open alice {market_type} x100 with 1000 | ok
sell bob 8 @100                        | ok
buy alice 8 @100                       | filled 8 @ 100
sell alice 8 @105 reduce #all          | ok
buy bob 2 @100                         | ok
sell alice 19 @100                     | refused: tier_exceeded
sell alice 18 @100                     | filled 2 @ 100, cancelled #all 8 reduce_only_excess
buy bob 16 @100                        | filled 16 @ 100
holds alice                            | -10
"""
    assert log == world.play(log)


def test_an_opening_leaves_the_ratio_below_ninety_percent() -> None:
    """An opening at a price that would all but liquidate the position is refused (contracts.md section 5)."""
    world = World(contract(buy_band_rate_e8=E8))
    log = """
mark 100                               | ok
house / 150x100                        | ok
open alice isolated x2 with 1000       | ok
buy alice 5                            | filled 5 @ 150
house / 199x100                        | ok
open bob isolated x2 with 1000         | ok
buy bob 5                              | refused: insufficient_margin
"""
    assert log == world.play(log)


def test_tiers() -> None:
    """A value on a tier's end belongs to it; beyond the last tier nothing is allowed."""
    market = World(LINEAR).market
    ends = [10**6, 10**7, 10**9]
    assert [0, 0, 1, 1, 2, 2] == [
        tier_index(market, value) for end in ends for value in (end * E20 - 1, end * E20)
    ]
    assert [125, 50, 10, 0] == [leverage_allowed(market, end * E20) for end in (*ends, 2 * 10**9)]
    assert [50, 10, 0] == [leverage_allowed(market, end * E20 + 1) for end in ends]


@pytest.mark.parametrize("value", [1, 999_999, 10**6, 10**6 + 1, 10**7, 5 * 10**8])
def test_maintenance_margin_is_the_sum_of_its_slices(value: int) -> None:
    """Rate times value less the offset is the same as slice by slice (contracts.md section 7)."""
    market = World(LINEAR).market
    market.mark_price_e12 = value * E12
    expected, start = Fraction(0), 0
    for tier in LINEAR.tiers:
        end = tier.end_value_e8 // E8
        slice_value = max(0, min(value, end) - start)
        expected += slice_value * Fraction(tier.maintenance_rate_e8 + LINEAR.taker_fee_rate_e8, E8)
        start = end
    assert expected == Fraction(maintenance_e28(market, 1, 1), E28)


@pytest.mark.parametrize("terms", [LINEAR, INVERSE], ids=["linear", "inverse"])
@pytest.mark.parametrize("account", ["crossed", "isolated", "hedge crossed"])
@pytest.mark.parametrize("side", [1, -1])
def test_at_the_liquidation_price_the_ratio_is_one(terms: object, account: str, side: int) -> None:
    """With the mark at a position's liquidation price, its margin ratio is 1."""
    world = World(LINEAR if terms is LINEAR else INVERSE)
    wide = "terms buy_band_rate_e8=900000000 sell_band_rate_e8=90000000 | ok\n"
    world.play("mark 100 | ok\nhouse 99x5000 / 101x5000 | ok\n" + wide)
    deposit = "60" if terms is LINEAR else "0.6"
    effect = "open" if "hedge" in account else ""
    world.play(f"open alice {account} x20 with {deposit} | ok\n")
    assert "filled" in world.step(f"{'buy' if side > 0 else 'sell'} alice 10 {effect}")
    holding = world.holding("alice")
    leg = holding.leg(side)
    assert leg is not None
    price_e16 = position_figures(holding.account, holding, leg).liquidation_price_e16
    assert 0 < price_e16
    world.market.mark_price_e12 = price_e16 // 10**4
    ratio = Fraction(position_figures(holding.account, holding, leg).margin_ratio_e16, 10**16)
    assert abs(ratio - 1) < Fraction(1, 10**6)


def test_no_liquidation_price_is_zero() -> None:
    """A position that no price can liquidate shows 0 (contracts.md section 8)."""
    market = World(LINEAR).market
    market.mark_price_e12 = 100 * E12
    assert 0 == liquidation_price_e16(market, 10**6 * E28, 10, 100 * E12, 0, 0)
    assert 0 == liquidation_price_e16(market, 0, 0, 0, 0, 0)


def test_account_figures(linear: World) -> None:
    """The sums of contracts.md section 6, with crossed and isolated positions and a resting order."""
    linear.play(
        START
        + """
open alice x10 with 1000               | ok
buy alice 10                           | filled 10 @ 100
buy alice 10 @90                       | ok
mark 95                                | ok
"""
    )
    figures = account_figures(linear.state.accounts["alice"], "USDT")
    assert 1000 * E8 == figures.wallet_e8
    assert 90 * E8 == figures.locked_e8
    assert 910 * E20 == figures.available_e20
    assert 950 * E20 == figures.equity_e20
    assert (-50 * E20, 0) == (figures.crossed_unrealised_e20, figures.isolated_unrealised_e20)
    assert 95 * E20 == figures.crossed_margin_e20
    assert 765 * E20 == figures.crossed_max_available_e20 == figures.isolated_max_available_e20
    assert 765 * E20 == figures.max_transfer_out_e20
