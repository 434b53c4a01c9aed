"""Contracts, prices and the house's ladder."""

from typing import Any

import msgspec
import pytest

from backhand.commands import Command, Contract, ListContract, ReplaceLadder, SetPrice, Tier
from backhand.engine.markets import LADDER_LEVELS_MAX
from backhand.events import DeficitCovered, Fill, LadderReplaced, PositionClosed, PriceSet, Rejected
from backhand.units import E8, E12
from tests.engine.worlds import LINEAR, World, contract


@pytest.mark.parametrize(
    "fault",
    [
        {"lot_e8": 0},
        {"tick_e12": 0},
        {"size_lots_min": 0},
        {"limit_size_lots_max": 0},
        {"market_size_lots_max": 0},
        {"leverage_min": 0},
        {"leverage_max": 0},
        {"sell_band_rate_e8": E8},
        {"buy_band_rate_e8": -1},
        {"taker_fee_rate_e8": E8},
        {"maker_fee_rate_e8": -E8},
        {"margin_coin": "ETH"},
        {"tiers": ()},
        {"tiers": (Tier(E8, 0, 0),)},
        {"tiers": (Tier(2 * E8, 10, 0), Tier(E8, 5, 0))},
        {"tiers": (Tier(E8, 10, E8),)},
        {"product_type": "USDC-FUTURES"},
    ],
    ids=str,
)
def test_unusable_terms(fault: dict[str, Any]) -> None:
    """Terms that no trading could follow are refused, with what is wrong."""
    world = World(LINEAR)
    terms = msgspec.structs.replace(contract("BTCUSDT"), **fault)
    (refusal,) = world.do(ListContract(terms))
    assert isinstance(refusal, Rejected)
    assert "invalid_contract" == refusal.reason.value
    assert refusal.detail


