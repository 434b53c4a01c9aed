"""
Reversals held to a quote, and what policies mean for parts of positions, each as a trading log.

A quote is a plan's bounds; `held_to` sends them with the same reversal after something has happened.
"""

from typing import Any

import pytest

from backhand.commands import ReversalBounds, ReversePosition, Tier
from backhand.engine.reversal_bounds import bounds_of
from backhand.engine.reversal_plan import ReversalPlan, plan_reversal
from backhand.events import PositionReversed, Rejected
from backhand.units import E8, E12
from tests.engine.worlds import INVERSE, LINEAR, World, contract

BOTH_KINDS = pytest.mark.parametrize("focus", [LINEAR, INVERSE], ids=["linear", "inverse"])
BOTH_MARGIN_MODES = pytest.mark.parametrize("margin_mode", ["crossed", "isolated"])
LONG = """
mark 100                               | ok
house 99x20 98x1000 / 101x20           | ok
open alice hedge x10                   | ok
open bob hedge x10                     | ok
buy alice 10 open                      | filled 10 @ 101
"""
ONE_WAY_LONG = LONG.replace(" hedge", "").replace(" open ", " ")


def quoted(world: World, **fields: Any) -> ReversalBounds:
    """Quote a reversal of alice's long leg."""
    plan = plan_reversal(world.state, command(world, **fields))
    assert isinstance(plan, ReversalPlan)
    return bounds_of(plan)


def command(world: World, **fields: Any) -> ReversePosition:
    sent: dict[str, Any] = {"side": 1, "effect": "open"} | fields
    return ReversePosition("alice", world.contract.symbol, **sent)


def held_to(world: World, bounds: ReversalBounds, **fields: Any) -> str:
    """Reverse within bounds: the position then, or in what it would have been worse."""
    events = world.do(command(world, bounds=bounds, **fields))
    if isinstance(events[0], Rejected):
        assert "worse_than_quoted" == events[0].reason.value
        return events[0].detail
    assert any(isinstance(event, PositionReversed) for event in events)
    return world.step("holds alice")


@BOTH_KINDS
@BOTH_MARGIN_MODES
@pytest.mark.parametrize(
    ("fields", "between", "outcome"),
    [
        pytest.param({}, "", "S10", id="nothing happened"),
        pytest.param({"size_lots": 4}, "", "L6 S4", id="part of it"),
        pytest.param({}, "house 100x20 / 101x20 | ok", "S10", id="better prices"),
        pytest.param({}, "house 99x20 / 101x1 | ok", "S10", id="what is not hit does not matter"),
        pytest.param({}, "house 98x20 / 101x20 | ok", "average price", id="a worse price"),
        pytest.param(
            {}, "house 99x9 98x20 / 101x20 | ok", "average price", id="a worse end of the close leg"
        ),
        pytest.param(
            {}, "house 99x19 98x20 / 101x20 | ok", "average price", id="a worse end of the open leg"
        ),
        pytest.param({}, "house 99x19 / 101x20 | ok", "size", id="a smaller open leg"),
        pytest.param({}, "house 99x9 / 101x20 | ok", "position", id="a smaller close leg leaves some"),
        pytest.param({}, "buy alice 5 open | filled 5 @ 101", "size", id="a larger position"),
        pytest.param(
            {"size_lots": 4}, "buy alice 5 open | filled 5 @ 101", "position", id="part of a larger"
        ),
        pytest.param({}, "terms taker_fee_rate_e8=70000 | ok", "fee", id="a higher fee rate"),
        pytest.param({}, "terms taker_fee_rate_e8=50000 | ok", "S10", id="a lower fee rate"),
    ],
)
def test_a_reversal_is_as_quoted_or_refused(
    focus: Any, margin_mode: str, fields: dict[str, Any], between: str, outcome: str
) -> None:
    """Whatever happens in between: the result is the quoted one or better, or it says in what it is worse."""
    world = World(focus, margin_mode=margin_mode)
    assert LONG == world.play(LONG)
    bounds = quoted(world, **fields)
    assert between == world.play(between)
    assert outcome == held_to(world, bounds, **fields)


