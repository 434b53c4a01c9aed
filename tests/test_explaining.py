"""What is kept of refusals by the rules: the figures of the state that a command was judged on."""

import pytest

from backhand.commands import Command, PlaceOrder, ReversePosition, Transfer
from backhand.engine.digest import state_digest
from backhand.engine.reversal_bounds import bounds_of
from backhand.engine.reversal_plan import ReversalPlan, plan_reversal
from backhand.events import Rejected
from backhand.explaining import REFUSALS_MAX, UNNAMED_MAX, Refusals
from backhand.projections.applied import Applied
from backhand.wire import codes
from backhand.wire.requests.receipts import ExplainQuery
from backhand.wire.responses.receipts import ExplainAnswer, Explained
from tests.engine.worlds import World

SETUP = """
mark 100                               | ok
house 99x4 98x1000 / 101x1000          | ok
open alice hedge x10 with 140          | ok
buy alice 10 open                      | filled 10 @ 101
buy alice 3 @105 close                 | ok
"""


def explained(
    world: World, command: Command, refusals: Refusals | None = None, request: str = "r"
) -> Explained:
    """Have a command refused, and explain it."""
    kept = refusals or Refusals()
    events = world.do(command)
    assert isinstance(events[0], Rejected), events
    applied = Applied(world.state.sequence, world.state.time_ms, command, events)
    digest = state_digest(world.state)
    kept.capture(world.state, applied)
    assert digest == state_digest(world.state)
    kept.name("alice", request, applied.sequence)
    answer = kept.explain("alice", ExplainQuery(request))
    assert isinstance(answer, ExplainAnswer)
    return answer.refusals[-1]


@pytest.fixture
def world() -> World:
    made = World()
    assert SETUP == made.play(SETUP)
    return made


def test_an_order_without_margin_is_explained_by_its_sums(world: World) -> None:
    """What it would lock, what is there, and the state of account and market beside them."""
    told = explained(world, PlaceOrder("alice", "ETHUSDT", 1, "limit", 6, 100, effect="open"))
    assert ("40762", "insufficient_margin", "PlaceOrder") == (told.code, told.reason, told.command)
    # 6 x 100 / 10, and 0.06% of 600; 140 less the fee, less 100 of margin at mark and 10 of loss.
    assert {"orderReserve": "60.36", "crossedAvailable": "29.394", "orderSize": "6", "orderPrice": "100"} == {
        name: told.facts[name] for name in ("orderReserve", "crossedAvailable", "orderSize", "orderPrice")
    }
    expected = {
        "markPrice": "100",
        "bestBid": "99",
        "bestAsk": "101",
        "highestBuyPrice": "110",
        "lowestSellPrice": "90",
        "positionMode": "hedge",
        "marginMode": "crossed",
        "longLeverage": "10",
        "longSize": "10",
        "longLocked": "3",
        "longAveragePrice": "101",
        "wallet": "139.394",
    }
    assert expected == {name: told.facts[name] for name in expected}
    assert "shortSize" not in told.facts


def test_a_strict_reversal_is_explained_by_what_it_would_come_to(world: World) -> None:
    """Both legs as they would be without the policy, what margin they need, and why they differ."""
    told = explained(world, ReversePosition("alice", "ETHUSDT", 1, "open", shortfall="strict"))
    assert ("98005", "not_both_legs", "shortfall_locked") == (told.code, told.reason, told.detail)
    assert ("7", "7", "") == (
        told.facts["closedSize"],
        told.facts["openedSize"],
        told.facts["shortfall"],
    )
    assert {"marginNeeded", "marginFree", "fee", "liquidationPrice"} <= set(told.facts)


def test_a_reversal_worse_than_quoted_is_explained_by_both_sides(world: World) -> None:
    """What was quoted stands beside what it would be now."""
    plan = plan_reversal(world.state, ReversePosition("alice", "ETHUSDT", 1, "open", 2))
    assert isinstance(plan, ReversalPlan)
    world.play("house 98x1000 / 101x1000 | ok\n")
    told = explained(world, ReversePosition("alice", "ETHUSDT", 1, "open", 2, bounds=bounds_of(plan)))
    assert ("98003", "average price") == (told.code, told.detail)
    assert ("99", "98") == (told.facts["quotedCloseAveragePrice"], told.facts["closeAveragePrice"])


def test_a_price_guard_is_explained_by_what_lies_beyond_it(world: World) -> None:
    """The guard that was sent, and the averages that a reversal without it would have."""
    told = explained(world, ReversePosition("alice", "ETHUSDT", 1, "open", worst_price_ticks=100))
    assert ("98004", "100") == (told.code, told.facts["worstPrice"])
    assert told.facts["closeAveragePrice"].startswith("98.")


def test_an_unknown_symbol_has_no_facts_but_its_reason(world: World) -> None:
    """Where there is no market there are no figures."""
    told = explained(world, ReversePosition("alice", "NONE"))
    assert ("unknown_symbol", {}) == (told.reason, told.facts)


def test_only_the_accounts_own_and_newest_refusals_are_kept(world: World) -> None:
    """The oldest of more than a thousand is forgotten; another account's is not found."""
    refusals = Refusals()
    command = ReversePosition("alice", "NONE")
    for number in range(REFUSALS_MAX + 1):
        explained(world, command, refusals, f"r{number}")
    assert codes.REQUEST_NOT_FOUND == refusals.explain("alice", ExplainQuery("r0"))
    assert isinstance(refusals.explain("alice", ExplainQuery("r1")), ExplainAnswer)
    assert codes.REQUEST_NOT_FOUND == refusals.explain("bob", ExplainQuery("r1"))


def test_refusals_that_nobody_names_do_not_pile_up(world: World) -> None:
    """The operator's refusals have no request; only so many wait for one."""
    refusals = Refusals()
    first = world.state.sequence + 1
    for _ in range(UNNAMED_MAX + 1):
        command = Transfer("nobody", "USDT", 1)
        events = world.do(command)
        refusals.capture(world.state, Applied(world.state.sequence, 1, command, events))
    refusals.name("alice", "old", first)
    refusals.name("alice", "new", first + 1)
    assert codes.REQUEST_NOT_FOUND == refusals.explain("alice", ExplainQuery("old"))
    assert isinstance(refusals.explain("alice", ExplainQuery("new")), ExplainAnswer)
