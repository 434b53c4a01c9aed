"""What a receipt keeps of a reversal: folded from what the engine does, in absolute units."""

from backhand.commands import ReversePosition
from backhand.engine.reversal_bounds import bounds_of
from backhand.engine.reversal_plan import ReversalPlan, plan_reversal
from backhand.events import CancelReason, PositionReversed
from backhand.projections.applied import Applied
from backhand.projections.reversals import QuotedRow, ReversalRow, ReversalsFold
from backhand.units import E8, E12
from tests.engine.worlds import World, contract

HALF = contract(lot_e8=E8 // 2)
SETUP = """
mark 100                               | ok
house 99x1000 / 101x1000               | ok
open alice x10                         | ok
open bob                               | ok
buy alice 10                           | filled 20 @ 101
sell alice 2 @105 reduce #c            | ok
wait alice all-tp long at 109          | ok
wait alice entry buy 1 at 109          | ok
"""


def reversed_(world: World, command: ReversePosition) -> tuple[PositionReversed, list[ReversalRow]]:
    """Carry out a reversal and fold it."""
    events = world.do(command)
    (done,) = [event for event in events if isinstance(event, PositionReversed)]
    fold = ReversalsFold([world.contract])
    return done, fold.fold(Applied(world.state.sequence, world.state.time_ms, command, events))


def test_a_reversal_makes_a_row() -> None:
    """Legs by their ids, its sequence, what was cancelled, ignored and quoted."""
    world = World(HALF)
    world.play(SETUP)
    asked = ReversePosition("alice", "ETHUSDT", size_lots=3, client_oid="mine")
    plan = plan_reversal(world.state, asked)
    assert isinstance(plan, ReversalPlan)
    (waiting,) = [each.order_id for each in plan.protections]
    bounds = bounds_of(plan)
    command = ReversePosition("alice", "ETHUSDT", size_lots=3, client_oid="mine", bounds=bounds)
    done, rows = reversed_(world, command)
    expected = ReversalRow(
        open_order_id=done.open_order_id,
        close_order_id=done.close_order_id,
        returned_order_id=done.open_order_id,
        uid="alice",
        sequence=world.state.sequence,
        from_side=1,
        shortfall=None,
        cancelled_order_ids=done.cancelled_order_ids,
        cancelled_trigger_ids=(waiting,),
        ignored=("size",),
        quoted=QuotedRow(10 * E8, 99 * E12, 10 * E8, 99 * E12, bounds.fee_e8, bounds.liquidation_price_e12),
    )
    assert [expected] == rows
    assert ["#c "] == [world.label(order_id) for order_id in done.cancelled_order_ids]


def test_a_reversal_without_a_quote_says_so() -> None:
    """A shortfall is kept with its reason, and there is nothing to compare with."""
    world = World(HALF)
    world.play(SETUP + "terms status=limit_open | ok\n")
    _, (row,) = reversed_(world, ReversePosition("alice", "ETHUSDT"))
    assert (CancelReason.SHORTFALL_OPENING_DISABLED, None, ()) == (row.shortfall, row.quoted, row.ignored)


def test_a_refused_reversal_makes_no_row() -> None:
    """Nothing happened, so there is no receipt."""
    world = World(HALF)
    world.play(SETUP)
    command = ReversePosition("bob", "ETHUSDT")
    assert [] == ReversalsFold([HALF]).fold(Applied(9, 9, command, world.do(command)))
