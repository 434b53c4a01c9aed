"""
Reversal, as trading logs: every row of reversal.md section 7 and its decisions A6 to A19.

Rows that do not depend on it run on a linear and an inverse contract, crossed and isolated. What the wire
decides (rows 20 and 21, letter case) is tested over HTTP.
"""

from fractions import Fraction
from typing import Any

import msgspec
import pytest

from backhand.commands import ReversalBounds, ReversePosition
from backhand.engine.digest import state_digest
from backhand.engine.reversal_plan import plan_reversal
from backhand.events import OrderAccepted, OrderCancelled, PositionClosed, PositionReversed, Rejected
from tests.engine.liquidating import RiskWorld
from tests.engine.worlds import INVERSE, LINEAR, World, contract

HEDGE = """
mark 100                               | ok
house 99x1000 98x1000 / 101x1000       | ok
open alice hedge x5                    | ok
"""
ONE_WAY = """
mark 100                               | ok
house 99x1000 98x1000 / 101x1000       | ok
open alice x5                          | ok
"""


@pytest.mark.parametrize(
    "row",
    [
        pytest.param(
            """
buy alice 20 open                      | filled 20 @ 101
reverse alice long open 3              | closed 3 @ 99, opened 3 @ 99
holds alice                            | L17 S3
""",
            id="1 smaller size",
        ),
        pytest.param(
            """
buy alice 10 open                      | filled 10 @ 101
reverse alice long open 10             | closed 10 @ 99, opened 10 @ 99
holds alice                            | S10
""",
            id="2 equal size",
        ),
        pytest.param(
            """
buy alice 10 open                      | filled 10 @ 101
reverse alice long open 11             | closed 10 @ 99, opened 10 @ 99
holds alice                            | S10
""",
            id="3 larger size is clamped (A8)",
        ),
        pytest.param(
            """
buy alice 10 open                      | filled 10 @ 101
reverse alice long open                | closed 10 @ 99, opened 10 @ 99
holds alice                            | S10
""",
            id="4 no size is all of it (A7)",
        ),
        pytest.param(
            """
sell alice 5 open                      | filled 5 @ 99
reverse alice short open 2             | closed 2 @ 101, opened 2 @ 101
holds alice                            | L2 S3
""",
            id="5 short",
        ),
        pytest.param(
            """
buy alice 10 open                      | filled 10 @ 101
sell alice 4 open                      | filled 4 @ 99
reverse alice long open 4              | closed 4 @ 99, opened 4 @ 99
holds alice                            | L6 S8
""",
            id="6 adds to the other leg (A9)",
        ),
        pytest.param(
            """
buy alice 10 open                      | filled 10 @ 101
reverse alice short open               | refused: no_position_to_reverse
holds alice                            | L10
""",
            id="7 the side names the leg held (A1, A15)",
        ),
        pytest.param(
            """
buy alice 10 open                      | filled 10 @ 101
reverse alice long                     | refused: effect_missing
reverse alice                          | refused: effect_missing
reverse alice long invalid             | refused: effect_invalid
holds alice                            | L10
""",
            id="8 trade side missing or unknown, before the side (A2)",
        ),
        pytest.param(
            """
buy alice 10 open                      | filled 10 @ 101
reverse alice open                     | refused: side_missing
reverse alice sideways open            | refused: side_invalid
holds alice                            | L10
""",
            id="9 side missing or unknown (A4)",
        ),
        pytest.param(
            """
buy alice 10 open                      | filled 10 @ 101
reverse alice long close               | closed 10 @ 99, opened 10 @ 99
holds alice                            | S10
""",
            id="close means the same as open (A2)",
        ),
        pytest.param(
            """
reverse alice long open                | refused: no_position_to_reverse
buy alice 10 open                      | filled 10 @ 101
buy alice 10 close                     | filled 10 @ 99
reverse alice long open                | refused: no_position_to_reverse
""",
            id="14 flat",
        ),
        pytest.param(
            """
buy alice 100 open                     | filled 100 @ 101
buy alice 70 @105 close #tp            | ok
reverse alice long open 50             | closed 30 @ 99, opened 30 @ 99
holds alice                            | L70 S30
orders alice                           | #tp sell 70 @ 105
""",
            id="17 only what is free (A10)",
        ),
        pytest.param(
            """
buy alice 100 open                     | filled 100 @ 101
buy alice 100 @105 close #tp           | ok
reverse alice long open 50             | closed 50 @ 99, opened 50 @ 99, cancelled #tp 100 reversal
holds alice                            | L50 S50
orders alice                           | none
""",
            id="18 all locked: the oldest closing orders go (A10)",
        ),
        pytest.param(
            """
buy alice 100 open         | filled 100 @ 101
buy alice 40 @105 close #a | ok
buy alice 30 @104 close #b | ok
buy alice 30 @106 close #c | ok
reverse alice long open 50 | closed 50 @ 99, opened 50 @ 99, cancelled #a 40 reversal and #b 30 reversal
orders alice               | #c sell 30 @ 106
""",
            id="A10 first in, first out until enough is free",
        ),
        pytest.param(
            """
buy alice 10 open #used                | filled 10 @ 101
reverse alice long open #used          | refused: duplicate_client_oid
holds alice                            | L10
""",
            id="19 client order id used (A18)",
        ),
        pytest.param(
            """
buy alice 10 open                      | filled 10 @ 101
reverse alice long open half           | refused: size_off_grid
reverse alice long open 0              | refused: size_too_small
reverse alice long open -3             | refused: size_too_small
holds alice                            | L10
""",
            id="20 sizes off the grid or not positive",
        ),
        pytest.param(
            """
buy alice 10 open                      | filled 10 @ 101
buy alice 3 @98 open #bid              | ok
sell alice 3 @105 open #ask            | ok
reverse alice long open                | closed 10 @ 99, opened 10 @ 99
holds alice                            | S10
orders alice                           | #bid buy 3 @ 98, #ask sell 3 @ 105
""",
            id="A11 opening orders stay",
        ),
    ],
)
def test_hedge_mode(world: World, row: str) -> None:
    """Every hedge row of the acceptance table ends as it says."""
    log = HEDGE + row
    assert log == world.play(log)


