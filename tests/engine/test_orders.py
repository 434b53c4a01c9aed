"""Placing and cancelling orders, as trading logs, and every reason for which one is refused."""

from typing import Any

import pytest

from backhand.commands import CancelOrder, PlaceOrder
from backhand.engine.state import FIRST_ID
from backhand.events import OrderAccepted, Rejected
from tests.engine.liquidating import RiskWorld
from tests.engine.worlds import LINEAR, World, contract

ONE_WAY = """
mark 100                               | ok
house 99x50 98x50 / 101x50 102x50      | ok
open alice x5                          | ok
open bob x5                            | ok
"""
HEDGE = """
mark 100                               | ok
house 99x50 98x50 / 101x50 102x50      | ok
open alice hedge x5                    | ok
"""


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param(
            """
buy alice 3 @100 #b                    | ok
orders alice                           | #b buy 3 @ 100
book                                   | 100x3 99x50 98x50 / 101x50 102x50
sell bob 5 @100                        | filled 3 @ 100
orders alice                           | none
orders bob                             | sell 2 @ 100
cancel bob #none                       | refused: unknown_order
""",
            id="gtc rests and is filled at its own price",
        ),
        pytest.param(
            """
buy alice 60 @102                      | filled 50 @ 101 + 10 @ 102
buy alice 60 @102                      | filled 40 @ 102
book                                   | 102x20 99x50 98x50 /
""",
            id="a limit takes better prices first and rests with the remainder",
        ),
        pytest.param(
            """
buy alice 60 @101 ioc                  | filled 50 @ 101, cancelled 10 immediate_remainder
buy alice 5 @100 ioc                   | cancelled 5 immediate_remainder
orders alice                           | none
""",
            id="ioc never rests",
        ),
        pytest.param(
            """
buy alice 60 @101 fok                  | cancelled 60 fill_or_kill
buy alice 60 @102 fok                  | filled 50 @ 101 + 10 @ 102
""",
            id="fok is whole or nothing",
        ),
        pytest.param(
            """
buy alice 5 @101 post_only             | cancelled 5 post_only_would_take
buy alice 5 @100 post_only             | ok
orders alice                           | buy 5 @ 100
""",
            id="post only never takes",
        ),
        pytest.param(
            """
buy alice 3 @100 #first                | ok
buy bob 3 @100 #second                 | ok
open carol                             | ok
sell carol 4                           | filled 4 @ 100
orders alice                           | none
orders bob                             | #second buy 2 @ 100
cancel bob #second                     | cancelled #second 2 by_client
""",
            id="time decides at one price",
        ),
        pytest.param(
            """
house 99x3 / 101x3                     | ok
buy alice 5                            | filled 3 @ 101, cancelled 2 immediate_remainder
buy alice 5                            | refused: no_liquidity
""",
            id="a market order takes what there is",
        ),
        pytest.param(
            """
leverage alice 2                       | ok
house 99x3 / 111x3 112x3               | ok
buy alice 5                            | refused: no_liquidity
house 90x3 89x3 / 110x3                | ok
buy alice 5                            | filled 3 @ 110, cancelled 2 immediate_remainder
sell alice 5                           | filled 3 @ 90, cancelled 2 immediate_remainder
buy alice 1 @111                       | refused: price_above_band
sell alice 1 @89                       | refused: price_below_band
sell alice 1 @200                      | ok
buy alice 1 @50                        | ok
""",
            id="the band limits the named side, market orders too",
        ),
        pytest.param(
            """
buy alice 5                            | filled 5 @ 101
sell alice 8                           | filled 8 @ 99
holds alice                            | -3
average alice                          | 99
buy alice 3                            | filled 3 @ 101
holds alice                            | flat
""",
            id="one-way mode nets through zero",
        ),
        pytest.param(
            """
buy alice 5 @100 #own                  | ok
sell alice 5 @100                      | filled 5 @ 100
holds alice                            | flat
""",
            id="an account may meet itself",
        ),
        pytest.param(
            """
buy alice 5                            | filled 5 @ 101
sell alice 6 reduce                    | refused: reduce_only_too_large
buy alice 1 reduce                     | refused: no_position_to_close
sell alice 5 @105 reduce #tp           | ok
sell alice 2 @106 reduce #tp2          | cancelled #tp 5 displaced
sell alice 3                           | filled 3 @ 99
orders alice                           | #tp2 sell 2 @ 106
sell alice 1                           | filled 1 @ 99, cancelled #tp2 2 reduce_only_excess
holds alice                            | +1
""",
            id="reduce-only orders never hold more than the position",
        ),
        pytest.param(
            """
buy alice 5                            | filled 5 @ 101
sell alice 4 @105 #plain               | ok
sell alice 5 @105 reduce #tp           | ok
house / 104x1                          | ok
open carol                             | ok
mark 105                               | ok
buy carol 20 @105                      | filled 1 @ 104 + 5 @ 105, cancelled #tp 4 reduce_only_excess
holds alice                            | flat
book                                   | 105x14 /
""",
            id="a reduce-only maker is met once for what its position still holds",
        ),
        pytest.param(
            """
buy alice 5                            | filled 5 @ 101
sell alice 3 @103 #plain               | ok
sell alice 5 @104 reduce #tp           | ok
house /                                | ok
buy alice 8 @104                       | filled 3 @ 103 + 5 @ 104
holds alice                            | +5
""",
            id="what an account sells to itself leaves its reduce-only orders whole",
        ),
    ],
)
def test_one_way_orders(world: World, rows: str) -> None:
    """Orders of one-way accounts do what their kind says."""
    log = ONE_WAY + rows
    assert log == world.play(log)


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param(
            """
buy alice 5                            | refused: effect_missing
buy alice 5 invalid                    | refused: effect_invalid
buy alice 5 open                       | filled 5 @ 101
sell alice 4 open                      | filled 4 @ 99
holds alice                            | L5 S4
buy alice 2 close                      | filled 2 @ 99
sell alice 1 close                     | filled 1 @ 101
holds alice                            | L3 S3
""",
            id="side names the leg, the trade side opens or closes it",
        ),
        pytest.param(
            """
buy alice 5 close                      | refused: no_position_to_close
buy alice 5 open                       | filled 5 @ 101
buy alice 9 close                      | filled 5 @ 99
holds alice                            | flat
""",
            id="a close is clamped to the leg",
        ),
        pytest.param(
            """
buy alice 10 open                      | filled 10 @ 101
buy alice 7 @105 close #tp             | ok
buy alice 5 close                      | filled 3 @ 99
buy alice 5 @104 close                 | refused: nothing_available_to_close
buy alice 5 close                      | filled 5 @ 99, cancelled #tp 7 displaced
holds alice                            | L2
""",
            id="locked lots are not free; a market close of a locked leg frees what it needs",
        ),
        pytest.param(
            """
buy alice 10 open                      | filled 10 @ 101
buy alice 7 @105 close #tp             | ok
buy alice 7 @104 close #rest           | ok
orders alice                           | #tp sell 7 @ 105, #rest sell 3 @ 104
""",
            id="a limit close takes the free part",
        ),
    ],
)
def test_hedge_orders(world: World, rows: str) -> None:
    """Orders of hedge accounts open and close legs that never net."""
    log = HEDGE + rows
    assert log == world.play(log)


