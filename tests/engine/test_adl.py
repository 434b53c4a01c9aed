"""Auto-deleveraging: who is first in line (contracts.md section 9)."""

from fractions import Fraction

import pytest

from backhand.engine.adl import adl_queue, adl_score_e16, score_e16
from backhand.units import E12, E16, E20
from tests.engine.liquidating import RiskWorld


@pytest.mark.parametrize(
    ("profit", "value", "ratio", "score"),
    [
        pytest.param(20, 100, Fraction(1, 2), Fraction(1, 10), id="a profit counts by its ratio"),
        pytest.param(20, 100, Fraction(1, 4), Fraction(1, 20), id="more margin, later in line"),
        pytest.param(-20, 100, Fraction(1, 2), Fraction(-2, 5), id="a loss is divided by it"),
        pytest.param(0, 100, Fraction(1, 2), Fraction(0), id="neither"),
        pytest.param(20, 100, Fraction(1), Fraction(0), id="what is being liquidated scores 0"),
        pytest.param(-20, 100, Fraction(3), Fraction(0), id="whatever it lost"),
        pytest.param(20, 100, Fraction(0), Fraction(0), id="what needs no margin scores 0"),
    ],
)
def test_scores(profit: int, value: int, ratio: Fraction, score: Fraction) -> None:
    """ROI times ratio when it is a profit, ROI over ratio when it is a loss."""
    assert score * E16 == score_e16(profit * E20, value * E20, int(ratio * E16))


def test_the_score_of_a_leg_is_that_of_its_own_margin() -> None:
    """Crossed legs count by their account's ratio, isolated ones by their own; inverse values are in coin."""
    world = RiskWorld()
    log = """
open alice x10 with 100                | ok
open bob isolated x10 with 100         | ok
sell alice 5                           | filled 5 @ 99
sell bob 5                             | filled 5 @ 99
focus ETHUSD                           | ok
open carol x10 with 1                  | ok
sell carol 5                           | filled 5 @ 99
mark 90                                | ok
focus ETHUSDT                          | ok
mark 90                                | ok
"""
    assert log == world.play(log)
    expected = {
        # ROI 45 / 495; maintenance 4.5 of 145, of 49.5 + 45.
        "alice": Fraction(45, 495) * Fraction(45, 1450),
        "bob": Fraction(45, 495) * Fraction(45, 945),
        # ROI 0.5 / 5; maintenance 0.05 of 1.5.
        "carol": Fraction(1, 10) * Fraction(5, 150),
    }
    for uid, score in expected.items():
        (holding,) = world.state.accounts[uid].holdings.values()
        assert holding.short is not None
        assert abs(adl_score_e16(holding, holding.short) - score * E16) < 2


def test_equal_scores_stand_in_the_order_they_came() -> None:
    """The queue is of clients on the side that gains, highest score first, then first come."""
    world = RiskWorld()
    for uid in ("first", "second", "third"):
        world.play(f"open {uid} x10 with 100 | ok\nsell {uid} 5 | filled 5 @ 99\n")
    world.play(
        "mark 90 | ok\nhouse 90x50 / 110x50 | ok\nopen best x50 with 20 | ok\nsell best 5 | filled 5 @ 90\n"
    )
    world.market.mark_price_e12 = 85 * E12
    names = [holding.account.uid for holding in adl_queue(world.market, -1)]
    assert ["best", "first", "second", "third"] == names
    assert [] == adl_queue(world.market, 1)


@pytest.mark.parametrize(
    "log",
    [
        pytest.param(
            """
open alice isolated x10 with 150       | ok
open bob x10 with 1000                 | ok
open carol x10 with 1000               | ok
sell bob 4 @101                        | ok
sell carol 4 @102                      | ok
house / 103x4                          | ok
mark 100                               | ok
buy alice 12 @103                      | filled 4 @ 101 + 4 @ 102 + 4 @ 103
holds alice                            | +12
house /                                | ok
mark 91                                | alice adl 4 @ 92 carol, adl 4 @ 92 bob, adl 4 @ 92 0, over fund +2.4
holds alice                            | flat
wallet alice                           | 27.6
holds bob                              | flat
holds carol                            | flat
fund                                   | 2.4
""",
            id="clients by rank, then the house",
        ),
    ],
)
def test_deleveraging(log: str) -> None:
    """The best ranked are matched first at the bankruptcy price, without fees, the house last."""
    assert log == RiskWorld().play(log)