@pytest.mark.parametrize(
    "row",
    [
        pytest.param(
            """
buy alice 20                           | filled 20 @ 101
reverse alice 30                       | closed 20 @ 99, opened 20 @ 99, size ignored
holds alice                            | -20
""",
            id="10 the documented sample: a larger size (A6)",
        ),
        pytest.param(
            """
buy alice 20                           | filled 20 @ 101
reverse alice 3                        | closed 20 @ 99, opened 20 @ 99, size ignored
holds alice                            | -20
""",
            id="11 a smaller size (A6)",
        ),
        pytest.param(
            """
buy alice 20                           | filled 20 @ 101
reverse alice half                     | closed 20 @ 99, opened 20 @ 99, size ignored
holds alice                            | -20
""",
            id="A6 a size off the grid is ignored too",
        ),
        pytest.param(
            """
sell alice 20                          | filled 20 @ 99
reverse alice                          | closed 20 @ 101, opened 20 @ 101
holds alice                            | +20
""",
            id="12 short",
        ),
        pytest.param(
            """
buy alice 20                           | filled 20 @ 101
reverse alice long open                | closed 20 @ 99, opened 20 @ 99
holds alice                            | -20
reverse alice long invalid             | closed 20 @ 101, opened 20 @ 101
holds alice                            | +20
reverse alice short close              | closed 20 @ 99, opened 20 @ 99
holds alice                            | -20
""",
            id="13 side and trade side carry nothing (A3, A5)",
        ),
        pytest.param(
            """
buy alice 20                           | filled 20 @ 101
reverse alice sideways                 | refused: side_invalid
holds alice                            | +20
""",
            id="A5 a side that is none",
        ),
        pytest.param(
            """
reverse alice                          | refused: no_position_to_reverse
reverse alice 3                        | refused: no_position_to_reverse
""",
            id="14 flat",
        ),
        pytest.param(
            """
buy alice 20 #used                     | filled 20 @ 101
reverse alice #used                    | refused: duplicate_client_oid
reverse alice #new                     | closed 20 @ 99, opened 20 @ 99
reverse alice #new                     | refused: duplicate_client_oid
holds alice                            | -20
""",
            id="19 the same request twice reverses once (A18)",
        ),
        pytest.param(
            """
buy alice 20                | filled 20 @ 101
sell alice 5 @105 reduce #a | ok
sell alice 9 @106 reduce #b | ok
buy alice 1 @95 #bid        | ok
reverse alice               | closed 20 @ 99, opened 20 @ 99, cancelled #a 5 reversal and #b 9 reversal
holds alice                 | -20
orders alice                | #bid buy 1 @ 95
""",
            id="A10 all reduce-only orders go, others stay",
        ),
    ],
)
def test_one_way_mode(world: World, row: str) -> None:
    """Every one-way row of the acceptance table ends as it says."""
    log = ONE_WAY + row
    assert log == world.play(log)


