"""Changing open orders: another in its place, or other presets on the same."""

import pytest

from backhand.commands import ModifyOrder
from backhand.events import OrderAccepted, OrderCancelled, Rejected
from tests.engine.worlds import LINEAR, World, contract

OPENING = """
mark 100                               | ok
house 99x50 98x50 / 101x50 102x50      | ok
open alice x5                          | ok
open bob x5                            | ok
"""


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param(
            """
buy alice 3 @98 #a                     | ok
modify alice #a 5 @97 #b               | cancelled #a 3 modified
orders alice                           | #b buy 5 @ 97
modify alice #a 5 @96 #c               | refused: unknown_order
modify alice #b 5 @97 #c               | refused: order_unchanged
modify alice #b 6 @97 #c               | cancelled #b 5 modified
modify alice #c 6 @96 #d               | cancelled #c 6 modified
orders alice                           | #d buy 6 @ 96
""",
            id="price, size or both make another order",
        ),
        pytest.param(
            """
buy alice 3 @98 #a                     | ok
modify alice #a 5 #b                   | refused: order_unchanged
modify alice #a @97 #b                 | refused: order_unchanged
modify alice #a                        | refused: order_unchanged
orders alice                           | #a buy 3 @ 98
""",
            id="one without the other changes nothing",
        ),
        pytest.param(
            """
buy alice 3 @98 #a                     | ok
buy alice 1 @90 #b                     | ok
modify alice #a 5 @97 #a               | refused: duplicate_client_oid
modify alice #a 5 @97 #b               | refused: duplicate_client_oid
modify alice #a 5 @111 #c              | refused: price_above_band
modify alice #a 0 @97 #c               | refused: size_too_small
modify alice #a 1000001 @97 #c         | refused: size_too_large
modify alice #a 1 @2 #c                | refused: value_too_small
modify alice #a 5 @0 #c                | refused: invalid_price
orders alice                           | #a buy 3 @ 98, #b buy 1 @ 90
modify alice #a 5 @97                  | cancelled #a 3 modified
orders alice                           | #b buy 1 @ 90, buy 5 @ 97
buy alice 1 @90 #a                     | refused: duplicate_client_oid
""",
            id="a refused modification leaves the old order, and names stay taken",
        ),
        pytest.param(
            """
buy alice 5 @100 #a                    | ok
sell bob 2 @100                        | filled 2 @ 100
modify alice #a 5 @99 #b               | refused: order_not_modifiable
modify alice #a tp=110                 | refused: order_not_modifiable
orders alice                           | #a buy 3 @ 100
""",
            id="what has filled in part is not modified",
        ),
        pytest.param(
            """
buy alice 5 @98 #a                     | ok
modify alice #a 60 @101 #b             | filled 50 @ 101, cancelled #a 5 modified
orders alice                           | #b buy 10 @ 101
""",
            id="the new order may take",
        ),
        pytest.param(
            """
buy alice 5 @98 post_only #a           | ok
modify alice #a 5 @101 #b              | cancelled #a 5 modified and #b 5 post_only_would_take
orders alice                           | none
buy alice 5 @98 post_only #c           | ok
modify alice #c 5 @100 #d              | cancelled #c 5 modified
modify alice #d 5 @101 #e              | cancelled #d 5 modified and #e 5 post_only_would_take
""",
            id="post only stays post only",
        ),
        pytest.param(
            """
buy alice 5 @98 stp=cancel_taker #a    | ok
sell alice 5 @100 #mine                | ok
modify alice #a 6 @100 #b              | cancelled #a 5 modified and #b 6 self_trade
orders alice                           | #mine sell 5 @ 100
""",
            id="the new order prevents self-trades as the old one did",
        ),
        pytest.param(
            """
buy alice 10                           | filled 10 @ 101
sell alice 6 @105 reduce #a            | ok
sell alice 4 @106 reduce #b            | ok
modify alice #a 5 @104 #c              | cancelled #a 6 modified
orders alice                           | #b sell 4 @ 106, #c sell 5 @ 104
modify alice #c 7 @104 #d              | cancelled #c 5 modified and #b 4 displaced
modify alice #d 11 @104 #e             | refused: reduce_only_too_large
modify alice #d 10 @103 #e             | cancelled #d 7 modified
sell alice 10                          | filled 10 @ 99, cancelled #e 10 reduce_only_excess
""",
            id="reduce-only: the old order's lots are free for the new one",
        ),
        pytest.param(
            """
buy alice 10                           | filled 10 @ 101
sell alice 4 @105 reduce #a            | ok
sell alice 6 @106 reduce #b            | ok
modify alice #a 7 @105 #c              | cancelled #a 4 modified and #b 6 displaced
orders alice                           | #c sell 7 @ 105
""",
            id="reduce-only: what makes room is the oldest of the others",
        ),
        pytest.param(
            """
buy alice 3 @98 tp=105 sl=90 #a        | ok
modify alice #a 3 @99 #b               | cancelled #a 3 modified
sell bob 50                            | filled 50 @ 99
modify alice #b 4 @106 #c              | refused: long_take_profit_too_low
modify alice #b 4 @89 #c               | refused: long_stop_loss_too_high
house 98x50 / 101x50                   | ok
sell bob 3                             | filled 3 @ 99, tp 3 waits, sl 3 waits
""",
            id="presets are carried over, and judged at the new price",
        ),
        pytest.param(
            """
buy alice 3 @98 tp=105 #a              | ok
modify alice #a sl=90                  | ok
modify alice #a tp=97                  | refused: long_take_profit_too_low
modify alice #a sl=99                  | refused: long_stop_loss_too_high
modify alice #a tp=0                   | refused: invalid_price
house 97x50 / 101x50                   | ok
sell bob 3                             | filled 3 @ 98, sl 3 waits
buy alice 3 @98 tp=105 sl=90 #b        | ok
modify alice #b tp=none                | ok
sell bob 3                             | filled 3 @ 98
""",
            id="presets alone change on the order as it stands; the one not sent goes",
        ),
        pytest.param(
            """
buy alice 10                           | filled 10 @ 101
sell alice 6 @105 reduce #a            | ok
modify alice #a tp=110                 | refused: order_not_modifiable
""",
            id="a closing order has no presets",
        ),
    ],
)
def test_modify(world: World, rows: str) -> None:
    """An order that has filled nothing can be changed as if the old one were gone already."""
    log = OPENING + rows
    assert log == world.play(log)


