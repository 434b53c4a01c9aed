"""Funding: who pays whom at an instant, how much, and what becomes of the rest of a unit."""

import pytest

from backhand.commands import BUY, SELL, AdvanceClock, PlaceOrder, ReplaceLadder
from backhand.events import FundingPaid, FundingSettled, PositionClosed
from backhand.units import E8
from tests.engine.worlds import INVERSE, LINEAR, World, contract

#: An hour's interest: the ask stands at the index, so the premium is 0.
CALM = """
mark 100                               | ok
house 99x5000 / 100x5000               | ok
"""


@pytest.mark.parametrize(
    "log",
    [
        pytest.param(
            """
open alice with 1000                   | ok
buy alice 10                           | filled 10 @ 100
clock 07:59:59.999                     | ok
tick                                   | ok
funding alice                          | 0
clock 08:00                            | ok
tick                                   | funding 0.0001 @ 100 of 8:00
funding alice                          | -0.1
funding 0                              | 0.1
wallet alice                           | 999.3
tick                                   | ok
funding alice                          | -0.1
clock 16:00:59                         | ok
tick                                   | funding 0.0001 @ 100 of 16:00
funding alice                          | -0.2
""",
            id="longs pay shorts at 08:00 and 16:00, the house among them, once",
        ),
        pytest.param(
            """
open early                             | ok
open late                              | ok
open gone                              | ok
buy gone 10                            | filled 10 @ 100
clock 07:59:59.998                     | ok
buy early 10                           | filled 10 @ 100
sell gone 10                           | filled 10 @ 99
tick                                   | funding 0.0001 @ 100 of 8:00
buy late 10                            | filled 10 @ 100
clock 08:00:01                         | ok
tick                                   | ok
funding early                          | -0.1
funding late                           | 0
funding gone                           | flat
""",
            id="only what is held at the instant counts",
        ),
        pytest.param(
            """
house 97x5000 / 98x5000                | ok
open alice                             | ok
open bob                               | ok
buy alice 10                           | filled 10 @ 98
sell bob 4                             | filled 4 @ 97
clock 08:00                            | ok
tick                                   | funding -0.003 @ 100 of 8:00
funding alice                          | 3
funding bob                            | -1.2
funding 0                              | -1.8
""",
            id="below the index shorts pay longs",
        ),
        pytest.param(
            """
open alice hedge                       | ok
buy alice 10 open                      | filled 10 @ 100
sell alice 4 open                      | filled 4 @ 99
clock 08:00                            | ok
tick                                   | funding 0.0001 @ 100 of 8:00
funding alice                          | -0.1 0.04
funding 0                              | 0.06
""",
            id="both legs of a hedge have their own",
        ),
        pytest.param(
            """
open alice                             | ok
buy alice 3                            | filled 3 @ 100
mark 100.00000001                      | ok
clock 08:00                            | ok
tick                                   | funding 0.0001 @ 100.00000001 of 8:00
funding alice                          | -0.03000001
funding 0                              | 0.03
rounding                               | 0.00000001
""",
            id="payers are charged up, receivers credited down, and the rest is rounding's",
        ),
        pytest.param(
            """
open alice                             | ok
buy alice 10                           | filled 10 @ 100
clock 33:00                            | ok
tick                                   | funding 0.0001 @ 100 of 8:00, funding 0.0001 @ 100 of 16:00, """
            """funding 0.0001 @ 100 of 24:00, funding 0.0001 @ 100 of 32:00
funding alice                          | -0.4
""",
            id="several intervals in one go are settled one after the other",
        ),
        pytest.param(
            """
open alice                             | ok
buy alice 100                          | filled 100 @ 100
clock 03:30                            | ok
terms funding_interval_hours=1         | ok
clock 04:00                            | ok
tick                                   | funding 0.0000125 @ 100 of 4:00
funding alice                          | -0.125
clock 05:00                            | ok
tick                                   | funding 0.0000125 @ 100 of 5:00
terms funding_interval_hours=4         | ok
clock 06:00                            | ok
tick                                   | ok
clock 08:00                            | ok
tick                                   | funding 0.00005 @ 100 of 8:00
funding alice                          | -0.75
""",
            id="another interval counts from its next whole hours",
        ),
        pytest.param(
            """
open alice                             | ok
buy alice 10                           | filled 10 @ 100
terms status=off                       | filled 10 @ 100
clock 08:00                            | ok
tick                                   | ok
holds alice                            | flat
""",
            id="a contract that was taken off has none",
        ),
        pytest.param(
            """
terms status=off                       | ok
mark 100                               | ok
clock 08:00                            | ok
tick                                   | ok
""",
            id="a price does not begin it for a contract that is off",
        ),
        pytest.param(
            """
terms status=off                       | ok
terms status=normal                    | ok
house 99x5000 / 100x5000               | ok
open alice                             | ok
buy alice 10                           | filled 10 @ 100
clock 08:00                            | ok
tick                                   | funding 0.0001 @ 100 of 8:00
funding alice                          | -0.1
""",
            id="a contract that comes back is settled again, also at the price that it had",
        ),
        pytest.param(
            """
terms funding_rate_min_e8=0 funding_rate_max_e8=0 | ok
open alice                             | ok
buy alice 10                           | filled 10 @ 100
clock 08:00                            | ok
tick                                   | funding 0 @ 100 of 8:00
funding alice                          | 0
""",
            id="a rate of 0 moves nothing",
        ),
    ],
)
def test_funding(log: str) -> None:
    """V at mark x F at each whole interval from 00:00 UTC, between all who hold at that instant."""
    assert CALM + log == World(LINEAR).play(CALM + log)