@pytest.mark.parametrize(
    "row",
    [
        pytest.param(
            """
house 99x4 98x3 97x100 / 101x1000      | ok
buy alice 6                            | filled 6 @ 101
reverse alice                          | closed 4 @ 99 + 2 @ 98, opened 1 @ 98 + 5 @ 97
""",
            id="the best prices go to the close",
        ),
        pytest.param(
            """
house 99x4 / 101x1000                  | ok
buy alice 6                            | filled 6 @ 101
reverse alice                          | closed 4 @ 99, opened 0, shortfall_liquidity
holds alice                            | +2
book                                   | / 101x994
""",
            id="a one-way position that cannot be closed whole does not open",
        ),
        pytest.param(
            """
house 99x8 / 101x1000                  | ok
buy alice 6                            | filled 6 @ 101
reverse alice                          | closed 6 @ 99, opened 2 @ 99, shortfall_liquidity
holds alice                            | -2
""",
            id="the open leg takes what is left of the book",
        ),
        pytest.param(
            """
buy alice 6                            | filled 6 @ 101
house / 101x1000                       | ok
reverse alice                          | refused: no_liquidity
holds alice                            | +6
""",
            id="an empty book refuses (A19)",
        ),
        pytest.param(
            """
buy alice 6                            | filled 6 @ 101
house 89x1000 / 101x1000               | ok
reverse alice                          | refused: no_liquidity
house 90x2 89x1000 / 101x1000          | ok
reverse alice                          | closed 2 @ 90, opened 0, shortfall_liquidity
holds alice                            | +4
""",
            id="the band caps both legs (A19)",
        ),
        pytest.param(
            """
buy alice 6                            | filled 6 @ 101
house / 101x1000                       | ok
buy alice 4 @99 #own                   | ok
reverse alice                          | refused: no_liquidity
orders alice                           | #own buy 4 @ 99
""",
            id="own orders are no liquidity",
        ),
        pytest.param(
            """
buy alice 6                            | filled 6 @ 101
house 98x100 / 101x1000                | ok
buy alice 4 @99 #own                   | ok
reverse alice                          | closed 6 @ 98, opened 6 @ 98, cancelled #own 4 self_trade
holds alice                            | -6
orders alice                           | none
""",
            id="own orders that a leg would hit are cancelled first (A11)",
        ),
        pytest.param(
            """
buy alice 6                            | filled 6 @ 101
house 99x6 97x100 / 101x1000           | ok
buy alice 4 @98 #own                   | ok
buy alice 4 @96 #far                   | ok
reverse alice                          | closed 6 @ 99, opened 6 @ 97, cancelled #own 4 self_trade
orders alice                           | #far buy 4 @ 96
""",
            id="also those that only the open leg meets, and no others",
        ),
        pytest.param(
            """
buy alice 6                            | filled 6 @ 101
terms status=limit_open                | ok
reverse alice                          | closed 6 @ 99, opened 0, shortfall_opening_disabled
holds alice                            | flat
""",
            id="a contract that is closed for opening still lets a position be closed",
        ),
        pytest.param(
            """
buy alice 6                            | filled 6 @ 101
terms status=maintain                  | ok
reverse alice                          | refused: symbol_not_trading
holds alice                            | +6
""",
            id="a contract that is not trading",
        ),
        pytest.param(
            """
buy alice 3                            | filled 3 @ 101
terms size_lots_min=4                  | ok
reverse alice                          | closed 3 @ 99, opened 0, shortfall_dust
holds alice                            | flat
""",
            id="the whole leg may be closed below the minimum, not opened (A12)",
        ),
    ],
)
def test_book_and_contract(world: World, row: str) -> None:
    """Thin and empty books, the band, own orders and contract states end as decided."""
    log = ONE_WAY + row
    assert log == world.play(log)


