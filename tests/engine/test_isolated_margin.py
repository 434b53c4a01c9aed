"""Margin put in, taken out and drawn; leverage with positions; flat maintenance margin."""

import pytest

from backhand.commands import ListContract
from tests.engine.liquidating import RiskWorld, no_fees


@pytest.mark.parametrize(
    "log",
    [
        pytest.param(
            """
open alice isolated x10 with 250       | ok
buy alice 10                           | filled 10 @ 100
liq alice                              | 90.9090909090909091
add alice 50 long                      | ok
isolated alice                         | 150
liq alice                              | 85.8585858585858586
add alice 101 long                     | refused: margin_amount_too_large
add alice -51 long                     | refused: margin_amount_too_large
add alice -50 long                     | ok
add alice 50 long                      | ok
mark 87                                | ok
ratio alice                            | 0.435
add alice -13 long                     | refused: margin_amount_too_large
add alice -11 long                     | ok
ratio alice                            | 0.9666666666666667
add alice 0 long                       | refused: invalid_amount
add alice 5 short                      | refused: no_position_for_margin
""",
            id="add and take out",
        ),
        pytest.param(
            """
open alice isolated x10 with 250       | ok
buy alice 10                           | filled 10 @ 100
leverage alice 5                       | ok
isolated alice                         | 200
leverage alice 10                      | ok
isolated alice                         | 200
leverage alice 4                       | ok
leverage alice 3                       | refused: leverage_margin_missing
isolated alice                         | 250
""",
            id="isolated: lower leverage draws, higher leaves the surplus",
        ),
        pytest.param(
            """
open alice x10 with 250                | ok
buy alice 10                           | filled 10 @ 100
leverage alice 5                       | ok
leverage alice 4                       | ok
leverage alice 3                       | refused: leverage_margin_missing
leverage alice 101                     | refused: leverage_above_tier
mark 201                               | ok
leverage alice 51                      | refused: leverage_above_tier
leverage alice 20                      | ok
""",
            id="crossed: margin and tier bound the leverage",
        ),
        pytest.param(
            """
open alice isolated x7 with 100        | ok
house 100x50 / 101x50                  | ok
sell alice 3                           | filled 3 @ 100
isolated alice                         | 42.8571428571428572
buy alice 1                            | filled 1 @ 101
isolated alice                         | 28.5714285714285715
""",
            id="set aside is rounded up, released down",
        ),
        pytest.param(
            """
open alice x10 with 130                | ok
buy alice 12                           | filled 12 @ 100
ratio alice                            | 0.1076923076923077
flat                                   | ok
ratio alice                            | 0.1846153846153847
mark 91                                | ok
ratio alice                            | 0.9927272727272728
liq alice                              | 90.9863945578231293
""",
            id="flat",
        ),
        pytest.param(
            """
flat                                   | ok
open alice isolated x10 with 130       | ok
mark 92                                | ok
house 92x50 / 110x50                   | ok
sell alice 10                          | filled 10 @ 92
add alice 3 short                      | ok
liq alice                              | 100
mark 100                               | ok
ratio alice                            | 0.6666666666666667
mark 100.01                            | alice adl 10 @ 101 0, over fund +5
""",
            id="flat: steps at tier end",
        ),
    ],
)
def test_margin_and_leverage_of_what_is_held(log: str) -> None:
    """What may be moved, what leverage draws, and where the liquidation price goes (sections 5, 7, 8, 12)."""
    assert log == RiskWorld().play(log)


def test_drawn_margin_no_longer_stands_behind_crossed_positions() -> None:
    """Margin that an isolated leg draws moves the liquidation price of the account's crossed ones."""
    log = """
open alice x10 with 350                | ok
focus SOLUSDT                          | ok
margin alice isolated                  | isolated
buy alice 10                           | filled 10 @ 100
auto alice long on                     | ok
focus ETHUSDT                          | ok
buy alice 9                            | filled 9 @ 100
liq alice                              | 72.9517396184062851
focus SOLUSDT                          | ok
mark 90.1                              | alice drew 89.1
focus ETHUSDT                          | ok
liq alice                              | 82.9517396184062851
mark 83                                | ok
mark 82.9                              | alice sold out 9 @ 99, over fund +151.9
"""
    assert log == RiskWorld().play(log)


def test_crossed_positions_are_watched_anew_when_margin_was_drawn() -> None:
    """Also where the account was looked at before its isolated leg drew margin, in the same step."""
    world = RiskWorld()
    world.do(ListContract(no_fees("SOLUSDT")))
    log = """
open alice x20 with 275                | ok
buy alice 9                            | filled 9 @ 100
focus SOLUSDT                          | ok
margin alice isolated                  | isolated
buy alice 15                           | filled 15 @ 100
auto alice long on                     | ok
mark 96.9                              | ok
flat                                   | alice drew 44.175
focus ETHUSDT                          | ok
liq alice                              | 83.521324354657688
house /                                | ok
mark 83.6                              | ok
mark 83.5                              | alice adl 9 @ 83 0, over fund +2.825
"""
    assert log == world.play(log)


@pytest.mark.parametrize(
    "log",
    [
        pytest.param(
            """
open alice hedge isolated x10 with 90  | ok
leverage alice 50 short                | ok
house 100x50 / 101x50                  | ok
sell alice 10 open                     | filled 10 @ 100
buy alice 7 open                       | refused: insufficient_margin
buy alice 6 open                       | filled 6 @ 101
isolated alice                         | 60.6 20
""",
            id="by its own leverage",
        ),
        pytest.param(
            """
open alice hedge isolated x20          | ok
open bob hedge x20                     | ok
buy alice 25 open                      | filled 25 @ 100
sell alice 25 open                     | filled 25 @ 99
buy bob 25 open                        | filled 25 @ 100
sell bob 25 open                       | refused: tier_exceeded
""",
            id="in its own tier; crossed legs are in one together",
        ),
        pytest.param(
            """
open alice x10 with 110                | ok
focus SOLUSDT                          | ok
margin alice isolated                  | isolated
focus ETHUSDT                          | ok
buy alice 10                           | filled 10 @ 100
mark 110                               | ok
focus SOLUSDT                          | ok
buy alice 1                            | refused: insufficient_margin
margin alice crossed                   | crossed
buy alice 1                            | filled 1 @ 100
""",
            id="on no profit of crossed legs",
        ),
    ],
)
def test_isolated_legs_stand_alone(log: str) -> None:
    """Each leg has its own leverage, margin and tier, and takes cash only (sections 5 to 7)."""
    assert log == RiskWorld().play(log)


def test_what_leaves_crossed_positions_leaves_them_covered() -> None:
    """The mark has carried the short into tiers that need 310, where its initial margin is 60 of 1000."""
    log = """
open alice x100 with 6000              | ok
house 100x10 /                         | ok
sell alice 10                          | filled 10 @ 100
mark 600                               | ok
withdraw alice 690                     | refused: insufficient_funds
focus SOLUSDT                          | ok
margin alice isolated                  | isolated
leverage alice 1                       | ok
buy alice 7                            | refused: insufficient_margin
buy alice 6                            | filled 6 @ 100
add alice 90 long                      | refused: margin_amount_too_large
add alice 80 long                      | ok
withdraw alice 10                      | refused: insufficient_funds
withdraw alice 9.99999999              | ok
focus ETHUSDT                          | ok
holds alice                            | -10
"""
    assert log == RiskWorld().play(log)