@pytest.mark.parametrize(
    ("step", "reason"),
    [
        ("buy nobody 5", "unknown_account"),
        ("buy 0 5", "unknown_account"),
        ("buy alice 5 isolated", "margin_mode_mismatch"),
        ("buy alice 5 #used", "duplicate_client_oid"),
        ("buy alice 100001", "size_too_large"),
        ("buy alice 1000001 @99", "size_too_large"),
        ("buy alice 1 @100", "size_too_small"),
        ("buy alice 0", "size_too_small"),
        ("buy alice -5", "size_too_small"),
        ("buy alice 5 @111", "price_above_band"),
        ("sell alice 5 @89", "price_below_band"),
        ("buy alice 5 @0", "invalid_price"),
        ("buy alice 5 @-1", "invalid_price"),
        ("buy alice 2 @2", "value_too_small"),
        ("sell alice 5 reduce", "no_position_to_close"),
        ("buy alice 5 @99", "too_many_orders"),
        ("buy bob 5000 @99", "insufficient_margin"),
        ("buy bob 300000 @99", "tier_exceeded"),
    ],
)
def test_refusals(step: str, reason: str) -> None:
    """Each fault of an order is refused with its reason."""
    world = World(contract(size_lots_min=2, symbol_orders_max=2))
    world.play(
        """
mark 100                       | ok
house 99x50 / 101x50           | ok
open alice x5                  | ok
open bob x20 with 1000         | ok
buy alice 2 @95 #used          | ok
"""
    )
    if reason not in {"margin_mode_mismatch", "duplicate_client_oid"}:
        world.play("cancel alice #used | ok\n")
    if reason == "too_many_orders":
        world.play("buy alice 2 @95 | ok\nbuy alice 2 @95 | ok\n")
    if reason == "tier_exceeded":
        world.play("deposit bob 100000000 | ok\n")
    assert f"refused: {reason}" == world.step(step)


