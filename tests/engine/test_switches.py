"""
The venue's switches for what nobody could confirm about reversals, both values of each.

Where a value is the decided one its row stands in `test_reversal.py` too; here both stand side by side.
"""

from typing import Any

import pytest

from backhand.commands import ReversePosition
from backhand.engine.digest import state_digest
from backhand.events import OrderAccepted, PositionReversed
from backhand.starting import SWITCHES
from tests.engine.worlds import World, contract

MARKET = """
mark 100                               | ok
house 99x1000 / 101x1000               | ok
"""


@pytest.mark.parametrize(
    ("side", "ignored", "strict"),
    [
        ("", "closed 2 @ 99, opened 2 @ 99", "closed 2 @ 99, opened 2 @ 99"),
        ("long", "closed 2 @ 99, opened 2 @ 99", "refused: side_invalid"),
        ("short", "closed 2 @ 99, opened 2 @ 99", "closed 2 @ 99, opened 2 @ 99"),
        ("sideways", "refused: side_invalid", "refused: side_invalid"),
    ],
)
def test_one_way_side(world: World, side: str, ignored: str, strict: str) -> None:
    """A5: a one-way side is ignored, or must be opposite to what is held; none at all is right in both."""
    for value, outcome in (("ignore", ignored), ("strict", strict)):
        log = f"""
venue one_way_side={value:<20}| ok
open {value:<34}| ok
buy {value} 2{" " * 27}| filled 2 @ 101
"""
        world.play(MARKET)
        assert log == world.play(log)
        assert outcome == world.step(f"reverse {value} {side}")


def test_one_way_side_of_a_short_position(linear: World) -> None:
    """Strict: a short is bought back, so that `buy` is right and `sell` is not."""
    log = """
venue one_way_side=strict              | ok
open alice                             | ok
sell alice 2                           | filled 2 @ 99
reverse alice short                    | refused: side_invalid
reverse alice long                     | closed 2 @ 101, opened 2 @ 101
holds alice                            | +2
"""
    linear.play(MARKET)
    assert log == linear.play(log)


def test_one_way_side_means_nothing_in_hedge_mode(linear: World) -> None:
    """Strict or not: in hedge mode the side names the leg."""
    log = """
venue one_way_side=strict              | ok
open alice hedge                       | ok
buy alice 2 open                       | filled 2 @ 101
reverse alice long open                | closed 2 @ 99, opened 2 @ 99
"""
    linear.play(MARKET)
    assert log == linear.play(log)


@pytest.mark.parametrize(
    ("value", "outcome", "left"),
    [
        ("leave", "closed 3 @ 99, opened 3 @ 99", "#c1 sell 4 @ 105, #c2 sell 3 @ 106"),
        ("cancel", "closed 5 @ 99, opened 5 @ 99, cancelled #c1 4 reversal", "#c2 sell 3 @ 106"),
    ],
)
def test_locked_size(world: World, value: str, outcome: str, left: str) -> None:
    """A10: what closing orders hold is left out of a hedge reversal, or the oldest of them are cancelled."""
    world.play(
        MARKET
        + f"""
venue locked_size={value}              | ok
open alice hedge                       | ok
buy alice 10 open                      | filled 10 @ 101
buy alice 4 @105 close #c1             | ok
buy alice 3 @106 close #c2             | ok
"""
    )
    assert outcome == world.step("reverse alice long open 5")
    assert left == world.step("orders alice")


@pytest.mark.parametrize(
    ("value", "policy", "opened"),
    [
        ("close", "", "0"),
        ("largest", "", "19 @ 1920"),
        ("close", "largest", "19 @ 1920"),
    ],
)
def test_short_of_margin(value: str, policy: str, opened: str) -> None:
    """A13: without a policy of the caller's, the venue's switch says what a shortfall comes to."""
    world = World(contract(lot_e8=10**6))
    world.play(
        f"""
venue short_of_margin={value}          | ok
mark 2000                              | ok
house / 2000x1                         | ok
open alice x20 with 101.2              | ok
buy alice 1                            | filled 100 @ 2000
house 1920x100 /                       | ok
mark 1920                              | ok
"""
    )
    assert f"closed 100 @ 1920, opened {opened}, shortfall_margin" == world.step(f"reverse alice {policy}")


