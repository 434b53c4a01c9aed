"""How many orders and positions an account may have, and how large a share of a symbol."""

import pytest

from backhand.engine.limits import TRIGGERS_MAX
from tests.engine.worlds import World, contract

OPENING = """
mark 100                               | ok
house 99x500 / 101x500                 | ok
open alice x5                          | ok
open harry hedge x5                    | ok
"""


def test_positions_of_a_product_type_are_counted_together() -> None:
    """A further position is refused at the bound; adding, closing and turning over what is held is not."""
    world = World(contract(positions_max=2), contract("BTCUSDT", positions_max=2))
    for symbol in ("BTCUSDT", "ETHUSDT"):
        world.contract = world.state.contracts[symbol]
        world.play("mark 100 | ok\nhouse 99x500 / 101x500 | ok\n")
    world.play("open alice x5 | ok\nopen harry hedge x5 | ok\n")
    log = """
buy harry 5 open                       | filled 5 @ 101
sell harry 5 open                      | filled 5 @ 99
buy harry 5 open                       | filled 5 @ 101
buy alice 5                            | filled 5 @ 101
"""
    assert log == world.play(log)
    world.contract = world.state.contracts["BTCUSDT"]
    log = """
buy harry 5 open                       | refused: too_many_positions
buy harry 5 @90 open                   | refused: too_many_positions
buy alice 5                            | filled 5 @ 101
sell alice 9                           | filled 9 @ 99
reverse alice                          | closed 4 @ 101, opened 4 @ 101
"""
    assert log == world.play(log)
    world.contract = world.state.contracts["ETHUSDT"]
    assert "filled 10 @ 99" == world.step("buy harry 10 close")
    world.contract = world.state.contracts["BTCUSDT"]
    assert "filled 5 @ 101" == world.step("buy harry 5 open")


def test_the_share_of_open_interest_is_bounded_when_the_venue_says_so(world: World) -> None:
    """A leg is at most its share of open interest, counted after; by default nobody is bounded."""
    log = (
        OPENING
        + """
open bob x5                            | ok
buy bob 100                            | filled 100 @ 101
buy alice 6                            | filled 6 @ 101
venue limited                          | ok
buy alice 1                            | refused: position_limit_exceeded
sell alice 6 reduce                    | filled 6 @ 99
buy alice 6                            | refused: position_limit_exceeded
buy alice 5                            | filled 5 @ 101
buy alice 1 @90                        | refused: position_limit_exceeded
sell alice 12                          | refused: position_limit_exceeded
sell alice 10                          | filled 10 @ 99
holds alice                            | -5
buy harry 5 open                       | filled 5 @ 101
sell harry 6 open                      | refused: position_limit_exceeded
sell harry 5 open                      | filled 5 @ 99
venue                                  | ok
buy alice 300                          | filled 300 @ 101
"""
    )
    assert log == world.play(log)


def test_what_an_order_opens_counts_as_open_interest(world: World) -> None:
    """A twentieth of 95 is less than 5, of 95 and these 5 it is 5."""
    log = (
        OPENING
        + """
open bob x5                            | ok
buy bob 95                             | filled 95 @ 101
venue limited                          | ok
buy alice 6                            | refused: position_limit_exceeded
buy alice 5                            | filled 5 @ 101
"""
    )
    assert log == world.play(log)


@pytest.mark.parametrize(
    ("step", "outcome"),
    [
        ("wait alice tp long 1 at 150", "refused: too_many_triggers"),
        ("wait alice all-tp long at 150", "refused: too_many_triggers"),
        ("buy alice 1 tp=150", "refused: too_many_triggers"),
        ("buy alice 1 @90 sl=80", "refused: too_many_triggers"),
        ("buy alice 1", "filled 1 @ 101"),
        # One whole-position order takes the place of another, so there are not more of them.
        ("wait alice all-sl long at 50", "all-sl ended replaced"),
        ("wait alice entry buy 1 at 95", "ok"),
        ("wait harry entry buy 1 at 95 open", "ok"),
    ],
)
def test_waiting_orders_are_bounded(linear: World, step: str, outcome: str) -> None:
    """An account has at most so many protecting orders of a symbol, those of presets included."""
    linear.play(OPENING + "buy alice 200 | filled 200 @ 101\nwait alice all-sl long at 60 | ok\n")
    for _ in range(TRIGGERS_MAX - 1):
        linear.step("wait alice sl long 1 at 70")
    assert outcome == linear.step(step)


def test_waiting_entries_are_bounded(linear: World) -> None:
    """Entries are counted for themselves."""
    linear.play(OPENING + "buy alice 2 | filled 2 @ 101\n")
    for _ in range(TRIGGERS_MAX):
        assert "ok" == linear.step("wait alice entry buy 1 at 95")
    log = """
wait alice follow buy 1 back=1         | refused: too_many_triggers
wait alice trail long 1 back=1         | ok
"""
    assert log == linear.play(log)