def test_hedge_leg_opens_what_a_thin_book_let_close(world: World) -> None:
    """A hedge close that is filled partly opens the filled quantity, as far as the book goes (A19)."""
    log = """
mark 100                               | ok
house 99x9 / 101x1000                  | ok
open alice hedge                       | ok
buy alice 6 open                       | filled 6 @ 101
reverse alice long open                | closed 6 @ 99, opened 3 @ 99, shortfall_liquidity
holds alice                            | S3
house 99x4 / 101x1000                  | ok
sell alice 3 close                     | filled 3 @ 101
buy alice 6 open                       | filled 6 @ 101
reverse alice long open                | closed 4 @ 99, opened 0, shortfall_liquidity
holds alice                            | L2
"""
    assert log == world.play(log)


def test_minimum_size_counts_for_a_part_of_a_hedge_leg(world: World) -> None:
    """A part below the minimum is refused up front; all of a small leg is not (A12)."""
    log = """
mark 100                               | ok
house 99x100 / 101x100                 | ok
open alice hedge                       | ok
buy alice 9 open                       | filled 9 @ 101
terms size_lots_min=4                  | ok
reverse alice long open 3              | refused: size_too_small
reverse alice long open 4              | closed 4 @ 99, opened 4 @ 99
reverse alice long open 4              | closed 4 @ 99, opened 4 @ 99
reverse alice long open 1              | closed 1 @ 99, opened 0, shortfall_dust
holds alice                            | S8
"""
    assert log == world.play(log)


@pytest.mark.parametrize("terms", [LINEAR, INVERSE])
def test_row_16_a_leg_of_small_value_is_closed_and_not_opened(terms: object) -> None:
    """A reversal worth less than the minimum value closes, and its open leg is cancelled (A12)."""
    world = World(
        contract("ETHUSDT" if terms is LINEAR else "ETHUSD", inverse=terms is INVERSE, value_min_e8=0)
    )
    log = """
mark 3                                 | ok
house 3x100 / 4x100                    | ok
terms buy_band_rate_e8=50000000        | ok
open alice hedge                       | ok
buy alice 1 open                       | filled 1 @ 4
terms value_min_e8=500000000           | ok
reverse alice long open                | closed 1 @ 3, opened 0, shortfall_dust
holds alice                            | flat
"""
    assert log == world.play(log)


def test_row_15_margin_too_small_for_the_open_leg(linear: World) -> None:
    """The close stands and the open leg is cancelled; `largest` opens what can be paid for (A13)."""
    log = """
mark 2000                              | ok
house 1920x100 / 2000x100              | ok
terms taker_fee_rate_e8=0 maker_fee_rate_e8=0 | ok
open alice hedge x20 with 100          | ok
buy alice 1 open                       | filled 1 @ 2000
mark 1920                              | ok
reverse alice long open                | closed 1 @ 1920, opened 0, shortfall_margin
holds alice                            | flat
wallet alice                           | 20
deposit alice 80                       | ok
house 1920x100 / 1921x100              | ok
buy alice 1 open                       | filled 1 @ 1921
reverse alice long open                | closed 1 @ 1920, opened 1 @ 1920
"""
    assert log == linear.play(log)