@pytest.mark.parametrize("change", [{"lot_e8": E8 // 10}, {"tick_e12": E12 // 10}], ids=str)
def test_the_grid_changes_only_while_nobody_is_there(change: dict[str, Any]) -> None:
    """Lot and tick stay while anybody holds the symbol or rests an order, the house included."""
    world = World(LINEAR)
    finer = ListContract(msgspec.structs.replace(LINEAR, **change))
    world.play("mark 100 | ok\nhouse 99x5 / 101x5 | ok\nopen alice | ok\n")
    assert "refused: contract_in_use" == world.told(world.do(finer))
    world.play("buy alice 1 | ok\nhouse / | ok\n")
    assert "refused: contract_in_use" == world.told(world.do(finer))
    world.play("house 100x1 / | ok\nsell alice 1 | ok\n")
    assert "ok" == world.told(world.do(finer))


def test_a_new_tick_keeps_the_last_price() -> None:
    """The last price stays what it was in money when the tick changes."""
    world = World(LINEAR)
    for step in ("mark 100", "house 99x5 / 101x1", "open alice", "buy alice 1", "sell alice 1", "house /"):
        world.step(step)
    assert 99 == world.market.last_price_ticks
    world.play(f"terms tick_e12={E12 // 10} | ok\n")
    assert 990 == world.market.last_price_ticks


@pytest.mark.parametrize("turned", [True, False], ids=["into inverse", "into another coin"])
def test_a_symbol_stays_the_kind_of_contract_that_it_is(turned: bool) -> None:
    """Coins and kind of a listed symbol never change: accounts' money is bound to them."""
    world = World(LINEAR)
    world.play("mark 100 | ok\nopen alice | ok\nmargin alice isolated | isolated\n")
    other = contract("ETHUSDT", quote_coin="USDX", margin_coin="USDX", product_type="USDC-FUTURES")
    if turned:
        other = contract(
            "ETHUSDT", product_type="COIN-FUTURES", inverse=True, base_coin="ETH", margin_coin="ETH"
        )
    assert "refused" in world.told(world.do(ListContract(other)))


def test_terms_change_while_positions_are_open(world: World) -> None:
    """Fees, limits and tiers may change at any time, and count from then on."""
    log = """
mark 100                               | ok
house 99x50 / 101x50                   | ok
open alice                             | ok
buy alice 5                            | filled 5 @ 101
terms taker_fee_rate_e8=0 maker_fee_rate_e8=0 size_lots_min=5 | ok
buy alice 1                            | refused: size_too_small
sell alice 5                           | filled 5 @ 99
"""
    assert log == world.play(log)


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        (SetPrice("NONE", E12), "unknown_symbol"),
        (SetPrice("ETHUSDT", 0), "invalid_price"),
        (SetPrice("ETHUSDT", -E12), "invalid_price"),
        (SetPrice("ETHUSDT", 10**21), "invalid_price"),
        (SetPrice("ETHUSDT", E12, 0), "invalid_price"),
        (ReplaceLadder("NONE", (), ()), "unknown_symbol"),
        (ReplaceLadder("ETHUSDT", (), (), 0), "invalid_price"),
        (ReplaceLadder("ETHUSDT", ((0, 1),), ()), "invalid_ladder"),
        (ReplaceLadder("ETHUSDT", ((99, 0),), ()), "invalid_ladder"),
        (ReplaceLadder("ETHUSDT", ((99, 10**16),), ()), "invalid_ladder"),
        (ReplaceLadder("ETHUSDT", ((98, 1), (99, 1)), ()), "invalid_ladder"),
        (ReplaceLadder("ETHUSDT", (), ((102, 1), (101, 1))), "invalid_ladder"),
        (ReplaceLadder("ETHUSDT", ((99, 1), (99, 1)), ()), "invalid_ladder"),
        (ReplaceLadder("ETHUSDT", ((100, 1),), ((100, 1),)), "invalid_ladder"),
        (
            ReplaceLadder("ETHUSDT", (), tuple((price, 1) for price in range(1, LADDER_LEVELS_MAX + 2))),
            "invalid_ladder",
        ),
    ],
)
def test_refusals(linear: World, command: Command, reason: str) -> None:
    """Prices and ladders that make no sense are refused."""
    (refusal,) = linear.do(command)
    assert isinstance(refusal, Rejected)
    assert reason == refusal.reason.value


def test_mark_follows_the_index_unless_given(linear: World) -> None:
    """A price command sets the index, and the mark with it (before any trade) or to its own value."""

    def told(index: int, mark: int) -> PriceSet:
        return PriceSet("ETHUSDT", index * E12, mark * E12, 10_000, 8 * 3_600_000)

    assert [told(100, 100)] == linear.do(SetPrice("ETHUSDT", 100 * E12))
    assert [told(101, 99)] == linear.do(SetPrice("ETHUSDT", 101 * E12, 99 * E12))
    events = linear.do(ReplaceLadder("ETHUSDT", ((99, 1),), (), None, 98 * E12))
    assert [told(101, 98), LadderReplaced("ETHUSDT", ((99, 1),), ())] == events


def test_a_ladder_replaces_the_whole_one_before(world: World) -> None:
    """Levels that are not in the new ladder are gone, those that are keep their place in the queue."""
    log = """
mark 100                               | ok
house 99x5 98x5 / 101x5                | ok
open alice x5                          | ok
buy alice 3 @99 #later                 | ok
house 99x7 97x1 / 103x2                | ok
book                                   | 99x10 97x1 / 103x2
sell alice 7 @99                       | filled 7 @ 99
orders alice                           | #later buy 3 @ 99
house /                                | ok
book                                   | 99x3 /
"""
    assert log == world.play(log)


def test_a_ladder_that_crosses_trades_as_taker(world: World) -> None:
    """New levels meet clients' orders at the clients' prices first, and rest with what is left."""
    log = """
mark 100                               | ok
open alice x5                          | ok
buy alice 3 @100                       | ok
sell alice 4 @102                      | ok
house 102x6 99x5 / 103x5               | filled 4 @ 102
book                                   | 102x2 100x3 99x5 / 103x5
house 98x1 / 100x10                    | filled 3 @ 100
book                                   | 98x1 / 100x7
holds alice                            | -1
"""
    assert log == world.play(log)


def test_the_house_needs_no_margin(world: World) -> None:
    """The house trades without funds; its lots and its fees count."""
    world.play(
        """
mark 100                      | ok
house 99x90000 / 101x90000    | ok
open alice x5 with 100000000  | ok
buy alice 50000               | ok
"""
    )
    fills = [event for event in world.venue.events[-1] if isinstance(event, Fill) and event.uid == "0"]
    assert [50000] == [fill.position_lots for fill in fills]
    assert all(fill.fee_e8 > 0 for fill in fills)
    assert (50000, 50000) == (world.market.long_lots, world.market.short_lots)


def test_contracts_are_listed_by_symbol(linear: World) -> None:
    """The state gives every listed contract by its symbol."""
    listed: dict[str, Contract] = linear.state.contracts
    assert {"ETHUSDT": LINEAR} == listed


@pytest.mark.parametrize("status", ["listed", "maintain"])
def test_quotes_trade_with_nobody_while_nothing_is_matched(status: str) -> None:
    """Levels that would cross orders of clients are left out then; the next ladder after it trades."""
    world = World(LINEAR)
    log = f"""
mark 100                               | ok
house 99x5 / 101x5                     | ok
open alice                             | ok
buy alice 2 @98                        | ok
terms status={status:<26}| ok
house 96x5 / 97x3 98x4 99x5            | ok
holds alice                            | flat
book                                   | 98x2 96x5 / 99x5
terms status=normal                    | ok
house 96x5 / 97x3 98x4 99x5            | filled 2 @ 98
holds alice                            | +2
book                                   | 96x5 / 97x1 98x4 99x5
"""
    assert log == world.play(log)


def test_a_contract_that_is_off_has_no_ladder() -> None:
    """What the house quotes there is not in the book, so that nobody is shown a market."""
    world = World(LINEAR)
    world.play("mark 100 | ok\nterms status=off | ok\nhouse 99x5 / 101x5 | ok\n")
    assert "/" == world.step("book")


def test_an_isolated_leg_that_is_settled_loses_its_margin_at_most() -> None:
    """
    A contract may be taken off at a price at which nobody was liquidated: it was not confirmed yet.

    What the leg loses beyond its margin is paid by the fund and the house, not by the rest of the account.
    """
    world = World(LINEAR)
    log = """
index 100 for 10s                  | ok
open alice isolated x10 with 1000  | ok
open bob with 1000                 | ok
sell bob 5 @100                    | ok
buy alice 5 @100                   | filled 5 @ 100
wallet alice                       | 999.7
resume                             | ok
index 60 for 10s                   | ok
trusted                            | no
holds alice                        | +5
terms status=off                   | filled 5 @ 60
holds alice                        | flat
wallet alice                       | 949.7
wallet bob                         | 1199.9
"""
    assert log == world.play(log)
    (paid,) = [event for event in world.venue.events[-1] if isinstance(event, DeficitCovered)]
    assert ("alice", 150 * E8) == (paid.uid, paid.insurance_e8 + paid.house_e8)


def test_what_a_leg_had_won_before_it_is_settled_is_kept() -> None:
    """The margin that it may lose is what it stands on then; what it has realised is the account's."""
    world = World(contract(taker_fee_rate_e8=0, maker_fee_rate_e8=0))
    log = """
index 100 for 10s                  | ok
open alice isolated x10 with 1000  | ok
open bob with 1000                 | ok
sell bob 5 @100                    | ok
buy alice 5 @100                   | filled 5 @ 100
buy bob 1 @110                     | ok
sell alice 1 @110                  | filled 1 @ 110
wallet alice                       | 1010
resume                             | ok
index 60 for 10s                   | ok
terms status=off                   | filled 4 @ 60
wallet alice                       | 970
"""
    assert log == world.play(log)


def test_a_crossed_account_owes_nothing_after_its_positions_are_settled() -> None:
    """At a price at which nobody was liquidated they may cost more than there is: that is covered."""
    world = World(LINEAR)
    log = """
index 100 for 10s                  | ok
open alice x20 with 100            | ok
open bob with 1000                 | ok
sell bob 10 @100                   | ok
buy alice 10 @100                  | filled 10 @ 100
wallet alice                       | 99.4
resume                             | ok
index 60 for 10s                   | ok
terms status=off                   | filled 10 @ 60
wallet alice                       | 0
wallet bob                         | 1399.8
"""
    assert log == world.play(log)
    (paid,) = [event for event in world.venue.events[-1] if isinstance(event, DeficitCovered)]
    assert ("alice", 400 * E8 - 9940000000) == (paid.uid, paid.insurance_e8 + paid.house_e8)


BIDS, ASKS = ((99, 5), (98, 5)), ((101, 5), (102, 5))


@pytest.mark.parametrize(("taken_lots", "side", "price_ticks"), [(2, 1, 101), (-2, -1, 99)])
@pytest.mark.parametrize(
    "before", ["", "buy alice 3 | ok\n", "sell alice 3 | ok\n"], ids=["flat", "short", "long"]
)
def test_the_house_trades_with_itself(before: str, taken_lots: int, side: int, price_ticks: int) -> None:
    """It takes from its own touch at that price, pays both fees, and holds afterwards what it held."""
    world = World(LINEAR)
    world.play("mark 100 | ok\nhouse 99x5 / 101x5 | ok\nopen alice | ok\n" + before)
    held = world.holding("0").lots(1), world.holding("0").lots(-1)
    events = world.do(ReplaceLadder(LINEAR.symbol, BIDS, ASKS, taken_lots=taken_lots))
    fills = [event for event in events if isinstance(event, Fill)]
    assert [(side, True), (-side, False)] == [(fill.side, fill.is_taker) for fill in fills]
    assert {("0", price_ticks, 2, "trade")} == {
        (one.uid, one.price_ticks, one.size_lots, one.kind) for one in fills
    }
    assert all(fill.fee_e8 > 0 for fill in fills)
    assert held == (world.holding("0").lots(1), world.holding("0").lots(-1))
    assert price_ticks == world.market.last_price_ticks
    bids, asks = world.market.depth(1)
    assert [3, 5] == sorted([bids[0][1], asks[0][1]])


@pytest.mark.parametrize("order", ["buy alice 1 @99", "buy alice 1 @100"])
def test_the_house_takes_nothing_where_a_client_is_first(order: str) -> None:
    """A client's order at the best price or better is neither filled nor passed over; asks still are."""
    world = World(LINEAR)
    world.play(f"mark 100 | ok\nhouse / 101x5 | ok\nopen alice | ok\n{order} | ok\n")
    (replaced,) = world.do(ReplaceLadder(LINEAR.symbol, BIDS, ASKS, taken_lots=-2))
    assert isinstance(replaced, LadderReplaced)
    assert [LadderReplaced, Fill, Fill] == [
        type(event)
        for event in world.do(ReplaceLadder(LINEAR.symbol, BIDS, ASKS, taken_lots=2))
        if not isinstance(event, PositionClosed)
    ]


def test_the_house_takes_no_level_whole() -> None:
    """A level is never taken whole, and an empty side has nothing to take."""
    world = World(LINEAR)
    world.play("mark 100 | ok\n")
    for bids, asks, taken_lots in ((BIDS, ASKS, 5), (BIDS, (), 1), ((), ASKS, -1)):
        (replaced,) = world.do(ReplaceLadder(LINEAR.symbol, bids, asks, taken_lots=taken_lots))
        assert isinstance(replaced, LadderReplaced)


@pytest.mark.parametrize("status", ["listed", "maintain", "limit_open", "restricted", "off"])
def test_the_house_trades_only_where_anybody_may(status: Any) -> None:
    """A contract that is halted, closed for opening or taken off has no trades of the house."""
    world = World(LINEAR)
    world.play("mark 100 | ok\n")
    world.do(ListContract(msgspec.structs.replace(LINEAR, status=status)))
    (replaced,) = world.do(ReplaceLadder(LINEAR.symbol, BIDS, ASKS, taken_lots=1))
    assert isinstance(replaced, LadderReplaced)
    assert 0 == world.market.last_price_ticks