def test_modify_in_hedge_mode(world: World) -> None:
    """Opening and closing orders keep their leg; a close may use what the old one held."""
    log = """
mark 100                               | ok
house 99x50 / 101x50                   | ok
open alice hedge x5                    | ok
sell alice 10 open                     | filled 10 @ 99
sell alice 10 @95 close #a             | ok
sell alice 1 @94 close                 | refused: nothing_available_to_close
modify alice #a 8 @96 #b               | cancelled #a 10 modified
sell alice 5 @94 close #c              | ok
modify alice #b 20 @97 #d              | cancelled #b 8 modified
orders alice                           | #c buy 2 @ 94, #d buy 8 @ 97
sell alice 3 @103 open #e              | ok
modify alice #e 4 @104 #f              | cancelled #e 3 modified
orders alice                           | #c buy 2 @ 94, #d buy 8 @ 97, #f sell 4 @ 104
holds alice                            | S10
"""
    assert log == world.play(log)


def test_modify_has_the_old_reserve(linear: World) -> None:
    """What the old order has locked pays for the new one, and what is locked follows."""
    log = """
mark 100                               | ok
open alice x10 with 101                | ok
buy alice 10 @100 #a                   | ok
locked alice                           | 100.6
buy alice 1 @100                       | refused: insufficient_margin
modify alice #a 10 @99 #b              | cancelled #a 10 modified
locked alice                           | 99.594
modify alice #b 11 @99 #c              | refused: insufficient_margin
locked alice                           | 99.594
modify alice #b 5 @100 #c              | cancelled #b 10 modified
locked alice                           | 50.3
"""
    assert log == linear.play(log)


def test_modify_counts_the_old_order_as_gone() -> None:
    """An account at its bound of orders can still modify."""
    world = World(contract(symbol_orders_max=1))
    log = (
        OPENING
        + """
buy alice 3 @98 #a                     | ok
buy alice 3 @97                        | refused: too_many_orders
modify alice #a 3 @97 #b               | cancelled #a 3 modified
"""
    )
    assert log == world.play(log)


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        (ModifyOrder("nobody", "ETHUSDT", client_oid="a"), "unknown_account"),
        (ModifyOrder("alice", "NONE", client_oid="a"), "unknown_symbol"),
        (ModifyOrder("alice", "ETHUSDT"), "unknown_order"),
        (ModifyOrder("alice", "ETHUSDT", 5, "a", size_lots=1, price_ticks=97), "unknown_order"),
        (ModifyOrder("alice", "BTCUSDT", client_oid="a"), "unknown_order"),
        (ModifyOrder("bob", "ETHUSDT", client_oid="a"), "unknown_order"),
    ],
)
def test_modify_names_an_own_open_order(command: ModifyOrder, reason: str) -> None:
    """Only an account's own open orders of that symbol can be modified; the order id wins."""
    world = World(LINEAR, contract("BTCUSDT"))
    world.play(OPENING + "buy alice 3 @98 #a | ok\n")
    (refusal,) = world.do(command)
    assert isinstance(refusal, Rejected)
    assert reason == refusal.reason.value


def test_a_modification_says_where_the_new_order_comes_from(linear: World) -> None:
    """The old order ends first, then the new one comes with its source, its presets and its prevention."""
    linear.play(OPENING + "buy alice 3 @98 tp=105 stp=cancel_both #a | ok\nmodify alice #a 4 @97 #b | ok\n")
    ended, new = linear.venue.events[-1]
    assert isinstance(ended, OrderCancelled)
    assert isinstance(new, OrderAccepted)
    assert ("a", "modified", 3) == (ended.client_oid, ended.reason.value, ended.open_lots)
    assert ("b", "modify", 4, 97, "cancel_both") == (
        new.client_oid,
        new.source,
        new.size_lots,
        new.price_ticks,
        new.stp_mode,
    )
    assert new.take_profit is not None
    assert 105 == new.take_profit.trigger_price_ticks
