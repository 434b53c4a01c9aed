"""
Resting orders that their accounts can no longer bear: they end when they are met.

What was true when an order was placed may not be so when somebody meets it. Nobody else pays for that: not
the other clients, not the insurance fund, not the house (MON-4 of docs/deviations.md).
"""

import pytest

from backhand.commands import PlaceOrder, SetPrice, Tier
from backhand.units import E8, E12
from tests.engine.liquidating import RiskWorld
from tests.engine.worlds import LINEAR, World, contract

#: Carol is long; what alice bids loses 540 of her 1000 to whoever sells to it.
BID_BEYOND_MARK = """
mark 100                | ok
open alice x125 with 1000 | ok
open bob                | ok
open carol              | ok
sell bob 120 @100       | ok
buy carol 120 @100      | filled 120 @ 100
buy alice 60 @109 #high | ok
"""


@pytest.mark.parametrize("happened", ["withdraw alice 900 | ok", "mark 91 | ok"])
def test_what_an_account_can_no_longer_bear_is_not_filled(linear: World, happened: str) -> None:
    """The rest of the bid ends when it is met, and the taker gets what stands behind it."""
    log = f"""{BID_BEYOND_MARK}{happened}
buy bob 5 @90    | ok
sell carol 20 @90 fok | cancelled 20 fill_or_kill
orders alice     | #high buy 60 @ 109
sell carol 20 @90 | filled 5 @ 90, cancelled #high 60 margin_guard
holds alice      | flat
holds carol      | +115
"""
    assert log == linear.play(log)


@pytest.mark.parametrize("market_type", ["crossed", "isolated"])
def test_what_the_quotes_of_the_house_meet_is_looked_at_too(linear: World, market_type: str) -> None:
    """A ladder that moves through a bid after the mark has left it ends the bid, and pays nobody."""
    log = f"""
mark 100                                | ok
open alice {market_type} x10 with 1000  | ok
buy alice 60 @109 #high                 | ok
mark 91                                 | ok
house 90x5 / 92x5                       | cancelled #high 60 margin_guard
house 90x5 / 92x5                       | ok
wallet alice                            | 1000
"""
    assert log == linear.play(log)


def test_what_is_filled_beyond_mark_is_borne_together(linear: World) -> None:
    """Each order counts after those that are met before it; a part that is taken is part of the whole."""
    log = f"""{BID_BEYOND_MARK}buy alice 50 @109 #more | ok
sell carol 20 @90        | filled 20 @ 109
sell carol 60 @90        | filled 40 @ 109, cancelled #more 50 margin_guard
holds alice              | +60
"""
    assert log == linear.play(log)


def test_orders_of_other_symbols_stand_on_the_same_money() -> None:
    """Crossed legs share the equity: what one symbol's leg has lost is gone for another's order."""
    world = World(LINEAR, contract("BTCUSDT"))
    world.play(BID_BEYOND_MARK)
    world.do(SetPrice("BTCUSDT", 100 * E12, 100 * E12))
    assert "ok" == world.told(world.do(PlaceOrder("alice", "BTCUSDT", 1, "limit", 50, 109, client_oid="far")))
    assert "filled 60 @ 109" == world.step("sell carol 60 @90")
    order = PlaceOrder("carol", "BTCUSDT", -1, "limit", 50, 109)
    assert "cancelled #far 50 margin_guard" == world.told(world.do(order))


def test_closing_beyond_mark_is_nobody_elses_loss(linear: World) -> None:
    """An order that closes is filled at whatever it offers, also when its account is at its end."""
    log = """
mark 100                  | ok
open alice x125 with 1000 | ok
open bob                  | ok
buy bob 100 @100          | ok
sell alice 100 @100       | filled 100 @ 100
buy alice 100 @105        | ok
sell bob 100 @105         | filled 100 @ 105
holds alice               | flat
"""
    assert log == linear.play(log)


@pytest.mark.parametrize("lots", [60, 10])
def test_an_account_may_trade_with_itself_beyond_mark(linear: World, lots: int) -> None:
    """What it pays it receives: nothing is handed away, and crossed orders are not judged for it."""
    log = f"""{BID_BEYOND_MARK}withdraw alice 500 | ok
sell alice {lots} @109 | filled {lots} @ 109
holds alice        | flat
"""
    assert log == linear.play(log)