def test_who_was_deleveraged_is_ranked_anew() -> None:
    """Less of carol's money is needed for what she has left: the next one at this price meets bob first."""
    log = """
open alice isolated x10 with 60 | ok
open adam isolated x10 with 60  | ok
open carol x10 with 500         | ok
open bob x10 with 300           | ok
house /                         | ok
sell carol 8 @100               | ok
sell bob 4 @100                 | ok
buy alice 6                     | filled 6 @ 100
buy adam 6                      | filled 6 @ 100
mark 90.9                       | alice adl 6 @ 90 carol, over, adam adl 4 @ 90 bob, adl 2 @ 90 carol, over
holds carol                     | flat
holds bob                       | flat
"""
    assert log == RiskWorld().play(log)


def test_a_position_in_another_symbol_keeps_no_profit_from_deleveraging() -> None:
    """Bob's share of his equity for this leg is small; what it has won counts before fund and house."""
    log = """
open alice isolated x10 with 150       | ok
open bob x50 with 1000                 | ok
open carol x50 with 1000               | ok
house /                                | ok
sell bob 10 @100                       | ok
buy alice 10                           | filled 10 @ 100
focus SOLUSDT                          | ok
house /                                | ok
sell carol 400 @100                    | ok
buy bob 400                            | filled 400 @ 100
focus ETHUSDT                          | ok
mark 60                                | alice adl 10 @ 90 bob, over
wallet bob                             | 1100
house_wallet                           | 0
"""
    assert log == RiskWorld().play(log)


def test_a_queue_is_of_one_price() -> None:
    """Nobody touched bob between two marks, and at the second he is the first in line."""
    log = """
open carol x10 with 500         | ok
open bob isolated x10 with 300  | ok
open eve x10 with 1000          | ok
open alice isolated x10 with 60 | ok
open adam isolated x5 with 130  | ok
house /                         | ok
sell carol 8 @100               | ok
buy alice 2                     | filled 2 @ 100
buy adam 6                      | filled 6 @ 100
mark 92                         | ok
sell bob 4 @92                  | ok
buy eve 4                       | filled 4 @ 92
mark 90.9                       | alice adl 2 @ 90 carol, over
mark 80                         | adam adl 4 @ 80 bob, adl 2 @ 80 carol, over
"""
    assert log == RiskWorld().play(log)


@pytest.mark.parametrize(
    ("lots", "outcome"),
    [(10, "adl 10 @ 90 carol, over"), (20, "adl 10 @ 90 carol, adl 10 @ 87 bob, over house 30")],
)
def test_who_cannot_take_the_price_comes_after_those_who_can(lots: int, outcome: str) -> None:
    """Bob ranks first, and has opened after the gap: he stands on too little for a price before it."""
    log = f"""
open alice isolated x10 with 1000      | ok
open bob isolated x50 with 20          | ok
open carol x1 with 100000              | ok
house /                                | ok
sell carol 10 @100                     | ok
house / 100x10                         | ok
buy alice {lots}                           | filled {lots} @ 100
house /                                | ok
index 100 for=5000                     | ok
resume                                 | ok
index 86 for=5000                      | ok
house 86x10 /                          | ok
sell bob 10                            | filled 10 @ 86
index 85 for=5000                      | alice {outcome}
holds alice                            | flat
"""
    assert log == RiskWorld().play(log)


def test_deleveraging_charges_nobody() -> None:
    """Neither side pays a fee, and the book is not touched."""
    world = RiskWorld(taker_fee_rate_e8=100_000, maker_fee_rate_e8=100_000)
    log = """
open alice isolated x10 with 150       | ok
open bob x10 with 1000                 | ok
house /                                | ok
sell bob 10 @100                       | ok
buy alice 10                           | filled 10 @ 100
house 80x10 / 120x10                   | ok
wallet alice                           | 149
wallet bob                             | 999
mark 91                                | alice adl 10 @ 91 bob, over fund +10
wallet alice                           | 49
wallet bob                             | 1089
book                                   | 80x10 / 120x10
"""
    assert log == world.play(log)


def test_deleveraged_orders_shrink_with_their_position() -> None:
    """A reduce-only order of a deleveraged position does not outlive it."""
    log = """
open alice isolated x10 with 150       | ok
open bob x10 with 1000                 | ok
house /                                | ok
sell bob 10 @100                       | ok
buy alice 10                           | filled 10 @ 100
buy bob 4 @80 reduce                   | ok
mark 90                                | alice adl 10 @ 90 bob, over
orders bob                             | none
"""
    assert log == RiskWorld().play(log)
