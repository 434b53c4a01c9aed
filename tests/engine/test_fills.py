"""What a fill does to positions, wallets and the venue's own accounts."""

import pytest

from backhand.commands import PlaceOrder, ReplaceLadder
from backhand.engine.audit import audit
from backhand.events import Fill, PositionClosed
from tests.engine.worlds import World, contract

START = """
mark 100                               | ok
house 99x50 98x50 / 101x50 102x50      | ok
open alice                             | ok
open bob                               | ok
"""


def test_linear_fees_profit_and_average(linear: World) -> None:
    """Fees are taken at each fill, profit at the fill price, and the average is kept at 12 decimals."""
    log = (
        START
        + """
house / 101x1 102x2 103x4              | ok
buy alice 7                            | filled 1 @ 101 + 2 @ 102 + 4 @ 103
average alice                          | 102.428571428572
wallet alice                           | 999999.5698
house 104x3 /                          | ok
sell alice 3                           | filled 3 @ 104
wallet alice                           | 1000004.09688571
average alice                          | 102.428571428572
"""
    )
    assert log == linear.play(log)


def test_inverse_fees_and_profit(inverse: World) -> None:
    """An inverse contract charges and pays in its base coin: q * rate, and d*q*(P - E)/P rounded down."""
    log = (
        START
        + """
buy alice 10                           | filled 10 @ 101
wallet alice                           | 999999.994
house 104x9 /                          | ok
sell alice 9                           | filled 9 @ 104
wallet alice                           | 1000000.24821538
"""
    )
    assert log == inverse.play(log)


def test_makers_pay_their_own_rate(linear: World) -> None:
    """Who rested pays the maker rate, who took pays the taker rate, at the maker's price."""
    log = (
        START
        + """
buy alice 10 @100                      | ok
sell bob 10 @99                        | filled 10 @ 100
wallet alice                           | 999999.8
wallet bob                             | 999999.4
"""
    )
    assert log == linear.play(log)


def test_a_rebate_is_a_negative_fee() -> None:
    """A negative maker rate pays the maker."""
    world = World(contract(maker_fee_rate_e8=-10_000))
    log = (
        START
        + """
buy alice 10 @100                      | ok
sell bob 10 @99                        | filled 10 @ 100
wallet alice                           | 1000000.1
"""
    )
    assert log == world.play(log)


def test_the_end_of_a_position_tells_its_life(linear: World) -> None:
    """The event of a closed position carries sizes, values, profit and fees from its opening on."""
    linear.play(START + "buy alice 6 | ok\nbuy alice 4 | ok\nsell alice 3 | ok\nsell alice 9 | ok\n")
    (closed,) = [
        event
        for event in linear.venue.events[-1]
        if isinstance(event, PositionClosed) and event.uid == "alice"
    ]
    assert (1, 10, 10) == (closed.side, closed.opened_lots, closed.closed_lots)
    assert (1010 * 10**20, 990 * 10**20) == (closed.opened_value_e20, closed.closed_value_e20)
    assert (-20 * 10**8, 60_600_000, 59_400_000) == (
        closed.profit_e8,
        closed.open_fee_e8,
        closed.close_fee_e8,
    )
    assert "-2" == linear.step("holds alice")


def test_a_trade_is_two_fills(linear: World) -> None:
    """Both halves of a trade have one id and one price, the taker's first."""
    linear.play(START)
    events = linear.do(PlaceOrder("alice", "ETHUSDT", 1, "market", 60))
    fills = [event for event in events if isinstance(event, Fill)]
    assert [("alice", True), ("0", False)] * 2 == [(fill.uid, fill.is_taker) for fill in fills]
    assert [101, 101, 102, 102] == [fill.price_ticks for fill in fills]
    assert fills[0].trade_id == fills[1].trade_id < fills[2].trade_id == fills[3].trade_id
    assert [10, 0] == [fill.order_open_lots for fill in fills if fill.is_taker]


def test_clearing_and_conversion(world: World) -> None:
    """Realised profits come from clearing, which open positions explain; in coin, from conversion (D9)."""
    world.play(
        START
        + """
buy alice 10             | filled 10 @ 101
buy bob 5 @100           | ok
sell alice 4 @100        | filled 4 @ 100
house 97x100 / 104x100   | ok
buy bob 30               | ok
reverse alice            | ok
"""
    )
    sums = audit(world.state)
    coin = sums.coins[world.contract.margin_coin]
    assert 0 == coin.residual_e28
    assert world.contract.inverse == (coin.clearing_e28 == 0)
    assert world.contract.inverse == (coin.conversion_e28 != 0)
    symbol = sums.symbols[world.contract.symbol]
    assert symbol.long_lots == symbol.short_lots > 0


@pytest.mark.parametrize("lot_e8", [1, 33_333_333])
def test_rounding_stays_below_one_unit_per_posting(lot_e8: int) -> None:
    """What roundings leave on the house's account is less than a unit for each fill and profit."""
    world = World(contract(lot_e8=lot_e8, value_min_e8=0, tick_e12=10**12 + 7))
    world.play("mark 100 | ok\nopen alice | ok\n")
    world.do(ReplaceLadder(world.contract.symbol, ((99, 500), (98, 500)), ((101, 500),)))
    postings = 0
    for size in (3, 7, 1, 9, 2):
        for side in (1, -1, -1, 1):
            events = world.do(PlaceOrder("alice", world.contract.symbol, side, "market", size))
            postings += 2 * sum(isinstance(event, Fill) for event in events)
    rounding_e28 = audit(world.state).coins["USDT"].rounding_e28
    assert abs(rounding_e28) < postings * 10**20
