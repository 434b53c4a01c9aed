"""Flash closes, the closing guard, and cancelling everything at once."""

import pytest

from backhand.commands import CancelOrders, ClosePositions
from backhand.events import PositionKept, Rejected
from tests.engine.worlds import INVERSE, LINEAR, World, contract

OPENING = """
mark 100                               | ok
house 99x50 98x50 / 101x50 102x50      | ok
open alice x5                          | ok
open harry hedge x5                    | ok
"""


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param(
            """
close alice                            | refused: no_position_to_close
buy alice 7                            | filled 7 @ 101
close alice                            | filled 7 @ 99
holds alice                            | flat
sell alice 60 @98                      | filled 43 @ 99 + 17 @ 98
close alice long                       | filled 43 @ 101 + 17 @ 102
holds alice                            | flat
""",
            id="one-way: the side is ignored",
        ),
        pytest.param(
            """
buy harry 7 open                       | filled 7 @ 101
close harry short                      | refused: no_position_to_close
sell harry 4 open                      | filled 4 @ 99
close harry short                      | filled 4 @ 101
holds harry                            | L7
sell harry 4 open                      | filled 4 @ 99
close harry                            | filled 7 @ 99 + 4 @ 101
holds harry                            | flat
""",
            id="hedge: one side, or both, the older first",
        ),
        pytest.param(
            """
buy harry 7 open                       | filled 7 @ 101
buy harry 5 @105 close #a              | ok
buy harry 2 @106 close #b              | ok
close harry long                       | filled 7 @ 99, cancelled #a 5 displaced and #b 2 displaced
holds harry                            | flat
buy alice 7                            | filled 7 @ 101
sell alice 5 @105 reduce #c            | ok
close alice                            | filled 7 @ 99, cancelled #c 5 displaced
holds alice                            | flat
""",
            id="what closing orders hold is closed too",
        ),
        pytest.param(
            """
buy alice 7                            | filled 7 @ 101
house 99x3 / 101x9                     | ok
close alice                            | filled 3 @ 99, cancelled 4 immediate_remainder
holds alice                            | +4
house / 101x9                          | ok
close alice                            | refused: no_liquidity
holds alice                            | +4
""",
            id="what the book does not take stays open",
        ),
        pytest.param(
            """
buy harry 7 open                       | filled 7 @ 101
sell harry 4 open                      | filled 4 @ 99
house 99x9 /                           | ok
close harry                            | filled 7 @ 99, kept short no_liquidity
holds harry                            | S4
close harry                            | refused: no_liquidity
""",
            id="one that cannot be closed is kept, and says why",
        ),
        pytest.param(
            """
buy harry 7 open                       | filled 7 @ 101
sell harry 7 open                      | filled 7 @ 99
sell harry 7 @96 close #mine           | ok
house 95x9 /                           | ok
close harry                            | filled 7 @ 96
holds harry                            | flat
""",
            id="a position that the other's order closed as maker is done with",
        ),
        pytest.param(
            """
terms market_size_lots_max=4           | ok
buy alice 4                            | filled 4 @ 101
buy alice 4                            | filled 4 @ 101
sell alice 8 reduce                    | refused: size_too_large
close alice                            | filled 8 @ 99
""",
            id="larger than a market order may be",
        ),
        pytest.param(
            """
buy alice 7                            | filled 7 @ 101
terms status=limit_open                | ok
close alice                            | filled 7 @ 99
terms status=normal                    | ok
buy alice 7                            | filled 7 @ 101
terms status=maintain                  | ok
close alice                            | refused: symbol_not_trading
""",
            id="closed for opening is open for closing",
        ),
    ],
)
def test_flash_close(world: World, rows: str) -> None:
    """A flash close closes what is named, each position by an order of its own."""
    log = OPENING + rows
    assert log == world.play(log)


def test_flash_close_of_a_product_type() -> None:
    """Without a symbol all positions of the product type are closed, and no others."""
    world = World(LINEAR, contract("BTCUSDT"), INVERSE)
    for symbol in ("ETHUSDT", "BTCUSDT", "ETHUSD"):
        world.contract = world.state.contracts[symbol]
        world.play("mark 100 | ok\nhouse 99x50 / 101x50 | ok\n")
        world.step("open alice x5" if symbol == "ETHUSDT" else "deposit alice 1000")
        assert "filled 5 @ 101" == world.step("buy alice 5")
    world.contract = world.state.contracts["BTCUSDT"]
    world.play("house / 101x50 | ok\n")
    world.contract = LINEAR
    assert "filled 5 @ 99, kept long no_liquidity" == world.step("close alice everywhere")
    (kept,) = [event for event in world.venue.events[-1] if isinstance(event, PositionKept)]
    assert ("BTCUSDT", 1) == (kept.symbol, kept.side)
    held = {symbol: holding.lots(1) for symbol, holding in world.state.accounts["alice"].holdings.items()}
    assert {"ETHUSDT": 0, "BTCUSDT": 5, "ETHUSD": 5} == held


