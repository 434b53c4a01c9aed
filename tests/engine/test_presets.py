"""Presets: the take-profit and stop-loss that an order brings along for what it opens."""

import pytest

from backhand.commands import Preset
from backhand.events import OrderAccepted, OrderPresetsChanged, TriggerPlaced
from tests.engine.worlds import World

OPENING = """
mark 100                               | ok
house 99x50 98x50 / 101x50 102x50      | ok
open alice x5                          | ok
open harry hedge x5                    | ok
open bob x5                            | ok
"""


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param(
            """
buy alice 60 @102 tp=110@109 sl=90     | filled 50 @ 101 + 10 @ 102, tp 60 waits, sl 60 waits
waits alice                            | tp 60 >= 110 @ 109, sl 60 <= 90
mark 110                               | tp fired
orders alice                           | sell 60 @ 109
mark 90                                | cancelled 60 displaced, sl fired 50 @ 99 + 10 @ 98
holds alice                            | flat
""",
            id="a taker's whole fill is protected at once",
        ),
        pytest.param(
            """
buy alice 5 @100 sl=90 #a              | ok
waits alice                            | none
sell bob 2 @100                        | filled 2 @ 100, sl 2 waits
sell bob 1 @100                        | filled 1 @ 100, sl now 3
cancel alice #a                        | cancelled #a 2 by_client
waits alice                            | sl 3 <= 90
mark 90                                | sl fired 3 @ 99
""",
            id="a maker's is protected piece by piece, and stays so when the rest is cancelled",
        ),
        pytest.param(
            """
buy alice 55 @101 tp=110 #a            | filled 50 @ 101, tp 50 waits
sell bob 3 @101                        | filled 3 @ 101, tp now 53
orders alice                           | #a buy 2 @ 101
""",
            id="taker first, then maker: one protection grows",
        ),
        pytest.param(
            """
buy alice 5 tp=110@109last sl=90last   | filled 5 @ 101, tp 5 waits, sl 5 waits
waits alice                            | tp 5 >= 110 @ 109 last, sl 5 <= 90 last
mark 110                               | ok
mark 90                                | ok
house 90x50 / 111x50                   | ok
sell bob 1                             | filled 1 @ 90, sl fired 5 @ 90, tp ended position_closed
waits alice                            | none
""",
            id="by the last price, which the mark does not move",
        ),
        pytest.param(
            """
buy alice 5 @100 tp=110                | ok
sell bob 2 @100                        | filled 2 @ 100, tp 2 waits
house 105x9 / 111x9                    | ok
mark 110                               | tp fired 2 @ 105
mark 100                               | ok
house 99x9 / 101x9                     | ok
sell bob 3 @100                        | filled 3 @ 100, tp 3 waits
mark 110                               | tp fired 3 @ 99
""",
            id="what fills after the protection has fired is protected anew",
        ),
        pytest.param(
            """
buy alice 5                            | filled 5 @ 101
buy alice 3 tp=110                     | filled 3 @ 101, tp 3 waits
buy alice 2 tp=110                     | filled 2 @ 101, tp 2 waits
mark 110                               | tp fired 3 @ 99, tp fired 2 @ 99
holds alice                            | +5
""",
            id="each order protects what it has opened itself",
        ),
        pytest.param(
            """
sell alice 5                           | filled 5 @ 99
buy alice 8 tp=110 sl=90               | filled 8 @ 101, tp 3 waits, sl 3 waits
holds alice                            | +3
sell alice 2 tp=90                     | filled 2 @ 99
sell alice 1 tp=90                     | filled 1 @ 99, tp ended position_closed, sl ended position_closed
""",
            id="through zero: only what is opened, and nothing for what closes",
        ),
        pytest.param(
            """
sell alice 5                           | filled 5 @ 99
buy alice 8 @100 tp=110                | ok
sell bob 4 @100                        | filled 4 @ 100
waits alice                            | none
sell bob 3 @100                        | filled 3 @ 100, tp 2 waits
sell bob 1 @100                        | filled 1 @ 100, tp now 3
""",
            id="through zero as a maker, in pieces",
        ),
        pytest.param(
            """
sell alice 5                           | filled 5 @ 99
buy alice 3 @100 tp=0                  | refused: invalid_price
buy alice 3 @100 tp=100                | refused: long_take_profit_too_low
buy alice 3 @100 tp=110 reduce #r      | ok
buy alice 2 @100 tp=110                | ok
buy bob 3                              | filled 3 @ 101
reverse alice                          | closed 5 @ 101, opened 5 @ 101, cancelled #r 3 reversal
sell bob 2 @100                        | filled 2 @ 100, tp 2 waits
""",
            id="presets of an order that would only close now are judged: it may open later",
        ),
        pytest.param(
            """
buy alice 3 @109 sl=105                | filled 3 @ 101, sl 3 waits, sl fired 3 @ 99
holds alice                            | flat
sell alice 3 @91 sl=95                 | filled 3 @ 99, sl 3 waits, sl fired 3 @ 101
holds alice                            | flat
""",
            id="one whose price has come already when the order fills fires in the same step",
        ),
        pytest.param(
            """
buy harry 3 open tp=110 sl=90          | filled 3 @ 101, tp 3 waits, sl 3 waits
sell harry 3 open tp=90 sl=110         | filled 3 @ 99, tp 3 waits, sl 3 waits
waits harry                            | tp 3 >= 110, sl 3 <= 90, tp 3 <= 90, sl 3 >= 110
buy harry 3 close tp=120               | filled 3 @ 99, tp ended position_closed, sl ended position_closed
waits harry                            | tp 3 <= 90, sl 3 >= 110
""",
            id="hedge: each leg's own, and none on closes",
        ),
        pytest.param(
            """
buy alice 5 @100 tp=110 #a             | ok
sell bob 2 @100                        | filled 2 @ 100, tp 2 waits
alter alice tp size=1 at=120           | tp now 1
sell bob 2 @100                        | filled 2 @ 100, tp now 3
waits alice                            | tp 3 >= 120
drop alice tp                          | tp ended by_client
sell bob 1 @100                        | filled 1 @ 100, tp 1 waits
waits alice                            | tp 1 >= 110
""",
            id="what the client made of it goes on growing; what he cancelled does not come back",
        ),
        pytest.param(
            """
buy alice 5 tp=110 sl=90               | filled 5 @ 101, tp 5 waits, sl 5 waits
sell alice 3                           | filled 3 @ 99
mark 110                               | tp fired 2 @ 99, sl ended position_closed
""",
            id="capped at what is held when it fires; the other ends with the position",
        ),
        pytest.param(
            """
buy alice 5 @101 fok tp=110            | filled 5 @ 101, tp 5 waits
buy alice 60 @101 fok tp=110           | cancelled 60 fill_or_kill
buy alice 5 @101 post_only tp=110      | cancelled 5 post_only_would_take
buy alice 60 @101 ioc tp=110           | filled 45 @ 101, cancelled 15 immediate_remainder, tp 45 waits
""",
            id="nothing filled, nothing protected",
        ),
    ],
)
def test_presets(world: World, rows: str) -> None:
    """An order's presets protect what it opens, no more and no less, for as long as that is held."""
    log = OPENING + rows
    assert log == world.play(log)


