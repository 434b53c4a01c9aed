"""The house's ladder: replaced at once, in a book that is everybody's."""

from typing import Any

import msgspec
import pytest

from backhand.commands import Command, ListContract, ReplaceLadder
from backhand.engine.ladder import LADDER_LEVELS_MAX
from backhand.events import Fill, LadderReplaced, PositionClosed, Rejected
from tests.engine.worlds import LINEAR, World


@pytest.mark.parametrize(
    ("command", "reason"),
    [
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
    """Ladders that make no sense are refused."""
    (refusal,) = linear.do(command)
    assert isinstance(refusal, Rejected)
    assert reason == refusal.reason.value


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