def test_largest_opens_the_largest_affordable_size() -> None:
    """With `largest` the open leg is as large as its margin and fee allow, to the lot."""
    world = World(contract(lot_e8=10**6))
    log = """
mark 2000                              | ok
house / 2000x1                         | ok
open alice x20 with 101.2              | ok
buy alice 1                            | filled 100 @ 2000
wallet alice                           | 100
house 1920x100 /                       | ok
mark 1920                              | ok
reverse alice largest                  | closed 100 @ 1920, opened 19 @ 1920, shortfall_margin
wallet alice                           | 18.62912
holds alice                            | -19
"""
    assert log == world.play(log)


@pytest.mark.parametrize("mode", ["crossed", "isolated"])
def test_largest_that_affords_nothing_says_margin(linear: World, mode: str) -> None:
    """When not even the smallest size can be paid for, the shortfall is the margin, not dust."""
    log = f"""
mark 2000                              | ok
house 1920x100 / 2000x100              | ok
terms taker_fee_rate_e8=0 maker_fee_rate_e8=0 | ok
open alice {mode:<8} x20 with 100      | ok
buy alice 1                            | filled 1 @ 2000
mark 1920                              | ok
reverse alice largest                  | closed 1 @ 1920, opened 0, shortfall_margin
"""
    assert log == linear.play(log)


def test_tier_limits_the_open_leg(linear: World) -> None:
    """A leg whose value its leverage is too high for is not opened, or only as far as the tier goes."""
    log = """
mark 100                               | ok
house 100x90000 / 101x90000            | ok
open alice x125 with 10000000          | ok
buy alice 9000                         | filled 9000 @ 101
mark 120                               | ok
house 120x90000 / 121x90000            | ok
reverse alice                          | closed 9000 @ 120, opened 0, shortfall_tier
buy alice 8000                         | filled 8000 @ 121
mark 130                               | ok
house 130x90000 / 131x90000            | ok
reverse alice largest                  | closed 8000 @ 130, opened 7692 @ 130, shortfall_tier
holds alice                            | -7692
"""
    assert log == linear.play(log)


@pytest.mark.parametrize(
    ("account", "book", "outcome", "holds"),
    [
        # 10 long from 101 with 50.5 of margin: bankrupt at (1010 - 50.5) / (10 * 0.9994) = 96.0077.
        ("isolated x20", "97x4 96x100", "closed 4 @ 97, opened 0, shortfall_liquidity", "+6"),
        ("isolated x20", "96x100", "closed 0, opened 0, shortfall_liquidity", "+10"),
        # Crossed: all of the wallet stands behind it, 10 * 100 - 89.394 - ... per coin: (1000 - 90) / 9.994.
        ("crossed x20 with 100.606", "92x4 91x100", "closed 4 @ 92, opened 0, shortfall_liquidity", "+6"),
        ("crossed x20", "91x100", "closed 10 @ 91, opened 10 @ 91", "-10"),
    ],
)
def test_closing_guard_caps_the_price(
    linear: World, account: str, book: str, outcome: str, holds: str
) -> None:
    """No fill of the close is beyond the bankruptcy price, and the guard never refuses (A19)."""
    log = f"""
mark 100                               | ok
house 99x100 / 101x100                 | ok
open alice {account:<27} | ok
buy alice 10                           | filled 10 @ 101
house {book:<15} / 101x100          | ok
reverse alice                          | {outcome}
holds alice                            | {holds}
"""
    assert log == linear.play(log)