def test_funding_of_inverse_contracts_is_paid_in_coin() -> None:
    """Q x F, whatever the mark."""
    log = """
open alice                             | ok
buy alice 10                           | filled 10 @ 100
house 102x5000 / 103x5000              | ok
mark 103                               | ok
clock 08:00                            | ok
tick                                   | funding 0.0001 @ 103 of 8:00
funding alice                          | -0.001
funding 0                              | 0.001
"""
    assert CALM + log == World(INVERSE).play(CALM + log)


#: From here on the bid is far above the index, and the rate at its cap of 0.3 %.
RUSH = """
house 101x5000 / 102x5000              | ok
mark 99.7                              | ok
clock 08:00                            | ok
"""


def test_an_isolated_leg_pays_down_to_maintenance_and_receivers_share() -> None:
    """
    It keeps more than its maintenance margin, and receivers share what came together by their size.

    100 at 100 and x125 have 80 set aside, 30 of it lost at 99.7; maintenance is 9 970 x 0.46 % = 45.862,
    which leaves 4.138 of the 29.91 owed, less one unit.
    """
    log = f"""{CALM}
open alice isolated x125               | ok
open bob                               | ok
buy alice 100                          | filled 100 @ 100
sell bob 60                            | filled 60 @ 99
{RUSH}
tick                                   | funding 0.003 @ 99.7 of 8:00
funding alice                          | -4.13799999
funding bob                            | 2.48279999
funding 0                              | 1.65519999
rounding                               | 0.00000001
holds alice                            | +100
isolated alice                         | 75.86200001
mark 99.69999999                       | filled 100 @ 101
holds alice                            | flat
"""
    assert log == World(LINEAR).play(log)


def test_crossed_payers_pay_in_full_beside_an_isolated_one_that_cannot() -> None:
    """Receivers share the sum: 4.13799999 and 14.955, by 60 and 90 of 150."""
    log = f"""{CALM}
open alice isolated x125               | ok
open bob                               | ok
open carol                             | ok
buy alice 100                          | filled 100 @ 100
buy carol 50                           | filled 50 @ 100
sell bob 60                            | filled 60 @ 99
{RUSH}
tick                                   | funding 0.003 @ 99.7 of 8:00
funding alice                          | -4.13799999
funding carol                          | -14.955
funding bob                            | 7.63719999
funding 0                              | 11.45579999
rounding                               | 0.00000001
"""
    assert log == World(LINEAR).play(log)