def test_an_order_that_turned_to_opening_sets_no_margin_aside_that_is_not_there() -> None:
    """It was placed to close and reserved nothing; when it is met there is a tenth of the margin it needs."""
    log = """
open mm x1                         | ok
open eve isolated x10 with 100     | ok
open bob x10 with 1000             | ok
house /                            | ok
sell mm 10 @100                    | ok
buy eve 10 @100                    | filled 10 @ 100
sell eve 10 @100                   | ok
buy bob 10 @91                     | ok
sell eve 10 @91 reduce             | filled 10 @ 91
wallet eve                         | 10
buy bob 10 @100                    | cancelled 10 margin_guard
holds eve                          | flat
house_wallet                       | 0
"""
    assert log == RiskWorld().play(log)


def test_an_isolated_order_may_take_all_the_money_that_is_there() -> None:
    """It is judged with the fee of a maker, which it will pay, and needs nothing to be left."""
    log = """
open mm x1                         | ok
open eve isolated x10 with 100     | ok
house /                            | ok
sell eve 10 @100                   | ok
terms taker_fee_rate_e8=100000     | ok
buy mm 10 @100                     | filled 10 @ 100
holds eve                          | -10
wallet eve                         | 100
"""
    assert log == RiskWorld().play(log)


def test_an_order_closes_what_it_can_and_opens_nothing_that_it_cannot() -> None:
    """In one-way mode the closing part of an order is filled, and the rest of it ends."""
    log = """
open mm x1                         | ok
open eve x10 with 200              | ok
open bob x10 with 1000             | ok
house /                            | ok
sell mm 9 @100                     | ok
buy eve 9 @100                     | filled 9 @ 100
sell eve 18 @100                   | ok
mark 112                           | ok
mark 124                           | ok
buy bob 30 @100                    | filled 9 @ 100, cancelled 9 margin_guard
holds eve                          | flat
wallet eve                         | 200
book                               | 100x21 /
"""
    assert log == RiskWorld().play(log)


@pytest.mark.parametrize(
    ("money", "outcome"),
    [
        ("1000", "cancelled #isolated 8 margin_guard"),
        # 50 lots have lost 225, and need 9.55; the order's margin is 792.
        ("1026.55", "cancelled #isolated 8 margin_guard"),
        ("1026.56", "filled 8 @ 99"),
    ],
)
def test_what_an_isolated_order_needs_is_not_taken_from_what_crossed_positions_stand_on(
    money: str, outcome: str
) -> None:
    """A loss of the crossed leg has used up what was locked for the order, to the last unit it stands on."""
    log = f"""
open mm x1                         | ok
open eve x50 with {money:<16} | ok
open bob x1                        | ok
margin eve isolated                | isolated
leverage eve 1                     | ok
house /                            | ok
buy eve 8 @99 #isolated            | ok
focus SOLUSDT                      | ok
margin eve crossed                 | crossed
leverage eve 100                   | ok
house /                            | ok
buy eve 50 @100                    | ok
sell mm 50 @100                    | filled 50 @ 100
house 94x500 / 97x500              | ok
mark 95.5                          | ok
focus ETHUSDT                      | ok
mark 99                            | ok
sell bob 8 @99                     | {outcome}
wallet eve                         | {money}
"""
    assert log == RiskWorld().play(log)


@pytest.mark.parametrize(
    "closing",
    [pytest.param("sell eve 10 @90 reduce", id="reduce-only"), pytest.param("sell eve 10 @90", id="one-way")],
)
def test_a_resting_order_closes_nothing_beyond_bankruptcy(closing: str) -> None:
    """It was placed while the account had the money; then the money left."""
    log = f"""
open mm x100                       | ok
open eve x50 with 1000             | ok
open bob x50 with 1000             | ok
house /                            | ok
sell mm 10 @100                    | ok
buy eve 10 @100                    | filled 10 @ 100
{closing:<35}| ok
withdraw eve 980                   | ok
buy bob 10 @90                     | cancelled 10 margin_guard
holds eve                          | +10
wallet eve                         | 20
house_wallet                       | 0
"""
    assert log == RiskWorld().play(log)


def test_one_tick_beyond_bankruptcy_is_beyond(linear: World) -> None:
    """Whatever loses at mark is looked at: at 99.22 there is nothing left, and the mark is 100."""
    log = """
mark 100                           | ok
open mm                            | ok
open eve x125 with 1000            | ok
sell mm 10 @100                    | ok
buy eve 10 @100                    | filled 10 @ 100
sell eve 10 @99 reduce             | ok
withdraw eve 991                   | ok
buy mm 10 @99                      | cancelled 10 margin_guard
holds eve                          | +10
"""
    assert log == linear.play(log)