def test_a_position_that_is_gone_within_the_step_is_not_protected(world: World) -> None:
    """One command opens alice's position and closes it again: nothing waits for what is no more."""
    log = """
mark 100                               | ok
open alice x5                          | ok
open bob x5                            | ok
open harry hedge x5                    | ok
sell bob 6 @100                        | ok
buy harry 3 open                       | filled 3 @ 100
cancelall bob                          | cancelled 3 by_client
buy bob 3 @100                         | ok
sell harry 3 open                      | filled 3 @ 100
buy alice 3 @99 tp=110                 | ok
sell alice 3 @101                      | ok
close harry                            | filled 3 @ 99 + 3 @ 101
holds alice                            | flat
waits alice                            | none
"""
    assert log == world.play(log)


def test_a_position_that_is_opened_twice_within_the_step_is_protected_once(world: World) -> None:
    """An order that meets its own account opens, closes and opens again: only what it then holds counts."""
    log = """
mark 100                               | ok
house 99x50 / 105x50                   | ok
open alice x5                          | ok
buy alice 2 @100                       | ok
sell alice 5 sl=110                    | filled 2 @ 100 + 3 @ 99, sl 3 waits
holds alice                            | -3
"""
    assert log == world.play(log)


@pytest.mark.parametrize(
    ("order", "reason"),
    [
        ("buy alice 5 @100 tp=100", "long_take_profit_too_low"),
        ("buy alice 5 @100 sl=100", "long_stop_loss_too_high"),
        ("sell alice 5 @100 tp=100", "short_take_profit_too_high"),
        ("sell alice 5 @100 sl=100", "short_stop_loss_too_low"),
        ("buy alice 5 tp=100", "long_take_profit_too_low"),
        ("buy alice 5 sl=100", "long_stop_loss_too_high"),
        ("sell harry 5 open tp=100", "short_take_profit_too_high"),
        ("buy alice 5 tp=0", "invalid_price"),
        ("buy alice 5 sl=-1", "invalid_price"),
        ("buy alice 5 sl=90@-1", "invalid_price"),
        # Both faulty: the take-profit is judged first, and all of it behind the value.
        ("buy alice 5 tp=99 sl=101", "long_take_profit_too_low"),
        ("buy alice 1 @2 tp=1 sl=3", "value_too_small"),
    ],
)
def test_presets_on_the_wrong_side_are_refused(world: World, order: str, reason: str) -> None:
    """A preset lies beyond the order's price, or the mark for one at market."""
    world.play(OPENING)
    assert f"refused: {reason}" == world.step(order)


def test_presets_are_told(linear: World) -> None:
    """The order tells what it brings, a change is told, and what waits names the order it came with."""
    linear.play(OPENING + "buy alice 5 @100 tp=110@109 sl=90 #a | ok\n")
    (order,) = linear.venue.events[-1]
    assert isinstance(order, OrderAccepted)
    assert (Preset(110, 109), Preset(90)) == (order.take_profit, order.stop_loss)
    linear.play("modify alice #a tp=111 | ok\n")
    (change,) = linear.venue.events[-1]
    assert isinstance(change, OrderPresetsChanged)
    assert (order.order_id, Preset(111), None) == (change.order_id, change.take_profit, change.stop_loss)
    linear.play("sell bob 5 @100 | filled 5 @ 100\n")
    (waits,) = [event for event in linear.venue.events[-1] if isinstance(event, TriggerPlaced)]
    assert (order.order_id, "mark", True, 5, 0) == (
        waits.parent_order_id,
        waits.trigger_by,
        waits.reduce_only,
        waits.leverage,
        waits.limit_price_ticks,
    )
