"""How much can be opened, and where it would be liquidated: the answers are what really happens."""

from typing import Literal

import pytest

from backhand.commands import PlaceOrder
from backhand.engine.figures import position_figures
from backhand.engine.questions import affordable_lots, liquidation_price_after_e16, openable_lots
from backhand.events import Rejected
from backhand.units import E8
from tests.engine.worlds import LINEAR, World

BOOK = """
mark 100                               | ok
house 99x50 98x5000 / 101x50 102x5000  | ok
open alice x20 with 1000               | ok
"""


@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize("price_ticks", [None, 100, 103])
@pytest.mark.parametrize("before", ["", "buy alice 20", "sell alice 20", "buy alice 30 @95"])
def test_the_largest_size_is_accepted_and_one_lot_more_is_not(
    world: World, side: Literal[1, -1], price_ticks: int | None, before: str
) -> None:
    """What max-open answers can be ordered to the lot, with positions and orders counted."""
    world.play(BOOK)
    if before:
        world.step(before)
    account = world.state.accounts["alice"]
    order_type: Literal["limit", "market"] = "market" if price_ticks is None else "limit"
    lots = openable_lots(world.state, account, world.market, side, order_type, price_ticks)
    assert 0 < lots

    def refused(size_lots: int) -> bool:
        symbol = world.contract.symbol
        order = PlaceOrder("alice", symbol, side, order_type, size_lots, price_ticks)
        return any(isinstance(event, Rejected) for event in world.do(order))

    assert refused(lots + 1)
    assert not refused(lots)


@pytest.mark.parametrize("step", ["terms status=maintain", "terms value_min_e8=100000000000000"])
def test_where_nothing_is_accepted_nothing_can_be_opened(linear: World, step: str) -> None:
    """No size is offered that would be refused for another reason."""
    linear.play(BOOK + f"{step} | ok\n")
    account = linear.state.accounts["alice"]
    assert 0 == openable_lots(linear.state, account, linear.market, 1, "market", None)


def test_an_amount_pays_for_margin_and_fee() -> None:
    """1000 at 20x and 100: 1000 / (100/20 + 100*0.0006) = 197.6, whatever the account holds."""
    assert 197 == affordable_lots(World(LINEAR).market, 1000 * E8, 100, 20)
    assert 0 == affordable_lots(World(LINEAR).market, 5 * E8, 100, 20)


@pytest.mark.parametrize("effect", ["", "open"])
def test_the_liquidation_price_of_a_question_is_that_of_the_position(world: World, effect: str) -> None:
    """An order that fills at the price of the question has the liquidation price of the answer."""
    world.play("mark 100 | ok\nhouse 99x500 / 101x500 | ok\n")
    world.play(f"open alice {'hedge' if effect else ''} x20 with 1000 | ok\nbuy alice 5 {effect} | filled\n")
    account = world.state.accounts["alice"]
    expected = liquidation_price_after_e16(account, world.market, 1, 10, 101)
    world.step(f"buy alice 10 {effect}")
    holding = world.holding("alice")
    leg = holding.leg(1)
    assert leg is not None
    assert expected == position_figures(account, holding, leg).liquidation_price_e16
