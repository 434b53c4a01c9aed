"""Self-trade prevention: what a taker's mode does with the account's own orders in its way."""

import pytest

from tests.engine.worlds import World

OWN_IN_THE_MIDDLE = """
mark 100                               | ok
open alice hedge x5                    | ok
open bob x5                            | ok
open carol x5                          | ok
sell bob 2 @101 #first                 | ok
sell alice 3 @101 open #own            | ok
sell bob 4 @101 #last                  | ok
sell bob 5 @102 #worse                 | ok
"""


@pytest.mark.parametrize(
    ("order", "outcome", "own", "book"),
    [
        ("buy alice 6 @101 open", "filled 6 @ 101", "none", "/ 101x3 102x5"),
        (
            "buy alice 6 @101 open stp=cancel_taker",
            "filled 2 @ 101, cancelled 4 self_trade",
            "#own sell 3 @ 101",
            "/ 101x7 102x5",
        ),
        (
            "buy alice 6 @101 open stp=cancel_maker",
            "filled 6 @ 101, cancelled #own 3 self_trade",
            "none",
            "/ 102x5",
        ),
        (
            "buy alice 8 @101 open stp=cancel_maker",
            "filled 6 @ 101, cancelled #own 3 self_trade",
            "buy 2 @ 101",
            "101x2 / 102x5",
        ),
        (
            "buy alice 6 @101 open stp=cancel_both",
            "filled 2 @ 101, cancelled #own 3 self_trade and 4 self_trade",
            "none",
            "/ 101x4 102x5",
        ),
        # What is filled before it meets its own has nothing to prevent.
        ("buy alice 2 @101 open stp=cancel_taker", "filled 2 @ 101", "#own sell 3 @ 101", "/ 101x7 102x5"),
        ("buy alice 2 @101 open stp=cancel_maker", "filled 2 @ 101", "#own sell 3 @ 101", "/ 101x7 102x5"),
        ("buy alice 2 @101 open stp=cancel_both", "filled 2 @ 101", "#own sell 3 @ 101", "/ 101x7 102x5"),
        # At market, and immediate or cancel.
        (
            "buy alice 9 open stp=cancel_taker",
            "filled 2 @ 101, cancelled 7 self_trade",
            "#own sell 3 @ 101",
            "",
        ),
        (
            "buy alice 9 open stp=cancel_maker",
            "filled 6 @ 101 + 3 @ 102, cancelled #own 3 self_trade",
            "none",
            "/ 102x2",
        ),
        (
            "buy alice 9 open stp=cancel_both",
            "filled 2 @ 101, cancelled #own 3 self_trade and 7 self_trade",
            "none",
            "/ 101x4 102x5",
        ),
        (
            "buy alice 8 @101 open ioc stp=cancel_maker",
            "filled 6 @ 101, cancelled #own 3 self_trade and 2 immediate_remainder",
            "none",
            "/ 102x5",
        ),
        (
            "buy alice 8 @101 open ioc stp=cancel_taker",
            "filled 2 @ 101, cancelled 6 self_trade",
            "#own sell 3 @ 101",
            "/ 101x7 102x5",
        ),
        # Whole or nothing: own orders do not count as there, and nothing of them is cancelled for nothing.
        ("buy alice 9 @101 open fok", "filled 9 @ 101", "none", "/ 102x5"),
        (
            "buy alice 6 @101 open fok stp=cancel_maker",
            "filled 6 @ 101, cancelled #own 3 self_trade",
            "none",
            "/ 102x5",
        ),
        ("buy alice 7 @101 open fok stp=cancel_maker", "cancelled 7 fill_or_kill", "#own sell 3 @ 101", ""),
        ("buy alice 6 @101 open fok stp=cancel_taker", "cancelled 6 fill_or_kill", "#own sell 3 @ 101", ""),
        ("buy alice 6 @101 open fok stp=cancel_both", "cancelled 6 fill_or_kill", "#own sell 3 @ 101", ""),
        # Post only never takes, so it never meets anybody.
        (
            "buy alice 6 @101 open post_only stp=cancel_maker",
            "cancelled 6 post_only_would_take",
            "#own sell 3 @ 101",
            "",
        ),
        ("buy alice 6 @100 open post_only stp=cancel_both", "ok", "#own sell 3 @ 101, buy 6 @ 100", ""),
        # The taker's mode decides, and bob's orders are his own affair.
        ("buy carol 9 @101 stp=cancel_taker", "filled 9 @ 101", "none", "/ 102x5"),
    ],
)
def test_an_own_order_in_the_middle(world: World, order: str, outcome: str, own: str, book: str) -> None:
    """Each mode ends what it says when a taker meets its own order between others'."""
    assert OWN_IN_THE_MIDDLE == world.play(OWN_IN_THE_MIDDLE)
    assert outcome == world.step(order)
    assert own == world.step("orders alice")
    if book:
        assert book == world.step("book")