@BOTH_MARGIN_MODES
def test_more_fills_may_round_up_what_is_charged(margin_mode: str) -> None:
    """The same price from two makers costs a unit more: no worse a fee, and no worse a liquidation price."""
    world = World(contract(tick_e12=E12 // 10, taker_fee_rate_e8=60_001), margin_mode=margin_mode)
    world.play(LONG.replace("99x20", "99.1x20"))
    bounds = quoted(world)
    world.play("house 99.1x7 98x1000 / 101x20 | ok\nbuy bob 13 @99.1 open | ok\n")
    plan = plan_reversal(world.state, command(world))
    assert isinstance(plan, ReversalPlan)
    assert plan.after.fee_e8 == bounds.fee_e8 + 1
    assert "S10" == held_to(world, bounds)


@BOTH_KINDS
def test_more_fills_round_margin_and_average_too(focus: Any) -> None:
    """An isolated leg of the same prices, in other pieces, is as good to the last digit but one."""
    world = World(focus, margin_mode="isolated")
    world.play(LONG.replace("99x20", "99x12").replace("alice 10", "alice 7"))
    bounds = quoted(world)
    between = """
house 99x12 98x1 / 101x20              | ok
buy bob 9 @98 open                     | ok
"""
    assert between == world.play(between)
    assert "S7" == held_to(world, bounds)


@BOTH_KINDS
@pytest.mark.parametrize(
    ("margin_mode", "worse", "better"),
    [
        ("crossed", "withdraw alice 100", "deposit alice 100"),
        ("isolated", "leverage alice 20 short", "leverage alice 5 short"),
    ],
)
def test_a_nearer_liquidation_price_is_worse(focus: Any, margin_mode: str, worse: str, better: str) -> None:
    """Less behind the new position than quoted is refused, more is taken."""
    world = World(focus, margin_mode=margin_mode)
    world.play(LONG.replace("hedge x10", "hedge x10 with 300", 1))
    if focus is INVERSE:
        # A coin is worth about 100; a short with plenty of them is never liquidated.
        assert "ok" == world.step("withdraw alice 297")
        worse, better = worse.replace("100", "0.5"), better.replace("100", "0.5")
    bounds = quoted(world)
    assert "ok" == world.step(worse)
    assert "liquidation price" == held_to(world, bounds)
    assert "ok" == world.step(better)
    assert "ok" == world.step(better)
    assert "S10" == held_to(world, bounds)


@pytest.mark.parametrize(
    ("between", "outcome"),
    [("deposit alice 20", "L7 S3"), ("withdraw alice 20", "liquidation price")],
)
def test_what_is_nearer_follows_from_the_mark(between: str, outcome: str) -> None:
    """A hedge that stays long is liquidated by a fall, whatever short is opened: higher is worse."""
    world = World(LINEAR, margin_mode="crossed")
    world.play(LONG.replace("hedge x10", "hedge x10 with 300", 1))
    bounds = quoted(world, size_lots=3)
    assert 0 < bounds.liquidation_price_e12 < 30 * E12
    assert "ok" == world.step(between)
    assert outcome == held_to(world, bounds, size_lots=3)


def test_a_hedge_that_turns_is_held_to_the_way_to_its_end() -> None:
    """7 long and 3 short are liquidated far below; with 20 short more it is a rise, and not as far."""
    world = World(LINEAR, margin_mode="crossed")
    log = """
mark 100                               | ok
house 99x20 / 103x20                   | ok
open alice hedge x10 with 400          | ok
open bob hedge x10                     | ok
buy alice 10 open                      | filled 10 @ 103
sell alice 20 @102 open                | ok
"""
    assert log == world.play(log)
    bounds = quoted(world, size_lots=3)
    assert 0 < bounds.liquidation_price_e12 < 10 * E12
    assert "filled 20 @ 102" == world.step("buy bob 20 @102 open")
    assert 120 * E12 < quoted(world, size_lots=3).liquidation_price_e12 < 130 * E12
    assert "liquidation price" == held_to(world, bounds, size_lots=3)


@BOTH_KINDS
def test_a_quote_is_of_the_side_that_was_held(focus: Any) -> None:
    """Once the position has turned over, its quote holds for nothing: a commit sent twice reverses once."""
    world = World(focus)
    world.play(ONE_WAY_LONG)
    bounds = quoted(world, side=None, effect=None)
    assert "-10" == held_to(world, bounds, side=None, effect=None)
    assert "position" == held_to(world, bounds, side=None, effect=None)
    assert "-10" == world.step("holds alice")


@BOTH_KINDS
def test_a_quote_of_a_part_is_committed_once(focus: Any) -> None:
    """A part that was reversed leaves another position than the quote was made of."""
    world = World(focus)
    world.play(LONG)
    bounds = quoted(world, size_lots=4)
    assert "L6 S4" == held_to(world, bounds, size_lots=4)
    assert "position" == held_to(world, bounds, size_lots=4)


@BOTH_KINDS
def test_a_quote_is_of_what_had_been_closed_before(focus: Any) -> None:
    """The same part of a position that is as large again is another part: the quote was committed (REV-5)."""
    world = World(focus)
    world.play(LONG)
    bounds = quoted(world, size_lots=4)
    assert "L6 S4" == held_to(world, bounds, size_lots=4)
    assert "filled 4 @ 101" == world.step("buy alice 4 open")
    assert "position" == held_to(world, bounds, size_lots=4)


@BOTH_KINDS
def test_an_open_leg_that_was_not_quoted_is_refused_for_its_liquidation_price(focus: Any) -> None:
    """Quoted as a close alone, a reversal that would now open is another one; no liquidation beats any."""
    world = World(focus)
    world.play(LONG.replace("hedge x10", "hedge x10 with 300", 1))
    world.step("withdraw alice 100" if focus is LINEAR else "withdraw alice 297")
    world.step("terms status=limit_open")
    bounds = quoted(world)
    assert (0, 0) == (bounds.opened_lots, bounds.liquidation_price_e12)
    assert "ok" == world.step("terms status=normal")
    assert "liquidation price" == held_to(world, bounds)


@BOTH_KINDS
@pytest.mark.parametrize(
    ("policy", "outcome", "left"),
    [
        ("5", "closed 3 @ 99, opened 3 @ 99", "#c1 sell 4 @ 105, #c2 sell 3 @ 106"),
        ("5 exclude", "closed 3 @ 99, opened 3 @ 99", "#c1 sell 4 @ 105, #c2 sell 3 @ 106"),
        (
            "5 include",
            "closed 5 @ 99, opened 5 @ 99, cancelled #c1 4 reversal",
            "#c2 sell 3 @ 106",
        ),
        ("3 include", "closed 3 @ 99, opened 3 @ 99", "#c1 sell 4 @ 105, #c2 sell 3 @ 106"),
        (
            "8 include",
            "closed 8 @ 99, opened 8 @ 99, cancelled #c1 4 reversal and #c2 3 reversal",
            "none",
        ),
        (
            "5 cancel_all",
            "closed 5 @ 99, opened 5 @ 99, cancelled #c1 4 reversal and #c2 3 reversal",
            "none",
        ),
        ("5 strict", "refused: not_both_legs", "#c1 sell 4 @ 105, #c2 sell 3 @ 106"),
        ("3 strict", "closed 3 @ 99, opened 3 @ 99", "#c1 sell 4 @ 105, #c2 sell 3 @ 106"),
    ],
)
def test_policies_free_what_a_sent_size_needs(focus: Any, policy: str, outcome: str, left: str) -> None:
    """`include` cancels the oldest closing orders, and no more of them than the size needs."""
    world = World(focus)
    world.play(LONG + "buy alice 4 @105 close #c1 | ok\nbuy alice 3 @106 close #c2 | ok\n")
    assert outcome == world.step(f"reverse alice long open {policy}")
    assert left == world.step("orders alice")


@pytest.mark.parametrize(
    ("size", "outcome", "holds"),
    [
        (2, "closed 2 @ 99, opened 2 @ 99", "+6"),
        (3, "closed 3 @ 99, opened 2 @ 99, shortfall_locked", "+5"),
        (5, "closed 5 @ 99, opened 0, shortfall_locked", "+5"),
        (9, "closed 5 @ 99, opened 0, shortfall_locked", "+5"),
    ],
)
def test_exclude_leaves_what_orders_hold_alone_also_where_sizes_are_honoured(
    size: int, outcome: str, holds: str
) -> None:
    """One-way legs net, so both together take what is free and nothing of what orders hold."""
    world = World()
    world.play("venue honour | ok\n" + ONE_WAY_LONG + "sell alice 5 @105 reduce #c | ok\n")
    assert outcome == world.step(f"reverse alice {size} exclude")
    assert (holds, "#c sell 5 @ 105") == (world.step("holds alice"), world.step("orders alice"))


def test_the_largest_size_is_found_where_more_improves_the_margin_ratio() -> None:
    """
    A leg that is nearly liquidated is better off with more that is well margined.

    4000 short from 89 are at 0.942 at a mark of 93.055. Up to 17 more the ratio stays beyond 0.9, from 18 on
    it does not; 24 can be paid for.
    """
    world = World(contract(taker_fee_rate_e8=0, maker_fee_rate_e8=0), margin_mode="isolated")
    log = """
mark 90                                | ok
house 89x9000 / 90x9000                | ok
open alice hedge x20 with 17821.6      | ok
leverage alice 125 long                | ok
sell alice 4000 open                   | filled 4000 @ 89
buy alice 30 open                      | filled 30 @ 90
house 93x9000 / 94x9000                | ok
mark 93.055                            | ok
reverse alice long open largest        | closed 30 @ 93, opened 24 @ 93, shortfall_margin
holds alice                            | S4024
"""
    assert log == world.play(log)


def test_a_position_limit_bounds_the_open_leg() -> None:
    """With `position_limit = enforce` the new leg may not be more than its share of open interest."""
    log = """
mark 100                               | ok
house 99x9000 / 101x9000               | ok
open bob                               | ok
buy bob 90                             | filled 90 @ 101
open alice                             | ok
buy alice 10                           | filled 10 @ 101
venue limited                          | ok
terms position_limit_rate_e8=6500000   | ok
reverse alice strict                   | refused: not_both_legs
reverse alice largest                  | closed 10 @ 99, opened 6 @ 99, shortfall_position_limit
holds alice                            | -6
reverse alice                          | closed 6 @ 101, opened 0, shortfall_position_limit
holds alice                            | flat
"""
    assert log == World().play(log)


def test_strict_says_what_is_in_the_way() -> None:
    """The refusal of a strict reversal names its reason, also where orders hold part of the position."""
    reasons = {}
    for name, step in (
        ("locked", "buy alice 4 @105 close | ok"),
        ("dust", "terms size_lots_min=11 | ok"),
        ("liquidity", "house 99x14 / 101x20 | ok"),
        ("opening_disabled", "terms status=limit_open | ok"),
        ("tier", "leverage alice 100 | ok\nterms leverage_max=125 | ok"),
    ):
        world = World(contract(tiers=(Tier(1010 * E8, 125, 400_000), Tier(10**6 * E8, 5, 400_000))))
        world.play(LONG.replace("x10", "x5") + step + "\nmark 105 | ok\n")
        (refusal,) = world.do(command(world, shortfall="strict"))
        assert isinstance(refusal, Rejected)
        reasons[name] = refusal.detail
    assert {name: f"shortfall_{name}" for name in reasons} == reasons


def test_orders_that_a_leg_would_hit_are_named_beside_those_a_policy_cancels() -> None:
    """Each order stands once, with the reason that came first."""
    world = World()
    world.play(LONG + "buy alice 2 @100 open #own | ok\nbuy alice 4 @105 close #c | ok\n")
    (done,) = [
        event
        for event in world.do(command(world, open_orders="include"))
        if isinstance(event, PositionReversed)
    ]
    assert ["#c ", "#own "] == [world.label(order_id) for order_id in done.cancelled_order_ids]
    world = World()
    world.play(LONG + "buy alice 2 @100 open #own | ok\n")
    assert "closed 10 @ 99, opened 10 @ 99, cancelled #own 2 reversal" == world.step(
        "reverse alice long open cancel_all"
    )


def test_an_honoured_size_that_ends_the_position_ends_what_protects_it() -> None:
    """+10 with 8 is -6: the plan names the take-profit of the position that is gone."""
    world = World()
    world.play("venue honour | ok\n" + ONE_WAY_LONG + "wait alice all-tp long at 109 | ok\n")
    plan = plan_reversal(world.state, ReversePosition("alice", "ETHUSDT", size_lots=8))
    assert isinstance(plan, ReversalPlan)
    assert 1 == len(plan.protections)
    assert "closed 8 @ 99, opened 8 @ 99, all-tp ended position_closed" == world.step("reverse alice 8")


def no_fees(**terms: Any) -> World:
    """Give a world in which amounts are round, and prices may be far from mark."""
    return World(contract(taker_fee_rate_e8=0, maker_fee_rate_e8=0, sell_band_rate_e8=E8 // 2, **terms))


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param(
            """
open alice hedge x10 with 200          | ok
buy alice 10 open                      | filled 10 @ 100
buy alice 10 @98 open #own             | ok
house 99x10 97x50 / 100x50             | ok
reverse alice long open                | closed 10 @ 99, opened 10 @ 97, cancelled #own 10 self_trade
""",
            id="it is free for the leg",
        ),
        pytest.param(
            """
open alice hedge x10 with 150          | ok
buy alice 10 open                      | filled 10 @ 100
buy alice 5 @89 open #own              | ok
mark 90                                | ok
house 90x10 88x50 / 100x50             | ok
reverse alice long open cancel_all     | closed 10 @ 90, opened 0, shortfall_margin, cancelled #own 5 reversal
""",
            id="and once only, where a policy has cancelled the order already",
        ),
    ],
)
def test_what_own_orders_in_the_way_have_locked_pays_for_the_open_leg(rows: str) -> None:
    """Own orders that a leg would hit are cancelled first (A11), and so is what they have locked."""
    log = f"""
mark 100                               | ok
house 99x50 / 100x50                   | ok
{rows}"""
    assert log == no_fees().play(log)


def test_an_honoured_part_goes_on_closing_under_the_closing_guard() -> None:
    """Both legs of +10 with 3 only close: none of it beyond bankruptcy (A6, A19)."""
    log = """
venue honour                           | ok
mark 100                               | ok
house 99x100 / 101x100                 | ok
open alice isolated x20                | ok
buy alice 10                           | filled 10 @ 101
house 97x3 96x100 / 101x100            | ok
reverse alice 3                        | closed 3 @ 97, opened 0, shortfall_liquidity
holds alice                            | +7
"""
    assert log == World().play(log)


def test_include_frees_what_both_legs_of_an_honoured_part_take() -> None:
    """Both legs of 3 close: with 5 of 10 free, the order that holds the other 5 is in their way (A6, A10)."""
    log = f"""
venue honour                           | ok
{ONE_WAY_LONG}sell alice 5 @105 reduce #c            | ok
reverse alice 3 include                | closed 3 @ 99, opened 3 @ 99, cancelled #c 5 reversal
holds alice                            | +4
"""
    assert log == World().play(log)


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param(
            """
house 99x14 / 101x100                  | ok
reverse alice strict worst=98          | refused: not_both_legs
house 99x14 97x1 / 101x100             | ok
reverse alice strict worst=98          | refused: price_guard_broken
""",
            id="strict: where the book has more beyond it",
        ),
        pytest.param(
            """
house 92x14 90x9 / 101x100             | ok
withdraw alice 890                     | ok
reverse alice strict worst=91          | refused: not_both_legs
reverse alice worst=91                 | closed 10 @ 92, opened 0, shortfall_margin
""",
            id="strict: not where it is the margin that is missing",
        ),
        pytest.param(
            """
leverage alice 20                      | ok
withdraw alice 940                     | ok
mark 97                                | ok
house 94x100 / 101x100                 | ok
reverse alice worst=93                 | closed 0, opened 0, shortfall_liquidity
reverse alice worst=95                 | refused: price_guard_broken
holds alice                            | +10
""",
            id="not where the closing guard comes first, which never refuses (A19)",
        ),
    ],
)
def test_the_callers_guard_is_named_where_it_is_what_stops_a_reversal(rows: str) -> None:
    """`price_guard_broken` tells that a looser guard would have done."""
    log = f"""
mark 100                               | ok
house 99x100 / 101x100                 | ok
open alice x10 with 1000               | ok
buy alice 10                           | filled 10 @ 101
{rows}"""
    assert log == no_fees().play(log)