@pytest.mark.parametrize("sizes", ["", " 3", " 30"])
def test_honoured_one_way_sizes(world: World, sizes: str) -> None:
    """With `one_way_size = honour`, n = min(size, position) is closed and n opened net (A6)."""
    ends = {"": "-20", " 3": "+14", " 30": "-20"}
    n = {"": 20, " 3": 3, " 30": 20}[sizes]
    log = f"""
venue honour                           | ok
mark 100                               | ok
house 100x1000 / 101x1000              | ok
open alice                             | ok
buy alice 20                           | filled 20 @ 101
mark 110                               | ok
house 110x1000 / 111x1000              | ok
reverse alice{sizes:<26}| closed {n} @ 110, opened {n} @ 110
holds alice                            | {ends[sizes]}
"""
    assert log == world.play(log)


def test_honoured_one_way_size_that_crosses_zero(world: World) -> None:
    """A honoured size of more than half the position ends on the other side: +20 with 15 is -10."""
    log = """
venue honour                           | ok
mark 100                               | ok
house 100x1000 / 101x1000              | ok
open alice                             | ok
buy alice 20                           | filled 20 @ 101
terms size_lots_min=2                  | ok
reverse alice 1                        | refused: size_too_small
reverse alice half                     | refused: size_off_grid
reverse alice 15                       | closed 15 @ 100, opened 15 @ 100
holds alice                            | -10
"""
    assert log == world.play(log)


@pytest.mark.parametrize("shortfall", ["", "largest"])
def test_the_new_leg_is_held_to_the_opening_ratio(shortfall: str) -> None:
    """At 99 a short with 9.9 of margin has lost 10 at a mark of 100: it is paid for and not opened."""
    log = f"""
focus SOLUSDT                          | ok
open alice isolated x100               | ok
buy alice 10                           | filled 10 @ 100
reverse alice {shortfall:<25}| closed 10 @ 99, opened 0, shortfall_margin
holds alice                            | flat
"""
    assert log == RiskWorld().play(log)


def test_what_an_honoured_part_closes_pays_for_what_it_opens() -> None:
    """+10 with 9: one more is closed first, and its margin is free for the 8 that are opened (A6, A13)."""
    log = """
venue honour                           | ok
open alice isolated x10 with 100       | ok
buy alice 10                           | filled 10 @ 100
house 98x50 / 100x50                   | ok
reverse alice 9                        | closed 9 @ 98, opened 9 @ 98
holds alice                            | -8
isolated alice                         | 78.4
"""
    assert log == RiskWorld().play(log)


def test_an_honoured_part_that_only_closes_needs_no_tier_and_no_margin() -> None:
    """What gets smaller is not judged as an opening: 21 at 200 are beyond the tier of this leverage."""
    log = """
venue honour                           | ok
open alice x20                         | ok
buy alice 25                           | filled 25 @ 100
house 200x50 / 201x50                  | ok
mark 200                               | ok
reverse alice 2                        | closed 2 @ 200, opened 2 @ 200
holds alice                            | +21
"""
    assert log == RiskWorld().play(log)


def test_no_index_price(world: World) -> None:
    """A symbol that never had a price has no positions; the refusal of a flat account comes first."""
    log = """
open alice                             | ok
buy alice 1                            | refused: no_index_price
reverse alice                          | refused: no_position_to_reverse
"""
    assert log == world.play(log)


def test_order_records_of_a_hedge_reversal(linear: World) -> None:
    """Both legs have the records of reversal.md section 6; the client's id belongs to the open leg (A14)."""
    linear.play(HEDGE + "buy alice 20 open | ok\n")
    events = linear.do(ReversePosition("alice", "ETHUSDT", 1, "open", 3, client_oid="c1"))
    close, opened = [event for event in events if isinstance(event, OrderAccepted)]
    (done,) = [event for event in events if isinstance(event, PositionReversed)]
    assert (-1, 1, True, 3) == (close.side, close.hold_side, close.reduce_only, close.size_lots)
    assert (-1, -1, False, 3) == (opened.side, opened.hold_side, opened.reduce_only, opened.size_lots)
    assert (str(close.order_id + 1), "c1") == (close.client_oid, opened.client_oid)
    assert (close.order_id, opened.order_id, "c1") == (
        done.close_order_id,
        done.open_order_id,
        done.client_oid,
    )
    for order in (close, opened):
        assert ("market", "ioc", "reverse", 0) == (
            order.order_type,
            order.time_in_force,
            order.source,
            order.price_ticks,
        )
    assert isinstance(events[-1], PositionReversed)