@pytest.mark.parametrize("of", [ClosePositions, CancelOrders])
@pytest.mark.parametrize(
    ("uid", "product_type", "symbol", "reason"),
    [
        ("nobody", "USDT-FUTURES", None, "unknown_account"),
        ("0", "USDT-FUTURES", None, "unknown_account"),
        ("alice", "NONE", "ETHUSDT", "unknown_product_type"),
        ("alice", "USDT-FUTURES", "NONE", "unknown_symbol"),
        ("alice", "USDT-FUTURES", None, ""),
        ("alice", "COIN-FUTURES", None, ""),
        ("alice", "COIN-FUTURES", "ETHUSDT", ""),
    ],
)
def test_refusals_of_commands_about_all(
    of: type[ClosePositions | CancelOrders], uid: str, product_type: str, symbol: str | None, reason: str
) -> None:
    """Each fault has its reason; a symbol of another product type names nothing."""
    world = World(LINEAR, INVERSE)
    world.play(OPENING)
    if product_type == "COIN-FUTURES":
        world.play("buy alice 1 | ok\nbuy alice 1 @90 | ok\n")
    (refusal,) = world.do(of(uid, product_type, symbol))
    nothing = "no_position_to_close" if of is ClosePositions else "no_order_to_cancel"
    assert isinstance(refusal, Rejected)
    assert (reason or nothing) == refusal.reason.value


def test_cancel_all(world: World) -> None:
    """All open orders of the symbol, or of the product type, are cancelled oldest first."""
    log = (
        OPENING
        + """
cancelall alice                        | refused: no_order_to_cancel
buy alice 1 @95 #a                     | ok
sell alice 2 @105 #b                   | ok
buy harry 1 @95 open #c                | ok
wait alice entry buy 1 at 95           | ok
cancelall alice                        | cancelled #a 1 by_client and #b 2 by_client
orders alice                           | none
orders harry                           | #c buy 1 @ 95
waits alice                            | entry buy 1 <= 95
cancelall harry everywhere             | cancelled #c 1 by_client
locked harry                           | 0
"""
    )
    assert log == world.play(log)


#: A long of 10 at 101, margined 101 / 10 each: its bankruptcy price is (1010 - 101) / (10 * 0.9994) = 90.95;
#: after bob leaves only lower bids, a close could only be worse.
GUARDED = """
mark 100                               | ok
house 99x50 / 101x50                   | ok
open alice isolated x10                | ok
open harry isolated hedge x10          | ok
buy alice 10                           | filled 10 @ 101
buy harry 10 open                      | filled 10 @ 101
house 92x2 91x2 90x50 / 110x50         | ok
"""


@pytest.mark.parametrize(
    ("order", "outcome"),
    [
        ("sell alice 10 @90 reduce", "refused: limit_sell_bankrupts"),
        ("sell alice 10 @91 reduce ioc", "filled 2 @ 92 + 2 @ 91, cancelled 6 immediate_remainder"),
        ("sell alice 10 reduce", "filled 2 @ 92 + 2 @ 91, cancelled 6 immediate_remainder"),
        ("sell alice 20", "filled 2 @ 92 + 2 @ 91, cancelled 16 immediate_remainder"),
        ("sell alice 20 @90", "refused: limit_sell_bankrupts"),
        ("close alice", "filled 2 @ 92 + 2 @ 91, cancelled 6 immediate_remainder"),
        ("buy harry 10 @90 close", "refused: limit_sell_bankrupts"),
        ("buy harry 10 close", "filled 2 @ 92 + 2 @ 91, cancelled 6 immediate_remainder"),
        ("sell harry 1 @90 open", "filled 1 @ 92"),
        ("buy alice 1 @90", "ok"),
    ],
)
def test_the_closing_guard_caps_and_refuses(linear: World, order: str, outcome: str) -> None:
    """No close below the bankruptcy price: a limit there is refused, a market order ends there."""
    assert GUARDED == linear.play(GUARDED)
    assert outcome == linear.step(order)


@pytest.mark.parametrize(
    ("order", "outcome"),
    [
        ("sell alice 5 reduce", "refused: no_liquidity"),
        ("close alice", "refused: no_liquidity"),
        ("sell alice 5 @110 reduce", "ok"),
    ],
)
def test_a_guard_beyond_the_book_leaves_nothing(linear: World, order: str, outcome: str) -> None:
    """Where all bids are worse than the bankruptcy price nothing is closed."""
    linear.play(GUARDED + "house 90x50 / 110x50 | ok\n")
    assert outcome == linear.step(order)


def test_the_guard_of_a_short(linear: World) -> None:
    """A short is guarded from above: (990 + 99) / (10 * 1.0006) = 108.83."""
    log = """
mark 100                               | ok
house 99x50 / 101x50                   | ok
open alice isolated x10                | ok
sell alice 10                          | filled 10 @ 99
house 90x5 / 108x2 109x50              | ok
buy alice 10 @109 reduce               | refused: limit_buy_bankrupts
buy alice 10 reduce                    | filled 2 @ 108, cancelled 8 immediate_remainder
"""
    assert log == linear.play(log)