def test_slippage_is_rounded_towards_the_mark() -> None:
    """At a mark of 100, 0.019 allows a buy at 101 at most and a sell at 99 at least (REV-6)."""
    log = """
mark 100                               | ok
house 98x100 / 102x100                 | ok
open alice                             | ok
sell alice 10                          | filled 10 @ 98
reverse alice slip=0.019               | refused: price_guard_broken
reverse alice slip=0.02                | closed 10 @ 102, opened 10 @ 102
reverse alice slip=0.019               | refused: price_guard_broken
reverse alice slip=0.02                | closed 10 @ 98, opened 10 @ 98
"""
    assert log == World().play(log)


@pytest.mark.parametrize(
    ("fields", "ignored"),
    [
        ({"worst_price_ticks": 95, "slippage_max_e8": E8 // 50}, ("worst_price",)),
        ({"worst_price_ticks": 98, "slippage_max_e8": E8 // 20}, ("slippage",)),
        ({"worst_price_ticks": 98, "slippage_max_e8": E8 // 50}, ()),
        ({"worst_price_ticks": 80, "slippage_max_e8": E8 // 5}, ("worst_price", "slippage")),
    ],
)
def test_a_guard_that_does_not_count_is_named(fields: dict[str, Any], ignored: tuple[str, ...]) -> None:
    """Of both guards and the band the nearest counts; the event says which of those sent did not (REV-6)."""
    world = World()
    world.play(LONG)
    events = world.do(command(world, **fields))
    assert [ignored] == [event.ignored for event in events if isinstance(event, PositionReversed)]


def test_a_plan_ends_what_protects_its_position_and_nothing_else() -> None:
    """Entries, and what protects the other leg, go on waiting (A11, WAIT-3)."""
    world = World()
    log = (
        LONG
        + """
sell alice 5 open                      | filled 5 @ 99
wait alice all-tp long at 109 #mine    | ok
wait alice all-tp short at 91 #other   | ok
wait alice entry long 1 at 120 open    | ok
"""
    )
    assert log == world.play(log)
    plan = plan_reversal(world.state, command(world))
    assert isinstance(plan, ReversalPlan)
    assert ["mine"] == [trigger.client_oid for trigger in plan.protections]