def test_the_open_record_is_of_what_was_closed(linear: World) -> None:
    """A thin book closes part of what was asked for, and the open leg asks for that part (A10, A19)."""
    linear.play(HEDGE + "buy alice 6 open | ok\nhouse 99x4 / 101x4 | ok\n")
    events = linear.do(ReversePosition("alice", "ETHUSDT", 1, "open"))
    sizes = [event.size_lots for event in events if isinstance(event, OrderAccepted)]
    assert [6, 4] == sizes


def test_a_client_order_id_is_not_generated_for_the_other_leg(linear: World) -> None:
    """A client may send the very text that the close leg would be given: each leg has its own (A14)."""
    linear.play(ONE_WAY + "buy alice 6 | ok\n")
    sent = str(linear.state.next_order_id + 1)
    events = linear.do(ReversePosition("alice", "ETHUSDT", client_oid=sent))
    close, opened = [event for event in events if isinstance(event, OrderAccepted)]
    assert sent == opened.client_oid
    assert sent != close.client_oid


def test_order_records_of_a_one_way_reversal(linear: World) -> None:
    """One-way legs belong to no side, and the closed position ends its life in an event (section 6)."""
    linear.play(ONE_WAY + "buy alice 20 | ok\n")
    before = linear.holding("alice").leg(1)
    assert before is not None
    events = linear.do(ReversePosition("alice", "ETHUSDT"))
    close, opened = [event for event in events if isinstance(event, OrderAccepted)]
    assert (-1, 0, True) == (close.side, close.hold_side, close.reduce_only)
    assert (-1, 0, False) == (opened.side, opened.hold_side, opened.reduce_only)
    (closed,) = [event for event in events if isinstance(event, PositionClosed) and event.uid == "alice"]
    after = linear.holding("alice").leg(-1)
    assert after is not None
    assert closed.position_id == before.position_id
    assert closed.position_id < after.position_id
    assert before.opened_at_ms < after.opened_at_ms
    assert (20, 20, 0) == (after.lots, after.opened_lots, after.profit_e8)
    assert after.open_fee_e8 == close_fee(linear) > 0
    assert after.close_fee_e8 == 0


def close_fee(world: World) -> int:
    """The taker fee of 20 coins at 99."""
    return int(Fraction(20 * 99 * world.contract.taker_fee_rate_e8))


def test_copy_traders_have_their_own_order_source(linear: World) -> None:
    """A copy-trading trader's legs say so (A20)."""
    linear.play(
        """
mark 100                      | ok
house 99x100 / 101x100        | ok
open alice trader             | ok
buy alice 2                   | ok
"""
    )
    events = linear.do(ReversePosition("alice", "ETHUSDT"))
    sources = [event.source for event in events if isinstance(event, OrderAccepted)]
    assert ["trader_reverse", "trader_reverse"] == sources


def test_a_leg_that_ends_short_is_cancelled_with_its_reason(linear: World) -> None:
    """The open order of a shortfall is cancelled with nothing filled, so that its id resolves (A14)."""
    linear.play(ONE_WAY + "buy alice 6 | ok\nterms status=limit_open | ok\n")
    events = linear.do(ReversePosition("alice", "ETHUSDT", client_oid="c1"))
    (done,) = [event for event in events if isinstance(event, PositionReversed)]
    (ended,) = [event for event in events if isinstance(event, OrderCancelled)]
    assert (done.open_order_id, 6) == (ended.order_id, ended.open_lots)
    assert ended.reason is done.shortfall