@pytest.mark.parametrize(
    ("mode", "outcome", "own"),
    [
        ("cancel_taker", "cancelled 2 self_trade", "#own sell 3 @ 101, #more sell 3 @ 102"),
        ("cancel_both", "cancelled #own 3 self_trade and 2 self_trade", "#more sell 3 @ 102"),
        (
            "cancel_maker",
            "cancelled #own 3 self_trade and #more 3 self_trade and 2 immediate_remainder",
            "none",
        ),
        ("none", "filled 2 @ 101", "#own sell 1 @ 101, #more sell 3 @ 102"),
    ],
)
def test_a_market_order_that_meets_only_its_own(world: World, mode: str, outcome: str, own: str) -> None:
    """Where nobody else is there, the prevention is carried out: the order is accepted and ends."""
    log = f"""
mark 100                               | ok
open alice x5                          | ok
sell alice 3 @101 #own                 | ok
sell alice 3 @102 #more                | ok
buy alice 2 stp={mode:<22} | {outcome}
orders alice                           | {own}
"""
    assert log == world.play(log)


def test_what_prevention_frees_pays_for_the_order(linear: World) -> None:
    """The reserve of own orders that a taker cancels counts as free for it, and only of those it cancels."""
    log = """
mark 100                               | ok
open alice hedge x10 with 110          | ok
open bob                               | ok
sell bob 10 @101                       | ok
sell alice 10 @102 open #behind        | ok
locked alice                           | 102.612
buy alice 10 @102 open stp=cancel_maker | refused: insufficient_margin
cancel alice #behind                   | cancelled #behind 10 by_client
sell alice 10 @100 open #before        | ok
buy alice 10 @101 open stp=cancel_taker | cancelled 10 self_trade
buy alice 10 @101 open stp=cancel_maker | filled 10 @ 101, cancelled #before 10 self_trade
"""
    assert log == linear.play(log)


def test_a_cancelled_makers_close_frees_its_lots(world: World) -> None:
    """A close that prevention cancels holds its leg no longer."""
    log = """
mark 100                               | ok
house 99x9 / 101x9                     | ok
open alice hedge x5                    | ok
buy alice 4 open                       | filled 4 @ 101
buy alice 4 @105 close #tp             | ok
house 99x9 /                           | ok
buy alice 2 @105 open stp=cancel_both  | cancelled #tp 4 self_trade and 2 self_trade
buy alice 4 close                      | filled 4 @ 99
"""
    assert log == world.play(log)


@pytest.mark.parametrize("mode", ["none", "cancel_taker", "cancel_maker", "cancel_both"])
def test_a_post_only_order_rests_across_no_order_of_its_own(world: World, mode: str) -> None:
    """It would take, whoever's the order is: it ends, and prevention ends nothing (ORD-4)."""
    log = f"""
mark 100                               | ok
open alice x5                          | ok
sell alice 3 @101 #own                 | ok
buy alice 2 @101 post_only stp={mode:<12}| cancelled 2 post_only_would_take
orders alice                           | #own sell 3 @ 101
"""
    assert log == world.play(log)
