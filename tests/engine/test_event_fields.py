"""Events carry what bills and streams tell, so that no read model has to ask the engine."""

from typing import TypeVar

from backhand.commands import MoveMargin, PlaceTrigger
from backhand.events import Event, Fill, MarginMoved, PositionLiquidated, RejectReason, TriggerFired
from backhand.units import E8
from tests.engine.worlds import World

E = TypeVar("E")

MARKET = """
house 99x5000 / 100x5000               | ok
mark 100                               | ok
"""


def only(kind: type[E], events: list[Event]) -> E:
    """Give the one event of a kind."""
    (found,) = [event for event in events if isinstance(event, kind)]
    return found


def test_a_margin_move_tells_its_position_and_the_balance(linear: World) -> None:
    """A bill of a margin move shows the balance after it, which is that before."""
    linear.play(MARKET + "open alice isolated x10 with 1000 | ok\nbuy alice 10 | ok\n")
    holding = linear.holding("alice")
    (leg,) = [leg for leg in (holding.long,) if leg is not None]
    before = holding.ledger.wallet_e8
    moved = only(MarginMoved, linear.do(MoveMargin("alice", "ETHUSDT", 1, 5 * E8)))
    assert (leg.position_id, before) == (moved.position_id, moved.wallet_e8)


def test_margin_that_leverage_draws_tells_the_same(linear: World) -> None:
    """Lower leverage draws margin, told like a move by the client."""
    linear.play(MARKET + "open alice isolated x10 with 1000 | ok\nbuy alice 10 | ok\nleverage alice 5 | ok\n")
    moved = only(MarginMoved, linear.venue.events[-1])
    assert ("leverage", linear.holding("alice").ledger.wallet_e8) == (moved.cause, moved.wallet_e8)


def test_a_waiting_order_that_fails_tells_why_in_full(linear: World) -> None:
    """The reason comes with its value, as in the refusal of an order placed by hand."""
    linear.play(MARKET + "open alice | ok\n")
    linear.do(PlaceTrigger("alice", "ETHUSDT", "entry", 1, "mark", 105, 10))
    linear.play("terms value_min_e8=500000000000 | ok\nmark 106 | ok\n")
    fired = only(TriggerFired, linear.venue.events[-1])
    assert (0, RejectReason.VALUE_TOO_SMALL, "5000") == (fired.placed_order_id, fired.reason, fired.detail)


def test_a_liquidation_tells_the_position_mode(linear: World) -> None:
    """A bill of a liquidation has one name in hedge mode and another in one-way mode."""
    linear.play(MARKET + "open alice isolated hedge x20 with 1000 | ok\nbuy alice 10 open | ok\n")
    linear.play("open bob isolated x20 with 1000 | ok\nbuy bob 10 | ok\nmark 90 | ok\n")
    liquidated = [event for event in linear.venue.events[-1] if isinstance(event, PositionLiquidated)]
    assert [("alice", True), ("bob", False)] == [(event.uid, event.hedge_mode) for event in liquidated]


def test_a_liquidation_tells_what_the_fund_and_the_house_did_to_the_wallet(linear: World) -> None:
    """The balance told is what the fills left, less what the fund took, with what the house gave."""
    linear.play(MARKET + "open bob isolated x20 with 1000 | ok\nbuy bob 10 | ok\n")
    opened = linear.holding("bob").ledger.wallet_e8
    linear.play("mark 90 | ok\n")
    events = linear.venue.events[-1]
    told = only(PositionLiquidated, events)
    fills = [event for event in events if isinstance(event, Fill) and event.uid == "bob"]
    left = opened + sum(fill.profit_e8 - fill.fee_e8 for fill in fills)
    assert left - told.insurance_e8 + told.house_e8 == told.wallet_e8