def test_the_new_leg_has_the_symbols_leverage_and_mode(world: World) -> None:
    """Margin mode and leverage of the new leg are those of the symbol (A17)."""
    world.play(
        """
mark 100                      | ok
house 99x100 / 101x100        | ok
open alice                    | ok
leverage alice 7              | ok
buy alice 2                   | ok
"""
    )
    events = world.do(ReversePosition("alice", world.contract.symbol))
    _, opened = [event for event in events if isinstance(event, OrderAccepted)]
    assert (7, world.margin_mode) == (opened.leverage, opened.margin_mode)


def test_isolated_margin_of_the_closed_part_is_free_for_the_open_leg(linear: World) -> None:
    """Profit and released margin of the close count for the opening (contracts.md section 11)."""
    log = """
mark 100                               | ok
house 99x100 / 100x100                 | ok
terms taker_fee_rate_e8=0 maker_fee_rate_e8=0 | ok
open alice hedge isolated x10 with 104 | ok
buy alice 10 open                      | filled 10 @ 100
isolated alice                         | 100
reverse alice long open 4              | closed 4 @ 99, opened 4 @ 99
isolated alice                         | 60 39.6
wallet alice                           | 100
reverse alice long open 4              | closed 4 @ 99, opened 0, shortfall_margin
isolated alice                         | 20 39.6
"""
    assert log == linear.play(log)


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        (ReversePosition("nobody", "ETHUSDT"), "unknown_account"),
        (ReversePosition("alice", "NONE"), "unknown_symbol"),
        (ReversePosition("0", "ETHUSDT"), "unknown_account"),
    ],
)
def test_unknown_names(linear: World, command: ReversePosition, reason: str) -> None:
    """Unknown accounts, the house among them, and symbols are refused by name."""
    linear.play(ONE_WAY)
    (refusal,) = linear.do(command)
    assert isinstance(refusal, Rejected)
    assert reason == refusal.reason.value


def test_refusals_come_in_the_documented_order(linear: World) -> None:
    """Of several reasons that apply, the first of the list is the answer."""
    linear.play(HEDGE + "buy alice 6 open #used | ok\nterms status=maintain size_lots_min=4 | ok\n")
    worst: dict[str, Any] = {"side": 0, "effect": "invalid", "client_oid": "used", "size_off_grid": "0.5"}

    def reason(**fixed: Any) -> str:
        answer = plan_reversal(linear.state, ReversePosition("alice", "ETHUSDT", **(worst | fixed)))
        assert isinstance(answer, Rejected)
        return answer.reason.value

    old = ReversalBounds(1, 6, 0, 6, 0, 0, 0, 0, expires_ms=linear.state.time_ms - 1)
    assert "duplicate_client_oid" == reason(bounds=old)
    worst["client_oid"] = None
    assert "quote_expired" == reason(bounds=old)
    assert "symbol_not_trading" == reason(
        bounds=msgspec.structs.replace(old, expires_ms=linear.state.time_ms)
    )
    assert "symbol_not_trading" == reason()
    linear.play("terms status=normal | ok\nhouse / 101x1 | ok\n")
    assert "effect_missing" == reason(effect=None, side=None)
    assert "effect_invalid" == reason()
    assert "side_missing" == reason(effect="open", side=None)
    assert "side_invalid" == reason(effect="open")
    assert "no_position_to_reverse" == reason(effect="open", side=-1)
    assert "size_off_grid" == reason(effect="open", side=1)
    small: dict[str, Any] = {"effect": "open", "side": 1, "size_off_grid": None}
    assert "size_too_small" == reason(**small, size_lots=3)
    assert "no_liquidity" == reason(**small, size_lots=4)


def test_planning_changes_nothing(world: World) -> None:
    """A plan is a quote: the state's digest, ids and orders are the same after it (DESIGN D6)."""
    world.play(HEDGE + "buy alice 20 open | ok\nbuy alice 20 @105 close | ok\n")
    before = (state_digest(world.state), world.state.next_order_id, world.state.sequence)
    plan_reversal(world.state, ReversePosition("alice", world.contract.symbol, 1, "open"))
    assert before == (state_digest(world.state), world.state.next_order_id, world.state.sequence)