@pytest.mark.parametrize(
    ("status", "step", "outcome"),
    [
        ("maintain", "buy alice 5", "refused: symbol_not_trading"),
        ("off", "sell alice 5 reduce", "refused: symbol_not_trading"),
        ("limit_open", "buy alice 5", "refused: opening_disabled"),
        ("limit_open", "sell alice 5 reduce", "filled 5 @ 99"),
        ("maintain", "cancel alice #resting", "cancelled #resting 1 by_client"),
        ("restricted", "cancel alice #resting", "cancelled #resting 1 by_client"),
        # What would open ends when the contract is closed for opening, everything when it is taken off.
        ("limit_open", "cancel alice #resting", "refused: unknown_order"),
        ("off", "cancel alice #resting", "refused: unknown_order"),
    ],
)
def test_contract_states(world: World, status: str, step: str, outcome: str) -> None:
    """A contract's state decides what may be placed; cancelling is always allowed."""
    world.play(ONE_WAY + f"buy alice 5 | ok\nbuy alice 1 @95 #resting | ok\nterms status={status} | ok\n")
    assert outcome == world.step(step)


def test_orders_need_a_price_and_a_symbol(linear: World) -> None:
    """Without a mark price, or a symbol, nothing is accepted."""
    linear.play("open alice | ok\n")
    assert "refused: no_index_price" == linear.step("buy alice 5")
    (refusal,) = linear.do(PlaceOrder("alice", "NONE", 1, "market", 1))
    assert isinstance(refusal, Rejected)
    assert ("unknown_symbol", "NONE") == (refusal.reason.value, refusal.detail)


def test_a_limit_order_has_a_price(linear: World) -> None:
    """A limit order without a price is refused: it would rest at nothing."""
    linear.play(ONE_WAY)
    (refusal,) = linear.do(PlaceOrder("alice", "ETHUSDT", 1, "limit", 1))
    assert isinstance(refusal, Rejected)
    assert "invalid_price" == refusal.reason.value


def test_a_mark_below_one_tick_still_limits_market_orders(linear: World) -> None:
    """When no tick lies inside the band, a market order meets nothing."""
    log = (
        ONE_WAY
        + """
terms value_min_e8=0                   | ok
mark 0.1                               | ok
buy alice 1                            | refused: no_liquidity
"""
    )
    assert log == linear.play(log)


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        (CancelOrder("nobody", "ETHUSDT", FIRST_ID), "unknown_account"),
        (CancelOrder("0", "ETHUSDT", FIRST_ID), "unknown_account"),
        (CancelOrder("alice", "NONE", FIRST_ID), "unknown_symbol"),
        (CancelOrder("alice", "ETHUSDT"), "unknown_order"),
        (CancelOrder("alice", "ETHUSDT", FIRST_ID + 999), "unknown_order"),
        (CancelOrder("alice", "BTCUSDT", client_oid="mine"), "unknown_order"),
        (CancelOrder("bob", "ETHUSDT", client_oid="mine"), "unknown_order"),
    ],
)
def test_cancel_refusals(command: CancelOrder, reason: str) -> None:
    """Only an account's own open orders of that symbol can be cancelled."""
    world = World(LINEAR, contract("BTCUSDT"))
    world.play(ONE_WAY + "buy alice 1 @95 #mine | ok\n")
    (refusal,) = world.do(command)
    assert isinstance(refusal, Rejected)
    assert reason == refusal.reason.value


def test_the_order_id_wins_over_the_client_order_id(linear: World) -> None:
    """A cancel that names both goes by the order id."""
    linear.play(ONE_WAY + "buy alice 1 @95 #a | ok\nbuy alice 2 @94 #b | ok\n")
    order_id = next(iter(linear.holding("alice").orders))
    linear.do(CancelOrder("alice", "ETHUSDT", order_id, "b"))
    assert "#b buy 2 @ 94" == linear.step("orders alice")