def test_the_share_of_a_leg_falls_with_what_is_closed_of_it() -> None:
    """Two symbols stand on 480: 240 each, then, of 380, 126.67 for the half that is left; worst price 88."""
    log = """
open mm x1                         | ok
open eve x50 with 480              | ok
focus SOLUSDT                      | ok
buy eve 20                         | filled 20 @ 100
focus ETHUSDT                      | ok
buy eve 20                         | filled 20 @ 100
house /                            | ok
sell eve 10 @90 reduce             | ok
sell eve 10 @90 reduce             | ok
buy mm 20 @90                      | filled 20 @ 90
wallet eve                         | 280
"""
    assert log == RiskWorld().play(log)


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param(
            """
mark 112                               | ok
buy eve 10 @103 stp=none               | filled 10 @ 103
holds eve                              | flat
""",
            id="what it gets it has before it gives",
        ),
        pytest.param(
            """
mark 114                               | ok
buy eve 4 @103 stp=none                | filled 4 @ 103
holds eve                              | flat
""",
            id="what it does not want is not asked for",
        ),
        pytest.param(
            """
buy mm 10 @101                         | ok
sell eve 10 @101                       | filled 10 @ 101
add eve 200 short                      | ok
mark 114                               | ok
sell mm 10 @102                        | ok
buy eve 20 @103 stp=none               | filled 10 @ 102 + 10 @ 103
holds eve                              | flat
""",
            id="what it gets of others counts too: with them its short is closed",
        ),
    ],
)
def test_own_orders_of_an_isolated_account_are_judged_after_what_it_takes(rows: str) -> None:
    """One net position, from which both sides of the trade are counted, piece by piece."""
    log = f"""
open mm x1                             | ok
open eve isolated x10 with 1000        | ok
house /                                | ok
sell eve 10 @103 #own                  | ok
{rows}"""
    assert log == RiskWorld().play(log)


@pytest.mark.parametrize("mode", ["isolated", "crossed"])
def test_a_leg_under_water_closes_nothing_at_mark(mode: str) -> None:
    """A price after a start liquidates nobody yet; what lies at it is beyond the bankruptcy price already."""
    log = f"""
open mm x1                           | ok
open eve {mode:<8} x50 with 200       | ok
house /                              | ok
index 100 for=5000                   | ok
sell mm 10 @100                      | ok
buy eve 10 @100                      | filled 10 @ 100
{"add eve 100 long":<36} | {"ok" if mode == "isolated" else "refused: margin_is_crossed"}
sell eve 10 @91 reduce               | ok
{"add eve -100 long":<36} | {"ok" if mode == "isolated" else "refused: margin_is_crossed"}
withdraw eve 180                     | ok
resume                               | ok
index 90 for=5000                    | ok
buy mm 10 @91 reduce                 | cancelled 10 margin_guard
wallet eve                           | 20
index 90 for=5000                    | eve adl 10 @ 98 mm, over
house_wallet                         | 0
"""
    assert log == RiskWorld().play(log)


def test_an_isolated_leg_is_not_opened_bankrupt_by_its_own_account() -> None:
    """In hedge mode the other leg would keep what this one, on little margin, leaves to the fund."""
    log = """
open mm x1                             | ok
open eve isolated hedge x50 with 100   | ok
house /                                | ok
buy eve 10 @100 open                   | ok
mark 97                                | ok
mark 95                                | ok
sell eve 10 @100 open stp=none         | cancelled 10 margin_guard
holds eve                              | flat
wallet eve                             | 100
"""
    assert log == RiskWorld().play(log)


@pytest.mark.parametrize("lots", [10, 20, 30])
def test_an_account_does_not_strip_its_own_leg_of_margin(lots: int) -> None:
    """In one-way mode its own order would open the leg again at its price, on initial margin alone."""
    log = f"""
open mm x1                             | ok
open eve isolated x20 with 300         | ok
house /                                | ok
buy mm 10 @100                         | ok
sell eve 10 @100                       | filled 10 @ 100
sell eve 20 @100                       | ok
add eve 120 short                      | ok
mark 110                               | ok
buy eve {lots} stp=none                    | refused: no_liquidity
isolated eve                           | 170
wallet eve                             | 300
"""
    assert log == RiskWorld().play(log)