def test_a_callers_close_wins_over_a_switch_that_opens_the_largest(linear: World) -> None:
    """A13: who asks for `close` gets it, whatever the venue does without being asked."""
    linear.play(
        MARKET
        + """
venue short_of_margin=largest          | ok
open alice x10 with 121                | ok
buy alice 10                           | filled 10 @ 101
mark 96                                | ok
house 96x1000 / 97x1000                | ok
"""
    )
    events = linear.do(ReversePosition("alice", "ETHUSDT", shortfall="close"))
    (done,) = [event for event in events if isinstance(event, PositionReversed)]
    assert (10, 0) == (done.closed_lots, done.opened_lots)


@pytest.mark.parametrize("value", ["open", "close"])
def test_returned_leg(world: World, value: str) -> None:
    """A14: the client's order id belongs to the leg that the answer names; the other gets its own."""
    world.play(MARKET + f"venue returned_leg={value} | ok\nopen alice | ok\nbuy alice 2 | filled 2 @ 101\n")
    events = world.do(ReversePosition("alice", world.contract.symbol, client_oid="mine"))
    close, opened = [event for event in events if isinstance(event, OrderAccepted)]
    (done,) = [event for event in events if isinstance(event, PositionReversed)]
    mine, other = (opened, close) if value == "open" else (close, opened)
    assert ("mine", str(other.order_id + 1)) == (mine.client_oid, other.client_oid)
    assert (mine.order_id, "mine") == (done.returned_order_id, done.client_oid)
    assert "refused: duplicate_client_oid" == world.step("reverse alice #mine")


@pytest.mark.parametrize(
    ("value", "reason"), [("not_enough", "no_position_to_reverse"), ("no_position", "no_position_to_close")]
)
def test_when_flat(world: World, value: str, reason: str) -> None:
    """A15: which of the exchange's two reasons a reversal of nothing is refused for."""
    world.play(MARKET + f"venue when_flat={value} | ok\nopen alice | ok\nopen bob hedge | ok\n")
    assert f"refused: {reason}" == world.step("reverse alice")
    assert f"refused: {reason}" == world.step("reverse bob long open")


@pytest.mark.parametrize(
    ("fields", "ignored"),
    [
        ({}, ()),
        ({"size_lots": 1, "side": 1, "effect": "open"}, ("size", "side", "effect")),
        ({"worst_price_ticks": 98}, ()),
        ({"worst_price_ticks": 90}, ()),
        ({"worst_price_ticks": 89}, ("worst_price",)),
        ({"worst_price_ticks": 98, "slippage_max_e8": 1_000_000}, ("worst_price",)),
        ({"worst_price_ticks": 99, "slippage_max_e8": 2_000_000}, ("slippage",)),
        ({"worst_price_ticks": 99, "slippage_max_e8": 1_000_000}, ()),
        ({"slippage_max_e8": 20_000_000}, ("slippage",)),
    ],
)
def test_what_was_sent_and_did_not_count_is_named(
    linear: World, fields: dict[str, Any], ignored: tuple[str, ...]
) -> None:
    """Of two price guards the farther does not count, nor one beyond the band's edge at 90."""
    linear.play(MARKET + "open alice | ok\nbuy alice 2 | filled 2 @ 101\n")
    events = linear.do(ReversePosition("alice", "ETHUSDT", **fields))
    (done,) = [event for event in events if isinstance(event, PositionReversed)]
    assert ignored == done.ignored


def test_what_counts_is_not_named_as_ignored(linear: World) -> None:
    """Nothing is ignored in hedge mode, nor where the switches make size and side count."""
    linear.play(
        MARKET
        + """
venue one_way_size=honour one_way_side=strict | ok
open alice                             | ok
open bob hedge                         | ok
buy alice 2                            | filled 2 @ 101
buy bob 2 open                         | filled 2 @ 101
"""
    )
    for command in (
        ReversePosition("alice", "ETHUSDT", side=-1, size_lots=1),
        ReversePosition("bob", "ETHUSDT", side=1, effect="close", size_lots=1),
    ):
        (done,) = [event for event in linear.do(command) if isinstance(event, PositionReversed)]
        assert () == done.ignored


@pytest.mark.parametrize("name", SWITCHES)
def test_a_switch_is_part_of_what_a_venue_is(linear: World, name: str) -> None:
    """Two venues that would answer differently do not have the same digest."""
    digests = set()
    for value in SWITCHES[name]:
        assert "ok" == linear.step(f"venue {name}={value}")
        digests.add(state_digest(linear.state))
    assert len(SWITCHES[name]) == len(digests)