def test_margin_mode_of_an_order_sets_an_idle_symbol(linear: World) -> None:
    """An order may bring its margin mode to a symbol that is flat and without orders, and only there."""
    log = (
        ONE_WAY
        + """
buy alice 2 isolated                   | filled 2 @ 101, isolated
isolated alice                         | 40.4
buy alice 2 crossed                    | refused: margin_mode_mismatch
sell alice 2                           | filled 2 @ 99
buy alice 2 crossed                    | filled 2 @ 101, crossed
"""
    )
    assert log == linear.play(log)


def test_client_order_ids_are_remembered_for_thirty_days(linear: World) -> None:
    """A client order id is refused while its order is open, and for 30 days (DESIGN D15)."""
    log = (
        ONE_WAY
        + """
buy alice 1 @95 #open                  | ok
buy alice 1 #gone                      | filled 1 @ 101
days 29                                | ok
buy alice 1 #gone                      | refused: duplicate_client_oid
buy alice 1 #open                      | refused: duplicate_client_oid
days 1                                 | ok
buy alice 1 #gone                      | filled 1 @ 101
buy alice 1 #open                      | refused: duplicate_client_oid
buy bob 1 #gone                        | filled 1 @ 101
"""
    )
    assert log == linear.play(log)


@pytest.mark.parametrize("orders_ahead", [0, 1, 2])
def test_a_guessed_generated_id_collides_with_nothing(linear: World, orders_ahead: int) -> None:
    """A client may use the text that the venue would generate next; every order keeps a name of its own."""
    linear.play(ONE_WAY)
    guess = str(linear.state.next_order_id + 2 * orders_ahead + 1)
    accepted = []
    for oid in (guess, None, None, None):
        events = linear.do(PlaceOrder("alice", "ETHUSDT", 1, "limit", 1, 95, client_oid=oid))
        accepted += [event for event in events if isinstance(event, OrderAccepted)]
    assert 4 == len({order.client_oid for order in accepted})
    for order in accepted:
        assert "refused" not in linear.told(
            linear.do(CancelOrder("alice", "ETHUSDT", client_oid=order.client_oid))
        )
    assert "none" == linear.step("orders alice")


def test_a_guess_that_is_forgotten_while_it_rests_collides_with_nothing(linear: World) -> None:
    """A resting order keeps its name for itself when the memory of that name has ended."""
    linear.play(ONE_WAY)
    guess = str(linear.state.next_order_id + 7)
    log = f"""
buy alice 1 @95 #{guess} | ok
days 31                  | ok
buy alice 1 #x           | filled 1 @ 101
buy alice 1 #y           | filled 1 @ 101
buy alice 1 @94          | ok
"""
    assert log == linear.play(log)
    assert guess not in linear.state.accounts["alice"].client_oids
    for order_id in list(linear.state.accounts["alice"].orders):
        assert "refused" not in linear.told(linear.do(CancelOrder("alice", "ETHUSDT", order_id)))
    assert "none" == linear.step("orders alice")


def test_digits_of_other_scripts_are_no_generated_id(linear: World) -> None:
    """A client order id of digits that are not 0 to 9 is a name like any other."""
    linear.play(ONE_WAY)
    for digit in ("\N{SUPERSCRIPT TWO}", "\N{ARABIC-INDIC DIGIT ONE}"):
        assert "ok" == linear.step(f"buy alice 1 @95 #{digit * 19}")


def test_a_reversals_legs_never_share_a_client_order_id(linear: World) -> None:
    """The id generated for the close leg is never the one that the client gave the open leg."""
    linear.play(ONE_WAY + "buy alice 2 | ok\n")
    guess = str(linear.state.next_order_id + 1)
    linear.play(f"reverse alice #{guess} | ok\n")
    oids = [event.client_oid for event in linear.venue.events[-1] if isinstance(event, OrderAccepted)]
    assert 2 == len(set(oids))


def test_an_id_that_the_venue_generated_is_taken(linear: World) -> None:
    """A client cannot give an order the id that the venue gave another order of the account."""
    linear.play(ONE_WAY + "buy alice 2 | ok\n")
    (taken,) = [event.client_oid for event in linear.venue.events[-1] if isinstance(event, OrderAccepted)]
    assert "refused: duplicate_client_oid" == linear.step(f"buy alice 2 #{taken}")


@pytest.mark.parametrize("tif", ["post_only", "fok"])
def test_an_order_that_ends_at_once_displaces_nothing(linear: World, tif: str) -> None:
    """A reduce-only order that is killed on arrival leaves the account's resting closes alone."""
    log = (
        ONE_WAY
        + f"""
buy alice 60                           | filled 50 @ 101 + 10 @ 102
sell alice 60 @105 reduce #tp          | ok
sell alice 60 @99 reduce {tif:<13} | cancelled 60 {"fill_or_kill" if tif == "fok" else "post_only_would_take"}
orders alice                           | #tp sell 60 @ 105
"""
    )
    assert log == linear.play(log)