@pytest.mark.parametrize(
    ("lots", "outcome"),
    [
        pytest.param(23, "refused: insufficient_margin", id="three short at 90, on margin for a loss of 4.5"),
        pytest.param(20, "filled 20 @ 100", id="closes what its own order has opened again"),
    ],
)
def test_a_leg_that_own_orders_open_again_is_closed_first(lots: int, outcome: str) -> None:
    """What opens is the last of it, at its own prices: not all that is beyond the leg as it was."""
    log = f"""
open mm x1                             | ok
open pal x1 with 10000                 | ok
open eve isolated x20 with 400         | ok
house /                                | ok
sell mm 10 @100                        | ok
buy eve 10 @100                        | filled 10 @ 100
add eve 150 long                       | ok
buy eve 10 @100                        | ok
buy pal 10 @100                        | ok
buy pal 3 @90                          | ok
sell eve {lots} stp=none                   | {outcome}
"""
    assert log == RiskWorld().play(log)


@pytest.mark.parametrize(
    ("lots", "outcome"),
    [
        pytest.param(85, "filled 10 @ 119 + 75 @ 96", id="55 short need 264 of 280"),
        pytest.param(110, "refused: insufficient_margin", id="80 short would need 384"),
    ],
)
def test_a_price_that_an_own_order_gives_pays_for_no_opening(lots: int, outcome: str) -> None:
    """Its gain is lost again when the leg that it opens is closed by others, before anything opens."""
    log = f"""
open mm x1                             | ok
open pal x1 with 100000                | ok
open eve isolated x20 with 360         | ok
house /                                | ok
sell mm 20 @100                        | ok
buy eve 20 @100                        | filled 20 @ 100
add eve 190 long                       | ok
buy eve 10 @119                        | ok
buy pal 100 @96                        | ok
sell eve {lots} stp=none                   | {outcome}
"""
    world = RiskWorld(tiers=(Tier(10**6 * E8, 100, 400_000),))
    assert log == world.play(log)


@pytest.mark.parametrize(("lots", "outcome"), [(22, "filled 22 @ 100"), (34, "filled 34 @ 100")])
def test_closing_what_an_own_order_opens_again_needs_no_margin(lots: int, outcome: str) -> None:
    """An order needs margin for what it opens only (ORD-5), and what an own order locked is free by then."""
    log = f"""
open mm x1                             | ok
open pal x1 with 10000                 | ok
open eve isolated x20 with 110         | ok
house /                                | ok
sell mm 10 @100                        | ok
buy eve 10 @100                        | filled 10 @ 100
buy eve 12 @100                        | ok
buy pal 50 @100                        | ok
sell eve {lots} stp=none                   | {outcome}
"""
    assert log == RiskWorld().play(log)


@pytest.mark.parametrize("lots", [100, 850])
def test_what_an_own_order_opens_again_is_an_opening(lots: int) -> None:
    """Both fees of it are lost: at a ratio of 0.95 they would end the account, others pay for some."""
    world = RiskWorld(
        taker_fee_rate_e8=60_000, maker_fee_rate_e8=20_000, tiers=(Tier(10**6 * E8, 100, 400_000),)
    )
    log = f"""
open mm x1                             | ok
open eve x100 with 1000                | ok
house /                                | ok
sell mm 100 @100                       | ok
buy eve 100 @100                       | filled 100 @ 100
buy eve {lots} @91                         | ok
mark 90.5                              | ok
sell eve {lots} @91 stp=none               | refused: insufficient_margin
deposit eve 200                        | ok
sell eve {lots} @91 stp=none               | filled {lots} @ 91
holds eve                              | +100
"""
    assert log == world.play(log)


def test_an_opening_that_meets_own_closing_orders_is_judged_as_it_ends() -> None:
    """Each own order closes some of the leg as it is then, and with it some of what made it safe."""
    closing = "buy eve 1 @101 close                   | ok\n" * 4
    filled = "filled 4 @ 101, cancelled " + " and ".join(["1 self_trade"] * 4)
    log = f"""
open mm x1                             | ok
open eve isolated hedge x50 with 500   | ok
house /                                | ok
mark 99.1                              | ok
sell mm 4 @99                          | ok
buy eve 4 @99 open                     | filled 4 @ 99
add eve 0.5 long                       | ok
{closing}buy eve 4 @101 open stp=none           | refused: insufficient_margin
sell mm 4 @101                         | ok
buy eve 4 @101 open stp=cancel_maker   | {filled}
"""
    assert log == RiskWorld().play(log)
