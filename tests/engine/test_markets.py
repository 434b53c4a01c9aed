"""Contracts: listed, changed, and taken off; and prices given by hand."""

from typing import Any

import msgspec
import pytest

from backhand.commands import Command, Contract, ListContract, ReplaceLadder, SetPrice, Tier
from backhand.events import DeficitCovered, LadderReplaced, PriceSet, Rejected
from backhand.units import E8, E12
from tests.engine.liquidating import RiskWorld
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
    """Lot and tick stay while anybody holds the symbol or has an order there, resting or waiting."""
    world = World(LINEAR)
    finer = ListContract(msgspec.structs.replace(LINEAR, **change))
    world.play("mark 100 | ok\nhouse 99x5 / 101x5 | ok\nopen alice | ok\n")
    assert "refused: contract_in_use" == world.told(world.do(finer))
    world.play("buy alice 1 | ok\nhouse / | ok\n")
    assert "refused: contract_in_use" == world.told(world.do(finer))
    world.play("house 100x1 / | ok\nsell alice 1 | ok\nwait alice entry buy 1 at 120 | ok\n")
    assert "refused: contract_in_use" == world.told(world.do(finer))
    world.play("dropall alice entry | ok\n")
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
    ],
)
def test_refusals_of_prices(linear: World, command: Command, reason: str) -> None:
    """Prices that make no sense are refused."""
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


def test_contracts_are_listed_by_symbol(linear: World) -> None:
    """The state gives every listed contract by its symbol."""
    listed: dict[str, Contract] = linear.state.contracts
    assert {"ETHUSDT": LINEAR} == listed


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


def test_the_fund_pays_first_for_what_is_settled() -> None:
    """What a settled leg loses beyond its margin comes from the fund, and the rest of it from the house."""
    log = """
open carl isolated x10 with 150        | ok
buy carl 10                            | filled 10 @ 100
house 95x10 / 100x50                   | ok
mark 90.9                              | carl sold out 10 @ 95, over fund +50
index 100 for=5000                     | ok
open alice isolated x10 with 1000      | ok
buy alice 5                            | filled 5 @ 100
resume                                 | ok
index 60 for=5000                      | ok
terms status=off                       | filled 5 @ 60, alice covered fund -50 house 100
wallet alice                           | 950
"""
    assert log == RiskWorld().play(log)


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