def test_a_market_close_needs_no_room_for_resting_orders() -> None:
    """An account that holds as many orders as it may can still close at market, and reverse."""
    world = World(contract(symbol_orders_max=2))
    log = (
        ONE_WAY
        + """
buy alice 4                            | filled 4 @ 101
buy alice 1 @90                        | ok
buy alice 1 @91                        | ok
buy alice 1 @92                        | refused: too_many_orders
sell alice 2 reduce                    | filled 2 @ 99
reverse alice                          | closed 2 @ 99, opened 2 @ 99
"""
    )
    assert log == world.play(log)


def test_orders_of_a_product_type_are_counted_together() -> None:
    """A product type's own limit counts the orders of all its symbols."""
    world = World(contract(product_orders_max=2), contract("BTCUSDT", product_orders_max=2))
    world.play(ONE_WAY + "buy alice 1 @95 | ok\n")
    steps: list[Any] = []
    for symbol in ("BTCUSDT", "ETHUSDT"):
        world.contract = world.state.contracts[symbol]
        world.play("mark 100 | ok\n")
        steps.append(world.step("buy alice 1 @95"))
    assert ["ok", "refused: too_many_orders"] == steps


def test_no_order_rests_that_its_account_could_not_bear(linear: World) -> None:
    """
    A bid of 109 at a mark of 100 loses 9 a coin to whoever sells to it, more than the account has.

    Who met it would have been paid by the insurance fund, or by whom the buyer is deleveraged against.
    """
    linear.play("mark 100 | ok\nopen alice x125 with 1000 | ok\n")
    assert "refused: insufficient_margin" == linear.step("buy alice 1000 @109")


def test_closing_orders_beyond_the_leg_end_oldest_first_and_no_more_of_them(world: World) -> None:
    """Of 10 held 8 are spoken for; when 4 go at market, one order of 4 is enough to end."""
    log = (
        ONE_WAY
        + """
buy alice 10                           | filled 10 @ 101
sell alice 4 @105 reduce #a            | ok
sell alice 4 @106 reduce #b            | ok
sell alice 4                           | filled 4 @ 99, cancelled #a 4 reduce_only_excess
orders alice                           | #b sell 4 @ 106
"""
    )
    assert log == world.play(log)


def test_reduce_only_makers_give_what_all_orders_before_them_leave() -> None:
    """In one sweep: 10 held, 4 and 4 sold by orders that only happen to close, 2 are left for one of 5."""
    log = """
open eve x10                           | ok
open bob x10                           | ok
house / 100x10                         | ok
buy eve 10                             | filled 10 @ 100
sell eve 4 @101                        | ok
sell eve 4 @102                        | ok
sell eve 5 @103 reduce #close          | ok
buy bob 20 @103                        | SAID
holds eve                              | flat
""".replace("SAID", "filled 4 @ 101 + 4 @ 102 + 2 @ 103, cancelled #close 3 reduce_only_excess")
    assert log == RiskWorld().play(log)


def test_an_order_that_brings_another_margin_mode_is_paid_for_in_it() -> None:
    """With 60 and a leverage of 20 crossed, 10 isolated: 6 lots isolated, 12 crossed (ORD-1)."""
    log = """
open alice x10 with 60                 | ok
leverage alice 20                      | ok
buy alice 7 isolated                   | refused: insufficient_margin
buy alice 6 isolated                   | filled 6 @ 100, isolated
isolated alice                         | 60
open bob x10 with 60                   | ok
leverage bob 20                        | ok
margin bob isolated                    | isolated
buy bob 12 crossed                     | filled 12 @ 100, crossed
"""
    assert log == RiskWorld().play(log)


@pytest.mark.parametrize(
    ("leverage", "outcome"),
    [
        # 9 a coin are lost at mark, of 109 / L that the leg has.
        (10, "ok"),
        (12, "refused: insufficient_margin"),
    ],
)
def test_an_isolated_leg_bears_its_own_orders(linear: World, leverage: int, outcome: str) -> None:
    """A resting order may lose no more than the margin that it will bring along."""
    linear.play(f"mark 100 | ok\nopen alice isolated x{leverage} | ok\n")
    assert outcome == linear.step("buy alice 1 @109")