def test_a_crossed_account_pays_in_full_and_may_be_liquidated_for_it() -> None:
    """80.2 less 30 lost and 29.91 paid do not cover 45.862: liquidated in the same step, left with 0."""
    log = f"""{CALM}
open alice x125 with 86.2              | ok
buy alice 100                          | filled 100 @ 100
{RUSH}
tick                                   | filled 100 @ 101, funding 0.003 @ 99.7 of 8:00
holds alice                            | flat
wallet alice                           | 0
"""
    assert log == World(LINEAR).play(log)


def test_a_crossed_account_that_owes_more_than_it_has_ends_at_nothing() -> None:
    """Funding that takes a wallet below zero is paid all the same; fund and house stand in for it."""
    log = f"""{CALM}
open alice x125 with 86.2              | ok
buy alice 100                          | filled 100 @ 100
house 101x5000 / 102x5000              | ok
mark 99.7                              | ok
clock 32:00                            | ok
tick                                   | filled 100 @ 101, funding 0.003 @ 99.7 of 8:00, """
    log += """funding 0.003 @ 99.7 of 16:00, funding 0.003 @ 99.7 of 24:00, funding 0.003 @ 99.7 of 32:00
holds alice                            | flat
wallet alice                           | 0
"""
    assert log == World(LINEAR).play(log)


def test_a_settlement_sums_to_zero_to_the_unit() -> None:
    """Payments and rounding cancel, and rounding is less than a unit for each position."""
    odd = contract("XRPUSDT", lot_e8=33_333_333, tick_e12=1_003_007_001_003, size_lots_min=1, value_min_e8=0)
    world = World(odd)
    world.play("mark 100.123456789012 | ok\nhouse / | ok\n")
    for number, lots in enumerate((3, 5, -2, -1)):
        world.step(f"open client{number}")
        side = BUY if lots > 0 else SELL
        quote = ((100, abs(lots)),)
        world.do(ReplaceLadder(odd.symbol, () if lots > 0 else quote, quote if lots > 0 else ()))
        world.do(PlaceOrder(f"client{number}", odd.symbol, side, "market", abs(lots)))
    before_e28 = world.state.coin("USDT").rounding_e28
    world.step("clock 08:00")
    events = world.do(AdvanceClock())
    paid = [event for event in events if isinstance(event, FundingPaid)]
    rounded_e28 = world.state.coin("USDT").rounding_e28 - before_e28
    assert 5 == len(paid)
    assert 0 == sum(event.amount_e8 for event in paid) * 10**20 + rounded_e28
    assert 0 < rounded_e28 < len(paid) * 10**20


def test_what_a_position_paid_is_told_when_it_closes() -> None:
    """Funding is a part of the position's result, apart from its profit and fees."""
    world = World(LINEAR)
    world.play(CALM + "open alice | ok\nbuy alice 10 | ok\nclock 08:00 | ok\ntick | ok\nsell alice 10 | ok\n")
    closes = [event for event in world.venue.events[-1] if isinstance(event, PositionClosed)]
    (closed,) = [event for event in closes if event.uid == "alice"]
    assert (-E8 // 10, -10 * E8) == (closed.funding_e8, closed.profit_e8)


def test_samples_after_the_instant_count_for_the_next_interval() -> None:
    """
    A tick that comes late settles what the premium was up to the instant.

    Six hours of 0.01 and two of 0 make a mean of 0.0075 less one sample's part; late by six hours, with
    those counted as well, it would be 0.0043.
    """
    wide = contract(funding_rate_max_e8=E8 - 1)
    world = World(wide)
    world.play(
        "mark 100 | ok\nhouse 101x9999 / 102x9999 | ok\nclock 06:00:00 | ok\nhouse 99x9999 / 100x9999 | ok\n"
        "clock 14:00 | ok\n"
    )
    (settled,) = [event for event in world.do(AdvanceClock()) if isinstance(event, FundingSettled)]
    # 4 320 samples up to 06:00:00 itself, of 5 760; the rate is 0.05 % below.
    assert 750_000 - 50_000 == settled.rate_e8
    world.step("clock 16:00")
    (settled,) = [event for event in world.do(AdvanceClock()) if isinstance(event, FundingSettled)]
    assert 10_000 == settled.rate_e8
